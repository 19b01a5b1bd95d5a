"""What the contract pool keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cryptography import x509
from msgspec import Struct

from pncsim.backend.bundle import SignedContractData
from pncsim.backend.pcp.store import vehicle_key
from pncsim.backend.store import KeptKind, Tables, every
from pncsim.tls_certs import reading


class ContractEntry(Struct, frozen=True, kw_only=True):
    """What the pool tells of a contract. ``emaid`` is in normal form, ``root`` the SHA-256 of the signer's V2G root."""

    emaid: str
    pcid: str
    certificate: x509.Certificate
    root: str
    default: bool

    @property
    def valid_from(self) -> float:
        """First second of the contract certificate, since the epoch."""
        return reading.not_before(self.certificate)

    @property
    def valid_to(self) -> float:
        """Last second of the contract certificate, since the epoch."""
        return reading.not_after(self.certificate)


class StoredContract(Struct, frozen=True, kw_only=True):
    """One bundle ready for a vehicle, and when it came (lab seconds since the epoch)."""

    entry: ContractEntry
    bundle: SignedContractData
    stored_at: float


CONTRACTS: KeptKind[StoredContract] = KeptKind(
    "contracts",
    StoredContract,
    key=lambda contract: contract.entry.emaid,
    indexes={
        "vehicle": lambda contract: vehicle_key(contract.entry.pcid),
        "manufacturer": lambda contract: manufacturer_key(contract.entry.emaid, contract.entry.pcid),
    },
)
"""By EMAID in normal form; those of a vehicle in the order they were first stored.

A manufacturer finds a contract by its own code with the EMAID: one of somebody else's vehicle takes the same steps, and
the same time, as one that is not there.
"""


def manufacturer_key(emaid: str, wmi: str) -> str:
    """By what a manufacturer finds the contract ``emaid``; of a PCID the code it begins with counts."""
    return f"{emaid}/{wmi[:3].upper()}"


def of_vehicle(tables: Tables, pcid: str) -> AsyncIterator[StoredContract]:
    """The contracts of a vehicle."""
    return every(tables.of(CONTRACTS), ("vehicle", vehicle_key(pcid)))
