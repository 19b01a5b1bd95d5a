"""Where services keep what they must not forget: one interface, in memory for a lab."""

from pncsim.backend.store.memory import MemoryStore
from pncsim.backend.store.tables import MAX_PAGE, PAGE, Change, KeptKind, Page, Store, Table, Tables, WriteAlong, every

__all__ = [
    "MAX_PAGE",
    "PAGE",
    "Change",
    "KeptKind",
    "MemoryStore",
    "Page",
    "Store",
    "Table",
    "Tables",
    "WriteAlong",
    "every",
]
