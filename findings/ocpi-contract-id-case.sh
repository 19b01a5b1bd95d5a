#!/usr/bin/env bash
# PyPI py-ocpi 0.3.1 and its successor extrawest-ocpi 2025.7.16, class Token of OCPI 2.2.1.
# Sure beforehand: CiString is compared without regard to case but kept as it came, so the contract id (EMAID) of a
# Plug & Charge contract, DE8AACA2B3C4D5L, leaves the model as it entered; and a timestamp of OCPI leaves as one.
# What happens: every CiString is turned to lower case on entry, so contract_id, uid, country_code and party_id go out as
# de8aaca2b3c4d5l, de, 8aa; the id in the contract certificate, which an exact comparison meets, is upper case. And
# py-ocpi gives back last_updated as "2026-11-28 12:00:00+00:00": a blank for the T and an offset where OCPI wants Z.
# So compare contract ids from OCPI after upper-casing, always.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >contract.py <<'PY'
import json
import sys

from py_ocpi.modules.tokens.v_2_2_1.schemas import Token

token = Token(
    country_code="DE", party_id="8AA", uid="DE8AACA2B3C4D5L", type="OTHER", contract_id="DE8AACA2B3C4D5L", issuer="Lab",
    valid=True, whitelist="NEVER", last_updated="2026-11-28T12:00:00+00:00",
)
out = json.loads(token.json())
print(*(out[name] for name in ("country_code", "party_id", "contract_id", "last_updated")), sep=" | ")
PY
seen() {
  python3 -m venv "$1"
  "$1/bin/pip" install -q "$1" 2>"$1.log" || { cat "$1.log" >&2; return 1; }
  "$1/bin/python" contract.py
}
old=$(seen py-ocpi==0.3.1)
new=$(seen extrawest-ocpi==2025.7.16)
echo "py-ocpi:        $old"
echo "extrawest-ocpi: $new"
[ "$old" = "de | 8aa | de8aaca2b3c4d5l | 2026-11-28 12:00:00+00:00" ] || { echo "CHANGED: py-ocpi"; exit 1; }
[[ "$new" == "de | 8aa | de8aaca2b3c4d5l | "* ]] || { echo "CHANGED: extrawest-ocpi"; exit 1; }
