"""The vehicle's screen, or its app: what the driver sees and sets (CharIN 2.4.1.1 to 2.4.1.3; EV-5 to EV-7)."""

from __future__ import annotations

from msgspec import Struct

from pncsim.ev.vehicle import Vehicle
from pncsim.wire.values import replace


class VehicleScreen(Struct, frozen=True):
    """Of ``vehicle``. What is set while the vehicle is plugged in is for the next time."""

    vehicle: Vehicle

    @property
    def contracts(self) -> tuple[tuple[str, bool], ...]:
        """The EMAIDs of the contracts held, in the order they arrived, each with whether it is the default."""
        held = self.vehicle.contracts
        return tuple((contract.emaid, contract is held.default) for contract in held.all)

    def plug_and_charge(self, on: bool) -> None:
        """Whether a contract pays. Without one, or with this off, the driver does at the station."""
        self.vehicle.config = replace(self.vehicle.config, payment="prefer-contract" if on else "external")

    def installation(self, on: bool) -> None:
        """Whether a contract is asked for at the next station, also where one is held already."""
        self.vehicle.config = replace(self.vehicle.config, install="always" if on else "never")

    def choose(self, emaid: str) -> None:
        """The contract that pays from now on. Raises LocalError for one that is not held."""
        self.vehicle.contracts.prefer(emaid)

    def uninstall(self, emaid: str) -> None:
        """Forget a contract and its key; where it was the default, the oldest one left is."""
        self.vehicle.contracts.remove(emaid)
