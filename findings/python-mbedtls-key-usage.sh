#!/usr/bin/env bash
# PyPI python-mbedtls 2.10.1 (Mbed TLS 2.28.8), x509.CRT on V2G certificates.
# Sure beforehand: key_usage is a set of flags, and basic_constraints tells a path length of 0 (Sub-CA 2) from none
# (a root), the difference on which the V2G hierarchy rests.
# What happens: key_usage is the number of one single flag, or ValueError as soon as a certificate has two of them, which
# every certificate of the V2G profiles has ("6 is not a valid KeyUsage" for a CA, 136 for a station's leaf); and root
# and Sub-CA 2 both read BasicConstraints(ca=True, max_path_length=0).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --only-binary :all: python-mbedtls==2.10.1 2>pip.log || { cat pip.log; exit 1; }
issue() {  # FILE KEY-USAGE BASIC-CONSTRAINTS
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -subj "/CN=Lab $1/O=Lab/DC=V2G" -days 1 \
    -config /dev/null -addext "keyUsage=critical,$2" -addext "basicConstraints=critical,$3" -out "$1.pem" 2>openssl.log || { cat openssl.log; exit 1; }
}
issue single digitalSignature CA:FALSE
issue station digitalSignature,keyAgreement CA:FALSE
issue sub2 keyCertSign,cRLSign CA:TRUE,pathlen:0
issue root keyCertSign,cRLSign CA:TRUE
cat >read.py <<'PY'
import sys

from mbedtls import x509


def usage(name: str) -> str:
    try:
        return str(int(x509.CRT.from_file(f"{name}.pem").key_usage))
    except ValueError as error:
        return f"ValueError: {error}"


usages = {name: usage(name) for name in ("single", "station", "sub2")}
sub2, root = (x509.CRT.from_file(f"{name}.pem").basic_constraints for name in ("sub2", "root"))
print(usages, f"root {root}", f"Sub-CA 2 {sub2}", sep="\n")
expected = {"single": "128", "station": "ValueError: 136 is not a valid KeyUsage", "sub2": "ValueError: 6 is not a valid KeyUsage"}
if usages != expected or root != sub2:
    sys.exit("CHANGED: python-mbedtls reads key usage or path length otherwise now")
PY
venv/bin/python read.py
