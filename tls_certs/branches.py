"""Rules between the branches of the PKI of ISO 15118-2 (annex F): what each certificate of a path says it is for.

Nothing here makes a chain unsafe that leads to the right root, and certificates in the field say all kinds of things;
so these are findings, told and let pass, which a strict verifier refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pncsim.tls_certs.facts import Facts
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.rules import RULES, USAGE_NAMES, Rule, Use, purposes
from pncsim.wire.gate import Tolerance, Tolerate

_ANNEX = "ISO 15118-2 annex F"


def check_branch(path: Sequence[Facts], anchor: Facts, use: Use, gate: Tolerate) -> None:
    """Note what is out of place in the certificates of ``path`` (leaf first), which leads to ``anchor``."""
    rule = RULES[use]
    leaf, *subs = path
    _note_usage(leaf, rule, gate)
    _note_purposes(leaf, rule, gate)
    for sub in subs:
        _note_domain(sub, rule, gate)
        if sub.extended is not None and rule.extended.isdisjoint(sub.extended):
            what = f"The extended key usage of the {sub.what} ({purposes(sub.extended)}) is not for a {rule.leaf}."
            gate(Tolerance.SUB_CA_PURPOSE(what, _ANNEX))
    for below, above in pairwise((*path, anchor)):
        if below.key == above.key:
            gate(Tolerance.KEY_REUSED(f"The {below.what} has the key of the {above.what}.", _ANNEX))


def _note_domain(sub: Facts, rule: Rule, gate: Tolerate) -> None:
    if rule.branch not in sub.domains:
        shown = ", ".join(f"DC={domain}" for domain in sub.domains) or "no DC"
        gate(Tolerance.SUB_CA_DOMAIN(f"The {sub.what} has {shown} instead of DC={rule.branch}.", _ANNEX))


def _note_purposes(leaf: Facts, rule: Rule, gate: Tolerate) -> None:
    """A leaf without the right purpose is refused; one that has further purposes may be used for them, too."""
    further = [one for one in leaf.extended or () if one not in rule.extended]
    if further:
        what = f"The extended key usage of the {leaf.what} names a further purpose ({purposes(further)})."
        gate(Tolerance.FURTHER_PURPOSE(what, _ANNEX))


def _note_usage(leaf: Facts, rule: Rule, gate: Tolerate) -> None:
    """Bits a use cannot do without are demanded; here is what else the profile has or has not."""
    assert leaf.usage is not None, "without a key usage there is no verdict"
    wanted = PROFILES[rule.profile].key_usage
    for bit, name in USAGE_NAMES.items():
        has = getattr(leaf.usage.value, bit)
        if has != (bit in wanted):
            what = f"The key usage of the {leaf.what} {'has' if has else 'lacks'} {name}."
            gate(Tolerance.KEY_USAGE(what, _ANNEX))
    if leaf.basic is not None and leaf.basic.value.path_length is not None:
        what = f"The basic constraints of the {leaf.what} have a path length."
        gate(Tolerance.LEAF_PATH_LENGTH(what, _ANNEX))
