#!/usr/bin/env bash
# PyPI pyhanko-certvalidator 0.33.0 (with asn1crypto 1.5.1), OCSP answers whose certificate ids are by SHA-384 or SHA-512.
# Sure beforehand: a validator knows the hash of a CertID or passes the answer over as not meant for this certificate;
# OCPP 2.0.1 (HashAlgorithmEnumType) offers SHA256, SHA384 and SHA512 for exactly these ids.
# What happens: SHA-1 and SHA-256 are fine; SHA-384 and SHA-512 end in AttributeError, "'Name' object has no attribute
# 'sha512'": names and keys are hashed through attributes that asn1crypto has for SHA-1 and SHA-256 only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q pyhanko-certvalidator==0.33.0 asn1crypto==1.5.1 2>pip.log || { cat pip.log; exit 1; }
cat >check.py <<'PY'
import asyncio
import datetime
import sys

import asn1crypto.ocsp
import asn1crypto.x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.validate import verify_ocsp_response

now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
hour = datetime.timedelta(hours=1)


def issue(name: str, serial: int, authority: bool, issuer: x509.Name | None = None, issuer_key=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "MO")])
    usage = x509.KeyUsage(not authority, False, False, False, not authority, authority, authority, False, False)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(serial).not_valid_before(now - hour).not_valid_after(now + 24 * hour)
        .add_extension(x509.BasicConstraints(authority, None), critical=True).add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(issuer_key or key, hashes.SHA256()), key


root, root_key = issue("Lab MO Root", 1, True)
leaf, _ = issue("DE8AACA2B3C4D5L", 2, False, root.subject, root_key)
foreign_root, foreign_leaf = (asn1crypto.x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in (root, leaf))
seen = {}
for algorithm in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(leaf, root, algorithm, ocsp.OCSPCertStatus.GOOD, now - hour, now + hour, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, root).sign(root_key, hashes.SHA256())
    )
    response = asn1crypto.ocsp.OCSPResponse.load(answer.public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[foreign_root], allow_fetching=False, ocsps=[response], revocation_mode="soft-fail")
    try:
        path = asyncio.run(CertificateValidator(foreign_leaf, [], validation_context=context).async_validate_usage({"digital_signature"}))
        asyncio.run(verify_ocsp_response(foreign_leaf, path, context))
        seen[algorithm.name] = "good"
    except Exception as error:
        seen[algorithm.name] = f"{type(error).__name__}: {error}"
print(*(f"{name}: {verdict}" for name, verdict in seen.items()), sep="\n")
if [verdict.split(":")[0] for verdict in seen.values()] != ["good", "good", "AttributeError", "AttributeError"]:
    sys.exit("CHANGED: pyhanko-certvalidator and the hashes of certificate ids")
PY
venv/bin/python check.py
