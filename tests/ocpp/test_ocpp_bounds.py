"""What one peer makes the other do has bounds: frames in a turn, places looked at, numbers, what is remembered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from ocpp_lab import IDENTITY, NOW, Hand, Lab, books, running, virtual

from pncsim.backend.csms.link import MAX_CONNECTORS, MAX_VARIABLES
from pncsim.secc.station.config import StationConfig
from pncsim.wire.clock import Clock
from pncsim.wire.ocpp import schema
from pncsim.wire.ocpp.channel import TURN, FrameChannel, memory_channels
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.schema import LOOKED_AT
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.websocket import WebSocketChannel
from pncsim.wire.ocpp.when import timestamp

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
FLOOD = 50 * TURN


class Flood:
    """A WebSocket on which everything has arrived already: results nobody waits for."""

    protocol, close_code = "ocpp2.0.1", None

    def __init__(self) -> None:
        self.left = FLOOD

    async def receive(self) -> aiohttp.WSMessage:
        if not self.left:
            return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
        self.left -= 1
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, json.dumps([3, str(self.left), {}]), None)


async def over_a_websocket() -> FrameChannel:
    flooded: Any = Flood()
    return WebSocketChannel(flooded, V201)


async def in_memory() -> FrameChannel:
    near, far = memory_channels()
    for number in range(FLOOD):
        far.post(Frame(json.dumps([3, str(number), {}])))
    await far.close()
    return near


@pytest.mark.parametrize("channel", [over_a_websocket, in_memory])
async def test_a_stream_of_frames_leaves_everybody_else_a_turn(channel: Callable[[], Awaitable[FrameChannel]]) -> None:
    turns, taken, ended = list[int](), list[Frame](), asyncio.Event()

    async def somebody_else() -> None:
        while not ended.is_set():
            turns.append(len(taken))
            await asyncio.sleep(0)

    flooded = await channel()
    other = asyncio.create_task(somebody_else())
    await asyncio.sleep(0)
    await flooded.deliver(taken.append)
    ended.set()
    await other
    assert len(taken) == FLOOD
    gaps = [after - before for before, after in zip(turns, [*turns[1:], FLOOD], strict=True)]
    assert max(gaps) <= TURN


async def test_a_close_is_heard_after_all_that_came_before_it() -> None:
    near, far = memory_channels()
    taken = list[Frame]()
    for number in range(3 * TURN + 1):
        far.post(Frame(str(number)))
    await far.close(1001, "bye")
    await near.deliver(taken.append)
    assert [frame.text for frame in taken] == [str(number) for number in range(3 * TURN + 1)]
    assert near.close_code == 1001


# Payloads that are wrong in a great many places


def report(data: list[Any]) -> dict[str, Any]:
    return {"requestId": 1, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0, "reportData": data}


GOOD = {"component": {"name": "a"}, "variable": {"name": "b"}, "variableAttribute": [{"value": "1"}]}


@pytest.mark.parametrize("wrong", [1, {}, {"component": 1}], ids=["numbers", "nothing inside", "both"])
def test_a_payload_that_is_wrong_in_a_hundred_thousand_places_is_refused_for_the_first(wrong: Any) -> None:
    """Naming all of them takes the validator seconds, in which nobody else is heard."""
    short = schema.violation(V201, "NotifyReport", "Request", report([wrong]))
    began = time.process_time()
    assert schema.violation(V201, "NotifyReport", "Request", report([wrong] * 100_000)) == short
    assert short is not None and time.process_time() - began < 1.0


def test_what_is_wrong_far_behind_is_found_too() -> None:
    found = schema.violation(V201, "NotifyReport", "Request", report([GOOD] * (4 * LOOKED_AT) + [1]))
    assert found is not None and found.text.startswith(f"reportData.{4 * LOOKED_AT} ")
    many = {**GOOD, "variableAttribute": [{"value": "1"}] * (4 * LOOKED_AT)}
    found = schema.violation(V201, "NotifyReport", "Request", report([many]))
    assert found is not None and found.code == "OccurrenceConstraintViolation"


# Numbers


@pytest.mark.parametrize(
    ("value", "multiplier"),
    [("1e308", 5), ("-1e308", 5), ("1", 400), ("9" * 400, 0), ("1" + "0" * 308, 1)],
    ids=["beyond", "below", "multiplier", "digits", "product"],
)
@virtual
async def test_a_meter_value_beyond_every_number_is_refused_and_the_transaction_goes_on(
    value: str, multiplier: int
) -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        hand = Hand(await lab.csms.connector()(IDENTITY, None))
        plate = {"chargingStation": {"vendorName": "a", "model": "b"}, "reason": "PowerUp"}
        hand.send(json.dumps([2, "boot", "BootNotification", plate]))
        assert "Accepted" in str(await hand.receive())
        hand.send(event(lab.clock, 0, "1", 0))
        assert str(await hand.receive()).startswith('[3,"0"')
        hand.send(event(lab.clock, 1, value, multiplier))
        code, *_ = json.loads(str(await hand.receive()))[2:]
        assert code == "PropertyConstraintViolation"
        hand.send(event(lab.clock, 1, "1000", 0))
        assert str(await hand.receive()).startswith('[3,"1"')
        assert [kept.energy_wh for kept in books(lab.csms)] == [999.0]
        await hand.close()


def event(clock: Clock, number: int, value: str, multiplier: int) -> str:
    """A TransactionEvent with a number as it is written."""
    now = timestamp(clock.now())
    sampled = f'{{"value":{value},"unitOfMeasure":{{"unit":"Wh","multiplier":{multiplier}}}}}'
    head = {
        "eventType": "Started" if number == 0 else "Updated",
        "timestamp": now,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "t1"},
    }
    meter = f'"meterValue":[{{"timestamp":"{now}","sampledValue":[{sampled}]}}]'
    return f'[2,"{number}","TransactionEvent",{json.dumps(head)[:-1]},{meter}}}]'


# What is remembered of a station


@virtual
async def test_a_csms_remembers_so_many_connectors_and_variables_of_a_station_and_no_more() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        link = lab.csms.stations[IDENTITY]
        for number in range(MAX_CONNECTORS + 10):
            status = {"timestamp": timestamp(NOW), "connectorStatus": "Occupied", "evseId": number, "connectorId": 7}
            await station.call("StatusNotification", status)
        assert len(link.connectors) == MAX_CONNECTORS
        await station.call("StatusNotification", {**status, "evseId": 0, "connectorStatus": "Available"})
        assert link.connectors[0, 7] == "Available"
        for begin in range(0, MAX_VARIABLES + 1_000, 1_000):
            names = [f"v{number}" for number in range(begin, begin + 1_000)]
            data = [{**GOOD, "variable": {"name": name}} for name in names]
            await station.call("NotifyReport", report(data))
        assert len(link.variables) == MAX_VARIABLES
