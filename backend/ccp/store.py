"""What the contract pool keeps, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.bundle import SignedContractData


@dataclass(slots=True, frozen=True, kw_only=True)
class ContractEntry:
    """What the pool tells of a contract. ``emaid`` is in normal form, ``root`` the SHA-256 of the signer's V2G root."""

    emaid: str
    pcid: str
    certificate: x509.Certificate
    root: str
    default: bool

    @property
    def valid_from(self) -> float:
        """First second of the contract certificate, since the epoch."""
        return certificates.not_before(self.certificate)

    @property
    def valid_to(self) -> float:
        """Last second of the contract certificate, since the epoch."""
        return certificates.not_after(self.certificate)


@dataclass(slots=True, frozen=True, kw_only=True)
class StoredContract:
    """One bundle ready for a vehicle, and when it came (lab seconds since the epoch)."""

    entry: ContractEntry
    bundle: SignedContractData
    stored_at: float


class ContractRepository(Protocol):
    """Keeps contracts by EMAID, and finds those of a vehicle in the order they were first stored."""

    async def put(self, contract: StoredContract) -> None: ...
    async def get(self, emaid: str) -> StoredContract | None: ...
    async def of_vehicle(self, pcid: str) -> list[StoredContract]: ...
    async def remove(self, emaid: str) -> None: ...
    async def all(self) -> list[StoredContract]: ...


class MemoryContracts:
    """A :class:`ContractRepository` for one process."""

    def __init__(self) -> None:
        self._contracts: dict[str, StoredContract] = {}
        self._vehicles: dict[str, dict[str, None]] = {}

    async def put(self, contract: StoredContract) -> None:
        self._contracts[contract.entry.emaid] = contract
        self._vehicles.setdefault(contract.entry.pcid.upper(), {})[contract.entry.emaid] = None

    async def get(self, emaid: str) -> StoredContract | None:
        return self._contracts.get(emaid)

    async def of_vehicle(self, pcid: str) -> list[StoredContract]:
        return [self._contracts[emaid] for emaid in self._vehicles.get(pcid.upper(), ())]

    async def remove(self, emaid: str) -> None:
        contract = self._contracts.pop(emaid, None)
        if contract is not None:
            emaids = self._vehicles[contract.entry.pcid.upper()]
            del emaids[emaid]
            if not emaids:
                del self._vehicles[contract.entry.pcid.upper()]

    async def all(self) -> list[StoredContract]:
        return list(self._contracts.values())
