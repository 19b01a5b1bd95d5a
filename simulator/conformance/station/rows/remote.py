"""What an operator does from afar: start, stop, unlock, and ask for messages."""

from __future__ import annotations

from functools import partial
from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has, lacks
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import CHARGES_WITHIN, charging, not_charging, occupied, over
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

REMOTE = OcttCases("remote control", "CS")
CASES = REMOTE.cases

START_ID = 815
NOWHERE = "no-transaction-of-anybody"
TIMEOUT = 10
"""Seconds of EVConnectionTimeOut where a case waits for its end."""


async def start(desk: CsmsDesk, *statuses: str, evse: int = 1, card: str = "", **more: Any) -> Any:
    """RequestStartTransaction; the answer. Raises Unlike for another status, by default than Accepted."""
    token = {"idToken": card or desk.options.card, "type": "ISO14443"}
    request: Any = {"idToken": token, "remoteStartId": START_ID, "evseId": evse} | more
    return await desk.status(v201.RequestStartTransaction(request), *(statuses or ("Accepted",)))


async def begun_remotely(desk: CsmsDesk) -> str:
    """The events that say so, until energy flows: the transaction's id. Raises Unlike."""
    event = await desk.expect(
        "TransactionEvent",
        lambda said: said["transactionInfo"].get("remoteStartId") == START_ID,
        within=CHARGES_WITHIN,
        what="with the remoteStartId",
    )
    must(event["triggerReason"] == "RemoteStart", f"Its triggerReason is {event['triggerReason']}, not RemoteStart.")
    transaction: str = event["transactionInfo"]["transactionId"]
    if event["transactionInfo"].get("chargingState") != "Charging":
        await desk.event(state="Charging", transaction=transaction, within=CHARGES_WITHIN)
    return transaction


def _asks(asked: bool, desk: CsmsDesk) -> None:
    said = bool(desk.said("Authorize"))
    must(
        said == asked, f"AuthorizeRemoteStart is {str(asked).lower()}, and Authorize was {'' if said else 'not '}sent."
    )


async def _plug_first(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)")
    await start(desk)
    await begun_remotely(desk)


def _start_first(asked: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.configured("AuthCtrlr", "AuthorizeRemoteStart", str(asked).lower())
        desk.mark()
        await start(desk)
        await desk.hand.drive()
        await begun_remotely(desk)
        _asks(asked, desk)

    return play


async def _no_cable(desk: CsmsDesk) -> None:
    await desk.configured("TxCtrlr", "EVConnectionTimeOut", str(TIMEOUT))
    desk.mark()
    await start(desk)
    if desk.pics.has("TxStartPoint", "Authorized"):
        event = await desk.event("Ended", within=TIMEOUT + PATIENCE)
        said = event["triggerReason"], event["transactionInfo"].get("stoppedReason")
        must(said == ("EVConnectTimeout", "Timeout"), f"The transaction has ended by {said[0]} for {said[1]}.")
        return
    await desk.clock.sleep(TIMEOUT + 5.0)
    must(not desk.said("TransactionEvent"), "There is a TransactionEvent, though nobody has plugged in.")
    await desk.hand.drive()
    await not_charging(desk)


async def _stop(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(v201.RequestStopTransaction({"transactionId": transaction}), "Accepted")
    if not desk.pics.has("TxStopPoint", "Authorized") and not desk.pics.has("TxStopPoint", "PowerPathClosed"):
        await desk.event(reason="RemoteStop", transaction=transaction)
        return
    await over(desk, transaction, reason="RemoteStop", stopped="Remote")


async def _stop_nothing(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(v201.RequestStopTransaction({"transactionId": NOWHERE}), "Rejected")
    await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=5.0, what="(Ended)")
    await desk.hand.unplug()
    await over(desk, transaction)


def _unlock(connector: int, *allowed: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.status(v201.UnlockConnector({"evseId": 1, "connectorId": connector}), *allowed)

    return play


async def _unlock_charging(desk: CsmsDesk) -> None:
    await charging(desk)
    await _unlock(1, "OngoingAuthorizedTransaction")(desk)


async def _unlock_plugged(desk: CsmsDesk) -> None:
    await occupied(desk)
    await _unlock(1, "Unlocked")(desk)


async def _with_profile(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)")
    schedule: Any = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000.0}]}
    profile: Any = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }
    await start(desk, chargingProfile=profile)
    await begun_remotely(desk)


