"""Which vehicle is plugged in at which EVSE of a lab."""

from __future__ import annotations

from pncsim.simulator.plan import StationPlan
from pncsim.wire.errors import LocalError

EvsePlace = tuple[str, int]
"""A station's identity, and the number of one of its EVSEs."""


class Plugs:
    """An EVSE has one vehicle at most, by its name, until that is pulled out."""

    def __init__(self) -> None:
        self._vehicles: dict[EvsePlace, str] = {}

    def outlet(self, plan: StationPlan, wanted: str, vehicle: str) -> int:
        """The number of the EVSE that was asked for, or of the first free one. Raises LocalError."""
        if wanted:
            if not wanted.isdecimal() or not 1 <= int(wanted) <= plan.evses:
                raise LocalError(f"{plan.identity} has EVSEs 1 to {plan.evses}, no {wanted!r}.")
            return int(wanted)
        for number in range(1, plan.evses + 1):
            if self._has_room((plan.identity, number), vehicle):
                return number
        raise LocalError(f"Every EVSE of {plan.identity} has a vehicle.", advice="Plan more EVSEs or another station.")

    def place_for(self, plan: StationPlan, wanted: str, vehicle: str) -> str:
        """That EVSE as people write it (``CS001/2``). Raises LocalError, also where another vehicle is there."""
        place = plan.identity, self.outlet(plan, wanted, vehicle)
        name = f"{place[0]}/{place[1]}"
        if not self._has_room(place, vehicle):
            raise LocalError(f"{name} has {self._vehicles[place]}.", advice="Unplug that one, or take another EVSE.")
        return name

    def plug_in(self, place: EvsePlace, vehicle: str) -> None:
        """The vehicle is there from now on."""
        self._vehicles[place] = vehicle

    def pull_out(self, place: EvsePlace) -> None:
        """The EVSE is free for the next one."""
        del self._vehicles[place]

    def place_of(self, vehicle: str) -> EvsePlace | None:
        """Where it is plugged in."""
        return next((place for place, name in self._vehicles.items() if name == vehicle), None)

    def _has_room(self, place: EvsePlace, vehicle: str) -> bool:
        return self._vehicles.get(place, vehicle) == vehicle
