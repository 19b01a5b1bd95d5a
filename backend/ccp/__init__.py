"""The contract certificate pool (CCP): keeps signed bundles and hands each vehicle its own."""

from pncsim.backend.ccp.store import ContractEntry, ContractRepository, MemoryContracts, StoredContract

__all__ = ["ContractEntry", "ContractRepository", "MemoryContracts", "StoredContract"]
