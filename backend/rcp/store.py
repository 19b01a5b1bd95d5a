"""What the root pool keeps."""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store.tables import KeptKind


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


ROOTS: KeptKind[Root] = KeptKind("roots", Root, key=lambda root: root.id)
