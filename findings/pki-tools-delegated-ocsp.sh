#!/usr/bin/env bash
# PyPI pki-tools 2.2.1 (cryptography 50.0.2), is_revoked() of a contract certificate that names an OCSP responder.
# Sure beforehand: an answer by a signer to whom the CA has delegated it (extended key usage OCSPSigning), its certificate
# inside, as RFC 6960 4.2.2.2 has it, is verified by who trusts the CA; at the least where the signer's certificate is
# handed over in the chain as well, which the package asks for ("signer of the OCSP response").
# What happens: SignatureVerificationFailed in both cases. The key that has to have signed is looked up by the issuer's key
# hash of the certificate id, so as soon as the issuer is in the chain, where it must be, no other key will do; what is
# inside the answer is not looked at. By the CA's own key the same answer is fine. So a contract that a V2G PKI answers for
# through a delegate is neither good nor revoked here, but an exception.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q pki-tools==2.2.1 cryptography==50.0.2 2>pip.log || { cat pip.log; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
issue() {  # NAME SUBJECT ISSUER EXTENSIONS
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf '%b\nsubjectKeyIdentifier=hash\n' "$4" >"$1.ext"
  if [ "$1" = "$3" ]; then
    openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  else
    openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 1 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  fi
}
authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign'
issue root "/CN=Lab MO Root/O=Lab/DC=MO" root "$authority"
issue signer "/CN=Lab OCSP/O=Lab/DC=MO" root 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\nauthorityKeyIdentifier=keyid'
issue contract "/CN=DE8AACA2B3C4D5L/O=Lab/DC=MO" root "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyAgreement\nauthorityKeyIdentifier=keyid\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:$port"
printf 'V\t350101000000Z\t\t%s\tunknown\t/CN=DE8AACA2B3C4D5L\n' "$(openssl x509 -in contract.pem -noout -serial | cut -d= -f2)" >index.txt
for by in root signer; do
  openssl ocsp -index index.txt -CA root.pem -rsigner $by.pem -rkey $by.key -ndays 1 -sha256 -issuer root.pem -cert contract.pem -no_nonce \
    -respout $by.der >/dev/null 2>&1
  openssl ocsp -respin $by.der -sha256 -issuer root.pem -cert contract.pem -CAfile root.pem -no_nonce 2>&1 | grep -q '^contract.pem: good' \
    || { echo "OpenSSL itself does not take $by.der"; exit 1; }
done
cat >check.py <<'PY'
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from loguru import logger
from pki_tools import Certificate, Chain, is_revoked

logger.disable("pki_tools")
answer = b""


class Responder(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None: ...


threading.Thread(target=HTTPServer(("127.0.0.1", int(sys.argv[1])), Responder).serve_forever, daemon=True).start()
answer = Path(sys.argv[2]).read_bytes()
chain = Chain(certificates=[Certificate.from_file(name) for name in sys.argv[3:]])
try:
    print(is_revoked(Certificate.from_file("contract.pem"), chain))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
PY
check() { timeout 60 venv/bin/python -W ignore check.py "$port" "$@"; }
seen="$(check root.der root.pem) | $(check signer.der root.pem) | $(check signer.der root.pem signer.pem)"
echo "signed by the CA | by its delegate | by its delegate, handed over beforehand: $seen"
refusal="SignatureVerificationFailed: signature doesn't match issuer with subject: CN: Lab MO Root, DC: MO, O: Lab"
[ "$seen" = "False | $refusal | $refusal" ] || { echo "CHANGED: pki-tools"; exit 1; }
