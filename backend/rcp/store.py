"""What the root pool keeps."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Literal

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store.tables import KeptKind

_NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122 appendix C, "OID" name space


def root_id(fingerprint: str) -> str:
    """The id of the root with this SHA-256 fingerprint."""
    return str(uuid.uuid5(_NAMESPACE, fingerprint))


class RootKind(StrEnum):
    """Whose root it is (``rootType``)."""

    V2G = "V2G"
    MO = "MO"
    OEM = "OEM"
    PE = "PE"


class Root(Struct, frozen=True, kw_only=True):
    """One trust anchor. ``id`` is a UUID made from the fingerprint: adding a root twice names it the same."""

    id: str
    kind: RootKind
    certificate: x509.Certificate
    fingerprint: str


RootDeed = Literal["added", "found again", "refused", "removed", "expired", "revoked", "list signer replaced"]
"""What can happen in the pool."""


class RootActivity(Struct, frozen=True, kw_only=True):
    """One line of the pool's log (RCP-5): what was done, when (lab seconds since the epoch), and by which client.

    ``by`` is empty for what the operator's own programs do. ``text`` says why an addition was refused, or what a
    removal does to what is below the root. The root is one of the pool, or, where the signer of the pool's list was
    replaced, the one that stands behind the new signer. The log is only ever added to.
    """

    id: str
    time: float
    action: RootDeed
    by: str
    fingerprint: str
    text: str


ROOT_ACTIVITIES: KeptKind[RootActivity] = KeptKind("root_activities", RootActivity, key=lambda activity: activity.id)
ROOTS: KeptKind[Root] = KeptKind("roots", Root, key=lambda root: root.id)
