#!/usr/bin/env bash
# PyPI iso15118 0.31.2 (EcoG's station and vehicle), shared.security.get_certificate_hash_data.
# Sure beforehand: for a contract chain whose leaf and Sub-CAs name their OCSP responder, a station of this package puts
# their hash data into OCPP's Authorize; the root, which has no responder in ISO 15118-2's profile (Annex F), is needed
# only as the issuer of Sub-CA 1.
# What happens: one certificate of the list without AIA and there is no hash data at all (None), and the root is in the
# list, as its own issuer: with the roots that the standard describes the online check by hash data never comes about.
# Only a root that itself names a responder gives hash data, four entries, the last for the root. And the hash of the ids
# is taken from the certificate's signature, so a chain on Ed448 (ISO 15118-20), whose signatures name none, is a
# ValueError instead of ids by SHA-256.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q iso15118==0.31.2 2>pip.log || { cat pip.log; exit 1; }
cat >hash_data.py <<'PY'
import datetime
import logging
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from iso15118.shared.messages.iso15118_2.datatypes import CertificateChain, SubCertificates
from iso15118.shared.security import get_certificate_hash_data

logging.disable()
now = datetime.datetime.now(datetime.timezone.utc)
responder = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/"))]
)


def chain(root_has_responder: bool, new_key=lambda: ec.generate_private_key(ec.SECP256R1()), algorithm=hashes.SHA256()) -> list[bytes]:
    made, issuer, issuer_key = [], None, None
    for level, common_name in enumerate(("Lab MO Root", "Lab MO Sub1", "Lab MO Sub2", "DE8AACA2B3C4D5L")):
        key = new_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "MO")])
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(issuer or name).public_key(key.public_key())
            .serial_number(level + 1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(level < 3, {1: 1, 2: 0}.get(level)), critical=True)
        )
        if level or root_has_responder:
            builder = builder.add_extension(responder, critical=False)
        made.insert(0, builder.sign(issuer_key or key, algorithm).public_bytes(Encoding.DER))
        issuer, issuer_key = name, key
    return made


def seen(chain: list[bytes]) -> object:
    leaf, sub2, sub1, root = chain
    contract = CertificateChain(certificate=leaf, sub_certificates=SubCertificates(certificates=[sub2, sub1]))
    try:
        data = get_certificate_hash_data(contract, root)
    except Exception as error:
        return type(error).__name__
    return data and [entry["serial_number"] for entry in data]


verdicts = [seen(chain(False)), seen(chain(True)), seen(chain(True, ed448.Ed448PrivateKey.generate, None))]
print("hash data for serials, root without responder: {}; root with one: {}; on Ed448: {}".format(*verdicts))
if verdicts != [None, ["4", "3", "2", "1"], "ValueError"]:
    sys.exit("CHANGED: iso15118 builds the hash data of a chain otherwise now")
PY
venv/bin/python hash_data.py
