"""Whether the CSMS hears of transactions: retries, what happens without it, and what a station says of its queue."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk, StationAnswer, failing, silence
from pncsim.simulator.conformance.station.doing import charging, events_of, numbered, over
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

DELIVERY = OcttCases("delivery of events", "CS")
CASES = DELIVERY.cases

NOBODYS = "no-transaction-of-anybody"
ATTEMPTS, BETWEEN = 3, 5
"""MessageAttempts and MessageAttemptInterval (s) where a case counts them."""
AWAY = 20.0


def _retried(answer: StationAnswer, *, heals: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await desk.configured("OCPPCommCtrlr", "MessageAttempts", str(ATTEMPTS), instance="TransactionEvent")
        await desk.configured("OCPPCommCtrlr", "MessageAttemptInterval", str(BETWEEN), instance="TransactionEvent")
        desk.mark()
        desk.answer("TransactionEvent", answer)
        await desk.hand.plug()
        gives_up = desk.options.silence if answer is silence else 0.0
        patience = gives_up + BETWEEN * ATTEMPTS + PATIENCE
        sent = [await desk.next("TransactionEvent", within=patience)]
        first = sent[0].payload["seqNo"]
        while len(sent) < (2 if heals else ATTEMPTS):
            if heals:
                desk.answer("TransactionEvent", None)
            sent.append(await desk.next("TransactionEvent", lambda said: said["seqNo"] == first, within=patience))
        for tried, (before, after) in enumerate(pairwise(sent), 1):
            waited = after.at - before.at
            must(
                waited >= BETWEEN * tried - 1, f"Attempt {tried + 1} comes after {waited:.0f} s; it has to wait longer."
            )
        desk.answer("TransactionEvent", None if heals else answer)
        await desk.never(
            "TransactionEvent",
            lambda said: said["seqNo"] == first and said["eventType"] == "Started",
            within=gives_up + BETWEEN * (ATTEMPTS + 1),
            what=f"once more, after {len(sent)} attempts",
        )

    return play


# Without CSMS


async def _lost_meanwhile(desk: CsmsDesk) -> None:
    await desk.configured("SampledDataCtrlr", "TxUpdatedInterval", "5")
    transaction = await charging(desk)
    desk.mark()
    async with desk.away():
        await desk.clock.sleep(AWAY)
    event = await desk.event("Updated", transaction=transaction, within=PATIENCE * 2)
    must(event.get("offline", False), "The first event after the loss does not say that it is from offline.")
    await desk.hand.unplug()
    await over(desk, transaction)
    numbered(events_of(desk, transaction))


async def _whole_one_offline(desk: CsmsDesk) -> None:
    await desk.configured("AuthCtrlr", "LocalAuthorizeOffline", "true")
    await desk.configured("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    desk.mark()
    async with desk.away():
        await desk.hand.show(desk.options.card)
        await desk.hand.drive()
        await desk.clock.sleep(AWAY)
        await desk.hand.unplug()
        await desk.clock.sleep(2.0)
    started = await desk.event("Started", within=PATIENCE * 2)
    transaction = started["transactionInfo"]["transactionId"]
    await over(desk, transaction)
    told = events_of(desk, transaction)
    numbered(told)
    must(all(one.get("offline", False) for one in told), "An event from offline does not say that it is from offline.")
    states = [one["transactionInfo"].get("chargingState") for one in told]
    must("Charging" in states, "No energy flowed, though cards may charge offline.")


async def _stopped_offline(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    desk.mark()
    async with desk.away():
        await desk.hand.unplug()
        await desk.clock.sleep(AWAY)
    event = await over(desk, transaction, within=PATIENCE * 2)
    must(event.get("offline", False), "The Ended event from offline does not say that it is from offline.")
    numbered(events_of(desk, transaction))


# Status


async def _status(desk: CsmsDesk, transaction: str, *, ongoing: bool | None, queued: bool) -> None:
    request: Any = {"transactionId": transaction} if transaction else {}
    answer: Any = await desk.ask(v201.GetTransactionStatus(request))
    said = answer.get("ongoingIndicator")
    if ongoing is None and not transaction:
        must(said is None, "GetTransactionStatus without a transactionId is answered with an ongoingIndicator.")
    elif ongoing is not None:
        must(said == ongoing, f"ongoingIndicator is {said}, not {ongoing}.")
    must(answer["messagesInQueue"] == queued, f"messagesInQueue is {answer['messagesInQueue']}, not {queued}.")


async def _status_of_nobody(desk: CsmsDesk) -> None:
    answer: Any = await desk.ask(v201.GetTransactionStatus({"transactionId": NOBODYS}))
    must(not answer.get("ongoingIndicator", False), "A transaction there is not is said to be ongoing.")
    must(not answer["messagesInQueue"], "A transaction there is not is said to have messages in the queue.")


def _looked_at(*, named: bool, ended: bool, queued: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        transaction = await charging(desk)
        await desk.clock.sleep(2.0)
        desk.mark()
        if queued:
            desk.answer("TransactionEvent", silence)
        if ended:
            await desk.hand.unplug()
            await desk.clock.sleep(2.0)
            if not queued:
                await over(desk, transaction)
        elif queued:
            await desk.hand.stop()
            await desk.event(transaction=transaction)
        ongoing = None if not named or (queued and not ended) else not ended
        await _status(desk, transaction if named else "", ongoing=ongoing, queued=queued)

    return play


_CARD = has("Cards")

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "E_41",
        "Retry sending transaction message when failed: Max retry count reached",
        _retried(silence, heals=False),
        "E13",
        f"MessageAttempts is {ATTEMPTS}, MessageAttemptInterval {BETWEEN} s; no TransactionEvent is answered",
        f"the same event {ATTEMPTS} times, after waits that grow, and no more",
        has("TxStartPoint", "EVConnected"),
    ),
    (
        "E_42",
        "Retry sending transaction message when failed: Success before reaching the max retry count",
        _retried(silence, heals=True),
        "E13",
        f"MessageAttempts is {ATTEMPTS}, MessageAttemptInterval {BETWEEN} s; the second attempt alone is answered",
        "the same event twice, and no more",
        has("TxStartPoint", "EVConnected"),
    ),
    (
        "E_50",
        "Retry sending transaction message when failed: Max retry count reached - CallError",
        _retried(failing, heals=False),
        "E13",
        f"MessageAttempts is {ATTEMPTS}, MessageAttemptInterval {BETWEEN} s; TransactionEvents earn CALLERROR",
        f"the same event {ATTEMPTS} times, after waits that grow, and no more",
        has("TxStartPoint", "EVConnected"),
    ),
    (
        "E_51",
        "Retry sending transaction message when failed: Success before reaching the max retry count - CallError",
        _retried(failing, heals=True),
        "E13",
        f"MessageAttempts is {ATTEMPTS}, MessageAttemptInterval {BETWEEN} s; the first attempt earns CALLERROR",
        "the same event twice, and no more",
        has("TxStartPoint", "EVConnected"),
    ),
    (
        "E_40",
        "Offline Behaviour: Connection loss during transaction",
        _lost_meanwhile,
        "E11",
        f"a vehicle charges; the CSMS cannot be reached for {AWAY:g} s",
        "the events of that time follow with offline true, in order, and the transaction goes on",
        (*has("StopsOnUnplug"), *has("SampledData")),
    ),
    (
        "E_43",
        "Offline Behaviour: Transaction during offline period",
        _whole_one_offline,
        "E12",
        "the CSMS cannot be reached; a card that may charge offline is shown, and a vehicle charges and leaves",
        "all events follow with offline true, in order",
        (*_CARD, *has("OfflineUnknownId"), *has("StopsOnUnplug")),
    ),
    (
        "E_44",
        "Offline Behaviour: Stop transaction during offline period",
        _stopped_offline,
        "E08",
        "a vehicle charges; while the CSMS cannot be reached the cable is pulled",
        "the Ended event follows with offline true, in order",
        has("StopsOnUnplug"),
    ),
    (
        "E_28",
        "Check Transaction status: TransactionId unknown",
        _status_of_nobody,
        "E14",
        "GetTransactionStatus of a transaction there is not",
        "not ongoing, no messages in the queue",
        (),
    ),
    (
        "E_29",
        "Check Transaction status: Transaction with id ongoing - with message in queue",
        _looked_at(named=True, ended=False, queued=True),
        "E14",
        "a vehicle charges, and an event of it is not answered; GetTransactionStatus",
        "messages in the queue",
        (),
    ),
    (
        "E_30",
        "Check Transaction status: Transaction with id ongoing - without message in queue",
        _looked_at(named=True, ended=False, queued=False),
        "E14",
        "a vehicle charges; GetTransactionStatus",
        "ongoing, no messages in the queue",
        (),
    ),
    (
        "E_31",
        "Check Transaction status: Transaction with id ended - with message in queue",
        _looked_at(named=True, ended=True, queued=True),
        "E14",
        "a vehicle has charged, and the end of it is not answered; GetTransactionStatus",
        "not ongoing, messages in the queue",
        has("StopsOnUnplug"),
    ),
    (
        "E_32",
        "Check Transaction status: Transaction with id ended - without message in queue",
        _looked_at(named=True, ended=True, queued=False),
        "E14",
        "a vehicle has charged; GetTransactionStatus",
        "not ongoing, no messages in the queue",
        has("StopsOnUnplug"),
    ),
    (
        "E_33",
        "Check Transaction status: Without transactionId - with message in queue",
        _looked_at(named=False, ended=False, queued=True),
        "E14",
        "a vehicle charges, and an event of it is not answered; GetTransactionStatus without transactionId",
        "messages in the queue, and no ongoingIndicator",
        (),
    ),
    (
        "E_34",
        "Check Transaction status: Without transactionId - without message in queue",
        _looked_at(named=False, ended=False, queued=False),
        "E14",
        "a vehicle charges; GetTransactionStatus without transactionId",
        "no messages in the queue, and no ongoingIndicator",
        (),
    ),
):
    DELIVERY.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)
