"""Further looks at answers: what the code alone does not say."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.secc.step import Heard


def has_challenge(heard: Heard, session: Any) -> str:
    """PaymentDetailsRes has a challenge of 16 octets (V2G2-825)."""
    found = heard.body.GenChallenge or b""
    return "" if len(found) == 16 else f"{heard.name} has a challenge of {len(found)} octets, not of 16."


def asks_for_a_receipt(heard: Heard, session: Any) -> str:
    """The station wants a signed receipt, and says what is to be signed."""
    return "" if heard.body.ReceiptRequired else f"{heard.name} asks for no receipt."


def asks_for_no_receipt(heard: Heard, session: Any) -> str:
    """The station wants none."""
    return f"{heard.name} asks for a receipt." if heard.body.ReceiptRequired else ""


def has_meter_info(heard: Heard, session: Any) -> str:
    """There is a MeterInfo."""
    return "" if heard.body.MeterInfo is not None else f"{heard.name} has no MeterInfo."


def has_reading(heard: Heard, session: Any) -> str:
    """There is a reading of the meter."""
    info = heard.body.MeterInfo
    return "" if info is not None and info.MeterReading is not None else f"{heard.name} has no MeterReading."


def has_tariff(heard: Heard, session: Any) -> str:
    """Once it is done, the schedules have a tariff (V2G2-297)."""
    offered = _tuples(heard)
    return "" if offered is None or any(one.SalesTariff for one in offered) else f"{heard.name} has no SalesTariff."


def within(most: int) -> Any:
    """No schedule has more entries than the vehicle can take."""

    def look(heard: Heard, session: Any) -> str:
        counts = [len(one.PMaxSchedule.PMaxScheduleEntry) for one in _tuples(heard) or ()]
        over = max(counts, default=0)
        return f"{heard.name} has a schedule of {over} entries; {most} were allowed." if over > most else ""

    return look


def offers_the_choice_of_before(heard: Heard, session: Any) -> str:
    """A joined session goes on as it was paused (V2G2-741): payment option, energy transfer mode, schedule."""
    before = session.resuming
    if before is None:
        return "The session was not joined again."
    body = heard.body
    if heard.name == "ServiceDiscoveryRes":
        options = [str(one) for one in body.PaymentOptionList.PaymentOption]
        modes = [str(one) for one in body.ChargeService.SupportedEnergyTransferMode.EnergyTransferMode]
        if options != [before.payment]:
            return f"{heard.name} offers {', '.join(options)}; the session was paused with {before.payment}."
        return "" if before.energy_mode in modes else f"{heard.name} does not offer {before.energy_mode} any more."
    offered = _tuples(heard)
    ids = [one.SAScheduleTupleID for one in offered or ()]
    if offered is None or before.schedule_tuple in ids:
        return ""
    return f"{heard.name} offers schedules {', '.join(map(str, ids))}; the one before was {before.schedule_tuple}."


def _tuples(heard: Heard) -> Any:
    schedules = heard.body.SASchedules
    return None if schedules is None else schedules.SAScheduleTuple
