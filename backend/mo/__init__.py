"""The mobility operator (MO): subscriptions, contract certificates, and who may charge."""

from backend.mo.service import MobilityOperator
from backend.mo.store import Contract, ContractLedger, ContractState, MemoryLedger

__all__ = ["Contract", "ContractLedger", "ContractState", "MemoryLedger", "MobilityOperator"]
