"""Transactions: what begins and ends them, retries, and what a station does without its CSMS."""

from __future__ import annotations

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has, lacks
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import CHARGES_WITHIN, charging, events_of, not_charging, numbered, over
from pncsim.simulator.conformance.unlike import must

TRANSACTIONS = OcttCases("transactions", "CS")
CASES = TRANSACTIONS.cases

TIMEOUT = 10
SLACK = 4.0


# Beginnings


async def _cable_first(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)")
    await desk.hand.show(desk.options.card)
    await desk.expect("Authorize", lambda said: said["idToken"]["idToken"] == desk.options.card, what="of the card")
    event = await desk.event(state="Charging", within=CHARGES_WITHIN)
    told = events_of(desk, event["transactionInfo"]["transactionId"])
    must(told[0]["eventType"] == "Started", f"The first event of the transaction is {told[0]['eventType']}.")
    cards = [one["idToken"]["idToken"] for one in told if "idToken" in one]
    must(desk.options.card in cards, "No event of the transaction names the card.")
    numbered(told)


async def _card_first(desk: CsmsDesk) -> None:
    await desk.hand.show(desk.options.card)
    await desk.hand.drive()
    await desk.expect("Authorize", lambda said: said["idToken"]["idToken"] == desk.options.card, what="of the card")
    event = await desk.event(state="Charging", within=CHARGES_WITHIN)
    numbered(events_of(desk, event["transactionInfo"]["transactionId"]))


async def _card_and_no_cable(desk: CsmsDesk) -> None:
    await desk.configured("TxCtrlr", "EVConnectionTimeOut", str(TIMEOUT))
    desk.mark()
    await desk.hand.show(desk.options.card)
    if desk.pics.has("TxStartPoint", "Authorized"):
        event = await desk.event("Ended", within=TIMEOUT + PATIENCE)
        said = event["triggerReason"], event["transactionInfo"].get("stoppedReason")
        must(said == ("EVConnectTimeout", "Timeout"), f"The transaction has ended by {said[0]} for {said[1]}.")
    await desk.clock.sleep(TIMEOUT + SLACK)
    await desk.hand.drive()
    await not_charging(desk)


async def _only_plugged(desk: CsmsDesk) -> None:
    await desk.hand.plug()
    event = await desk.event("Started")
    must(
        event["triggerReason"] == "CablePluggedIn",
        f"The transaction begins by {event['triggerReason']}, not CablePluggedIn.",
    )
    must(event["seqNo"] == 0, f"The first event has the seqNo {event['seqNo']}.")
    must(event.get("evse", {}).get("id") == 1, "The first event does not name the EVSE.")


