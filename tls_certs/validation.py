"""Verifying a V2G certificate chain, at the lab's time, in a fixed order, so that each fault has its one answer.

Parse, count, profile of each certificate by use, signatures up to a trusted root of the right kind, key identifiers, CA
flags and path lengths, unknown critical extensions, validity of every certificate (shell model), revocation.
General-purpose verifiers refuse these profiles (no subject alternative names) and let wrong ones pass (no key usage).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography import x509
from msgspec import Struct

from pncsim.tls_certs import reading
from pncsim.tls_certs.branches import check_branch
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import Facts, bound, read_ca, read_leaf
from pncsim.tls_certs.paths import find_path, is_self_issued
from pncsim.tls_certs.profiles import MAX_CHAIN
from pncsim.tls_certs.revocation import Status
from pncsim.tls_certs.rules import RULES, STANDARD, Use, check_common, check_critical, check_leaf
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance, Tolerate, refuse

__all__ = ["ChainError", "RevocationCheck", "Use", "ValidatedChain", "validate_chain"]

RevocationCheck = Callable[[x509.Certificate, x509.Certificate], Status]
"""Says what is known of a certificate, given the certificate and its issuer's; may raise PeerError of its own."""

_ANNEX = "ISO 15118-2 annex F"
MAX_SENT = 6
"""Certificates looked at in what a peer sent: a leaf, the four Sub-CAs of the schema, and a root it should not send."""


class ValidatedChain(Struct, frozen=True):
    """A chain that verified: ``path`` from the leaf to the trusted root."""

    use: Use
    path: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that was to be verified."""
        return self.path[0]

    @property
    def anchor(self) -> x509.Certificate:
        """The trusted root it leads to."""
        return self.path[-1]

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The path without its root: what is kept, sent and hashed, whatever order it came in."""
        return self.path[:-1]

    @property
    def issuers(self) -> tuple[tuple[x509.Certificate, x509.Certificate], ...]:
        """Each certificate below the root with its issuer's, leaf first: what revocation is asked for."""
        return tuple(zip(self.path, self.path[1:], strict=False))

    @property
    def common_name(self) -> str:
        """The leaf's common name: EMAID, PCID or the name of a station."""
        return reading.common_name(self.leaf)

    @property
    def ends(self) -> float:
        """When the first certificate of the path expires, seconds since the epoch."""
        return min(certificate.not_valid_after_utc.timestamp() for certificate in self.path)

    @property
    def private(self) -> bool:
        """Whether it belongs to a private environment, where there is no OCSP (V2G2-872)."""
        return reading.is_private(self.anchor)


def validate_chain(
    chain: Sequence[bytes | x509.Certificate],
    anchors: Sequence[x509.Certificate],
    use: Use,
    now: float,
    *,
    revocation: RevocationCheck | None = None,
    intermediates: Sequence[x509.Certificate] = (),
    algorithms: tuple[AlgorithmId, ...] = STANDARD,
    gate: Tolerate = refuse,
) -> ValidatedChain:
    """Verify ``chain`` (leaf first, DER or parsed) for ``use`` against trusted roots at lab time ``now``.

    ``algorithms``: those that keys and signatures below the root may have. ``intermediates`` are Sub-CAs known from
    elsewhere, for a peer that sends its leaf alone. ``revocation`` is asked
    for the leaf and every Sub-CA, once all else is good. What devices in the field do differently is let pass and
    told through ``gate`` each time the chain comes, unless that refuses it. Raises ChainError.

    A chain that verified is remembered with its octets: where the same one is to lead to the same roots again, only the
    time and revocation are looked at.
    """
    asked = (use, _octets(chain, anchors, intermediates), algorithms)
    before = _REMEMBERED.get(asked)
    if before is None or not before.starts <= now < before.ends + 1:
        before = _verify(use, chain, anchors, intermediates, algorithms, now)
        bound(_REMEMBERED, _REMEMBERED_MAX)
        _REMEMBERED[asked] = before
    refusals = [refusal for liberty in before.liberties if (refusal := _refusal(gate, liberty)) is not None]
    if refusals:
        first, said = refusals[0], " ".join(one.sentence for one in refusals)
        raise ChainError(first.kind, said, clause=first.clause, advice=first.advice) from first
    if revocation is not None:
        for facts, (certificate, issuer) in zip(before.facts, before.chain.issuers, strict=True):
            _check_status(facts, revocation(certificate, issuer))
    return before.chain


def _refusal(gate: Tolerate, liberty: Liberty) -> NotTolerated | None:
    try:
        gate(liberty)
    except NotTolerated as refusal:
        return refusal
    return None


_Octets = tuple[tuple[bytes, ...], ...]
_Asked = tuple[Use, _Octets, tuple[AlgorithmId, ...]]


def _octets(*several: Sequence[bytes | x509.Certificate]) -> _Octets:
    """What certificates are remembered by; the library's own hash of one goes through all of its fields each time."""
    found: list[tuple[bytes, ...]] = []
    for certificates in several:
        octets: list[bytes] = []
        for one in certificates:
            octets.append(one if isinstance(one, bytes) else reading.der(one))
        found.append(tuple(octets))
    return tuple(found)


