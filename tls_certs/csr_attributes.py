"""What an authority wants to see in a certificate request (CsrAttrs, RFC 7030 4.5.2 as RFC 9908 reads it)."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.tls_certs import der
from pncsim.tls_certs.issue import key_usage
from pncsim.tls_certs.keys import KeyKind
from pncsim.tls_certs.profiles import Profile

_EC_KEY = "1.2.840.10045.2.1"
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_KEY_USAGE = "2.5.29.15"
_COMMON_NAME, _ORGANIZATION = "2.5.4.3", "2.5.4.10"
_TRUE = der.element(der.BOOLEAN, b"\xff")

_KEYS: Mapping[KeyKind, tuple[bytes, ...]] = {
    KeyKind.P256: (
        der.element(der.SEQUENCE, der.oid(_EC_KEY), der.element(der.SET, der.oid("1.2.840.10045.3.1.7"))),
        der.oid("1.2.840.10045.4.3.2"),
    ),
    KeyKind.P521: (
        der.element(der.SEQUENCE, der.oid(_EC_KEY), der.element(der.SET, der.oid("1.3.132.0.35"))),
        der.oid("1.2.840.10045.4.3.4"),
    ),
    KeyKind.ED448: (der.oid("1.3.101.113"),),
}
"""The key and what the request is to be signed with, for each kind of key that a profile of ISO 15118 has."""


def csr_attributes(profile: Profile) -> bytes:
    """The CsrAttrs (DER) for requests of ``profile``: its key and signature, CN and O, and the key usage it will have.

    Raises KeyError for a kind of key that no profile of ISO 15118 has.
    """
    usage = key_usage(profile.key_usage).public_bytes()
    extension = der.element(der.SEQUENCE, der.oid(_KEY_USAGE), _TRUE, der.element(der.OCTET_STRING, usage))
    wanted = der.element(der.SET, der.element(der.SEQUENCE, extension))
    return der.element(
        der.SEQUENCE,
        *_KEYS[profile.key],
        der.oid(_COMMON_NAME),
        der.oid(_ORGANIZATION),
        der.element(der.SEQUENCE, der.oid(_EXTENSION_REQUEST), wanted),
    )
