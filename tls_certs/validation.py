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
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import Facts, bound, is_issued, read_ca, read_leaf
from pncsim.tls_certs.profiles import MAX_CHAIN
from pncsim.tls_certs.revocation import Status
from pncsim.tls_certs.rules import RULES, Use, check_common, check_critical, check_leaf

__all__ = ["ChainError", "RevocationCheck", "Use", "ValidatedChain", "validate_chain"]

RevocationCheck = Callable[[x509.Certificate, x509.Certificate], Status]
"""Says what is known of a certificate, given the certificate and its issuer's; may raise PeerError of its own."""

MAX_SENT = 6
"""Certificates looked at in what a peer sent: a leaf, the four Sub-CAs of the schema, and a root it should not send."""


class ValidatedChain(Struct, frozen=True):
    """A chain that verified: ``path`` from the leaf to the trusted root, and the liberties that were let pass."""

    use: Use
    path: tuple[x509.Certificate, ...]
    tolerated: tuple[str, ...] = ()

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that was to be verified."""
        return self.path[0]

    @property
    def anchor(self) -> x509.Certificate:
        """The trusted root it leads to."""
        return self.path[-1]

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
        return "PE" in reading.domains_of(self.anchor.subject)


def validate_chain(
    chain: Sequence[bytes | x509.Certificate],
    anchors: Sequence[x509.Certificate],
    use: Use,
    now: float,
    *,
    revocation: RevocationCheck | None = None,
    intermediates: Sequence[x509.Certificate] = (),
    strict: bool = False,
    tolerated: list[str] | None = None,
) -> ValidatedChain:
    """Verify ``chain`` (leaf first, DER or parsed) for ``use`` against trusted roots at lab time ``now``.

    ``intermediates`` are Sub-CAs known from elsewhere, for a peer that sends its leaf alone. ``revocation`` is asked
    for the leaf and every Sub-CA, once all else is good. What devices in the field do differently is let pass and
    reported in the answer and in ``tolerated``; ``strict`` refuses it. Raises ChainError.

    A chain that verified is remembered with its octets: where the same one is to lead to the same roots again, only the
    time and revocation are looked at.
    """
    asked = (use, strict, tuple(chain), tuple(anchors), tuple(intermediates))
    before = _REMEMBERED.get(asked)
    if before is None or not before.starts <= now < before.ends + 1:
        before = _verify(asked, now)
        bound(_REMEMBERED, _REMEMBERED_MAX)
        _REMEMBERED[asked] = before
    if revocation is not None:
        for facts, (certificate, issuer) in zip(before.facts, before.chain.issuers, strict=True):
            _check_status(facts, revocation(certificate, issuer))
    if tolerated is not None:
        tolerated += before.chain.tolerated
    return before.chain


_Asked = tuple[
    Use, bool, tuple[bytes | x509.Certificate, ...], tuple[x509.Certificate, ...], tuple[x509.Certificate, ...]
]


class _Verified(Struct, frozen=True):
    """A chain that verified, the facts of its certificates below the root, and when all of it is valid."""

    chain: ValidatedChain
    facts: tuple[Facts, ...]
    starts: float
    ends: float


_REMEMBERED: dict[_Asked, _Verified] = {}
_REMEMBERED_MAX = 512


def _verify(asked: _Asked, now: float) -> _Verified:
    use, strict, chain, anchors, intermediates = asked
    notes: list[str] = []
    sent = _parse(chain, use, notes)
    for facts in sent:
        check_common(facts, notes)
    check_leaf(sent[0], use, notes)
    known = [read_ca(one, "Sub-CA") for one in intermediates]
    path, anchor = _path(sent, known, anchors, use, now, notes)
    for facts in path:
        if facts not in sent:
            check_common(facts, notes)
    _check_key_identifiers(path, anchor)
    _check_cas(path, anchor)
    for facts in path:
        check_critical(facts)
    for facts in (*path, anchor):
        _check_validity(facts, now)
    if strict and notes:
        raise ChainError("profile", f"Refused because nothing is tolerated: {'; '.join(notes)}.")
    everything = (*path, anchor)
    return _Verified(
        ValidatedChain(use, tuple(facts.certificate for facts in everything), tuple(notes)),
        path,
        max(facts.starts for facts in everything),
        min(facts.ends for facts in everything),
    )


def _parse(chain: Sequence[bytes | x509.Certificate], use: Use, notes: list[str]) -> list[Facts]:
    leaf = RULES[use].leaf
    if not chain:
        raise ChainError("empty", f"There is no {leaf}: the chain is empty.")
    if len(chain) > MAX_SENT:
        sentence = f"The chain has {len(chain)} certificates, {MAX_CHAIN} are allowed."
        raise ChainError("too long", sentence, clause="V2G2-009")
    parsed = [read_leaf(chain[0], leaf)]
    for facts in (read_ca(one, "Sub-CA") for one in chain[1:]):
        if _looks_self_signed(facts):
            notes.append(f"a root was sent along with the chain ({facts.subject.rfc4514_string()})")
        else:
            parsed.append(facts)
    if len(parsed) > MAX_CHAIN:
        raise ChainError(
            "too long",
            f"The chain has {len(parsed)} certificates below the root; a leaf and two Sub-CAs are allowed.",
            clause="V2G2-009",
        )
    return parsed


def _looks_self_signed(facts: Facts) -> bool:
    """A root, and not a CA certificate that another key of the same CA has signed."""
    return facts.subject == facts.issuer and facts.authority_key in (None, facts.subject_key)


class _Search:
    """Looks for a path from the leaf to a root: by name, then by signature; several issuers may have one name."""

    def __init__(self, pool: Sequence[Facts], anchors: Sequence[Facts]) -> None:
        self.pool = pool
        self.anchors = anchors
        self.stuck: Facts | None = None
        self.wrong: Facts | None = None

    def up(self, facts: Facts, below: tuple[Facts, ...]) -> tuple[tuple[Facts, ...], Facts] | None:
        """The path from ``facts`` (itself included, after ``below``) and the root it ends at."""
        issuer = facts.issuer
        path = (*below, facts)
        promising = False
        for anchor in self.anchors:
            if anchor.subject == issuer:
                if is_issued(facts, anchor):
                    return path, anchor
                promising = promising or _ids_agree(facts, anchor)
        if len(path) < MAX_CHAIN:
            for candidate in self.pool:
                if candidate not in path and candidate.subject == issuer:
                    signed = is_issued(facts, candidate)
                    if signed and (found := self.up(candidate, path)):
                        return found
                    promising = promising or signed or _ids_agree(facts, candidate)
        if promising:
            self.wrong = self.wrong or facts
        else:
            self.stuck = self.stuck or facts
        return None


def _ids_agree(facts: Facts, issuer: Facts) -> bool:
    """Whether nothing in the key identifiers speaks against ``issuer``: one of the same name may be another one."""
    return not facts.authority_key or not issuer.subject_key or facts.authority_key == issuer.subject_key


def _path(
    sent: list[Facts],
    known: list[Facts],
    anchors: Sequence[x509.Certificate],
    use: Use,
    now: float,
    notes: list[str],
) -> tuple[tuple[Facts, ...], Facts]:
    rule = RULES[use]
    roots = [read_ca(anchor, "root") for anchor in anchors]
    right = [root for root in roots if _is_right_kind(root, rule.anchors)]
    # A renewed root may have the name and the key of one that has expired: try those first that are valid now.
    right.sort(key=lambda root: not root.starts <= now < root.ends + 1)
    search = _Search((*sent[1:], *known), right)
    found = search.up(sent[0], ())
    if found is None:
        raise _no_path(search, roots, right, use)
    path, anchor = found
    if any(one is not facts for one, facts in zip(path, sent, strict=False)):
        notes.append("the Sub-CAs were not sent in the order of the chain")
    if len(sent) > len(path):
        notes.append("the chain came with certificates that are not part of it")
    if len(path) == 1:
        if "V2G" in anchor.domains:
            raise ChainError(
                "wrong anchor",
                f"The {path[0].what} is signed by a V2G root, which signs only Sub-CAs.",
                clause="V2G2-867",
            )
        if "PE" not in anchor.domains:
            notes.append(f"the {path[0].what} is signed by a root without a Sub-CA")
    return path, anchor


def _is_right_kind(root: Facts, wanted: frozenset[str]) -> bool:
    """By the root's DC. A root without any is taken as its owner put it among the trusted ones."""
    return not root.domains or not wanted.isdisjoint(root.domains)


