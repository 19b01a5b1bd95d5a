"""The contract certificate pool (CCP): keeps signed bundles and hands each vehicle its own."""

from pncsim.backend.ccp.replays import SEEN_REQUESTS, SeenRequest
from pncsim.backend.ccp.store import CONTRACTS, ContractEntry, StoredContract

__all__ = ["CONTRACTS", "SEEN_REQUESTS", "ContractEntry", "SeenRequest", "StoredContract"]
