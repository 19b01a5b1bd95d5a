"""Looking for the path from a leaf to a trusted root, whatever order the certificates between them came in."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import Facts, is_issued, read_ca
from pncsim.tls_certs.profiles import MAX_CHAIN
from pncsim.tls_certs.reading import fingerprint
from pncsim.tls_certs.rules import RULES, Rule, Use
from pncsim.wire.gate import Tolerance, Tolerate

_ANNEX = "ISO 15118-2 annex F"


def is_self_issued(facts: Facts) -> bool:
    """Whether it is a root, and not a CA certificate that another key of the same CA has signed."""
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


def find_path(
    sent: Sequence[Facts],
    known: Sequence[Facts],
    anchors: Sequence[x509.Certificate],
    use: Use,
    now: float,
    gate: Tolerate,
) -> tuple[tuple[Facts, ...], Facts]:
    """The certificates from the leaf (``sent[0]``) up, the root left out, and the root of ``anchors`` they lead to.

    ``known`` are further Sub-CAs. Raises ChainError.
    """
    rule = RULES[use]
    trusted = [read_ca(anchor, "root") for anchor in anchors]
    roots = [root for root in trusted if is_self_issued(root)]
    # Whoever lists a Sub-CA beside its root (a bundle in a file of roots) has not made an anchor of it.
    known = (*known, *(read_ca(one.encoding, "Sub-CA") for one in trusted if one not in roots))
    right = [root for root in roots if _is_for(root, rule)]
    # A renewed root may have the name and the key of one that has expired: try those first that are valid now.
    right.sort(key=lambda root: not root.starts <= now < root.ends + 1)
    search = _Search((*sent[1:], *known), right)
    found = search.up(sent[0], ())
    if found is None:
        raise _no_path(search, roots, right, use)
    path, anchor = found
    if any(one is not facts for one, facts in zip(path, sent, strict=False)):
        what = f"The Sub-CAs of the {path[0].what} were not sent in the order of the chain."
        gate(Tolerance.CHAIN_ORDER(what, "RFC 5246 7.4.2"))
    if len(sent) > len(path):
        what = f"The chain of the {path[0].what} came with certificates that are not part of it."
        gate(Tolerance.CHAIN_SURPLUS(what, "RFC 5246 7.4.2"))
    if anchor.domains and rule.anchors.isdisjoint(anchor.domains):
        wanted = " or ".join(_domains([one]) for one in rule.order)
        what = f"The root of the {path[0].what} has {_domains(anchor.domains)} instead of {wanted}."
        gate(Tolerance.ROOT_DOMAIN(what, _ANNEX))
    if len(path) == 1:
        if "V2G" in anchor.domains:
            raise ChainError(
                "wrong anchor",
                f"The {path[0].what} is signed by a V2G root, which signs only Sub-CAs.",
                clause="V2G2-867",
            )
        if "PE" not in anchor.domains:
            gate(Tolerance.SUB_CA_MISSING(f"The {path[0].what} is signed by a root without a Sub-CA.", _ANNEX))
    return path, anchor


ROOT_DOMAINS = frozenset[str]().union(*(rule.anchors for rule in RULES.values()))
"""What roots of ISO 15118 have as DC."""


def _is_for(root: Facts, rule: Rule) -> bool:
    """A root is what its owner has made it by listing it, unless its DC says that it is a root of another kind.

    Test PKIs have DCs of their own ("EVCPKI").
    """
    return not rule.anchors.isdisjoint(root.domains) or ROOT_DOMAINS.isdisjoint(root.domains)


def _domains(domains: Sequence[str]) -> str:
    return ", ".join(f"DC={domain}" for domain in domains)


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
    namesakes = ", ".join(fingerprint(root.encoding)[:16] for root in right if root.subject == issuer)
    if namesakes:
        return ChainError(
            "no anchor",
            f"The {facts.what} was issued by {issuer.rfc4514_string()}, key {_identifier(facts)}; what is trusted by "
            f"that name has another key (SHA-256 of the certificate: {namesakes}).",
            clause="V2G2-878",
            advice="Install the root it belongs to: several roots may have one name.",
        )
    if any(root.subject == issuer for root in roots):
        return ChainError(
            "wrong anchor",
            f"The {facts.what} leads to {issuer.rfc4514_string()}; {rule.roots} is needed for a {rule.leaf}.",
            clause=_ANNEX,
        )
    return ChainError(
        "no anchor",
        f"The {facts.what} was issued by {issuer.rfc4514_string()}, which is neither in the chain nor one of the "
        f"{len(right)} trusted roots.",
        clause=_ANNEX,
        advice="Install the root it belongs to, or have the missing Sub-CA sent along.",
    )


def _identifier(facts: Facts) -> str:
    """The issuer's key, as the certificate names it."""
    return facts.authority_key.hex()[:16] if facts.authority_key else "unnamed"
