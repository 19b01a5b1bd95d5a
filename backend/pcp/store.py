"""What the provisioning pool keeps."""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store.tables import KeptKind
from pncsim.tls_certs import reading
from pncsim.wire.v2g.registry import ISO2_NAMESPACE


class ProvisionedVehicle(Struct, frozen=True, kw_only=True):
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
        return tuple(reading.der(c) for c in self.chain)


def vehicle_key(pcid: str) -> str:
    """Under what a vehicle is kept: letter case does not count."""
    return pcid.upper()


VEHICLES: KeptKind[ProvisionedVehicle] = KeptKind(
    "vehicles", ProvisionedVehicle, key=lambda vehicle: vehicle_key(vehicle.pcid)
)
