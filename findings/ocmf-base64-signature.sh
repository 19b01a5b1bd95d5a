#!/usr/bin/env bash
# PyPI pyocmf 0.6.0 against npm @road-labs/ocmf 0.0.9 with @road-labs/ocmf-crypto-noble 0.0.9 (signed meter values, OCMF).
# Sure beforehand: one good record has one verdict. OCMF's signature encoding SE is "hex" or "base64"; the record here is
# one of a Plug & Charge session (IF ISO15118_PNC, IT EMAID), signed once, its signature written in both encodings.
# What happens: pyocmf verifies both; @road-labs verifies hex and throws "Only hex encoded signatures are supported" for
# base64, although its type has the field. Who hands OCMF on writes the signature in hex.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q "pyocmf[crypto]==0.6.0" 2>pip.log || { cat pip.log; exit 1; }
npm install --silent --no-audit --no-fund --ignore-scripts @road-labs/ocmf@0.0.9 @road-labs/ocmf-crypto-noble@0.0.9 >npm.log 2>&1 || { cat npm.log; exit 1; }

openssl ecparam -name prime256v1 -genkey -noout -out key.pem
openssl ec -in key.pem -pubout -outform DER -out public.der 2>/dev/null
reading='"RV":%s,"RI":"1-b:1.8.0","RU":"kWh","ST":"G"}'
printf '{"FV":"1.0","GI":"LAB","GS":"1","PG":"T1","MV":"LAB","MS":"1","IS":true,"IL":"TRUSTED","IF":["ISO15118_PNC"],"IT":"EMAID","ID":"DE8AACA2B3C4D5L","CT":"EVSEID","CI":"DE*ABC*E1","RD":[{"TM":"2026-11-01T10:00:00,000+0100 S","TX":"B",'"$reading"',{"TM":"2026-11-01T11:00:00,000+0100 S","TX":"E",'"$reading"']}' 1.0 2.0 >payload
openssl dgst -sha256 -sign key.pem -out signature.der payload
record() { printf 'OCMF|%s|{"SA":"ECDSA-secp256r1-SHA256","SE":"%s","SM":"application/x-der","SD":"%s"}' "$(cat payload)" "$1" "$2"; }
record hex "$(od -An -v -tx1 signature.der | tr -d ' \n')" >hex.ocmf
record base64 "$(base64 -w0 signature.der)" >base64.ocmf

cat >check.py <<'PY'
from pathlib import Path

from pyocmf import OCMF

key = Path("public.der").read_bytes().hex()
print(*(OCMF.from_string(Path(f"{name}.ocmf").read_text()).verify_signature(key) for name in ("hex", "base64")), sep=" / ")
PY
cat >check.js <<'JS'
const { Verifier } = require("@road-labs/ocmf");
const { Crypto } = require("@road-labs/ocmf-crypto-noble");
const { readFileSync } = require("fs");
(async () => {
  const crypto = new Crypto();
  const key = await crypto.decodeEcPublicKey(readFileSync("public.der"), "spki-der");
  const seen = [];
  for (const name of ["hex", "base64"]) {
    try {
      seen.push((await new Verifier(crypto).parseAndVerify(readFileSync(`${name}.ocmf`, "utf8"), key)).verified);
    } catch (error) {
      seen.push(error.message);
    }
  }
  console.log(seen.join(" / "));
})();
JS
python=$(venv/bin/python check.py)
node=$(node check.js)
echo "hex / base64: pyocmf $python; @road-labs/ocmf $node"
[ "$python" = "True / True" ] || { echo "CHANGED: pyocmf"; exit 1; }
[ "$node" = "true / Only hex encoded signatures are supported" ] || { echo "CHANGED: @road-labs/ocmf"; exit 1; }
