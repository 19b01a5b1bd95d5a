"""Octets that somebody has signed, with his certificates, in one container (CMS SignedData, RFC 5652 section 5).

Written and read at the lab's time, which the library's PKCS#7 does not know. The signature is always over signed
attributes: who accepts both forms can be shown the attributes of one container as the content of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.tls_certs import der, reading
from pncsim.tls_certs.der import SEQUENCE, SET, DerError, Tlv, context, element, integer, oid
from pncsim.tls_certs.keys import sign, signed_by
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError

_SIGNED_DATA, _DATA = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.1")
_CONTENT_TYPE, _MESSAGE_DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
_SIGNING_TIME = oid("1.2.840.113549.1.9.5")
_UTC_TIME = 0x17
_SHA256 = oid("2.16.840.1.101.3.4.2.1")
_HASHES: dict[bytes, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    _SHA256: hashes.SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_ECDSA_SHA256 = oid("1.2.840.10045.4.3.2")
_CLAUSE = "RFC 5652 5"
MAX_CERTIFICATES = 8
"""Certificates read from one container."""


class SignedContent(Struct, frozen=True):
    """What was in a container whose signature is right: by whom, and which certificates came along.

    Whether ``signer`` is to be believed is not yet said: see :func:`check_signer`.
    """

    content: bytes
    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]


def sign_content(content: bytes, signer: Credentials, now: float) -> bytes:
    """The container (DER) with ``content`` signed by ``signer``, whose chain goes along."""
    attributes = sorted(
        (
            element(SEQUENCE, _CONTENT_TYPE, element(SET, _DATA)),
            element(SEQUENCE, _SIGNING_TIME, element(SET, _time(now))),
            element(
                SEQUENCE,
                _MESSAGE_DIGEST,
                element(SET, element(der.OCTET_STRING, hashlib.sha256(content).digest())),
            ),
        )
    )
    signature = sign(signer.key, element(SET, *attributes), hashes.SHA256())
    by = der.sequence(signer.leaf.tbs_certificate_bytes)
    issuer = by[3].encoding if by[0].tag == context(0) else by[2].encoding
    info = element(
        SEQUENCE,
        integer(1),
        element(SEQUENCE, issuer, integer(signer.leaf.serial_number)),
        element(SEQUENCE, _SHA256),
        element(context(0), *attributes),
        element(SEQUENCE, _ECDSA_SHA256),
        element(der.OCTET_STRING, signature),
    )
    signed = element(
        SEQUENCE,
        integer(1),
        element(SET, element(SEQUENCE, _SHA256)),
        element(SEQUENCE, _DATA, element(context(0), element(der.OCTET_STRING, content))),
        element(context(0), *sorted(signer.chain_der)),
        element(SET, info),
    )
    return element(SEQUENCE, _SIGNED_DATA, element(context(0), signed))


def open_signed(octets: bytes, what: str = "The signed container") -> SignedContent:
    """The content of a container (DER) with exactly one signer, once the signature is found to be its certificate's.

    Raises Unreadable where it is no such container, PeerError of the kind "signature" where it is signed wrongly.
    """
    try:
        content, certificates, info = _parts(octets)
        certificate = next((one for one in certificates if _is_named(one, info[1])), None)
        algorithm = _HASHES.get(der.sequence(info[2].encoding)[0].encoding)
        attributes = info[3]
        if attributes.tag != context(0) or len(info) < 6:
            raise DerError("its signature covers no signed attributes")
        digest, kind = _attribute(attributes, _MESSAGE_DIGEST), _attribute(attributes, _CONTENT_TYPE)
        signature = info[5].content
    except (DerError, IndexError) as error:
        raise reading.Unreadable(f"{what} is no signed data: {error}.", clause=_CLAUSE, kind="unparsable") from None
    if certificate is None or algorithm is None:
        raise _wrong(f"{what} does not hold the certificate of its signer, or was signed with an unknown hash.")
    hashed = hashlib.new(algorithm.name, content, usedforsecurity=True).digest()
    if kind.encoding != _DATA or digest.tag != der.OCTET_STRING or digest.content != hashed:
        raise _wrong(f"What {what[:1].lower() + what[1:]} holds is not what was signed.")
    with reading.reading("The signer's key"):
        key = certificate.public_key()
    if not signed_by(key, signature, element(SET, attributes.content), algorithm):
        raise _wrong(f"{what} is not signed with the key of {reading.common_name(certificate)}.")
    return SignedContent(content, certificate, certificates)


def check_signer(signed: SignedContent, anchors: Iterable[x509.Certificate], now: float) -> x509.Certificate:
    """The root of ``anchors`` that stands behind the signer, directly or by one Sub-CA that came along.

    All of them have to be valid at ``now`` (lab seconds since the epoch), and the signer may sign. Raises PeerError.
    """
    name = reading.common_name(signed.signer)
    for between in ((), *((one,) for one in signed.certificates if one != signed.signer)):
        for root in anchors:
            path = (signed.signer, *between, root)
            if all(reading.issued_by(*pair) and _may_issue(pair[1]) for pair in pairwise(path)):
                for certificate in path:
                    if not reading.valid_at(certificate, now):
                        raise PeerError(
                            f"{reading.common_name(certificate)} is valid from {certificate.not_valid_before_utc} to "
                            f"{certificate.not_valid_after_utc}, which is not now.",
                            kind="expired",
                            clause="RFC 5280 6.1.3",
                        )
                if not _may_sign(signed.signer):
                    raise _wrong(f"The key usage of {name} lets it sign nothing.")
                return root
    raise PeerError(f"{name} was certified by nobody who is trusted here.", kind="no anchor", clause="RFC 5280 6.1")


def _parts(octets: bytes) -> tuple[bytes, tuple[x509.Certificate, ...], list[Tlv]]:
    """Content, certificates, and the elements of the one SignerInfo."""
    kind, wrapped = der.sequence(octets)
    if kind.encoding != _SIGNED_DATA or wrapped.tag != context(0):
        raise DerError("another content type")
    _, _, encapsulated, *rest = der.sequence(wrapped.content)
    content_type, explicit = der.sequence(encapsulated.encoding)
    content = der.read(explicit.content)
    if content_type.encoding != _DATA or content.tag != der.OCTET_STRING:
        raise DerError("its content is not there as plain octets")
    found = [tlv.encoding for tlv in rest if tlv.tag == context(0) for tlv in der.children(tlv.content)]
    infos = [der.children(info.content) for tlv in rest if tlv.tag == SET for info in der.children(tlv.content)]
    if len(infos) != 1 or not 1 <= len(found) <= MAX_CERTIFICATES:
        raise DerError(f"{len(infos)} signers and {len(found)} certificates, one and at least one are expected")
    return content.content, reading.load_chain(found, "A certificate of the container"), infos[0]


def _attribute(attributes: Tlv, kind: bytes) -> Tlv:
    """The one value of the one attribute of ``kind`` (RFC 5652 11)."""
    found = [
        values
        for name, values in (der.sequence(one.encoding) for one in der.children(attributes.content))
        if name.encoding == kind
    ]
    (values,) = found if len(found) == 1 else [Tlv(SET, b"", b"")]
    inside = der.children(values.content)
    if len(inside) != 1:
        raise DerError("a signed attribute is missing or there twice")
    return inside[0]


def _is_named(certificate: x509.Certificate, name: Tlv) -> bool:
    """Whether a SignerIdentifier means this certificate: by issuer and serial number, or by its key identifier."""
    if name.tag == 0x80:
        return reading.key_identifier(certificate) == name.content.hex(":").upper()
    issuer, serial = der.sequence(name.encoding)
    own = der.sequence(certificate.tbs_certificate_bytes)
    own_issuer = own[3] if own[0].tag == context(0) else own[2]
    return (issuer.encoding, int.from_bytes(serial.content, "big")) == (own_issuer.encoding, certificate.serial_number)


def _may_issue(certificate: x509.Certificate) -> bool:
    with reading.reading("An issuer's certificate"):
        return reading.is_ca(certificate)


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def _time(now: float) -> bytes:
    """RFC 5652 11.3: UTCTime up to 2049, GeneralizedTime after it."""
    moment = datetime.fromtimestamp(int(now), UTC)
    if moment.year < 2050:
        return element(_UTC_TIME, f"{moment:%y%m%d%H%M%S}Z".encode())
    return element(der.GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%S}Z".encode())


def _wrong(sentence: str) -> PeerError:
    return PeerError(sentence, kind="signature", clause=_CLAUSE)