def _no_path(search: _Search, roots: Sequence[Facts], right: Sequence[Facts], use: Use) -> ChainError:
    rule = RULES[use]
    # A wrong signature is said only when no branch simply ended without an issuer.
    if search.stuck is None:
        assert search.wrong is not None, "a failed search leaves one of the two"
        facts = search.wrong
        return ChainError(
            "wrong signature",
            f"The signature of the {facts.what} is not that of its issuer {facts.issuer.rfc4514_string()}.",
            clause="RFC 5280 6.1.3",
        )
    facts = search.stuck
    issuer = facts.issuer
    if any(root.subject == issuer for root in right):
        return ChainError(
            "no anchor",
            f"The {facts.what} was issued by {issuer.rfc4514_string()}; the trusted root of that name has another key.",
            clause="V2G2-878",
            advice="Install the root it belongs to: several roots may have one name.",
        )
    if any(root.subject == issuer for root in roots):
        return ChainError(
            "wrong anchor",
            f"The {facts.what} leads to {issuer.rfc4514_string()}; {rule.roots} is needed for a {rule.leaf}.",
            clause="ISO 15118-2 annex F",
        )
    return ChainError(
        "no anchor",
        f"The {facts.what} was issued by {issuer.rfc4514_string()}, which is neither in the chain nor one of the "
        f"{len(right)} trusted roots.",
        clause="ISO 15118-2 annex F",
        advice="Install the root it belongs to, or have the missing Sub-CA sent along.",
    )


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