class _Verified(Struct, frozen=True):
    """A chain that verified, the facts of its certificates below the root, its liberties, when all of it is valid."""

    chain: ValidatedChain
    facts: tuple[Facts, ...]
    liberties: tuple[Liberty, ...]
    starts: float
    ends: float


_REMEMBERED: dict[_Asked, _Verified] = {}
_REMEMBERED_MAX = 512


def _verify(
    use: Use,
    chain: Sequence[bytes | x509.Certificate],
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    algorithms: tuple[AlgorithmId, ...],
    now: float,
) -> _Verified:
    liberties: list[Liberty] = []
    gate = liberties.append
    sent = _parse(chain, use, gate)
    for facts in sent:
        check_common(facts, gate, algorithms)
    check_leaf(sent[0], use, gate)
    known = [read_ca(one, "Sub-CA") for one in intermediates]
    path, anchor = find_path(sent, known, anchors, use, now, gate)
    for facts in path:
        if facts not in sent:
            check_common(facts, gate, algorithms)
    _check_key_identifiers(path, anchor)
    _check_cas(path, anchor)
    check_branch(path, anchor, use, gate)
    for facts in path:
        check_critical(facts)
    for facts in (*path, anchor):
        _check_validity(facts, now)
    everything = (*path, anchor)
    return _Verified(
        ValidatedChain(use, tuple(facts.certificate for facts in everything)),
        path,
        tuple(liberties),
        max(facts.starts for facts in everything),
        min(facts.ends for facts in everything),
    )


def _parse(chain: Sequence[bytes | x509.Certificate], use: Use, gate: Tolerate) -> list[Facts]:
    leaf = RULES[use].leaf
    if not chain:
        raise ChainError("empty", f"There is no {leaf}: the chain is empty.")
    if len(chain) > MAX_SENT:
        sentence = f"The chain has {len(chain)} certificates, {MAX_CHAIN} are allowed."
        raise ChainError("too long", sentence, clause="V2G2-009")
    parsed = [read_leaf(chain[0], leaf)]
    for facts in (read_ca(one, "Sub-CA") for one in chain[1:]):
        if is_self_issued(facts):
            what = f"A root was sent along with the {leaf}'s chain ({facts.subject.rfc4514_string()})."
            gate(Tolerance.ROOT_SENT(what, "V2G2-009"))
        else:
            parsed.append(facts)
    if len(parsed) > MAX_CHAIN:
        raise ChainError(
            "too long",
            f"The chain has {len(parsed)} certificates below the root; a leaf and two Sub-CAs are allowed.",
            clause="V2G2-009",
        )
    return parsed


def _check_key_identifiers(path: Sequence[Facts], anchor: Facts) -> None:
    for facts, issuer in zip(path, (*path[1:], anchor), strict=True):
        if facts.authority_key and issuer.subject_key and facts.authority_key != issuer.subject_key:
            raise ChainError(
                "key identifier",
                f"The authority key identifier of the {facts.what} is not the subject key identifier of its issuer.",
                clause="RFC 5280 4.2.1.1",
            )


def _check_cas(path: Sequence[Facts], anchor: Facts) -> None:
    for below, facts in enumerate((*path[1:], anchor)):
        if not facts.is_ca:
            raise ChainError("not a CA", f"The {facts.what} is not a CA certificate.", clause="RFC 5280 6.1.4 (k)")
        if facts.usage is not None and not facts.usage.value.key_cert_sign:
            raise ChainError(
                "not a CA", f"The key usage of the {facts.what} lacks keyCertSign.", clause="RFC 5280 6.1.4 (n)"
            )
        assert facts.basic is not None, "is_ca has looked at it"
        allowed = facts.basic.value.path_length
        if allowed is not None and below > allowed:
            raise ChainError(
                "path length",
                f"{below} Sub-CAs follow the {facts.what}, its path length allows {allowed}.",
                clause="RFC 5280 6.1.4 (l)",
            )


def _check_validity(facts: Facts, now: float) -> None:
    if now < facts.starts:
        start = f"{facts.certificate.not_valid_before_utc:%Y-%m-%d %H:%M}"
        raise ChainError("not yet valid", f"The {facts.what} is valid only from {start} UTC on.", clause="V2G2-824")
    # The second named by notAfter still counts (RFC 5280 4.1.2.5).
    if now >= facts.ends + 1:
        end = f"{facts.certificate.not_valid_after_utc:%Y-%m-%d %H:%M}"
        raise ChainError("expired", f"The {facts.what} expired on {end} UTC.", clause="V2G2-824")


def _check_status(facts: Facts, status: Status) -> None:
    if status is Status.REVOKED:
        raise ChainError("revoked", f"The {facts.what} has been revoked.", clause="RFC 6960 2.2")
    if status is not Status.GOOD:
        raise ChainError("status unknown", f"The OCSP responder does not know the {facts.what}.", clause="RFC 6960 2.2")
