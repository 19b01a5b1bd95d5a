"""The mobility operator (MO): subscriptions, contract certificates, and who may charge."""

from pncsim.backend.mo.service import MobilityOperator
from pncsim.backend.mo.store import Contract, ContractLedger, ContractState, MemoryLedger

__all__ = ["Contract", "ContractLedger", "ContractState", "MemoryLedger", "MobilityOperator"]