def _starts_by(*reasons: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.hand.show(desk.options.card)
        await desk.hand.drive()
        event = await desk.event("Started", within=CHARGES_WITHIN)
        said = event["triggerReason"]
        must(said in reasons, f"The transaction begins by {said}, not {' or '.join(reasons)}.")

    return play


async def _starts_with_power(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)")
    await desk.never("TransactionEvent", within=5.0, what="though nobody is authorised")
    await desk.hand.show(desk.options.card)
    event = await desk.event("Started", within=CHARGES_WITHIN)
    said = event["triggerReason"]
    must(said in ("Authorized", "ChargingStateChanged"), f"The transaction begins by {said}, not by the power path.")


# Ends


def _ends_by_cable(reason: str, stopped: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        transaction = await charging(desk)
        await desk.hand.unplug()
        await over(desk, transaction, reason=reason, stopped=stopped)
        await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Available", what="(Available)")
        numbered(events_of(desk, transaction))

    return play


async def _ends_in_iso15118(desk: CsmsDesk) -> None:
    transaction = await charging(desk, contract="valid")
    await desk.hand.stop()
    await over(desk, transaction, stopped="StoppedByEV|EVDisconnected|Local", within=PATIENCE * 2)
    numbered(events_of(desk, transaction))


async def _ends_by_vehicle(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.hand.stop()
    await over(desk, transaction, stopped="StoppedByEV|Local|EVDisconnected", within=PATIENCE * 2)


async def _ends_by_card(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.hand.show(desk.options.card)
    event = await over(desk, transaction, reason="StopAuthorized", stopped="Local")
    must(event.get("idToken", {}).get("idToken") == desk.options.card, "The Ended event does not name the card.")


async def _card_of_another(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.hand.show(desk.options.other_card)
    await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=10.0, what="(Ended)")
    await desk.hand.unplug()
    await over(desk, transaction)


async def _invalid_in_event(desk: CsmsDesk) -> None:
    await desk.configured("TxCtrlr", "StopTxOnInvalidId", "true")
    desk.answer("TransactionEvent", lambda said: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in said else {})
    await desk.hand.drive()
    await desk.hand.show(desk.options.card)
    event = await desk.event("Ended", within=CHARGES_WITHIN)
    said = event["triggerReason"], event["transactionInfo"].get("stoppedReason")
    must(said == ("Deauthorized", "DeAuthorized"), f"The transaction has ended by {said[0]} for {said[1]}.")


async def _suspended_by_vehicle(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.hand.show(desk.options.card)
    await desk.event(state="SuspendedEV", within=CHARGES_WITHIN)


async def _cable_again(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.hand.unplug()
    await desk.event("Updated", transaction=transaction, reason="EVCommunicationLost")
    await desk.hand.drive()
    await desk.event("Updated", transaction=transaction, state="Charging", within=CHARGES_WITHIN)


async def _cable_never_again(desk: CsmsDesk) -> None:
    await desk.configured("TxCtrlr", "EVConnectionTimeOut", str(TIMEOUT))
    transaction = await charging(desk)
    await desk.hand.unplug()
    await desk.event("Updated", transaction=transaction, reason="EVCommunicationLost")
    await over(desk, transaction, reason="EVConnectTimeout", stopped="Timeout", within=TIMEOUT + PATIENCE)


_CARD = has("Cards")

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "E_03",
        "Local start transaction - Cable plugin first: Success",
        _cable_first,
        "E02",
        "a vehicle is plugged in, then a card is shown",
        "StatusNotification (Occupied), Authorize, a transaction whose events name the card, and energy",
        _CARD,
    ),
    (
        "E_04",
        "Local start transaction - Authorization first: Success",
        _card_first,
        "E03",
        "a card is shown, then a vehicle is plugged in",
        "Authorize, a transaction with continuous seqNo, and energy",
        _CARD,
    ),
    (
        "E_05",
        "Local start transaction - Authorization first: Cable plugin timeout",
        _card_and_no_cable,
        "E03",
        "a card is shown, and nobody plugs in within EVConnectionTimeOut; then a vehicle comes",
        "no energy on that card",
        _CARD,
    ),
    (
        "E_39",
        "Stop transaction options: Deauthorized - timeout",
        _card_and_no_cable,
        "E06(S3)",
        "a card is shown, and nobody plugs in within EVConnectionTimeOut; then a vehicle comes",
        "where authorisation begins a transaction it ends by EVConnectTimeout for Timeout; no energy on that card",
        _CARD,
    ),
    (
        "E_09",
        "Start transaction options: EVConnected",
        _only_plugged,
        "E01(S2)",
        "a cable is plugged in",
        "TransactionEvent (Started, CablePluggedIn) with seqNo 0 and the EVSE",
        has("TxStartPoint", "EVConnected"),
    ),
    (
        "E_10",
        "Start transaction options: Authorized - Local",
        _starts_by("Authorized"),
        "E01(S3)",
        "a card is shown, then a vehicle is plugged in",
        "TransactionEvent (Started, Authorized)",
        (*_CARD, *has("TxStartPoint", "Authorized")),
    ),
    (
        "E_11",
        "Start transaction options: DataSigned",
        _starts_by("SignedDataReceived"),
        "E01(S4)",
        "a card is shown, then a vehicle is plugged in",
        "TransactionEvent (Started, SignedDataReceived)",
        (*_CARD, *has("TxStartPoint", "DataSigned")),
    ),
    (
        "E_01",
        "Start transaction options: PowerPathClosed",
        _starts_with_power,
        "E01(S5)",
        "a vehicle is plugged in, then a card is shown",
        "no TransactionEvent before that; then Started by Authorized or ChargingStateChanged",
        (*_CARD, *has("TxStartPoint", "PowerPathClosed")),
    ),
    (
        "E_02",
        "Start transaction options: EnergyTransfer",
        _starts_by("ChargingStateChanged"),
        "E01(S6)",
        "a card is shown, then a vehicle is plugged in",
        "TransactionEvent (Started, ChargingStateChanged)",
        (*_CARD, *has("TxStartPoint", "EnergyTransfer")),
    ),
    (
        "E_12",
        "Start transaction options: ParkingBayOccupied",
        _starts_by("EVDetected"),
        "E01(S1)",
        "a card is shown, then a vehicle drives up and is plugged in",
        "TransactionEvent (Started, EVDetected)",
        (*_CARD, *has("TxStartPoint", "ParkingBayOccupancy")),
    ),
    (
        "E_38",
        "Local start transaction: EV not ready",
        _suspended_by_vehicle,
        "E03",
        "a vehicle that takes no energy is plugged in, and a card is shown",
        "TransactionEvent with chargingState SuspendedEV",
        (*_CARD, *lacks("TxStartPoint", "EnergyTransfer"), *has("TellsSuspendedEV")),
    ),
    (
        "E_20",
        "Stop transaction options: EVDisconnected - EV side (able to charge IEC 61851-1 EV)",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E06(S2), E10",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended, EVCommunicationLost or EVDeparted) for EVDisconnected; then Available",
        has("TxStopPoint", "EVConnected"),
    ),
    (
        "E_54",
        "Stop transaction options: EVDisconnected - EV side (not able to charge IEC 61851-1 EV)",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E06(S2), E10",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended, EVCommunicationLost or EVDeparted) for EVDisconnected; then Available",
        has("TxStopPoint", "EVConnected"),
    ),
    (
        "E_37",
        "Stop transaction options: PowerPathClosed - EV side disconnect",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E06(S5)",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended) for EVDisconnected",
        has("TxStopPoint", "PowerPathClosed"),
    ),
    (
        "E_17",
        "Stop transaction options: Deauthorized - EV side disconnect",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E06(S3)",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended) for EVDisconnected (StopTxOnEVSideDisconnect is true)",
        (*has("TxStopPoint", "Authorized"), *has("StopsOnUnplug")),
    ),
    (
        "E_25",
        "Disconnect cable on EV-side: Deauthorize transaction - UnlockOnEVSideDisconnect is false",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E09",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended) for EVDisconnected; StatusNotification (Available)",
        (*has("StopsOnUnplug"), *lacks("CableLock")),
    ),
    (
        "E_24",
        "Disconnect cable on EV-side: Deauthorize transaction - UnlockOnEVSideDisconnect is true",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected"),
        "E09",
        "a vehicle charges; the cable is pulled at the vehicle",
        "TransactionEvent (Ended) for EVDisconnected; the cable can be pulled at the station, too",
        (*has("StopsOnUnplug"), *has("CableLock")),
    ),
    (
        "E_14",
        "Stop transaction options: EVDisconnected - Charging Station side",
        _ends_by_cable("EVCommunicationLost|EVDeparted", "EVDisconnected|Local"),
        "E06(S2)",
        "a vehicle charges; the cable is pulled at the station",
        "TransactionEvent (Ended); StatusNotification (Available)",
        (*has("TxStopPoint", "EVConnected"), *has("CableLock")),
    ),
    (
        "E_26",
        "Disconnect cable on EV-side: Suspend transaction",
        _cable_again,
        "E10",
        "a vehicle charges; the cable is pulled at the vehicle and plugged in again",
        "the transaction goes on: TransactionEvent (Updated, EVCommunicationLost), and energy again",
        lacks("StopsOnUnplug"),
    ),
    (
        "E_27",
        "Disconnect cable on EV-side: Suspend transaction - Fixed cable connection timeout",
        _cable_never_again,
        "E10",
        "a vehicle charges; the station's own cable is pulled, and nobody plugs in within EVConnectionTimeOut",
        "TransactionEvent (Updated, EVCommunicationLost), then Ended by EVConnectTimeout for Timeout",
        (*lacks("StopsOnUnplug"), *has("FixedCable")),
    ),
    (
        "E_46",
        "End of charging process 15118: End of charging process 15118",
        _ends_in_iso15118,
        "E15",
        "a vehicle with a contract charges and ends the session",
        "TransactionEvent (Ended) for StoppedByEV, or for the cable that is pulled then; seqNo is continuous",
        has("Contracts"),
    ),
    (
        "E_22",
        "Stop transaction options: EnergyTransfer stopped - SuspendedEV",
        _ends_by_vehicle,
        "E06(S6)",
        "a vehicle charges and takes no more energy",
        "TransactionEvent (Ended) for StoppedByEV",
        has("TxStopPoint", "EnergyTransfer"),
    ),
    (
        "E_15",
        "Stop transaction options: StopAuthorized - Local",
        _ends_by_card,
        "E06(S3)",
        "a vehicle charges; the same card is shown again",
        "TransactionEvent (Ended, StopAuthorized) for Local with the card",
        (*has("TxStopPoint", "Authorized"), *has("LocalStop")),
    ),
    (
        "E_06",
        "Local Stop Transaction: Accepted",
        _ends_by_card,
        "E07, C01",
        "a vehicle charges; the same card is shown again",
        "TransactionEvent (Ended, StopAuthorized) for Local with the card",
        has("LocalStop"),
    ),
    (
        "E_07",
        "Stop transaction options: PowerPathClosed - Local stop",
        _ends_by_card,
        "E06(S5)",
        "a vehicle charges; the same card is shown again",
        "TransactionEvent (Ended, StopAuthorized) for Local with the card",
        (*has("TxStopPoint", "PowerPathClosed"), *has("LocalStop")),
    ),
    (
        "E_08",
        "Stop transaction options: EnergyTransfer stopped - StopAuthorized",
        _ends_by_card,
        "E06(S6)",
        "a vehicle charges; the same card is shown again",
        "TransactionEvent (Ended, StopAuthorized) for Local with the card",
        (*has("TxStopPoint", "EnergyTransfer"), *has("LocalStop")),
    ),
    (
        "C_04",
        "Local Stop Transaction: Different idToken",
        _card_of_another,
        "C01, C04, E07",
        "a vehicle charges; another card is shown",
        "the transaction goes on",
        (*_CARD, *has("StopsOnUnplug")),
    ),
    (
        "C_42",
        "Authorization by Groupld: Not stopped by Groupld",
        _card_of_another,
        "C09",
        "a vehicle charges; a card of another group is shown",
        "the transaction goes on",
        (*_CARD, *has("StopsOnUnplug")),
    ),
    (
        "E_16",
        "Stop transaction options: Deauthorized - Invalid idToken",
        _invalid_in_event,
        "E06(S3)",
        "a vehicle is authorised; its TransactionEvent is answered with idTokenInfo Invalid",
        "TransactionEvent (Ended, Deauthorized) for DeAuthorized",
        (*_CARD, *has("StopOnInvalidIdIsSet")),
    ),
):
    TRANSACTIONS.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)
