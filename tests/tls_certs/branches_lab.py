"""A path of certificates under a root of one's own, each of a changed profile."""

from __future__ import annotations

from typing import Any

from certs_lab import NOW
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import replace

Made = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make(
    role: str, name: str, issuer: Made | None = None, key: ec.EllipticCurvePrivateKey | None = None, **changes: Any
) -> Made:
    """A certificate of ``role``'s profile with ``changes``, and its key."""
    profile, own = replace(PROFILES[role], **changes), key or SYSTEM.key()
    certificate = issue(
        profile,
        subject_name(profile, name),
        own.public_key(),
        NOW,
        issuer=None if issuer is None else issuer[0],
        issuer_key=own if issuer is None else issuer[1],
        serial=SYSTEM.serial(),
    )
    return certificate, own


def path_to(role: str, name: str, **changed: dict[str, Any]) -> tuple[x509.Certificate, ...]:
    """Leaf, two Sub-CAs and root; ``changed``: what is different in ``leaf``, ``sub2``, ``sub1`` or ``root``."""
    second = PROFILES[role].issuer or ""
    first = PROFILES[second].issuer or ""
    root = make(PROFILES[first].issuer or "", "root", **changed.get("root", {}))
    sub1 = make(first, "Sub 1", root, **changed.get("sub1", {}))
    sub2 = make(second, "Sub 2", sub1, **changed.get("sub2", {}))
    own = dict(changed.get("leaf", {}))
    key = sub2[1] if own.pop("key_of_sub2", False) else None
    return make(role, name, sub2, key, **own)[0], sub2[0], sub1[0], root[0]
