"""CharIN 2.4.1.4: whoever has a vehicle's PCID can have a contract made for it; its owner decides what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.bundles import CONTRACTS
from pncsim.simulator.lab.driver import drive_up
from pncsim.simulator.lab.plant import OWNERS_OWN
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "unapproved-contract",
    title="a contract that the vehicle's owner did not approve is not installed",
    clauses=("CharIN 2.4.1.4", "OEM-2", "OEM-1", "EV-6"),
    use_case=UseCase(
        id="2.4.1.4",
        actors=("OEM", "driver", "EV", "MO", "PCP", "SECC", "CSMS"),
        preconditions=("a vehicle is published and sold (2.1.1.2.2)", "somebody else knows its PCID"),
    ),
)
async def unapproved_contract(lab: Lab) -> None:
    """A stranger concludes a contract with the PCID, which is no secret. The owner is asked, and refuses.

    Nobody else can decide for her, and what she refused comes into the vehicle neither by telematics nor, while
    installation is off in it, at a station. As the vehicle is sold, what waited for her yes is void.
    """
    ev, oem, driver = map(lab.expect.of, ("EV", "OEM", "driver"))
    operator = await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.2))
    await made.produce()
    neighbours = await lab.order(await lab.vehicle())
    owner, neighbour = await made.sell("Ada"), await neighbours.sell("Bob")
    order, mine = {"customer": "Mallory", "pcid": made.pcid}, f"{OWNERS_OWN}/contracts"
    VehicleScreen(made.vehicle).installation(False)

    await operator.post(CONTRACTS, order)
    (asked,) = (await owner.get(mine)).body["contracts"]
    hers = asked["state"] == "waiting" and asked["vin"] == made.vin
    driver.shows("asked", "OEM-2", "the owner is asked", hers, asked["state"])
    place = f"{mine}/{asked['id']}"
    tried = {one.name: (await one.post(f"{place}/approve")).status for one in (neighbour, operator)}
    oem.shows("nobody-else", "OEM-2", "nobody else can decide", tried == {"Bob": 404, "MO": 401}, tried)

    told = (await owner.post(f"{place}/refuse")).body["state"]
    late = await owner.post(f"{place}/approve")
    final = (told, late.status) == ("refused", 409)
    oem.shows("final", "OEM-2", "a no is final", final, late.said)
    status, _ = await made.line("GET", f"/v1/manufacturer/telematics/errands/{asked['id']}/contract")
    deeds, requests = await made.visit(), lab.watch.messages("SECC", "CertificateInstallationReq")
    outcome, _ = await drive_up(lab, made.vehicle)
    lab.expect.charged(outcome, kwh=0.2, token=lab.card)
    nothing = not made.vehicle.contracts.all and not deeds and not requests and status == 409
    ev.shows("unapproved", "OEM-2", "nothing is installed, by telematics or at a station", nothing, status)

    await operator.post(CONTRACTS, order)
    buyer = await made.sell("Eve")
    before, waited = (await buyer.get(mine)).body["contracts"]
    states = [before["state"], waited["state"]]
    oem.shows(
        "sold", "OEM-2", "what waited is void once the vehicle is another's", states == ["refused", "void"], states
    )
    late = await owner.post(f"{mine}/{waited['id']}/approve")
    gone = late.status == 404 and not [deed for deed, done in await made.visit() if done]
    driver.shows("hers-no-more", "OEM-2", "who has sold it decides no more", gone, late.said)