for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "F_01",
        "Remote start transaction: Cable plugin first",
        _plug_first,
        "F01",
        "a vehicle is plugged in; then RequestStartTransaction",
        "status Accepted; TransactionEvent (RemoteStart) with the remoteStartId; energy flows",
        (),
    ),
    (
        "F_02",
        "Remote start transaction: Remote start first - AuthorizationRemoteStart is true",
        _start_first(True),
        "F02",
        "AuthorizeRemoteStart is true; RequestStartTransaction, then a vehicle is plugged in",
        "status Accepted; Authorize; TransactionEvent (RemoteStart) with the remoteStartId; energy flows",
        has("AuthorizeRemoteStart", "true"),
    ),
    (
        "F_03",
        "Remote start transaction: Remote start first - AuthorizationRemoteStart is false",
        _start_first(False),
        "F02",
        "AuthorizeRemoteStart is false; RequestStartTransaction, then a vehicle is plugged in",
        "status Accepted; no Authorize; TransactionEvent (RemoteStart) with the remoteStartId; energy flows",
        has("AuthorizeRemoteStart", "false"),
    ),
    (
        "F_04",
        "Remote start transaction: Remote start first - Cable plugin timeout",
        _no_cable,
        "F02, E03",
        "RequestStartTransaction, and nobody plugs in within EVConnectionTimeOut; then a vehicle comes",
        "where authorisation begins a transaction it ends by EVConnectTimeout; else there is none, and no energy later",
        (),
    ),
    (
        "E_13",
        "Start transaction options: Authorized - Remote",
        _plug_first,
        "E01(S3), F02",
        "a vehicle is plugged in; then RequestStartTransaction",
        "TransactionEvent (Started, RemoteStart) with the remoteStartId",
        has("TxStartPoint", "Authorized"),
    ),
    (
        "F_08",
        "Remote stop transaction: Success",
        _stop,
        "F03",
        "a vehicle charges; RequestStopTransaction",
        "status Accepted; the transaction ends by RemoteStop for Remote (or, where authorisation does not end it,"
        " is told of it)",
        (),
    ),
    (
        "E_21",
        "Stop transaction options: StopAuthorized - Remote",
        _stop,
        "E06(S3), F03",
        "a vehicle charges; RequestStopTransaction",
        "the transaction ends by RemoteStop for Remote",
        has("TxStopPoint", "Authorized"),
    ),
    (
        "E_35",
        "Stop transaction options: PowerPathClosed - Remote stop",
        _stop,
        "E06(S5)",
        "a vehicle charges; RequestStopTransaction",
        "the transaction ends by RemoteStop for Remote",
        has("TxStopPoint", "PowerPathClosed"),
    ),
    (
        "F_09",
        "Remote stop transaction: Rejected",
        _stop_nothing,
        "F03",
        "a vehicle charges; RequestStopTransaction of a transaction there is not",
        "status Rejected, and the transaction goes on",
        has("StopsOnUnplug"),
    ),
    (
        "F_05",
        "Remote unlock Connector: With ongoing transaction",
        _unlock_charging,
        "F05",
        "a vehicle charges; UnlockConnector",
        "status OngoingAuthorizedTransaction",
        has("Unlocking"),
    ),
    (
        "F_06",
        "Remote unlock Connector: Without ongoing transaction - Accepted",
        _unlock_plugged,
        "F05",
        "a cable is plugged in; UnlockConnector",
        "status Unlocked",
        has("Unlocking"),
    ),
    (
        "F_07",
        "Remote unlock Connector: Without ongoing transaction - No cable connected",
        _unlock(1, "Unlocked"),
        "F05",
        "nothing is plugged in; UnlockConnector",
        "status Unlocked",
        has("Unlocking"),
    ),
    (
        "F_10",
        "Remote unlock Connector: Without ongoing transaction - UnknownConnector",
        _unlock(77, "UnknownConnector"),
        "F05",
        "UnlockConnector of a connector there is not",
        "status UnknownConnector",
        has("Unlocking"),
    ),
    (
        "K_38",
        "Remote start transaction with charging profile: Ignore chargingProfile",
        _with_profile,
        "F01",
        "a vehicle is plugged in; then RequestStartTransaction with a chargingProfile",
        "status Accepted, and energy flows",
        lacks("ChargingProfiles"),
    ),
):
    REMOTE.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)


# Messages on demand


def _triggers(message: str, action: str, where: Any, *, plugged: bool = False, everywhere: bool = False) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        if plugged:
            await charging(desk) if action == "TransactionEvent" else await occupied(desk)
        await desk.clock.sleep(2.0)
        desk.mark()
        place: Any = {} if everywhere else {"evse": {"id": 1, **({"connectorId": 1} if action[0] == "S" else {})}}
        await desk.trigger(message, **place)
        for evse in (1, 2) if everywhere else (1,):
            await desk.expect(action, partial(where, evse), what="that was triggered")

    return play


def _triggered(evse: int, said: Any) -> bool:
    return bool(said["triggerReason"] == "Trigger")


def _reads(evse: int, said: Any) -> bool:
    contexts = {one.get("context") for value in said["meterValue"] for one in value["sampledValue"]}
    return bool(said["evseId"] == evse and contexts == {"Trigger"})


def _connector(status: str) -> Any:
    return lambda evse, said: said["connectorStatus"] == status and said["evseId"] == evse


