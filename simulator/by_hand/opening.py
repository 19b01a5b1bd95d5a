"""How a lab that is played by hand is opened: who sits in it, and whose device takes part besides."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from pncsim.simulator.parameters import Bounds, Reads
from pncsim.simulator.plan import SDP_PORT, OtherSide, Plan, StationPlan, VehiclePlan, port
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace


class Opening(Struct, frozen=True, kw_only=True):
    """What can be chosen beforehand."""

    energy: Annotated[Literal["ac", "dc"], "Alternating or direct current."] = "ac"
    kwh: Annotated[float, "Energy each driver wants at first, in kWh."] = 1.0
    contract: Annotated[bool, "Whether a contract is in the vehicles from the beginning."] = True
    vehicles: Annotated[int, "How many vehicles there are, at least.", Bounds(1, 20)] = 1
    evses: Annotated[int, "How many EVSEs the station has.", Bounds(1, 20)] = 1
    theirs: Annotated[
        Literal["nothing", "vehicle", "station"],
        "What is somebody else's: a vehicle that comes to our station, or a station ours go to.",
    ] = "nothing"
    interface: Annotated[str, "Where that is: a network interface; empty: loopback."] = ""
    sdp_port: Annotated[int, "Its SDP port on loopback.", Reads(port)] = SDP_PORT
    pki: Annotated[str, "PKI folder, see `pnc certs create`; empty: made for this lab."] = ""

    def among(self, plan: Plan, *, written: bool) -> Plan:
        """Those of ``plan``, with whom it says besides; ``written``: a lab file says who takes part.

        Raises LocalError where both do.
        """
        if self.theirs == "nothing":
            stations = tuple(one if written else replace(one, evses=self.evses) for one in plan.stations)
            more = (VehiclePlan(),) * (self.vehicles - len(plan.vehicles))
            return replace(plan, stations=stations, vehicles=(*plan.vehicles, *more))
        if written:
            raise LocalError("The lab file says who takes part.", advice="Leave `theirs` empty, or the lab file out.")
        there = OtherSide(interface=self.interface or None, sdp_port=self.sdp_port)
        if self.theirs == "vehicle":
            guest = VehiclePlan(name="GUEST", link=there)
            return replace(plan, stations=(StationPlan(link=there),), vehicles=(guest,))
        hosts = (StationPlan(identity="THEIRS", link=there, foreign=True),)
        return replace(plan, stations=hosts, vehicles=(VehiclePlan(),) * self.vehicles)
