"""A vehicle: what it is, what it holds and what it remembers."""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct, field

from pncsim.ev.battery import Battery
from pncsim.ev.config import VehicleConfig
from pncsim.ev.contracts import ContractStore
from pncsim.ev.session_memory import SessionMemory
from pncsim.wire.credentials import Credentials


class Vehicle(Struct, kw_only=True):
    """Everything a charging session needs from the vehicle; ``name`` is whose voice is heard ("EV-2").

    ``v2g_roots`` are the anchors for the station's and the CPS's chains; a real vehicle has room for five (CharIN
    2.2.1.1). ``private_roots`` are those it was paired with, for the station's chain alone. ``contract_roots`` (MO
    roots) are anchors for contract chains besides the V2G roots; a vehicle without any checks an arriving contract
    chain for consistency only, since it is the station that must trust it. ``provisioning`` is the OEM provisioning
    certificate and key.
    """

    name: str = "EV"
    config: VehicleConfig = field(default_factory=VehicleConfig)
    battery: Battery = field(default_factory=Battery)
    v2g_roots: tuple[x509.Certificate, ...] = ()
    private_roots: tuple[x509.Certificate, ...] = ()
    contract_roots: tuple[x509.Certificate, ...] = ()
    provisioning: Credentials | None = None
    contracts: ContractStore = field(default_factory=ContractStore)
    memory: SessionMemory = field(default_factory=SessionMemory)

    def restart(self) -> None:
        """Begin anew with what is kept: identity, keys, roots, and what is in the store of contracts. A session that
        was paused is forgotten, with everything else that was in memory."""
        self.memory = SessionMemory()
