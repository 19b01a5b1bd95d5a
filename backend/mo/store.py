"""What a mobility operator keeps about its contracts, and where. Contract keys are not among it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography import x509


class ContractState(StrEnum):
    """What the operator has decided about a contract; expiry is not a decision but follows from ``ends``."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(slots=True, frozen=True, kw_only=True)
class Contract:
    """One contract. ``certificate`` is the newest issued for it, ``ends`` the contract's end (lab epoch seconds).

    ``pcid`` is None for a contract that came with its certificate and is not bound to a vehicle known here.
    """

    emaid: str
    driver: str
    pcid: str | None
    certificate: x509.Certificate
    ends: float
    state: ContractState = ContractState.ACTIVE


class ContractLedger(Protocol):
    """Keeps contracts by EMAID in normal form."""

    async def put(self, contract: Contract) -> None: ...
    async def get(self, emaid: str) -> Contract | None: ...
    async def all(self) -> list[Contract]: ...


class MemoryLedger:
    """A :class:`ContractLedger` for one process."""

    def __init__(self) -> None:
        self._contracts: dict[str, Contract] = {}

    async def put(self, contract: Contract) -> None:
        self._contracts[contract.emaid] = contract

    async def get(self, emaid: str) -> Contract | None:
        return self._contracts.get(emaid)

    async def all(self) -> list[Contract]:
        return list(self._contracts.values())
