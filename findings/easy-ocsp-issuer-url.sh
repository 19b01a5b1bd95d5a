#!/usr/bin/env bash
# npm easy-ocsp 1.3.0 (pkijs 3.4.3), getCertStatus(contract, { ca }) for a certificate as ISO 15118-2 (Annex F) has it: its
# authority information access names the OCSP responder and nothing else.
# Sure beforehand: the address of the issuer's certificate is for those who lack it; who hands the issuer over as ca asks
# the responder that the certificate names. And an answer may be about more than one id (RFC 6960 4.2.1), so one that
# names the certificate by SHA-1 and by SHA-256, for readers of either kind, does for all of them.
# What happens: "Certificate does not contain issuer url", before anybody is asked. Where the certificate does name an
# issuer's address the same call is good, and that address is not asked; likewise with the responder's address handed over
# once more as ocspUrl. The answer about both ids is refused in any order: "does not contain exactly one response".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts easy-ocsp@1.3.0 pkijs@3.4.3 asn1js@3.1.0 >npm.log 2>&1 || { cat npm.log; exit 1; }
for name in issuer contract; do openssl ecparam -name prime256v1 -genkey -noout -out $name.key; done
openssl req -x509 -new -key issuer.key -subj "/CN=Lab MO Sub2/O=Lab/DC=MO" -days 2 -out issuer.pem -addext keyUsage=critical,keyCertSign
openssl req -new -key contract.key -subj "/CN=DE8AACA2B3C4D5L/O=Lab/DC=MO" -out contract.csr
printf 'V\t350101000000Z\t\t01\tunknown\t/CN=DE8AACA2B3C4D5L\n' >index
answer() { openssl ocsp -index index -CA issuer.pem -rsigner issuer.pem -rkey issuer.key -ndays 1 -no_nonce -issuer issuer.pem "$@" >/dev/null 2>ocsp.log || { cat ocsp.log; exit 1; }; }
issue() {  # FILE AUTHORITY-INFORMATION-ACCESS
  echo "authorityInfoAccess=$2" >contract.ext
  openssl x509 -req -in contract.csr -CA issuer.pem -CAkey issuer.key -set_serial 1 -days 1 -extfile contract.ext -out "$1" 2>/dev/null
}
issue contract.pem "OCSP;URI:http://ocsp.example/"
issue both.pem "OCSP;URI:http://ocsp.example/,caIssuers;URI:http://issuer.example/"
answer -cert contract.pem -respout one.ocsp
answer -sha1 -cert contract.pem -sha256 -cert contract.pem -respout two.ocsp
answer -sha256 -cert contract.pem -sha1 -cert contract.pem -respout reversed.ocsp
cat >status.mjs <<'JS'
import { readFileSync } from "node:fs";
import { getCertStatus } from "easy-ocsp";

const asked = [];
let answer;
globalThis.fetch = async (url) => (asked.push(String(url)), new Response(readFileSync(answer)));
const seen = async (certificate, file, config) => {
  answer = file;
  asked.length = 0;
  const outcome = await getCertStatus(readFileSync(certificate, "utf8"), { ca: readFileSync("issuer.pem", "utf8"), ...config })
    .then(({ status }) => status, ({ message }) => message);
  return `${outcome} (asked: ${asked.join(" ") || "nobody"})`;
};
console.log("responder named, ca given:", await seen("contract.pem", "one.ocsp", {}));
console.log("issuer's address named too:", await seen("both.pem", "one.ocsp", {}));
console.log("ocspUrl given:", await seen("contract.pem", "one.ocsp", { ocspUrl: "http://ocsp.example/" }));
console.log("two ids, SHA-1 first:", await seen("contract.pem", "two.ocsp", { ocspUrl: "http://ocsp.example/" }));
console.log("two ids, SHA-256 first:", await seen("contract.pem", "reversed.ocsp", { ocspUrl: "http://ocsp.example/" }));
JS
seen=$(node status.mjs)
echo "$seen"
kept="responder named, ca given: Certificate does not contain issuer url (asked: nobody)
issuer's address named too: good (asked: http://ocsp.example/)
ocspUrl given: good (asked: http://ocsp.example/)
two ids, SHA-1 first: OCSP response does not contain exactly one response (asked: http://ocsp.example/)
two ids, SHA-256 first: OCSP response does not contain exactly one response (asked: http://ocsp.example/)"
[ "$seen" = "$kept" ] || { echo "CHANGED: what easy-ocsp makes of such certificates and answers"; exit 1; }
