#!/usr/bin/env bash
# npm pkijs 4.0.0, BasicOCSPResponse.verify({ trustedCerts }).
# Sure beforehand: an OCSP answer signed by the CA that issued the certificate needs no certificate inside (optional in
# RFC 6960 4.2.1, and left out where every octet of a TLS handshake counts); who is given that CA as trusted verifies it.
# What happens: "No certificates attached to the BasicOCSPResponse" is thrown before the trusted ones are looked at. The
# same answer with the CA's certificate inside is good. getCertificateStatus reads both alike.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts pkijs@4.0.0 >npm.log 2>&1 || { cat npm.log; exit 1; }
for name in root secc; do openssl ecparam -name prime256v1 -genkey -noout -out $name.key; done
openssl req -x509 -new -key root.key -subj "/CN=Lab V2G Root/O=Lab/DC=V2G" -days 2 -out root.pem
openssl req -new -key secc.key -subj "/CN=DEABCS00001/O=Lab/DC=CPO" -out secc.csr
openssl x509 -req -in secc.csr -CA root.pem -CAkey root.key -set_serial 77 -days 1 -out secc.pem 2>/dev/null
printf 'V\t350101000000Z\t\t4D\tunknown\t/CN=DEABCS00001\n' >index.txt
answer() {
  openssl ocsp -index index.txt -CA root.pem -rsigner root.pem -rkey root.key -ndays 1 -issuer root.pem -cert secc.pem -no_nonce "$@" >/dev/null 2>&1
}
answer -respout with.der
answer -resp_no_certs -respout without.der
for file in with without; do
  openssl ocsp -respin $file.der -issuer root.pem -cert secc.pem -CAfile root.pem 2>&1 | grep -q '^secc.pem: good' || { echo "OpenSSL itself does not take $file.der"; exit 1; }
done
for name in root secc; do openssl x509 -in $name.pem -outform DER -out $name.der; done
cat >verify.mjs <<'JS'
import { readFileSync } from "fs";
import { webcrypto } from "crypto";
import * as pkijs from "pkijs";

pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));
const certificate = (name) => pkijs.Certificate.fromBER(readFileSync(`${name}.der`));
for (const name of ["with", "without"]) {
  const response = pkijs.OCSPResponse.fromBER(readFileSync(`${name}.der`));
  const basic = pkijs.BasicOCSPResponse.fromBER(response.responseBytes.response.valueBlock.valueHex);
  const { status } = await response.getCertificateStatus(certificate("secc"), certificate("root"));
  const verdict = await basic.verify({ trustedCerts: [certificate("root")] }).catch((error) => error.message ?? error);
  console.log(`${name}: status ${status}, verified ${verdict}`);
}
JS
seen=$(node verify.mjs)
echo "$seen"
[ "$seen" = $'with: status 0, verified true\nwithout: status 0, verified No certificates attached to the BasicOCSPResponse' ] \
  || { echo "CHANGED: pkijs and OCSP answers without certificates"; exit 1; }
