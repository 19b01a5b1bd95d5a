"""CharIN 2.1.1.2.2: the manufacturer puts a vehicle's certificate where mobility operators find it by its PCID."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "vehicle-published",
    title="a vehicle's provisioning certificate is published in the provisioning pool",
    clauses=("CharIN 2.1.1.2.2", "PCP-PUB-1", "PCP-PUB-7", "PCP-PUB-8", "PCP-GET-2", "PCP-ENUM-1", "ACC-6"),
    use_case=UseCase(
        id="2.1.1.2.2",
        actors=("OEM", "EV", "PCP", "MO"),
        preconditions=("the vehicle has its certificates (2.1.1.2.1)", "the manufacturer's root is in the root pool"),
    ),
)
async def vehicle_published(lab: Lab) -> None:
    """Certificate, Sub-CAs, message set and the V2G roots in the vehicle go into the pool; operators are told nothing.

    Who has the PCID reads exactly what was put there; nobody gets a list.
    """
    from pncsim.backend.webhooks.types import EventType

    oem, pcp = lab.expect.of("OEM"), lab.expect.of("PCP")
    manufacturer, operator, station = await lab.caller("OEM"), await lab.caller("MO"), await lab.caller("CPO")
    subscription = await operator.listen(*get_args(EventType))

    vehicle = await lab.vehicle()
    pcid, publication = vehicle_publication(vehicle)
    others = {one.name: (await one.put(VEHICLES, publication)).status for one in (operator, station)}
    pcp.shows(
        "refused-to-others", "ACC-2", "nobody but a manufacturer may put it", set(others.values()) == {403}, others
    )
    before = await operator.get(f"{VEHICLES}/lookupVehicle/{pcid}")
    put = await manufacturer.put(VEHICLES, publication)
    oem.shows("put", "PCP-PUB-8", "the pool takes what its manufacturer puts", put.status == 200, put.said)

    after = await operator.get(f"{VEHICLES}/lookupVehicle/{pcid}")
    there = (before.status, after.status)
    pcp.shows(
        "available", "PCP-GET-2", "an operator finds the vehicle, as it did not before", there == (404, 200), there
    )
    told = (await operator.get(f"{VEHICLES}/{pcid}")).body.get("OEMMessage", {})
    different = [name for name, value in publication.items() if told.get(name) != value]
    pcp.shows("same-octets", "ACC-6", "and reads octet by octet what was put there", not different, different or pcid)
    heard = await subscription.heard()
    pcp.shows("nobody-told", "PCP-PUB-7", "no operator was told anything", not heard, heard)
    lists = {one.name: (await one.get(VEHICLES)).status for one in (manufacturer, operator, station)}
    pcp.shows("no-list", "PCP-ENUM-1", "nobody can have a list of vehicles", 200 not in lists.values(), lists)
