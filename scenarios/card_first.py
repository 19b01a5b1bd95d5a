"""A driver shows a card at a station that could have been paid by contract: who was first counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.said import authorised, bodies, refusal
from pncsim.simulator.scenario import scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

LATE = {"before-selection": "PaymentServiceSelectionReq", "after-selection": "PaymentDetailsReq"}
"""When the card is shown to a vehicle that is plugged in already: before this message of it."""


@scenario(
    "card-first",
    title="a card that is shown before the payment is selected wins over the contract",
    clauses=("CharIN 2.4", "CSO-3", "V2G2-465"),
)
async def card_first(
    lab: Lab,
    *,
    shown: Annotated[
        Literal["before-plug-in", "before-selection", "after-selection"], "When the driver shows the card."
    ] = "before-plug-in",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 0.2,
) -> None:
    """The vehicle holds a contract and would rather pay by it; its driver has shown a card at the station.

    Shown before the vehicle selects how it pays, the card pays: Contract is not offered any more, and refused where it
    had been. Shown later, it changes nothing.
    """
    from pncsim.simulator.lab.driver import swipes_before

    secc, csms, ev = map(lab.expect.of, ("SECC", "CSMS", "EV"))
    station = await lab.station()
    vehicle = await lab.vehicle(kwh=kwh, contract=True)
    emaid = vehicle.contracts.all[0].emaid
    received, frames = lab.watch.messages("EV"), lab.watch.frames()
    if shown == "before-plug-in":
        outcome = await lab.plug_in(vehicle, card=lab.card)
    else:
        swipes_before(lab, vehicle, station, LATE[shown])
        outcome = await lab.plug_in(vehicle, keep_plugged=shown == "before-selection")
    offers = [list(map(str, one.PaymentOptionList.PaymentOption)) for one in bodies(received, "ServiceDiscoveryRes")]
    wanted = ["ExternalPayment"] if shown == "before-plug-in" else ["Contract", "ExternalPayment"]
    secc.shows("offer", "CSO-3", f"the station offers {' and '.join(wanted)}", offers == [wanted], offers)
    if shown == "before-selection":
        told = refusal(received, vehicle.name)
        right = told == ("PaymentServiceSelectionRes", "FAILED_PaymentSelectionInvalid")
        secc.shows("contract-refused", "CSO-3", "and refuses the contract that is selected after all", right, told)
        outcome = await lab.plug_in(vehicle)

    payer, other = (emaid, lab.card) if shown == "after-selection" else (lab.card, emaid)
    lab.expect.session(outcome)
    lab.expect.charged(outcome, kwh=kwh, token=payer)
    asked = (authorised(frames, payer)[0], authorised(frames, other)[0])
    csms.shows(
        "asked", "CSO-3", "the CSMS is asked for who pays, and for nobody else", asked == ("Accepted", ""), asked
    )
    way = "Contract" if shown == "after-selection" else "ExternalPayment"
    ev.shows("way", "CSO-3", f"the vehicle pays by {way}", outcome.payment == way, outcome.payment)
