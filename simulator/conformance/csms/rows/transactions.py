"""Transactions: each case is the events a station sends, in their order, all of which have to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from pncsim.simulator.conformance.csms.declared import AT_ONCE
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.csms.rows.messages import authorised
from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

TRANSACTIONS = OcttCases("transactions", when=AT_ONCE)
CASES = TRANSACTIONS.cases


class EventSent(Struct, frozen=True, kw_only=True):
    """One TransactionEvent: ``type`` and trigger reason, and what it holds besides.

    ``card``: "" none, "good" or "unknown" (:class:`simulator.conformance.csms.options.CsmsUnderTest`). ``values``: the
    context of a reading, "" for none; ``signed``: with a signature. ``evse``: whether one is named.
    """

    type: str
    reason: str
    state: str = ""
    stopped: str = ""
    card: str = ""
    values: str = ""
    signed: bool = False
    evse: bool = True


class Plugged(Struct, frozen=True):
    """A StatusNotification: the connector is in this state."""

    state: str


class Swiped(Struct, frozen=True):
    """An Authorize of the good card, which has to be accepted."""


CourseStep = EventSent | Plugged | Swiped


def _begins(reason: str, state: str = "", **more: Any) -> EventSent:
    return EventSent(type="Started", reason=reason, state=state, **more)


def _goes_on(reason: str, state: str = "", **more: Any) -> EventSent:
    return EventSent(type="Updated", reason=reason, state=state, **more)


def _ends(reason: str, stopped: str, state: str = "", **more: Any) -> EventSent:
    return EventSent(type="Ended", reason=reason, stopped=stopped, state=state, **more)


PLUGGED_IN: tuple[CourseStep, ...] = (Plugged("Occupied"), _begins("CablePluggedIn", "EVConnected"))
ALLOWED: tuple[CourseStep, ...] = (Swiped(), _goes_on("Authorized", "EVConnected", card="good"))
FLOWS = _goes_on("ChargingStateChanged", "Charging")
CHARGING: tuple[CourseStep, ...] = (*PLUGGED_IN, *ALLOWED, FLOWS)
STOPPED = _goes_on("StopAuthorized", "EVConnected", card="good")
UNPLUGGED = _goes_on("EVCommunicationLost", "Idle")
FREE = Plugged("Available")


def _reading(desk: StationDesk, step: EventSent, number: int) -> Any:
    sampled: Any = {"value": 1000.0 + 100 * number, "context": step.values}
    if step.signed:
        sampled["signedMeterValue"] = {
            "signedMeterData": "T0NNRnx7fQ==",
            "signingMethod": "ECDSA-secp256r1-SHA256",
            "encodingMethod": "OCMF",
            "publicKey": "",
        }
    return {"timestamp": desk.time, "sampledValue": [sampled]}


async def _tell(desk: StationDesk, transaction: str, number: int, step: EventSent) -> None:
    info: Any = {"transactionId": transaction}
    if step.state:
        info["chargingState"] = step.state
    if step.stopped:
        info["stoppedReason"] = step.stopped
    payload: Any = {
        "eventType": step.type,
        "timestamp": desk.time,
        "triggerReason": step.reason,
        "seqNo": number,
        "transactionInfo": info,
    }
    if step.evse:
        payload["evse"] = {"id": 1, "connectorId": 1}
    if step.values:
        payload["meterValue"] = [_reading(desk, step, number)]
    if step.card:
        card = desk.options.card if step.card == "good" else desk.options.unknown_card
        payload["idToken"] = {"idToken": card, "type": "ISO14443"}
    answer = await desk.ask(v201.TransactionEvent(payload))
    if step.card:
        said = answer.get("idTokenInfo", {}).get("status", "nothing")
        wanted = ("Accepted",) if step.card == "good" else ("Invalid", "Unknown")
        must(said in wanted, f"The card in TransactionEvent {number} is answered {said}, not {' or '.join(wanted)}.")


async def _play(desk: StationDesk, steps: Sequence[CourseStep]) -> None:
    transaction, number = desk.new_id(), 0
    for step in steps:
        match step:
            case EventSent():
                await _tell(desk, transaction, number, step)
                number += 1
            case Plugged(state):
                status: Any = {"timestamp": desk.time, "connectorStatus": state, "evseId": 1, "connectorId": 1}
                await desk.ask(v201.StatusNotification(status))
            case Swiped():
                await authorised(desk, desk.options.card, "Accepted")


def _courses(*courses: Sequence[CourseStep]) -> Playing:
    async def play(desk: StationDesk) -> None:
        await desk.boot()
        for steps in courses:
            await _play(desk, steps)

    return play


def _words(step: CourseStep) -> str:
    match step:
        case EventSent():
            return f"{step.type} ({step.reason}{f', {step.card} card' if step.card else ''})"
        case Plugged(state):
            return f"connector {state}"
        case Swiped():
            return "Authorize"


_ROWS: tuple[tuple[str, str, str, Sequence[CourseStep]], ...] = (
    ("E_03", "Local start transaction - Cable plugin first: Success", "E03", CHARGING),
    (
        "E_04",
        "Local start transaction - Authorization first: Success",
        "E03",
        (
            Swiped(),
            _begins("Authorized", card="good"),
            Plugged("Occupied"),
            _goes_on("CablePluggedIn", "EVConnected"),
            FLOWS,
        ),
    ),
    (
        "E_38",
        "Local start transaction: EV not ready",
        "E03",
        (*PLUGGED_IN, *ALLOWED, _goes_on("ChargingStateChanged", "SuspendedEV")),
    ),
    ("E_09", "Start transaction options: EVConnected", "E01(S2)", PLUGGED_IN),
    (
        "E_10",
        "Start transaction options: Authorized - Local",
        "E01(S3)",
        (Swiped(), _begins("Authorized", card="good")),
    ),
    (
        "E_11",
        "Start transaction options: DataSigned",
        "E01(S4)",
        (
            Plugged("Occupied"),
            Swiped(),
            _begins("SignedDataReceived", "EVConnected", card="good", values="Transaction.Begin", signed=True),
        ),
    ),
    (
        "E_01",
        "Start transaction options: PowerPathClosed",
        "E01(S5)",
        (Plugged("Occupied"), Swiped(), _begins("Authorized", "EVConnected", card="good")),
    ),
    (
        "E_02",
        "Start transaction options: EnergyTransfer",
        "E01(S6)",
        (Plugged("Occupied"), Swiped(), _begins("ChargingStateChanged", "Charging", card="good")),
    ),
    ("E_12", "Start transaction options: ParkingBayOccupied", "E01(S1)", (_begins("EVDetected"),)),
    (
        "E_14",
        "Stop transaction options: EVDisconnected - Charging Station side",
        "E06(S2)",
        (*CHARGING, STOPPED, FREE, _ends("EVCommunicationLost", "Local", "Idle")),
    ),
    (
        "E_20",
        "Stop transaction options: EVDisconnected - EV side (able to charge IEC 61851-1 EV)",
        "E06(S2), E10",
        (*CHARGING, _ends("EVCommunicationLost", "EVDisconnected", "Idle"), FREE),
    ),
    (
        "E_15",
        "Stop transaction options: StopAuthorized - Local",
        "E06(S3)",
        (*CHARGING, _ends("StopAuthorized", "Local", "EVConnected", card="good"), FREE),
    ),
    (
        "E_16",
        "Stop transaction options: Deauthorized - Invalid idToken",
        "E06(S3)",
        (
            *PLUGGED_IN,
            _goes_on("Authorized", "EVConnected", card="unknown"),
            _ends("Deauthorized", "DeAuthorized", "EVConnected"),
        ),
    ),
    (
        "E_39",
        "Stop transaction options: Deauthorized - timeout",
        "E06(S3)",
        (Swiped(), _begins("Authorized", card="good"), _ends("EVConnectTimeout", "Timeout")),
    ),
    (
        "E_07",
        "Stop transaction options: PowerPathClosed - Local stop",
        "E06(S5)",
        (*CHARGING, _ends("StopAuthorized", "Local", "EVConnected", card="good"), FREE),
    ),
    (
        "E_22",
        "Stop transaction options: EnergyTransfer stopped - SuspendedEV",
        "E06(S6)",
        (*CHARGING, _ends("ChargingStateChanged", "StoppedByEV", "SuspendedEV")),
    ),
    (
        "E_19",
        "Stop transaction options: ParkingBayUnoccupied",
        "E06(S1)",
        (*CHARGING, STOPPED, UNPLUGGED, FREE, _ends("EVDeparted", "Local")),
    ),
    (
        "E_26",
        "Disconnect cable on EV-side: Suspend transaction",
        "E10",
        (*CHARGING, UNPLUGGED, FREE, Plugged("Occupied"), _goes_on("CablePluggedIn", "EVConnected"), FLOWS),
    ),
    (
        "J_02",
        "Clock-aligned Meter Values: Transaction ongoing",
        "J01",
        (*CHARGING, _goes_on("MeterValueClock", "Charging", values="Sample.Clock")),
    ),
    (
        "J_03",
        "Clock-aligned Meter Values: EventType Ended",
        "J01",
        (*CHARGING, _ends("StopAuthorized", "Local", "EVConnected", card="good", values="Sample.Clock")),
    ),
    (
        "J_04",
        "Clock-aligned Meter Values: Signed",
        "J01",
        (*CHARGING, _goes_on("MeterValueClock", "Charging", values="Sample.Clock", signed=True)),
    ),
    (
        "J_07",
        "Sampled Meter Values: EventType Started - EVSE known",
        "J02",
        (Plugged("Occupied"), _begins("CablePluggedIn", "EVConnected", values="Transaction.Begin")),
    ),
    (
        "J_08",
        "Sampled Meter Values: Context Transaction.Start - EVSE not known",
        "J02",
        (
            Swiped(),
            _begins("Authorized", card="good", evse=False),
            _goes_on("CablePluggedIn", "EVConnected", values="Transaction.Begin"),
        ),
    ),
    (
        "J_09",
        "Sampled Meter Values: EventType Updated",
        "J02",
        (*CHARGING, _goes_on("MeterValuePeriodic", "Charging", values="Sample.Periodic")),
    ),
    (
        "J_10",
        "Sampled Meter Values: EventType Ended",
        "J02",
        (*CHARGING, _ends("StopAuthorized", "Local", "EVConnected", card="good", values="Transaction.End")),
    ),
    (
        "J_11",
        "Sampled Meter Values: Signed",
        "J02",
        (*CHARGING, _goes_on("MeterValuePeriodic", "Charging", values="Sample.Periodic", signed=True)),
    ),
)

for _number, _title, _use_case, _steps in _ROWS:
    TRANSACTIONS.add(
        _number,
        _title,
        _courses(_steps),
        use_case=_use_case,
        does=f"it sends, one after the other: {', '.join(map(_words, _steps))}",
        expects="each is answered; a card the CSMS knows is Accepted, another Invalid or Unknown",
    )

_WHOLE = (*CHARGING, _ends("StopAuthorized", "Local", "EVConnected", card="good"), FREE)

TRANSACTIONS.add(
    "E_53",
    "Reset Sequence Number: CSMS accepting seqNo = 0 at start of transaction",
    _courses(_WHOLE, _WHOLE),
    use_case="E01",
    does="it sends all events of two transactions, each of which begins with seqNo 0",
    expects="each is answered, those of the second one as those of the first",
)
