"""OCPP's way to name one certificate without sending it (OCSPRequestDataType, CertificateHashDataType).

The fields are those of an RFC 6960 CertID: hashes of the issuer's name and key and the serial number, all as hex.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from cryptography import x509
from msgspec import Struct

from pncsim.tls_certs.keys import key_bits
from pncsim.tls_certs.reading import by_identity, responder_url

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

HashName = Literal["SHA256", "SHA384", "SHA512"]
"""HashAlgorithmEnumType."""

_HASHES = {"SHA256": hashlib.sha256, "SHA384": hashlib.sha384, "SHA512": hashlib.sha512}


class HashData(Struct, frozen=True):
    """Names one certificate: lower-case hex hashes over its issuer, hex serial without leading zeros, its OCSP URL.

    ``responder_url`` comes from the certificate's AIA extension and is empty where it has none.
    """

    algorithm: HashName
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    responder_url: str = ""

    def same_certificate(self, other: HashData) -> bool:
        """Whether both name one certificate by one algorithm; the responder plays no part, nor does letter case."""
        return self.key == other.key

    @property
    def key(self) -> tuple[str, str, str, str]:
        """A comparable form: lower case, serial without leading zeros."""
        return (
            self.algorithm,
            self.issuer_name_hash.lower(),
            self.issuer_key_hash.lower(),
            self.serial_number.lower().lstrip("0") or "0",
        )

    def certificate_payload(self) -> types.CertificateHashDataType:
        """As CertificateHashDataType: without the responder."""
        return {
            "hashAlgorithm": self.algorithm,
            "issuerNameHash": self.issuer_name_hash,
            "issuerKeyHash": self.issuer_key_hash,
            "serialNumber": self.serial_number,
        }

    def ocsp_payload(self) -> types.OCSPRequestDataType:
        """As OCSPRequestDataType, whose responderURL is required."""
        return {
            "hashAlgorithm": self.algorithm,
            "issuerNameHash": self.issuer_name_hash,
            "issuerKeyHash": self.issuer_key_hash,
            "serialNumber": self.serial_number,
            "responderURL": self.responder_url,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> HashData:
        """From either OCPP type, already checked against its schema."""
        return cls(
            payload["hashAlgorithm"],
            payload["issuerNameHash"],
            payload["issuerKeyHash"],
            payload["serialNumber"],
            payload.get("responderURL", ""),
        )


@by_identity
def hash_data(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashName = "SHA256") -> HashData:
    """The hash data of ``certificate``, whose issuer's certificate is ``issuer`` (RFC 6960 4.1.1, hex throughout).

    The name hash is over the issuer's encoded subject, the key hash over the bits of its public key without tag, length
    and unused-bits octet. ``algorithm``: SHA256, SHA384 or SHA512; anything else raises KeyError.
    """
    make = _HASHES[algorithm]
    key = key_bits(issuer.public_key())
    return HashData(
        algorithm,
        make(issuer.subject.public_bytes()).hexdigest(),
        make(key).hexdigest(),
        f"{certificate.serial_number:x}",
        responder_url(certificate),
    )
