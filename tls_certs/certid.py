"""How OCSP names a certificate (RFC 6960 4.1.1 CertID), requests made of such names, and OCPP's hash data as names."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from msgspec import Struct

from pncsim.tls_certs import der
from pncsim.tls_certs.hash_data import HashData
from pncsim.tls_certs.keys import key_bits
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance, Tolerate, refuse

ALGORITHMS = {
    "1.3.14.3.2.26": "SHA1",
    "2.16.840.1.101.3.4.2.1": "SHA256",
    "2.16.840.1.101.3.4.2.2": "SHA384",
    "2.16.840.1.101.3.4.2.3": "SHA512",
}
"""Hash algorithms of CertIDs by OID. OCPP forbids SHA-1, OCSP at large still uses it."""

_OIDS = {name: der.element(der.SEQUENCE, der.oid(dotted), der.NULL) for dotted, name in ALGORITHMS.items()}
_BY_OID = {der.oid(dotted): name for dotted, name in ALGORITHMS.items()}
_NAMES = {encoding: name for name, encoding in _OIDS.items()}
_STARTS = {
    _OIDS[name] + bytes((der.OCTET_STRING, octets)): (name, octets) for name, octets in (("SHA1", 20), ("SHA256", 32))
}
"""Where the hash of the issuer's name begins in a CertID, by algorithm, and how long it is."""
_SHORT, _FIVE = 129, 10
"""So many octets have five nested SEQUENCEs with lengths of one octet each; and what these take."""
_EXTENSIONS = der.context(2)
_NONCE = der.oid("1.3.6.1.5.5.7.48.1.2")
_OCPP_SIZES = {"SHA256": 32, "SHA384": 48, "SHA512": 64}
MAX_NONCE = 128
"""Octets of a nonce (RFC 9654)."""

MAX_CERTIFICATES = 16
"""Certificates answered for in one request; a bound against hostile ones."""


class RequestMalformed(PeerError):
    """An OCSP request that cannot be read; answered by malformedRequest."""


class CertId(Struct, frozen=True):
    """One certificate, named by its ``issuer`` (:func:`issuer_hashes`) and its serial number."""

    algorithm: str
    issuer: tuple[bytes, bytes]
    serial: int

    def encoding(self) -> bytes:
        """As DER."""
        return der.element(der.SEQUENCE, _issuer_part(self.algorithm, self.issuer), der.integer(self.serial))


@lru_cache(maxsize=256)
def _issuer_part(algorithm: str, issuer: tuple[bytes, bytes]) -> bytes:
    """All of a CertID but the serial number: the same for whatever one issuer has issued."""
    hashes = (der.element(der.OCTET_STRING, octets) for octets in issuer)
    return b"".join((_OIDS[algorithm], *hashes))


