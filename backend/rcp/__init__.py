"""The root certificate pool (RCP): the trust anchors every participant reads and the operator alone writes."""

from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rcp.store import ROOTS, Root, RootKind

__all__ = ["ROOTS", "Root", "RootKind", "RootPool"]
