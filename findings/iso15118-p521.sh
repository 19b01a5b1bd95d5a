#!/usr/bin/env bash
# PyPI iso15118 0.31.2 (EcoG's station and vehicle), shared.security: verify_certs and create_signature. Needs Java.
# Sure beforehand: a package that speaks ISO 15118-20 verifies the chains of its profile, P-521 with SHA-512 and Ed448,
# and signs a message with a P-521 contract key (ecdsa-sha512, 132 octets).
# What happens: a chain on P-521 signed with SHA-512, good for OpenSSL, is refused with CertSignatureError, while P-521
# with SHA-256 and Ed448 are verified: ECDSA is always checked with SHA-256, whatever the certificate says. Signing with
# P-521 ends in OverflowError: r and s are written in 32 octets each. Of -20's two kinds of contract, its station can
# verify the chain of the one on Ed448.
set -euo pipefail
command -v java >/dev/null || { echo "java is not here"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q iso15118==0.31.2 marshmallow==3.26.2 2>pip.log || { cat pip.log; exit 1; }
cat >chains.py <<'PY'
import datetime
import logging
import subprocess
import sys
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from iso15118.shared.settings import load_shared_settings

load_shared_settings()
from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.security import create_signature, verify_certs

logging.disable()
warnings.simplefilter("ignore")
now = datetime.datetime.now(datetime.timezone.utc)
levels = (("Lab MO Root", True, None), ("Lab MO Sub1", True, 1), ("Lab MO Sub2", True, 0), ("DE8AACA2B3C4D5L", False, None))


def chain(new_key, algorithm) -> list[x509.Certificate]:
    made, issuer, issuer_key = [], None, None
    for serial, (common_name, authority, length) in enumerate(levels, 1):
        key = new_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "MO")])
        usage = x509.KeyUsage(not authority, False, False, False, not authority, authority, authority, False, False)
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(issuer or name).public_key(key.public_key())
            .serial_number(serial).not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(authority, length), critical=True).add_extension(usage, critical=True)
        )
        made.insert(0, builder.sign(issuer_key or key, algorithm))
        issuer, issuer_key = name, key
    return made


def by_openssl(leaf: x509.Certificate, *rest: x509.Certificate) -> str:
    for number, certificate in enumerate((leaf, *rest)):
        with open(f"{number}.pem", "wb") as file:
            file.write(certificate.public_bytes(Encoding.PEM))
    words = ["openssl", "verify", "-CAfile", "3.pem", "-untrusted", "1.pem", "-untrusted", "2.pem", "0.pem"]
    return "good" if subprocess.run(words, capture_output=True).returncode == 0 else "bad"


def by_package(leaf: x509.Certificate, *rest: x509.Certificate) -> str:
    *subs, root = (certificate.public_bytes(Encoding.DER) for certificate in rest)
    try:
        verify_certs(leaf.public_bytes(Encoding.DER), subs, root)
    except Exception as error:
        return type(error).__name__
    return "good"


kinds = {
    "P-256, SHA-256": (lambda: ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
    "P-521, SHA-256": (lambda: ec.generate_private_key(ec.SECP521R1()), hashes.SHA256()),
    "P-521, SHA-512": (lambda: ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    "Ed448": (ed448.Ed448PrivateKey.generate, None),
}
seen = {}
for name, (new_key, algorithm) in kinds.items():
    made = chain(new_key, algorithm)
    seen[name] = by_openssl(*made), by_package(*made)
    print(f"{name}: OpenSSL {seen[name][0]}, iso15118 {seen[name][1]}")
codec = ExificientEXICodec()
EXI().set_exi_codec(codec)
signed = {}
for curve in (ec.SECP256R1(), ec.SECP521R1()):
    try:
        signed[curve.name] = len(create_signature([("id1", b"\x80")], ec.generate_private_key(curve)).signature_value.value)
    except Exception as error:
        signed[curve.name] = type(error).__name__
codec.gateway.shutdown()
print(f"octets of a signature: {signed}")
if signed != {"secp256r1": 64, "secp521r1": "OverflowError"}:
    sys.exit("CHANGED: iso15118 signs with P-521 otherwise now")
if list(seen.values()) != [("good", "good"), ("good", "good"), ("good", "CertSignatureError"), ("good", "good")]:
    sys.exit("CHANGED: iso15118 and the curves of a chain")
PY
venv/bin/python chains.py
