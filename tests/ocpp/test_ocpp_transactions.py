"""TransactionEvents from the SECC's notices to the CSMS's books: order, offline, resending, stopping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ocpp_lab import IDENTITY, NOW, Lab, books, running, virtual

from pncsim.backend.csms.transactions import TRANSACTIONS, Transaction, record
from pncsim.backend.store import MemoryStore
from pncsim.secc import notices
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.delivery import MAX_WAITING, EventDelivery
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.schema import violation
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.when import seconds, timestamp
from pncsim.wire.trace import Story

EMAID = "DEPNCC00000001A"
PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)


def session(start: float, minutes: int = 30, emaid: str = EMAID) -> Iterator[object]:
    """The notices of a session that charges 11 kW with a sample each 10 s."""
    yield notices.PluggedIn(time=start)
    yield notices.SessionStarted(time=start + 1, session_id=b"12345678", evccid="0A0B0C0D0E0F", resumed=False)
    yield notices.Authorized(time=start + 2, emaid=emaid)
    yield notices.ChargingStarted(time=start + 3, register_wh=100_000)
    for step in range(1, minutes * 6 + 1):
        wh = 11_000 * step * 10 / 3600
        yield notices.MeterSample(
            time=start + 3 + step * 10,
            watts=11_000.0,
            energy_wh=wh,
            register_wh=100_000 + int(wh),
            volts=230.0,
            amperes=16.0,
            soc=40,
        )
    end = start + 3 + minutes * 60
    total = 100_000 + 11_000 * minutes // 60
    yield notices.ReceiptVerified(time=end, register_wh=total, exi=b"\x80receipt")
    yield notices.ChargingStopped(time=end, energy_wh=total - 100_000, register_wh=total, reason="the vehicle is full")
    yield notices.SessionEnded(
        time=end + 5, kind="ended", reason="SessionStop", energy_wh=total - 100_000, register_wh=total
    )
    yield notices.Unplugged(time=end + 6, register_wh=total)


def only(lab: Lab) -> Transaction:
    (transaction,) = books(lab.csms)
    return transaction


def triggers(transaction: Transaction) -> list[str]:
    """eventType/triggerReason in the order of seqNo."""
    events = sorted(transaction.events.items())
    return [f"{event['eventType']}/{event['triggerReason']}" for _, event in events]


@virtual
async def test_one_session_becomes_one_complete_transaction() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        await lab.clock.sleep(1)
        for notice in session(lab.clock.now(), minutes=5):
            evse.note(notice)
        await station.settled()
        transaction = only(lab)
        assert triggers(transaction) == [
            "Started/CablePluggedIn",
            "Updated/Authorized",
            "Updated/ChargingStateChanged",
            *["Updated/MeterValuePeriodic"] * 5,
            "Updated/ChargingStateChanged",
            "Ended/StopAuthorized",
        ]
        assert sorted(transaction.events) == list(range(10))
        assert transaction.complete and transaction.stopped_reason == "StoppedByEV"
        assert (transaction.token, transaction.token_type, transaction.token_status) == (EMAID, "eMAID", "Accepted")
        assert transaction.energy_wh == pytest.approx(916)
        assert transaction.evse == 1 and not transaction.offline
        assert sum(value.signed for value in transaction.meter_values) == 1
        contexts = [v.context for v in transaction.meter_values if v.measurand.startswith("Energy")]
        assert contexts[0] == "Transaction.Begin" and "Transaction.End" in contexts
        # idToken once after the authorization and once at the end; evse once.
        events = [event for _, event in sorted(transaction.events.items())]
        assert [i for i, e in enumerate(events) if "idToken" in e] == [1, 9]
        assert [i for i, e in enumerate(events) if "evse" in e] == [0]
        await lab.clock.sleep(1)
        assert lab.csms.stations[IDENTITY].connectors == {(1, 1): "Available"}
        assert lab.frames().count("StatusNotification") == 3
        assert lab.problems() == []


@virtual
async def test_events_wait_in_order_while_offline_and_say_so() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        steps = list(session(lab.clock.now(), minutes=3))
        for notice in steps[:4]:
            evse.note(notice)
        await station.settled()
        await lab.cut()
        await lab.clock.sleep(0.1)
        for notice in steps[4:]:
            evse.note(notice)
        assert station.delivery.holds(only(lab).id) and not only(lab).complete
        assert not await station.settled(1)
        await station.settled()
        transaction = only(lab)
        assert transaction.complete and transaction.offline
        assert [e.get("offline", False) for _, e in sorted(transaction.events.items())] == [False] * 3 + [True] * 5
        last = steps[-2]
        assert isinstance(last, notices.SessionEnded)
        assert transaction.events[7]["timestamp"] == timestamp(last.time)
        await lab.clock.sleep(0.1)
        told = [event.text for event in lab.events if isinstance(event, Story) and "again" in event.text]
        assert told == [f"{IDENTITY} is connected to the CSMS again; 5 transaction events delivered"]
        await lab.cut()
        await lab.until(
            lambda: any(event.text.endswith("again") for event in lab.events if isinstance(event, Story)), 60
        )


@virtual
async def test_a_whole_session_offline_before_the_first_contact() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        for notice in session(lab.clock.now(), minutes=1):
            evse.note(notice)
        await station.settled()
        assert only(lab).complete and only(lab).offline


@virtual
async def test_a_lost_answer_leads_to_a_resend_that_is_not_counted_twice() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        link = lab.csms.stations[IDENTITY]
        handled: list[int] = []
        real: Any = link.peer.handlers["TransactionEvent"]

        async def swallow_first(payload: Any) -> Any:
            handled.append(payload["seqNo"])
            result: Any = real(payload)
            answer = await result
            if len(handled) == 1:
                await lab.clock.sleep(40)  # later than the station waits
            return answer

        link.peer.handlers["TransactionEvent"] = swallow_first
        for notice in session(lab.clock.now(), minutes=1):
            evse.note(notice)
        await station.settled()
        assert handled[:2] == [0, 0]
        assert only(lab).complete and sorted(only(lab).events) == list(range(6))


@virtual
async def test_an_event_the_csms_keeps_refusing_is_given_up_and_the_next_ones_go() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        link = lab.csms.stations[IDENTITY]
        real: Any = link.peer.handlers["TransactionEvent"]
        tries: list[float] = []

        def refuse_first(payload: Any) -> Any:
            if payload["seqNo"] == 0:
                tries.append(lab.clock.now())
                raise CallError("InternalError", "not today")
            return real(payload)

        link.peer.handlers["TransactionEvent"] = refuse_first
        for notice in session(lab.clock.now(), minutes=1):
            evse.note(notice)
        await station.settled()
        # MessageAttempts 3, MessageAttemptInterval 10 s times the number of sends so far (E13).
        assert [round(t - tries[0]) for t in tries] == [0, 10, 30]
        assert sorted(only(lab).events) == [1, 2, 3, 4, 5]
        assert not only(lab).complete
        assert any("TransactionEvent Started 0 was given up" in text for text in lab.problems())


@virtual
async def test_the_csms_withdraws_the_authorisation() -> None:
    lab = Lab()
    lab.operator.known[EMAID] = "Blocked"
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        steps = list(session(lab.clock.now()))
        for notice in steps[:6]:
            evse.note(notice)
        await station.settled()
        assert lab.stopped == ["The CSMS withdrew the authorisation: Blocked."]
        evse.note(
            notices.SessionEnded(
                time=lab.clock.now(),
                kind="ended",
                reason="stopped",
                energy_wh=5,
                register_wh=100_005,
                stopped_by="station",
            )
        )
        await station.settled()
        assert triggers(only(lab))[-1] == "Ended/Deauthorized"
        assert only(lab).stopped_reason == "DeAuthorized"


@virtual
async def test_remote_stop_and_its_refusals() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        assert await lab.csms.request_stop(IDENTITY, "nonsense") == "Rejected"
        for notice in list(session(lab.clock.now()))[:6]:
            evse.note(notice)
        await station.settled()
        assert await lab.csms.request_stop(IDENTITY, only(lab).id) == "Accepted"
        assert lab.stopped == ["The CSMS stopped the transaction."]
        answer = await lab.csms.call(IDENTITY, "GetTransactionStatus", {"transactionId": only(lab).id})
        assert answer == {"ongoingIndicator": True, "messagesInQueue": False}
        assert await lab.csms.request_start(IDENTITY, "04A1B2C3") == "Rejected"
        assert await lab.csms.trigger(IDENTITY, "TransactionEvent") == "Accepted"
        end: dict[str, Any] = {"time": lab.clock.now(), "reason": "stopped", "energy_wh": 5, "register_wh": 100_005}
        evse.note(notices.SessionEnded(kind="ended", stopped_by="station", **end))
        await station.settled()
        assert triggers(only(lab))[-1] == "Ended/RemoteStop" and only(lab).stopped_reason == "Remote"


@virtual
async def test_reset_during_a_transaction() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        steps = list(session(lab.clock.now()))
        for notice in steps[:6]:
            evse.note(notice)
        await station.settled()
        assert await lab.csms.call(IDENTITY, "Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        assert lab.stopped == []
        assert await lab.csms.call(IDENTITY, "Reset", {"type": "Immediate"}) == {"status": "Accepted"}
        assert lab.stopped == ["The CSMS resets the station."]
        evse.note(steps[-1])
        await lab.clock.sleep(5)
        assert only(lab).stopped_reason == "ImmediateReset" and only(lab).complete
        assert lab.frames().count("BootNotification") == 2


@virtual
async def test_pause_and_resume_is_one_transaction() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        now = lab.clock.now()
        steps = list(session(now, minutes=1))
        for notice in steps[:4]:
            evse.note(notice)
        evse.note(notices.SessionEnded(time=now + 9, kind="paused", reason="pause", energy_wh=10, register_wh=100_010))
        evse.note(notices.PluggedIn(time=now + 900))
        evse.note(notices.SessionStarted(time=now + 901, session_id=b"12345678", evccid="0A", resumed=True))
        evse.note(notices.Authorized(time=now + 902, emaid=EMAID))
        evse.note(notices.ChargingStarted(time=now + 903, register_wh=100_010, resumed=True))
        evse.note(steps[-1])
        await station.settled()
        states = [e["transactionInfo"].get("chargingState") for _, e in sorted(only(lab).events.items())]
        assert states == ["EVConnected", None, "Charging", "SuspendedEV", "EVConnected", "Charging", None]
        assert only(lab).complete


@virtual
async def test_another_vehicle_after_a_pause_ends_the_first_transaction() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        now = lab.clock.now()
        for notice in list(session(now))[:4]:
            evse.note(notice)
        evse.note(notices.SessionEnded(time=now + 9, kind="paused", reason="p", energy_wh=1, register_wh=100_001))
        evse.note(notices.PluggedIn(time=now + 900))
        evse.note(notices.SessionStarted(time=now + 901, session_id=b"87654321", evccid="0B", resumed=False))
        await station.settled()
        first, second = books(lab.csms)
        assert first.complete and first.stopped_reason == "EVDisconnected"
        assert second.started == pytest.approx(now + 900, abs=0.01) and second.ended is None


@virtual
async def test_refused_and_broken_sessions_end_their_transactions() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        evse = station.outlet()
        await station.wait_ready()
        now = lab.clock.now()
        end: dict[str, Any] = {"time": now + 9, "reason": "", "energy_wh": 0, "register_wh": 100_000}
        evse.note(notices.PluggedIn(time=now))
        evse.note(notices.AuthorizationRefused(time=now + 1, emaid=EMAID, text="no"))
        evse.note(notices.SessionEnded(kind="failed", stopped_by="station", **end))
        evse.note(notices.PluggedIn(time=now + 20))
        evse.note(notices.SessionEnded(kind="failed", **end))
        evse.note(notices.PluggedIn(time=now + 40))
        evse.note(notices.SessionEnded(kind="failed", stopped_by="silence", **end))
        evse.note(notices.PluggedIn(time=now + 60))
        evse.note(notices.SessionEnded(kind="failed", stopped_by="station", **end))
        await station.settled()
        assert [(t.stopped_reason, triggers(t)[-1]) for t in books(lab.csms)] == [
            ("DeAuthorized", "Ended/Deauthorized"),
            ("Other", "Ended/EVCommunicationLost"),
            ("Timeout", "Ended/EVCommunicationLost"),
            ("Other", "Ended/AbnormalCondition"),
        ]


@virtual
async def test_the_sample_interval_is_the_csms_choice() -> None:
    for interval, expected in (("0", 0), ("30", 10), ("300", 1)):
        lab = Lab()
        async with running(lab.station(config=PLAIN)) as station:
            evse = station.outlet()
            await station.wait_ready()
            await lab.csms.set_variable(IDENTITY, "SampledDataCtrlr", "TxUpdatedInterval", interval)
            for notice in session(lab.clock.now(), minutes=5):
                evse.note(notice)
            await station.settled()
            assert triggers(only(lab)).count("Updated/MeterValuePeriodic") == expected


async def test_the_book_takes_events_in_any_order_and_each_once() -> None:
    store = MemoryStore()

    def event(number: int, kind: str, **more: Any) -> Any:
        return {
            "eventType": kind,
            "timestamp": timestamp(NOW + number),
            "triggerReason": "Trigger",
            "seqNo": number,
            "transactionInfo": {"transactionId": "t", "chargingState": f"state {number}"},
            **more,
        }

    assert (await record(store, "A", event(2, "Ended")))[1]
    assert (await record(store, "A", event(0, "Started")))[1]
    assert not (await store.of(TRANSACTIONS).page()).values[0].complete
    assert (await record(store, "A", event(1, "Updated")))[1]
    assert not (await record(store, "A", event(1, "Updated")))[1]
    # The same transaction id of another station is another transaction.
    assert (await record(store, "B", event(0, "Started")))[1]
    first, second = (await store.of(TRANSACTIONS).page()).values
    assert first.complete and first.charging_state == "state 2" and not second.complete
    with pytest.raises(ValueError, match="isoformat"):
        await record(store, "A", event(3, "Updated", timestamp="noon"))
    assert 3 not in (await store.of(TRANSACTIONS).page()).values[0].events


@virtual
async def test_the_queue_drops_updates_only_when_it_is_full() -> None:
    async def never(event: Any) -> Any:
        raise PeerClosed("offline")

    queue = EventDelivery(
        Clock(NOW),
        never,
        attempts=lambda: 3,
        interval=lambda: 1.0,
        delivered=lambda event, answer: None,
        given_up=lambda event, error: None,
    )

    def event(kind: str, id: str) -> Any:
        return {"eventType": kind, "transactionInfo": {"transactionId": id}}

    queue.add([event("Started", "first"), event("Updated", "first"), event("Ended", "first")])
    queue.add([event("Updated", "second")] * (MAX_WAITING - 3))
    queue.add([event("Started", "third")])
    kinds = [e["eventType"] for e in queue._waiting]
    assert len(kinds) == MAX_WAITING
    assert kinds[:3] == ["Started", "Ended", "Updated"] and kinds[-1] == "Started"


def test_times_are_written_and_read_as_rfc_3339() -> None:
    assert timestamp(1_795_000_000.1242) == "2026-11-18T11:06:40.124Z"
    assert seconds("2026-11-18T12:06:40.124+01:00") == pytest.approx(1_795_000_000.124)
    assert seconds("2026-11-18T11:06:40") == 1_795_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-18t11:06:40z", 1_795_000_000.0),
        ("2026-11-18T11:06:40.5z", 1_795_000_000.5),
        ("2026-11-18t12:06:40+01:00", 1_795_000_000.0),
        ("2026-11-18T11:06:40.123456789Z", 1_795_000_000.123456),
        ("2016-12-31T23:59:60Z", 1_483_228_800.0),
        ("2016-12-31t23:59:60.25z", 1_483_228_800.25),
        ("2016-12-31T15:59:60-08:00", 1_483_228_800.0),
    ],
)
def test_whatever_timestamp_the_schemas_let_pass_is_read_lower_case_and_leap_seconds_too(
    text: str, moment: float
) -> None:
    assert violation(V201, "Heartbeat", "Response", {"currentTime": text}) is None
    assert seconds(text) == pytest.approx(moment, abs=1e-6)


@pytest.mark.parametrize("text", ["2016-12-31T23:59:61Z", "2026-02-30T00:00:00Z", "yesterday", ""])
def test_what_is_no_time_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        seconds(text)
