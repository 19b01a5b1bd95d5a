"""CharIN 2.1.3.1: a contract comes into a vehicle through its manufacturer, once its owner has approved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.bundles import CONTRACTS
from pncsim.simulator.lab.plant import OWNERS_OWN, approve_all
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DELIVERED = "mo.contract.delivered.to.oem"
ERRANDS = "/v1/manufacturer/telematics/errands"


@scenario(
    "installed-by-telematics",
    title="a contract is installed through the manufacturer's back end",
    clauses=("CharIN 2.1.3.1", "OEM-2", "CCP-OEM-1", "CCP-GET-6", "EVT-1", "EV-3"),
    use_case=UseCase(
        id="2.1.3.1",
        actors=("CCP", "MO", "OEM", "driver", "EV", "SECC", "CSMS"),
        preconditions=("a bundle waits in the contract pool (2.1.2.4)", "the vehicle can call its manufacturer"),
    ),
)
async def installed_by_telematics(lab: Lab) -> None:
    """The manufacturer hears of the bundle, and asks the owner. Until she says yes nobody can have it for the vehicle.

    Then the vehicle fetches it at its next call, verifies and opens it, and says so; operator and owner are told. At
    the next station it pays.
    """
    oem, mo, ccp, ev, driver = map(lab.expect.of, ("OEM", "MO", "CCP", "EV", "driver"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.5, install="never"))
    await made.produce()
    owner = await made.sell("Ada")
    waits, delivered = await manufacturer.listen("oem.contract.created"), await operator.listen(DELIVERED)

    emaid = (await operator.post(CONTRACTS, {"customer": "Ada", "pcid": made.pcid})).body["emaid"]
    heard = [(event["pcid"], event["emaid"]) for event in await waits.heard()]
    oem.shows("told", "CCP-PUB-5", "the manufacturer hears of the bundle", heard == [(made.pcid, emaid)], heard)

    (waiting,) = (await owner.get(f"{OWNERS_OWN}/contracts")).body["contracts"]
    early = f"{ERRANDS}/{waiting['id']}/contract"
    status, _ = await made.line("GET", early)
    nothing = await made.visit() == [] and status == 409 and not made.vehicle.contracts.all
    oem.shows("approved-first", "OEM-2", "before the owner approves it the vehicle cannot have it", nothing, status)

    calls = lab.watch.exchanges()
    approved = await approve_all(owner)
    deeds = await made.visit()
    handed = [call.status for call in calls if call.url.endswith(early)]
    ccp.shows(
        "provided", "CCP-OEM-1", "then the pool hands it out, and it goes to the vehicle", handed == [200], handed
    )
    told = [event["emaid"] for event in await delivered.heard()]
    mo.shows("delivered-told", "CCP-GET-6", "the operator hears that it was delivered", told == [emaid], told)
    held = [contract.emaid for contract in made.vehicle.contracts.all]
    done = held == approved == [emaid] and deeds == [("install", True)]
    ev.shows("held", "EV-3", "the vehicle has verified and opened it, and holds it", done, held)
    (known,) = (await owner.get(f"{OWNERS_OWN}/contracts")).body["contracts"]
    driver.shows("informed", "2.1.3.1", "the owner sees that it is installed", known["state"] == "done", known["state"])
    office = (await manufacturer.get(made.place)).body.get("contracts")
    oem.shows("known", "OEM-4", "and the manufacturer that it is in the vehicle", office == [emaid], office)

    outcome = await lab.plug_in(made.vehicle)
    lab.expect.session(outcome)
    lab.expect.paid(outcome, emaid, kwh=0.5)
