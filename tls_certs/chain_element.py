"""A certificate chain as V2G messages carry it: the leaf and, in an element of their own, its Sub-CAs, all as DER."""

from __future__ import annotations

from collections.abc import Sequence

from pncsim.wire.v2g import iso2


def chain_element(ders: Sequence[bytes], *, id: str | None = None) -> iso2.CertificateChainType:
    """``ders``, leaf first and without root, as the message element; ``id`` where it is to be signed."""
    leaf, *subs = ders
    return iso2.CertificateChainType(
        Id=id, Certificate=leaf, SubCertificates=iso2.SubCertificatesType(Certificate=subs) if subs else None
    )


def chain_octets(chain: iso2.CertificateChainType) -> tuple[bytes, ...]:
    """The certificates of the message element, leaf first."""
    return (chain.Certificate, *(chain.SubCertificates.Certificate if chain.SubCertificates is not None else ()))
