"""The root certificate pool (RCP): the trust anchors every participant reads and the operator alone writes."""

from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rcp.store import MemoryRoots, Root, RootKind, RootRepository

__all__ = ["MemoryRoots", "Root", "RootKind", "RootPool", "RootRepository"]
