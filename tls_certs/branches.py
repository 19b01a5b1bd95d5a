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


def check_branch(path: Sequence[Facts], anchor: Facts, use: Use, notes: list[str]) -> None:
    """Note what is out of place in the certificates of ``path`` (leaf first), which leads to ``anchor``."""
    rule = RULES[use]
    leaf, *subs = path
    _note_usage(leaf, rule, notes)
    _note_purposes(leaf, rule, notes)
    for sub in subs:
        _note_domain(sub, rule, notes)
        if sub.extended is not None and rule.extended.isdisjoint(sub.extended):
            notes.append(
                f"the extended key usage of the {sub.what} ({purposes(sub.extended)}) is not for a {rule.leaf}"
            )
    for below, above in pairwise((*path, anchor)):
        if below.key == above.key:
            notes.append(f"the {below.what} has the key of the {above.what}")


def _note_domain(sub: Facts, rule: Rule, notes: list[str]) -> None:
    if rule.branch not in sub.domains:
        shown = ", ".join(f"DC={domain}" for domain in sub.domains) or "no DC"
        notes.append(f"the {sub.what} has {shown} instead of DC={rule.branch}")


def _note_purposes(leaf: Facts, rule: Rule, notes: list[str]) -> None:
    """A leaf without the right purpose is refused; one that has further purposes may be used for them, too."""
    further = [one for one in leaf.extended or () if one not in rule.extended]
    if further:
        notes.append(f"the extended key usage of the {leaf.what} names a further purpose ({purposes(further)})")


def _note_usage(leaf: Facts, rule: Rule, notes: list[str]) -> None:
    """Bits a use cannot do without are demanded; here is what else the profile has or has not."""
    assert leaf.usage is not None, "without a key usage there is no verdict"
    wanted = PROFILES[rule.profile].key_usage
    for bit, name in USAGE_NAMES.items():
        has = getattr(leaf.usage.value, bit)
        if has != (bit in wanted):
            notes.append(f"the key usage of the {leaf.what} {'has' if has else 'lacks'} {name}")
    if leaf.basic is not None and leaf.basic.value.path_length is not None:
        notes.append(f"the basic constraints of the {leaf.what} have a path length")