def issuer_hashes(issuer: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """The hashes of the issuer's encoded subject and of its key's bits, by an algorithm of :data:`ALGORITHMS`."""
    return (
        hashlib.new(algorithm, issuer.subject.public_bytes()).digest(),
        hashlib.new(algorithm, key_bits(issuer.public_key())).digest(),
    )


def cert_id(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str = "SHA256") -> CertId:
    """The name of ``certificate``, which ``issuer`` has issued."""
    return CertId(algorithm, issuer_hashes(issuer, algorithm), certificate.serial_number)


def cert_id_from_hash_data(data: HashData, *, gate: Tolerate = refuse) -> CertId:
    """The name that OCPP hash data gives. Raises PeerError where it cannot be read.

    Hashes and serial number are hex. Stations on PyPI iso15118 0.31.2 (derive_certificate_hash_data) send base64url
    hashes and a decimal serial number: that is understood where ``gate`` lets it pass. One of 20 octets has more digits
    so than the 40 characters that OCPP gives it, and the schema has refused it before.
    """
    size = _OCPP_SIZES.get(data.algorithm)
    if size is None:
        raise _bad_hash_data(f"the hash algorithm {data.algorithm!a}; SHA256, SHA384 and SHA512 are allowed")
    parts: list[bytes] = []
    base = 16
    for text in (data.issuer_name_hash, data.issuer_key_hash):
        try:
            octets = bytes.fromhex(text)
        except ValueError:
            octets = b""
        if len(octets) != size:
            octets = _from_base64url(text)
            base = 10
        if len(octets) != size:
            raise _bad_hash_data(f"a {data.algorithm} hash that is not {size} octets in hex")
        parts.append(octets)
    try:
        serial = int(data.serial_number, base)
    except ValueError as error:
        raise _bad_hash_data(f"the serial number {data.serial_number[:64]!a}, which is no number") from error
    if serial < 0:
        raise _bad_hash_data(f"the negative serial number {data.serial_number[:64]!a}")
    if base == 10:
        what = "Certificate hash data came with base64url hashes and a decimal serial number instead of hex."
        gate(Tolerance.HASH_DATA_FORM(what, "OCPP 2.0.1 OCSPRequestDataType"))
    return CertId(data.algorithm, (parts[0], parts[1]), serial)


def _from_base64url(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _bad_hash_data(what: str) -> PeerError:
    return PeerError(
        f"The certificate hash data has {what}.",
        clause="OCPP 2.0.1 OCSPRequestDataType",
        ocpp_status="CertChainError",
    )


def request_for(ids: Sequence[CertId], nonce: bytes | None = None) -> bytes:
    """An OCSP request (DER) about ``ids``, with a nonce if one is given (RFC 6960 4.1.1, RFC 9654)."""
    listed = der.element(der.SEQUENCE, *(der.element(der.SEQUENCE, one.encoding()) for one in ids))
    parts = [listed]
    if nonce is not None:
        parts.append(der.element(_EXTENSIONS, der.element(der.SEQUENCE, nonce_extension(nonce))))
    return der.element(der.SEQUENCE, der.element(der.SEQUENCE, *parts))


def build_request(
    certificate: x509.Certificate, issuer: x509.Certificate, *, algorithm: str = "SHA256", nonce: bytes | None = None
) -> bytes:
    """An OCSP request (DER) about one certificate."""
    return request_for([cert_id(certificate, issuer, algorithm)], nonce)


def request_from_hash_data(data: HashData, nonce: bytes | None = None, *, gate: Tolerate = refuse) -> bytes:
    """The OCSP request (DER) that OCPP hash data describes. Raises PeerError where it cannot be read."""
    return request_for([cert_id_from_hash_data(data, gate=gate)], nonce)


def nonce_extension(nonce: bytes) -> bytes:
    """The nonce extension (DER)."""
    value = der.element(der.OCTET_STRING, der.element(der.OCTET_STRING, nonce))
    return der.element(der.SEQUENCE, _NONCE, value)


def parse_request(data: bytes) -> tuple[list[CertId], bytes | None]:
    """The certificates an OCSP request asks about, and its nonce. Raises RequestMalformed.

    A signature over the request is neither demanded nor checked: who asks does not matter here.
    """
    return _usual(data) or _careful(data)


def _usual(data: bytes) -> tuple[list[CertId], bytes | None] | None:
    """A request about one certificate and nothing else, as nearly all are, in a third of the time; None for others."""
    size = len(data)
    if not _FIVE < size <= _SHORT:
        return None
    if data[:_FIVE] != bytes((48, size - 2, 48, size - 4, 48, size - 6, 48, size - 8, 48, size - 10)):
        return None
    for start, (algorithm, octets) in _STARTS.items():
        if data.startswith(start, _FIVE):
            return _named(data, algorithm, _FIVE + len(start), octets)
    return None


def _named(data: bytes, algorithm: str, name: int, octets: int) -> tuple[list[CertId], bytes | None] | None:
    """As :func:`_usual`, where the hash of the issuer's name is at ``name``."""
    key = name + octets + 2
    serial = key + octets + 2
    head, number = bytes((der.OCTET_STRING, octets)), data[serial:]
    if data[key - 2 : key] != head or data[serial - 2 : serial] != bytes((der.INTEGER, len(number))):
        return None
    if not number or number[0] & 0x80:
        return None
    issuer = data[name : name + octets], data[key : key + octets]
    return [CertId(algorithm, issuer, int.from_bytes(number, "big"))], None


def _careful(data: bytes) -> tuple[list[CertId], bytes | None]:
    try:
        tbs = der.sequence(data)[0]
        fields = der.children(tbs.content) if tbs.tag == der.SEQUENCE else []
        by_tag = {field.tag: field.content for field in fields}
        requests, extensions = by_tag.get(der.SEQUENCE, b""), by_tag.get(_EXTENSIONS)
        ids = [_parse_cert_id(der.children(one.content)[0]) for one in der.children(requests)]
        nonce = _nonce_in(der.sequence(extensions)) if extensions is not None else None
    except (ValueError, IndexError) as error:
        raise RequestMalformed(f"The OCSP request cannot be read: {error}.", clause="RFC 6960 4.1.1") from error
    if not 1 <= len(ids) <= MAX_CERTIFICATES:
        raise RequestMalformed(
            f"The OCSP request asks about {len(ids)} certificates, 1 to {MAX_CERTIFICATES} are served."
        )
    return ids, nonce


def _parse_cert_id(found: der.Tlv) -> CertId:
    algorithm, name, key, serial = der.children(found.content)
    # Nearly always it has NULL for parameters.
    name_of = _NAMES.get(algorithm.encoding) or _BY_OID.get(der.sequence(algorithm.encoding)[0].encoding)
    if name_of is None or (name.tag, key.tag, serial.tag) != (der.OCTET_STRING, der.OCTET_STRING, der.INTEGER):
        raise der.DerError("a CertID has an unknown hash algorithm or wrong types")
    return CertId(name_of, (name.content, key.content), int.from_bytes(serial.content, "big"))


def _nonce_in(extensions: list[der.Tlv]) -> bytes | None:
    for extension in extensions:
        parts = der.children(extension.content)
        if parts[0].encoding == _NONCE:
            # Some clients leave out the inner OCTET STRING: then the octets themselves are the nonce.
            content = parts[-1].content
            try:
                inner = der.read(content)
                nonce = inner.content if inner.tag == der.OCTET_STRING else content
            except der.DerError:
                nonce = content
            if not 1 <= len(nonce) <= MAX_NONCE:
                raise der.DerError(f"the nonce has {len(nonce)} octets")
            return nonce
    return None
