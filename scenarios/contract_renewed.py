"""CharIN 2.1.2.5: a contract certificate comes to its end, and a successor is made if its driver wants one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.bundles import (
    CONTRACTS,
    PROVIDED,
    STORED,
    bundle_in,
    certificates_listed,
    contract_shown,
    was_read,
)
from pncsim.simulator.lab.channels import Channel, bring
from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import not_after

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0
LASTS, PASSED = 60, 40
"""Days the first certificates last, and days that go by: less than a month is left then."""


@scenario(
    "contract-renewed",
    title="a contract certificate is renewed before it ends, where its driver wants that",
    clauses=("CharIN 2.1.2.5", "MO-1", "MO-4", "CCP-UPD-1", "CCP-PUB-5", "CPS-9"),
    use_case=UseCase(
        id="2.1.2.5",
        actors=("driver", "MO", "PCP", "CCP", "OEM", "EV", "SECC", "CSMS"),
        preconditions=("two vehicles have a contract each (2.1.2.4)", "both certificates end within a month"),
    ),
)
async def contract_renewed(
    lab: Lab,
    *,
    by: Annotated[Literal["itself", "driver"], "Who begins it: the operator as it was allowed to, or the driver."] = (
        "itself"
    ),
    channel: Annotated[Channel, "How it reaches the vehicle."] = "station",
) -> None:
    """Of two drivers one lets the operator renew, the other has taken that back, and is told of the end instead.

    The vehicle is read and verified anew, the pool's bundle is replaced, the manufacturer and the driver are told; the
    vehicle fetches the new certificate as it fetched the first, and forgets the old one.
    """
    mo, pcp, ccp, oem, ev = map(lab.expect.of, ("MO", "PCP", "CCP", "OEM", "EV"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.5, install="if-needed"))
    await made.produce()
    owner = await made.sell("Ada")
    other, publication = vehicle_publication(await lab.vehicle())
    await manufacturer.put(VEHICLES, publication)

    order = {
        "certificateEnds": f"{lab.clock.utc() + timedelta(days=LASTS):%Y-%m-%dT%H:%M:%SZ}",
        "automaticRenewal": by == "itself",
    }
    concluded = await operator.post(CONTRACTS, {"customer": "Ada", "pcid": made.pcid, **order})
    declined = await operator.post(CONTRACTS, {"customer": "Bob", "pcid": other, **order})
    emaid, refusing = concluded.body["emaid"], declined.body["emaid"]
    await operator.put(f"{CONTRACTS}/{refusing}/renewal", {"automatic": False})
    await bring(lab, made, owner, channel)
    (old,) = certificates_listed(await manufacturer.get(f"{STORED}/{made.pcid}"))
    before = certificates_listed(await manufacturer.get(f"{STORED}/{other}"))
    subscription, calls = await manufacturer.listen("oem.contract.updated"), lab.watch.calls()

    lab.clock.jump(PASSED * DAY)
    if by == "driver":
        await operator.post(f"{CONTRACTS}/{emaid}/renewal")
    await lab.look_after_contracts()

    kept = certificates_listed(await manufacturer.get(f"{STORED}/{other}"))
    told = [one["subject"] for one in (await operator.get("/v1/mo/customers/Bob/notices")).body["notices"]]
    out = kept == before and "renewed" not in told and "ends soon" in told
    mo.shows("opt-out", "MO-4", "nothing is renewed without the driver's word, who is told of the end", out, told)
    provided = await manufacturer.get(f"{PROVIDED}/{emaid}/{made.pcid}")
    read, seen = was_read(calls, bundle_in(provided), made.vehicle)
    pcp.shows("read-again", "MO-1", "the vehicle's certificate is read anew", read, seen)
    waiting = certificates_listed(await manufacturer.get(f"{STORED}/{made.pcid}"))
    replaced = len(waiting) == 1 and waiting != [old] and not_after(waiting[0]) > not_after(old)
    until = [f"{one.not_valid_after_utc:%Y-%m-%d}" for one in waiting]
    ccp.shows("overwritten", "CCP-UPD-1", "the pool has the successor and nothing else", replaced, until)
    heard = [(event["pcid"], event["emaid"]) for event in await subscription.heard()]
    oem.shows("told", "CCP-PUB-5", "the manufacturer is told", heard == [(made.pcid, emaid)], heard)
    notices = (await operator.get("/v1/mo/customers/Ada/notices")).body["notices"]
    mo.shows("driver-told", "MO-4", "the driver is told", notices[-1]["subject"] == "renewed", notices[-1]["text"])

    screen, shown = VehicleScreen(made.vehicle), lab.watch.messages("SECC", "PaymentDetailsReq")
    screen.installation(True)
    await bring(lab, made, owner, channel)
    held = [one.credentials.leaf for one in made.vehicle.contracts.all]
    ev.shows(
        "old-superseded", "2.1.2.5", "the vehicle holds the successor, and the old one no more", held == waiting, until
    )
    screen.installation(False)
    outcome = await lab.plug_in(made.vehicle)
    lab.expect.session(outcome)
    lab.expect.paid(outcome, emaid, kwh=0.5)
    pays = [contract_shown(message) for message in shown]
    ev.shows("shown", "EV-4", "it is what stations are shown from now on", {*pays} == {*waiting}, len(pays))
