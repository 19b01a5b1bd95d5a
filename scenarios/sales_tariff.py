"""The mobility operator says what energy costs, and the vehicle believes what bears its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.said import bodies, calls_and_answers
from pncsim.simulator.scenario import Energy, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "sales-tariff",
    title="a vehicle takes the cheaper schedule where the operator has signed its tariffs, and else the first",
    clauses=("V2G2-905", "V2G2-297", "OCPP K15"),
)
async def sales_tariff(
    lab: Lab,
    *,
    tariff: Annotated[Literal["good", "forged", "unsigned"], "How the tariffs reach the vehicle."] = "good",
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 0.5,
) -> None:
    """The station tells the CSMS what the vehicle needs. The operator offers two schedules, a fast and dear one and a
    slow and cheap one. Its Sub-CA 2 signs the tariffs, and the contract's chain in the vehicle verifies them.

    Forged or unsigned tariffs are left aside: the vehicle takes the first schedule, as if there were no prices, and
    charges all the same.
    """
    from pncsim.simulator.lab.tariffs import CHEAP, FAST, forge_tariffs, offer_tariffs

    ev, secc, csms = map(lab.expect.of, ("EV", "SECC", "CSMS"))
    if tariff == "forged":
        forge_tariffs(lab)
    await lab.station(smart_charging=True)
    await offer_tariffs(lab, signed=tariff != "unsigned")
    frames, arrived, received = lab.watch.frames("CS"), lab.watch.messages("EV"), lab.watch.messages("SECC")
    vehicle = await lab.vehicle(energy=energy, kwh=kwh, contract=True, payment="contract")
    outcome = await lab.plug_in(vehicle)

    needs = [answer["status"] for _, answer in calls_and_answers(frames, "NotifyEVChargingNeeds")]
    csms.shows("needs", "OCPP K15.FR.01", "the CSMS hears what the vehicle needs", needs == ["Accepted"], needs)
    profiles = calls_and_answers(frames, "SetChargingProfile")
    schedules = [one for request, _ in profiles for one in request["chargingProfile"]["chargingSchedule"]]
    given = [one.get("salesTariff") for one in schedules]
    taken = [answer["status"] for _, answer in profiles]
    good = taken == ["Accepted"] and len(given) == 2 and all(given)
    csms.shows("profile", "OCPP K15.FR.07", "and sends two schedules with their tariffs", good, taken)

    told = bodies(arrived, "ChargeParameterDiscoveryRes")
    [offer] = [body.SASchedules.SAScheduleTuple for body in told if body.SASchedules is not None]
    levels = [one.SalesTariff.SalesTariffEntry[0].EPriceLevel for one in offer]
    secc.shows("offered", "V2G2-297", "they reach the vehicle", len(levels) == 2, f"price levels {levels}")
    headers = [getattr(one.value, "Header", None) for one in arrived if one.name == "ChargeParameterDiscoveryRes"]
    signatures = [header.Signature for header in headers if header is not None and header.Signature is not None]
    signed = [len(one.SignedInfo.Reference) for one in signatures]
    wanted = [] if tariff == "unsigned" else [2]
    text = "without a signature" if tariff == "unsigned" else "with one signature over both"
    secc.shows("signature", "V2G2-905", text, signed == wanted, f"{sum(signed)} tariffs signed")

    [start] = [body for body in bodies(received, "PowerDeliveryReq") if body.ChargeProgress == "Start"]
    place = [one.SAScheduleTupleID for one in offer].index(start.SAScheduleTupleID)
    limit = (FAST, CHEAP)[place]
    right = place == (1 if tariff == "good" else 0)
    text = "takes the cheaper one" if tariff == "good" else "leaves them aside and takes the first"
    ev.shows("chosen", "V2G2-905", f"the vehicle {text}", right, f"{limit / 1000:g} kW")
    lab.expect.session(outcome)
    lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=kwh)
