"""An OCSP responder of the tester's, which says good of everything an authority of its has issued."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki


def good(octets: bytes, pki: Pki, now: float) -> bytes:
    """The OCSP answer good to a request about a certificate of ``pki``, signed by who has issued it (RFC 6960)."""
    asked = reading.load_single_request(octets)
    if asked is None:
        return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST).public_bytes(
            Encoding.DER
        )
    for role, certificates in pki.certificates.items():
        key = pki.keys.get(role)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not reading.is_ca(certificates[0]):
            continue
        hashed = hashes.Hash(asked.hash_algorithm)
        hashed.update(certificates[0].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        if hashed.finalize() == asked.issuer_key_hash:
            time = datetime.fromtimestamp(now, UTC)
            builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                asked.serial_number,
                asked.hash_algorithm,
                ocsp.OCSPCertStatus.GOOD,
                time,
                time + timedelta(hours=1),
                None,
                None,
            )
            signed = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificates[0]).sign(key, hashes.SHA256())
            return signed.public_bytes(Encoding.DER)
    return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(Encoding.DER)