async def _heartbeat(desk: CsmsDesk) -> None:
    await desk.trigger("Heartbeat")
    await desk.expect("Heartbeat", what="that was triggered")


async def _boot_again(desk: CsmsDesk) -> None:
    await desk.trigger("BootNotification", "Rejected")
    await desk.never("BootNotification", within=5.0, what="though it is registered")


def _idle(message: str, action: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.trigger(message)
        said = await desk.expect(action, what="that was triggered")
        must(said["status"] == "Idle", f"{action} says {said['status']}, not Idle.")

    return play


async def _not_implemented(desk: CsmsDesk) -> None:
    await desk.trigger("SignCombinedCertificate", "NotImplemented")


async def _both_charge(desk: CsmsDesk) -> None:
    for evse in (1, 2):
        await charging(desk, evse=evse)
    await desk.clock.sleep(2.0)
    desk.mark()
    await desk.trigger("TransactionEvent")
    one = await desk.event(reason="Trigger")
    mine = one["transactionInfo"]["transactionId"]
    await desk.expect(
        "TransactionEvent",
        lambda said: _triggered(0, said) and said["transactionInfo"]["transactionId"] != mine,
        what="of the other transaction",
    )


for _number, _title, _how, _message, _expects, _more in (
    (
        "F_11",
        "Trigger message: MeterValues - Specific EVSE",
        _triggers("MeterValues", "MeterValues", _reads),
        "MeterValues",
        "MeterValues of EVSE 1 with the context Trigger",
        (),
    ),
    (
        "F_12",
        "Trigger message: MeterValues - All EVSE",
        Staged(play=_triggers("MeterValues", "MeterValues", _reads, everywhere=True), evses=2),
        "MeterValues",
        "MeterValues of each EVSE with the context Trigger",
        has("Evses"),
    ),
    (
        "F_13",
        "Trigger message: TransactionEvent - Specific EVSE",
        _triggers("TransactionEvent", "TransactionEvent", _triggered, plugged=True),
        "TransactionEvent",
        "TransactionEvent (Updated, Trigger) of the transaction at EVSE 1",
        (),
    ),
    (
        "F_14",
        "Trigger message: TransactionEvent - All EVSE",
        Staged(play=_both_charge, evses=2),
        "TransactionEvent",
        "TransactionEvent (Updated, Trigger) of each transaction",
        has("Evses"),
    ),
    (
        "F_15",
        "Trigger message: LogStatusNotification - Idle",
        _idle("LogStatusNotification", "LogStatusNotification"),
        "LogStatusNotification",
        "LogStatusNotification with status Idle",
        (),
    ),
    (
        "F_18",
        "Trigger message: FirmwareStatusNotification - Idle",
        _idle("FirmwareStatusNotification", "FirmwareStatusNotification"),
        "FirmwareStatusNotification",
        "FirmwareStatusNotification with status Idle",
        (),
    ),
    (
        "F_17",
        "Trigger message: FirmwareStatusNotification - Specific EVSE not relevant",
        _idle("FirmwareStatusNotification", "FirmwareStatusNotification"),
        "FirmwareStatusNotification",
        "FirmwareStatusNotification with status Idle",
        (),
    ),
    ("F_20", "Trigger message: Heartbeat", _heartbeat, "Heartbeat", "Heartbeat", ()),
    (
        "F_23",
        "Trigger message: StatusNotification - Specific EVSE - Available",
        _triggers("StatusNotification", "StatusNotification", _connector("Available")),
        "StatusNotification",
        "StatusNotification of that connector: Available",
        (),
    ),
    (
        "F_24",
        "Trigger message: StatusNotification - Specific EVSE - Occupied",
        _triggers("StatusNotification", "StatusNotification", _connector("Occupied"), plugged=True),
        "StatusNotification",
        "StatusNotification of that connector: Occupied",
        (),
    ),
    (
        "F_26",
        "Trigger message: BootNotification - Rejected",
        _boot_again,
        "BootNotification",
        "status Rejected, since it is registered, and no BootNotification",
        (),
    ),
):
    REMOTE.add(
        _number,
        _title,
        _how,
        use_case="F06",
        does=f"TriggerMessage for {_message}",
        expects=f"status Accepted; {_expects}" if not _expects.startswith("status") else _expects,
        when=(*has("Triggers", _message), *_more),
    )
REMOTE.add(
    "F_27",
    "Trigger message: NotImplemented",
    _not_implemented,
    use_case="F06",
    does="TriggerMessage for SignCombinedCertificate, which a station without such a certificate does not know",
    expects="status NotImplemented",
    when=lacks("CombinedCertificate"),
)
REMOTE.add(
    "F_19",
    "Trigger message: FirmwareStatusNotification - Downloading",
    None,
    use_case="F06",
    does="TriggerMessage while firmware is fetched",
    expects="FirmwareStatusNotification: Downloading",
    unsuited="It needs a firmware of the station's maker, signed by the maker, which nobody else can make.",
)
