#!/usr/bin/env bash
# PyPI iso15118 0.31.2 (EcoG's station and vehicle), shared.security.derive_certificate_hash_data, against PyPI ocpp 2.1.0.
# Sure beforehand: made "to be used in an OCPP AuthorizeRequest", it writes what OCPP 2.0.1 has for OCSPRequestDataType:
# the serial number in hexadecimal without 0x and leading zeros, at most 40 characters, enough for any serial of 20
# octets; and the hashes in hexadecimal, as every tool prints them: 128 characters are the room that SHA-512 takes so, and
# issuerNameHash is an identifierString, which is compared without regard to case.
# What happens: the serial is decimal, the hashes are base64 for URLs. A serial of 20 octets has up to 49 digits: the
# schema refuses the request. A shorter one passes, and whoever reads it as OCPP says asks about another certificate:
# 0x256 instead of 0x100. So digits alone do not tell which of the two a station has sent; the hashes do.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q iso15118==0.31.2 ocpp==2.1.0 2>pip.log || { cat pip.log; exit 1; }
for name in issuer contract; do openssl ecparam -name prime256v1 -genkey -noout -out $name.key; done
openssl req -x509 -new -key issuer.key -subj "/CN=Lab MO Sub2/O=Lab/DC=MO" -days 2 -out issuer.pem -addext keyUsage=critical,keyCertSign
openssl req -new -key contract.key -subj "/CN=DE8AACA2B3C4D5L/O=Lab/DC=MO" -out contract.csr
echo "authorityInfoAccess=OCSP;URI:http://ocsp.example/" >contract.ext
for serial in 0x100 0x7A00000000000000000000000000000000000001; do
  openssl x509 -req -in contract.csr -CA issuer.pem -CAkey issuer.key -set_serial $serial -days 1 -extfile contract.ext -out $serial.pem 2>/dev/null
  openssl ocsp -issuer issuer.pem -sha256 -cert $serial.pem -no_nonce -req_text >$serial.id  # how OpenSSL writes the same id
done
cat >hash_data.py <<'PY'
import asyncio
import base64
import logging
import pathlib
import re
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from iso15118.shared.security import derive_certificate_hash_data
from ocpp.messages import Call, validate_payload

logging.disable()


def der(path: str) -> bytes:
    return x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes()).public_bytes(Encoding.DER)


async def verdict(data: dict[str, str]) -> str:
    names = {"hash_algorithm": "hashAlgorithm", "responder_url": "responderURL"}
    camel = {names.get(key) or re.sub("_(.)", lambda part: part[1].upper(), key): value for key, value in data.items()}
    payload = {"idToken": {"idToken": "DE8AACA2B3C4D5L", "type": "eMAID"}, "iso15118CertificateHashData": [camel]}
    try:
        await validate_payload(Call("1", "Authorize", payload), "2.0.1")
    except Exception as error:
        return type(error).__name__
    return "valid"


seen = []
for serial in ("0x100", "0x7A00000000000000000000000000000000000001"):
    data = derive_certificate_hash_data(der(f"{serial}.pem"), der("issuer.pem"))
    name_hash = re.search(r"Issuer Name Hash: (\w+)", pathlib.Path(f"{serial}.id").read_text())[1]
    same = base64.urlsafe_b64decode(data["issuer_name_hash"]).hex().upper() == name_hash
    print(f"serial {serial} is written as {data['serial_number']} ({len(data['serial_number'])} characters); Authorize: {asyncio.run(verdict(data))}")
    print(f"  name hash {name_hash} is written as {data['issuer_name_hash']}")
    seen.append((data["serial_number"] == str(int(serial, 16)), same, asyncio.run(verdict(data))))
if seen != [(True, True, "valid"), (True, True, "TypeConstraintViolationError")]:
    sys.exit(f"CHANGED: how iso15118 writes hash data for OCPP: {seen}")
PY
venv/bin/python hash_data.py
