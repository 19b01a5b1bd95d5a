"""A bag of certificates as PKCS#7 (RFC 5652 section 5, "certs-only"), in the order they are put in.

CMS makes the certificates a SET, and ``cryptography`` sorts it by its octets. Clients take the first certificate for
the leaf and the last for the root, so the SET is written here, as BER allows: in the order given.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from pncsim.tls_certs import der, reading
from pncsim.tls_certs.der import SEQUENCE, SET, DerError, context, element, integer, oid

_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_DATA = oid("1.2.840.113549.1.7.1")


def certs_only(ders: Iterable[bytes]) -> bytes:
    """The ContentInfo of a SignedData that carries the certificates ``ders`` (each DER), and that nobody signs."""
    signed = element(
        SEQUENCE,
        integer(1),
        element(SET),
        element(SEQUENCE, _DATA),
        element(context(0), *ders),
        element(SET),
    )
    return element(SEQUENCE, _SIGNED_DATA, element(context(0), signed))


def certificates_in(octets: bytes, what: str = "The PKCS#7") -> tuple[x509.Certificate, ...]:
    """The certificates of a bag (DER, or BER of definite lengths) in the order they come. Raises Unreadable."""
    try:
        kind, wrapped = der.sequence(octets)
        if kind.encoding != _SIGNED_DATA or wrapped.tag != context(0):
            raise DerError("another content type")
        found = [
            one.encoding
            for part in der.sequence(wrapped.content)
            if part.tag == context(0)
            for one in der.children(part.content)
        ]
    except (DerError, ValueError) as error:
        sentence = f"{what} is no bag of certificates: {error}."
        raise reading.Unreadable(sentence, clause="RFC 5652 5", kind="unparsable") from None
    return reading.load_chain(found, f"A certificate in {what[:1].lower()}{what[1:]}")
