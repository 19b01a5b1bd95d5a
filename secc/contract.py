"""Whether a contract certificate chain is one this station may take (V2G2 7.7, 8.4.3.6). The error's kind says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.gate import Tolerate, refuse, told_before
from pncsim.wire.identifiers import normal_emaid

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DAY = 86_400


class CheckedContract(Struct, frozen=True):
    """A ``chain`` that was looked at, leaf first. ``ends``: when the first certificate of it does, lab seconds.

    ``anchor``: the root of ours it leads to, ``chain`` being the path to it; None where the back end has to look at it.
    """

    emaid: str
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePublicKey
    expires_soon: bool
    ends: float
    anchor: x509.Certificate | None


def check_contract(
    emaid: str,
    chain: Sequence[bytes],
    anchors: Sequence[x509.Certificate],
    now: float,
    *,
    central_validation: bool = False,
    algorithms: tuple[AlgorithmId, ...] = ("P-256",),
    soon_days: float = 21.0,
    gate: Tolerate = refuse,
) -> CheckedContract:
    """Check ``chain`` (DER, leaf first) against ``anchors`` and its CN against ``emaid``.

    Raises PeerError of the kinds of :class:`tls_certs.chain_error.ChainError`, "wrong EMAID", or "no contract" where
    nobody can check it. With ``central_validation`` a chain that leads to no anchor of ours is left to the back end.
    """
    from pncsim.tls_certs import reading

    certificates = tuple(_parse(der, i) for i, der in enumerate(chain))
    leaf = certificates[0]
    known = any(reading.names(certificate, anchor) for certificate in certificates for anchor in anchors)
    anchor: x509.Certificate | None = None
    if known or (anchors and not central_validation):
        from pncsim.tls_certs.validation import Use, validate_chain

        verified = validate_chain(certificates, anchors, Use.CONTRACT, now, algorithms=algorithms, gate=gate)
        certificates, anchor = verified.chain, verified.anchor
    elif not central_validation:
        raise PeerError(
            "The station knows no root for contract certificates and does not let its back end check them.",
            advice="Give it the mobility operator's root, or turn central validation on.",
            kind="no contract",
        )
    _check_emaid(emaid, leaf)
    return CheckedContract(
        normal_emaid(emaid),
        certificates,
        _key(leaf, algorithms),
        reading.not_after(leaf) - now <= soon_days * DAY,
        min(map(reading.not_after, certificates)),
        anchor=anchor,
    )


def check_still_valid(
    contract: CheckedContract,
    anchors: Sequence[x509.Certificate],
    now: float,
    algorithms: tuple[AlgorithmId, ...] = ("P-256",),
) -> None:
    """Check that a chain that was good still is, by the clock; what the back end is to judge is left to it.

    Raises PeerError of the kind "expired".
    """
    if contract.anchor is not None and now >= contract.ends:
        from pncsim.tls_certs.validation import Use, validate_chain

        validate_chain(contract.chain, anchors, Use.CONTRACT, now, algorithms=algorithms, gate=told_before)


def _parse(der: bytes, place: int) -> x509.Certificate:
    from pncsim.tls_certs.reading import Unreadable, load

    try:
        return load(der, f"certificate {place + 1} of {len(der)} octets")
    except Unreadable as error:
        raise _chain_error("unparsable", error.sentence.removesuffix(".")) from error


def _check_emaid(emaid: str, leaf: x509.Certificate) -> None:
    from pncsim.tls_certs.reading import common_names

    names = common_names(leaf)
    if [normal_emaid(name) for name in names] != [normal_emaid(emaid)]:
        raise _chain_error(
            "wrong EMAID", f"the vehicle gives the EMAID {emaid}, its contract certificate {', '.join(names) or 'none'}"
        )


def _key(leaf: x509.Certificate, algorithms: tuple[AlgorithmId, ...]) -> ec.EllipticCurvePublicKey:
    from pncsim.tls_certs.reading import key_for

    key = key_for(leaf, algorithms)
    if key is None:
        curves = " or ".join(algorithms)
        raise _chain_error("key type", f"its key is not on the curve {curves} (V2G2-007), or cannot be read")
    return key


def _chain_error(kind: Kind, what: str) -> PeerError:
    return PeerError(
        f"The vehicle's contract certificate chain is refused: {what}.",
        clause="V2G2-108",
        kind=kind,
    )
