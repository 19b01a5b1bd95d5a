"""CharIN 2.4.1.3: a driver with two contracts sees them in the vehicle, chooses one, and removes the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.bundles import CONTRACTS, STORED, body_of
from pncsim.simulator.lab.channels import Channel, bring
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "contracts-managed",
    title="two contracts are in a vehicle: one is chosen, the other removed",
    clauses=("CharIN 2.4.1.3", "EV-7", "CCP-DEF-1", "CCP-PUB-4"),
    use_case=UseCase(
        id="2.4.1.3",
        actors=("driver", "EV", "OEM", "MO", "CCP", "SECC", "CSMS"),
        preconditions=("a vehicle has an owner, who has concluded two contracts for it (2.1.2.1)",),
    ),
)
async def contracts_managed(
    lab: Lab, *, channel: Annotated[Channel, "How the second contract reaches the vehicle."] = "telematics"
) -> None:
    """One contract at a time pays: the one the driver has chosen.

    The vehicle tells its manufacturer with its next call, and the pool's default is moved, so that a station would
    install that one first. A contract that is removed is gone from the vehicle, and the one left pays.
    """
    ev, ccp, oem = map(lab.expect.of, ("EV", "CCP", "OEM"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.2, install="never"))
    await made.produce()
    owner, screen = await made.sell("Ada"), VehicleScreen(made.vehicle)
    emaids = []
    for way in ("telematics", channel):
        concluded = await operator.post(CONTRACTS, {"customer": "Ada", "pcid": made.pcid})
        emaids.append(concluded.body["emaid"])
        if way == "station":
            await manufacturer.post(f"{STORED}/{made.pcid}/{emaids[-1]}/default")
            screen.installation(True)
        await bring(lab, made, owner, way)
        screen.installation(False)
        await made.visit()
    first, second = emaids
    listed = screen.contracts
    right = [emaid for emaid, _ in listed] == emaids and [default for _, default in listed].count(True) == 1
    ev.shows("listed", "EV-7", "the driver sees both, and which one pays", right, listed)

    shown, moved, paid = lab.watch.messages("SECC", "PaymentDetailsReq"), [], []
    for emaid in (first, second):
        screen.choose(emaid)
        await made.visit()
        moved.append(await default_of(manufacturer, made.pcid))
        outcome = await lab.plug_in(made.vehicle)
        lab.expect.charged(outcome, kwh=0.2, token=emaid)
        paid.append(body_of(shown[-1]).eMAID)
    ev.shows("switched", "EV-7", "with another default the other contract pays", paid == emaids, paid)
    ccp.shows("default-told", "CCP-DEF-1", "the pool's default is moved, as the vehicle tells", moved == emaids, moved)

    screen.uninstall(second)
    await made.visit()
    left = screen.contracts
    ev.shows(
        "removed", "EV-7", "the one that is removed is gone, the other is the default", left == ((first, True),), left
    )
    office = (await manufacturer.get(made.place)).body
    known = office.get("contracts"), office.get("defaultContract"), await default_of(manufacturer, made.pcid)
    oem.shows("notified", "2.4.1.3", "the manufacturer knows, and the pool", known == ([first], first, first), known)
    outcome = await lab.plug_in(made.vehicle)
    lab.expect.charged(outcome, kwh=0.2, token=first)


async def default_of(manufacturer: Caller, pcid: str) -> str:
    """The EMAIDs of what the pool has as the vehicle's default: one."""
    entries = (await manufacturer.get(f"{STORED}/{pcid}")).body["XMLContracts"]
    return " and ".join(entry["emaid"] for entry in entries if entry["defaultContract"])
