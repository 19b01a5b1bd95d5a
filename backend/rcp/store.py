"""What the root pool keeps, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography import x509


class RootKind(StrEnum):
    """Whose root it is (``rootType``)."""

    V2G = "V2G"
    MO = "MO"
    OEM = "OEM"
    PE = "PE"


@dataclass(slots=True, frozen=True, kw_only=True)
class Root:
    """One trust anchor. ``id`` is a UUID made from the fingerprint: adding a root twice names it the same."""

    id: str
    kind: RootKind
    certificate: x509.Certificate
    fingerprint: str


class RootRepository(Protocol):
    """Keeps roots by id."""

    async def put(self, root: Root) -> None: ...
    async def get(self, id: str) -> Root | None: ...
    async def all(self) -> list[Root]: ...
    async def remove(self, id: str) -> bool: ...


class MemoryRoots:
    """A :class:`RootRepository` for one process."""

    def __init__(self) -> None:
        self._roots: dict[str, Root] = {}

    async def put(self, root: Root) -> None:
        self._roots[root.id] = root

    async def get(self, id: str) -> Root | None:
        return self._roots.get(id)

    async def all(self) -> list[Root]:
        return list(self._roots.values())

    async def remove(self, id: str) -> bool:
        return self._roots.pop(id, None) is not None
