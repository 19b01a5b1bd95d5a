"""CharIN 2.4.2.2: a driver ends Plug & Charge for one vehicle, and the contract is good nowhere from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.bundles import CONTRACTS, LOOKUP
from pncsim.simulator.lab.channels import Channel, bring
from pncsim.simulator.lab.revocation import in_list
from pncsim.simulator.lab.said import refusal
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.wire.ocpp.frames import Result

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "unsubscribed",
    title="a driver ends Plug & Charge for one vehicle",
    clauses=("CharIN 2.4.2.2", "MO-5", "CCP-DEL-1", "CCP-CLEAN-2", "OEM-4", "PKI-5", "PKI-6"),
    use_case=UseCase(
        id="2.4.2.2",
        actors=("driver", "MO", "PKI", "CCP", "OEM", "EV", "SECC", "CSMS"),
        preconditions=("a contract is in a vehicle (2.1.3.1, 2.1.3.2) and in the contract pool",),
    ),
)
async def unsubscribed(
    lab: Lab, *, channel: Annotated[Channel, "How the contract has reached the vehicle."] = "station"
) -> None:
    """Revoked by its authority and out of the pool at once, told to the manufacturer, and refused at the next station.

    The vehicle removes it with its next call, however it came. The driver's other vehicle goes on.
    """
    pki, ccp, oem, ev, csms = map(lab.expect.of, ("PKI", "CCP", "OEM", "EV", "CSMS"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made, other = [await lab.order(await lab.vehicle(kwh=0.2, install="if-needed")) for _ in range(2)]
    emaids = []
    for one in (made, other):
        await one.produce()
        owner = await one.sell("Ada")
        emaids.append((await operator.post(CONTRACTS, {"customer": "Ada", "pcid": one.pcid})).body["emaid"])
        await bring(lab, one, owner, channel)
        await one.visit()
    (contract,) = made.vehicle.contracts.all
    certificate = contract.credentials.leaf
    subscription, frames = await manufacturer.listen("oem.contract.deleted"), lab.watch.frames("CSMS", "Authorize")

    ended = await operator.delete(f"{CONTRACTS}/{contract.emaid}")
    there = [(await operator.get(f"{LOOKUP}/{emaid}")).status for emaid in emaids]
    deleted = ended.status == 200 and there == [404, 200]
    ccp.shows("deleted", "CCP-DEL-1", "the contract leaves the pool, and no other one does", deleted, there)
    known = await lab.status(certificate), await in_list(operator, "mo_sub2", certificate)
    pki.shows("revoked", "MO-5", "responder and list say that it is revoked", known == ("revoked", True), known)
    heard = [(event["pcid"], event["emaid"]) for event in await subscription.heard()]
    oem.shows("told", "CCP-PUB-5", "the manufacturer is told", heard == [(made.pcid, contract.emaid)], heard)

    VehicleScreen(made.vehicle).installation(False)
    received = lab.watch.messages("EV")
    outcome = await lab.plug_in(made.vehicle)
    said = {one.content.payload.get("certificateStatus") for one in frames if isinstance(one.content, Result)}
    code = refusal(received, made.vehicle.name)
    refused = said == {"CertificateRevoked"} and code == ("AuthorizationRes", "FAILED_CertificateRevoked")
    csms.shows("refused", "CSO-1", "the next session is refused, with the reason", refused and not outcome.ok, code)

    deeds = await made.visit()
    gone = deeds == [("remove", True)] and not made.vehicle.contracts.all
    ev.shows("left-vehicle", "OEM-4", "the vehicle removes it with its next call", gone, deeds)
    card = await lab.plug_in(made.vehicle, card=lab.card)
    lab.expect.charged(card, kwh=0.2, token=lab.card)
    outcome = await lab.plug_in(other.vehicle)
    lab.expect.paid(outcome, emaids[1], kwh=0.2)
