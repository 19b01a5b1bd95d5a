#!/usr/bin/env bash
# npm typed-ocpp 1.6.2, OCPP20.validate (OCPP 2.0.1) and OCPP21.validate.
# Sure beforehand: a function called validate looks and does not touch; a property that the schema forbids
# (additionalProperties false) makes a message invalid; the error codes of a CALLERROR are those of OCPP 2.0.1 Part 4,
# FormatViolation among them, which is the answer to just that mistake.
# What happens: it deletes the foreign properties from the message that it was given, at every depth, and says true;
# a CALLERROR FormatViolation is invalid, FormationViolation, OCPP 1.6's word for it, is the valid one, in 2.0.1 and 2.1.
# So a peer built on it never complains about extra properties, and does not understand our complaint.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts typed-ocpp@1.6.2 >npm.log 2>&1 || { cat npm.log; exit 1; }
cat >validate.mjs <<'JS'
import { OCPP20, OCPP21 } from "typed-ocpp";

for (const [version, { validate }] of [["2.0.1", OCPP20], ["2.1", OCPP21]]) {
  const call = [2, "1", "Authorize", { idToken: { idToken: "DE8AACA2B3C4D5L", type: "eMAID", extra: 1 }, extra: 2 }];
  const verdict = validate(call);
  const code = (word) => validate([4, "1", word, "", {}]);
  console.log(version, verdict, JSON.stringify(call[3]), code("FormatViolation"), code("FormationViolation"), code("SecurityError"));
}
JS
seen=$(node validate.mjs)
echo "version, verdict, payload afterwards, FormatViolation, FormationViolation, SecurityError:"
echo "$seen"
kept='true {"idToken":{"idToken":"DE8AACA2B3C4D5L","type":"eMAID"}} false true true'
[ "$seen" = "2.0.1 $kept"$'\n'"2.1 $kept" ] || { echo "CHANGED: typed-ocpp's validate"; exit 1; }
