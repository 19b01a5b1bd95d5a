#!/usr/bin/env bash
# PyPI pyocmf 0.6.0 against npm @road-labs/ocmf 0.0.9 with @road-labs/ocmf-crypto-noble 0.0.9 (signed meter values, OCMF).
# Sure beforehand: the Brainpool curves, which German meters sign with, are verified by both: OCMF lists them as
# ECDSA-brainpool256r1-SHA256 and ECDSA-brainpool384r1-SHA256, without the P that the curves' own names have, and both
# packages have these names.
# What happens: @road-labs verifies both. pyocmf verifies neither: it compares the name in the record with the curve's
# own name in the key, brainpoolP256r1 (curve mismatch), and cannot load a key on brainpoolP384r1 at all. With the P in
# the name, brainpoolP256r1, it is the other way round. No record on either curve is good for both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q "pyocmf[crypto]==0.6.0" 2>pip.log || { cat pip.log; exit 1; }
npm install --silent --no-audit --no-fund --ignore-scripts @road-labs/ocmf@0.0.9 @road-labs/ocmf-crypto-noble@0.0.9 >npm.log 2>&1 || { cat npm.log; exit 1; }
reading='"RV":%s,"RI":"1-b:1.8.0","RU":"kWh","ST":"G"}'
printf '{"FV":"1.0","GI":"LAB","GS":"1","PG":"T1","MV":"LAB","MS":"1","IS":true,"IF":["ISO15118_PNC"],"IT":"EMAID","ID":"DE8AACA2B3C4D5L","CT":"EVSEID","CI":"DE*ABC*E1","RD":[{"TM":"2026-11-01T10:00:00,000+0100 S","TX":"B",'"$reading"',{"TM":"2026-11-01T11:00:00,000+0100 S","TX":"E",'"$reading"']}' 1.000 2.500 >payload
for name in secp256r1 brainpool256r1 brainpoolP256r1 brainpool384r1; do
  case $name in
    secp256r1) curve=prime256v1 ;;
    brainpool384r1) curve=brainpoolP384r1 ;;
    *) curve=brainpoolP256r1 ;;
  esac
  openssl ecparam -name $curve -genkey -noout -out key.pem
  openssl ec -in key.pem -pubout -outform DER -out $name.der 2>/dev/null
  openssl dgst -sha256 -sign key.pem -out signature.der payload
  printf 'OCMF|%s|{"SA":"ECDSA-%s-SHA256","SD":"%s"}' "$(cat payload)" $name "$(od -An -v -tx1 signature.der | tr -d ' \n')" >$name.ocmf
done
cat >check.py <<'PY'
import sys
from pathlib import Path

from pyocmf import OCMF, PublicKey


def verdict(name: str) -> str:
    try:
        key = PublicKey.from_string(Path(f"{name}.der").read_bytes().hex())
        return str(OCMF.from_string(Path(f"{name}.ocmf").read_text()).verify_signature(key)).lower()
    except Exception as error:
        return type(error).__name__


print(*map(verdict, sys.argv[1:]))
PY
cat >check.js <<'JS'
const { Verifier } = require("@road-labs/ocmf");
const { Crypto } = require("@road-labs/ocmf-crypto-noble");
const { readFileSync } = require("fs");
(async () => {
  const crypto = new Crypto();
  const seen = [];
  for (const name of process.argv.slice(2)) {
    try {
      const key = await crypto.decodeEcPublicKey(readFileSync(`${name}.der`), "spki-der");
      seen.push((await new Verifier(crypto).parseAndVerify(readFileSync(`${name}.ocmf`, "utf8"), key)).verified);
    } catch (error) {
      seen.push(error.message.split(":")[0].replaceAll(" ", "-"));
    }
  }
  console.log(seen.join(" "));
})();
JS
names=(secp256r1 brainpool256r1 brainpoolP256r1 brainpool384r1)
python=$(venv/bin/python check.py "${names[@]}")
node=$(node check.js "${names[@]}")
echo "${names[*]}: pyocmf $python; @road-labs/ocmf $node"
[ "$python" = "true SignatureVerificationError true PublicKeyError" ] || { echo "CHANGED: pyocmf"; exit 1; }
read -r plain listed p256 large <<<"$node"
[ "$plain $listed $large" = "true true true" ] && [ "$p256" != true ] || { echo "CHANGED: @road-labs/ocmf"; exit 1; }
