"""The root certificate pool (RCP): the trust anchors every participant reads and the operator alone writes."""

from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rcp.store import ROOT_ACTIVITIES, ROOTS, Root, RootActivity, RootKind

__all__ = ["ROOTS", "ROOT_ACTIVITIES", "Root", "RootActivity", "RootKind", "RootPool"]
