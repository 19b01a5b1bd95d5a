"""What the provisioning pool keeps, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from pncsim.backend import certificates
from pncsim.wire.v2g.registry import ISO2_NAMESPACE


@dataclass(slots=True, frozen=True, kw_only=True)
class Vehicle:
    """One vehicle's provisioning certificate and what a mobility operator must know to serve it (PCP-PUB-8).

    ``chain``: leaf, then the Sub-CAs up to but without the root. ``v2g_roots``: key identifiers (hex) of the V2G roots
    installed in the vehicle, empty if unknown. ``pcid`` is the leaf's CN as written there.
    """

    pcid: str
    chain: tuple[x509.Certificate, ...]
    v2g_roots: tuple[str, ...] = ()
    previous_pcid: str | None = None
    namespace: str = ISO2_NAMESPACE

    @property
    def leaf(self) -> x509.Certificate:
        """The provisioning certificate itself."""
        return self.chain[0]

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """The chain as DER."""
        return tuple(certificates.der(c) for c in self.chain)


class VehicleRepository(Protocol):
    """Keeps vehicles by PCID; letter case does not count."""

    async def put(self, vehicle: Vehicle) -> None: ...
    async def get(self, pcid: str) -> Vehicle | None: ...
    async def remove(self, pcid: str) -> Vehicle | None: ...
    async def all(self) -> list[Vehicle]:
        """For cleansing only: no operation of the pool lists vehicles (PCP-ENUM-1)."""


class MemoryVehicles:
    """A :class:`VehicleRepository` for one process."""

    def __init__(self) -> None:
        self._vehicles: dict[str, Vehicle] = {}

    async def put(self, vehicle: Vehicle) -> None:
        self._vehicles[vehicle.pcid.upper()] = vehicle

    async def get(self, pcid: str) -> Vehicle | None:
        return self._vehicles.get(pcid.upper())

    async def remove(self, pcid: str) -> Vehicle | None:
        return self._vehicles.pop(pcid.upper(), None)

    async def all(self) -> list[Vehicle]:
        return list(self._vehicles.values())
