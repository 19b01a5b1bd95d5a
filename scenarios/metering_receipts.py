"""What the meter says is signed by the vehicle, where the operator wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.lab.said import bodies
from pncsim.simulator.scenario import Energy, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

LOOPS = ("ChargingStatusRes", "CurrentDemandRes")


@scenario(
    "metering-receipts",
    title="metering receipts are asked for, or not, as the operator has set the station",
    clauses=("V2G2-691", "V2G2-902", "V2G2-903", "OCPP J"),
)
async def metering_receipts(
    lab: Lab,
    *,
    receipts: Annotated[bool, "Ask for signed receipts."] = True,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 0.5,
) -> None:
    """The CSMS sets RequestMeteringReceipt. With it the vehicle signs readings, and the CSMS keeps them with the
    transaction; without it nobody asks. A card is never asked."""
    secc, ev, csms = map(lab.expect.of, ("SECC", "EV", "CSMS"))
    identity = (await lab.station()).station.config.identity
    set_to = "true" if receipts else "false"
    status = await lab.back.csms.set_variable(identity, "ISO15118Ctrlr", "RequestMeteringReceipt", set_to)
    csms.shows("set", "OCPP B05", f"the station takes RequestMeteringReceipt {set_to}", status == "Accepted", status)

    sent, received = lab.watch.messages("EV"), lab.watch.messages("SECC")
    vehicle = await lab.vehicle(energy=energy, kwh=kwh, contract=True, payment="contract")
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    transaction = lab.expect.charged(outcome, kwh=kwh, token=vehicle.contracts.all[0].emaid)
    asked = [body.ReceiptRequired for name in LOOPS for body in bodies(sent, name)]
    secc.shows(
        "asked",
        "V2G2-691",
        "receipts are asked for" if receipts else "nobody asks",
        any(asked) is receipts,
        sum(map(bool, asked)),
    )
    signed = [body.MeterInfo for body in bodies(received, "MeteringReceiptReq")]
    shown = [body.MeterInfo for name in LOOPS for body in bodies(sent, name) if body.ReceiptRequired]
    text = "each reading comes back as it was told, signed" if receipts else "no receipt is signed"
    ev.shows("signed", "V2G2-903", text, signed == shown and bool(signed) is receipts, len(signed))
    if transaction is not None:
        kept = sum(value.signed for value in transaction.meter_values)
        text = "the CSMS keeps signed readings" if receipts else "the CSMS has no signed reading"
        csms.shows("kept", "OCPP J", text, bool(kept) is receipts, kept)

    driver = await lab.vehicle(energy=energy, kwh=kwh, payment="external")
    sent.clear()
    second = await lab.plug_in(driver)
    lab.expect.session(second)
    by_card = [body.ReceiptRequired for name in LOOPS for body in bodies(sent, name)]
    secc.shows("card", "V2G2-691", "who pays by card signs nothing", not any(by_card), f"{len(by_card)} loop messages")
