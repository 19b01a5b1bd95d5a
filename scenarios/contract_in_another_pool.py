"""Two operators have contract pools of their own: what the one has not, it asks the others for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.trace import ServiceCall


@scenario(
    "contract-in-another-pool",
    title="a contract that lies in the pool of another operator is found by the directory",
    clauses=("CharIN 2.1.3.2", "CharIN 2.1.2.4", "POOL-2", "CCP-GET-1"),
    use_case=UseCase(
        id="2.1.3.2",
        part=True,
        actors=("EV", "SECC", "CSMS", "CCP", "MO", "OEM"),
        preconditions=("operators of contract pools know each other, and roam",),
    ),
)
async def contract_in_another_pool(lab: Lab) -> None:
    """The station's operator has a pool, and knows two others by its directory. The contract lies in one of those.

    The vehicle asks at the station, and the station's pool asks the others; one has the contract, and is remembered as
    the one to be asked next. No pool that is asked on behalf of another one asks others in turn: for a vehicle that
    has no contract anywhere each is asked once, and the answer is no.
    """
    ccp, ev = lab.expect.of("CCP"), lab.expect.of("EV")
    east, west = await lab.region.neighbour("east", "FREST"), await lab.region.neighbour("west", "PTWST")
    manufacturer, operator = await east.caller("OEM"), await east.caller("MO")
    vehicle = await lab.vehicle(kwh=0.5, install="always")
    pcid, publication = vehicle_publication(vehicle)
    await manufacturer.put(VEHICLES, publication)
    emaid = (await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": pcid})).body["emaid"]
    lookup = f"/v1/ccp/lookupContract/{emaid}"
    there = {
        "here": (await (await lab.caller("CPO")).get(lookup)).status,
        "east": (await (await east.caller("CPO")).get(lookup)).status,
        "west": (await (await west.caller("CPO")).get(lookup)).status,
    }
    one = {"here": 404, "east": 200, "west": 404}
    ccp.shows("in-one-pool", "POOL-2", "the contract lies in one pool, and not in the station's", there == one, there)

    def pools(calls: list[ServiceCall]) -> list[str]:
        """Which other contract pools a vehicle's request came to; its session tells that it came to the station's."""
        asked = [call.unit for call in calls if (call.role, call.operation) == ("CCP", "provide contract")]
        calls.clear()
        return sorted(unit for unit in asked if unit != "CCP")

    calls = lab.watch.calls()
    first = await lab.plug_in(vehicle)
    lab.expect.session(first)
    lab.expect.installed(vehicle, first, emaid)
    lab.expect.paid(first, emaid, kwh=0.5)
    asked = pools(calls)
    once = asked in (["CCP east", "CCP west"], ["CCP east"])  # one has it: the other need not be waited for
    ccp.shows("others-asked", "POOL-2", "the others are asked, and none of them twice", once, asked)
    holder = await (await lab.region.parties()).holder(pcid)
    ccp.shows("remembered", "POOL-2", "the directory says who had it", holder == "east", holder)

    second = await lab.plug_in(vehicle)
    lab.expect.session(second)
    asked = pools(calls)
    ccp.shows("asked-first", "POOL-2", "the next time it alone is asked", asked == ["CCP east"], asked)

    none = await lab.vehicle(install="always")
    third = await lab.plug_in(none)
    lab.expect.refused(third, "FAILED_NoCertificateAvailable")
    asked = pools(calls)
    ccp.shows(
        "no-circle",
        "POOL-2",
        "who has none is asked for once everywhere",
        asked == ["CCP east", "CCP west"],
        asked,
    )
    held = [one.emaid for one in none.contracts.all]
    ev.shows("none-held", "CCP-GET-1", "and gets none", not held, held or "no contract")
