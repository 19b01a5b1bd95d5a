"""A peer that refuses, garbles or does not read: the other side stays at work, shows no secret, and keeps no heap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, NoReturn

import aiohttp
import pytest
from ocpp_lab import IDENTITY, NOW, Lab, running, virtual

from pncsim.secc import notices
from pncsim.secc.questions import ContractCertificateAnswer, ContractCertificateRequest
from pncsim.secc.station.config import StationConfig
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.actions import Handler
from pncsim.wire.ocpp.channel import MemoryChannel, memory_channels
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.mask import masked
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.websocket import MAX_UNSENT, WebSocketChannel
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Event, OcppFrame, Problem, Trace
from pncsim.wire.v2g.registry import ISO2_NAMESPACE
from pncsim.wire.voice import Voice

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
NOT_ASCII = "gJgC\u00e9"
DAY = 86_400

Reply = dict[str, Any] | str | None
"""What a script answers: a payload, the code of a CALLERROR, or nothing."""

ORDINARY: dict[str, Reply] = {
    "BootNotification": {"currentTime": timestamp(NOW), "interval": 60, "status": "Accepted"},
    "Heartbeat": {"currentTime": timestamp(NOW)},
}
"""Other actions are answered with an empty object."""


class Script:
    """A CSMS that answers by action and checks nothing, so that it can break OCPP; ``heard`` holds what was called."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self._replies = {**ORDINARY, **replies}
        self._tasks: list[asyncio.Task[None]] = []
        self.heard: list[str] = []

    async def connect(self, identity: str, password: str | None) -> MemoryChannel:
        near, far = memory_channels()
        self._tasks.append(asyncio.create_task(self._serve(far)))
        return near

    async def _serve(self, channel: MemoryChannel) -> None:
        await channel.deliver(lambda frame: self._answer(channel, frame.text))

    def _answer(self, channel: MemoryChannel, text: str) -> None:
        _, number, action, _ = json.loads(text)
        self.heard.append(action)
        reply = self._replies.get(action, {})
        if isinstance(reply, str):
            channel.post(Frame(json.dumps([4, number, reply, "no", {}])))
        elif reply is not None:
            channel.post(Frame(json.dumps([3, number, reply])))


@pytest.mark.parametrize(
    ("action", "reply"),
    [
        ("StatusNotification", "NotImplemented"),
        ("StatusNotification", None),
        ("SecurityEventNotification", "NotImplemented"),
        ("SecurityEventNotification", None),
        ("Heartbeat", {}),
    ],
)
@virtual
async def test_a_bad_answer_is_told_and_transactions_are_still_delivered(action: str, reply: Reply) -> None:
    lab, script = Lab(), Script({action: reply})
    station = lab.station(script.connect, PLAIN)
    station.security_event("StartupOfTheDevice")
    async with running(station):
        await lab.clock.sleep(200)
        assert action in script.heard and any(action in text for text in lab.problems())
        assert station.online
        station.outlet().note(notices.PluggedIn(time=lab.clock.now()))
        assert await station.settled(600)
        assert script.heard.count("TransactionEvent") == 1
        assert script.heard.count("BootNotification") == 1


@pytest.mark.parametrize("interval", [DAY + 1, 10**400], ids=["a day", "no float"])
@virtual
async def test_no_interval_keeps_the_station_from_its_heartbeats(interval: int) -> None:
    boot: Reply = {"currentTime": timestamp(NOW), "interval": interval, "status": "Accepted"}
    lab, script = Lab(), Script({"BootNotification": boot})
    async with running(lab.station(script.connect, PLAIN)) as station:
        await lab.clock.sleep(10)
        station.outlet().note(notices.PluggedIn(time=lab.clock.now()))
        assert await station.settled(600)
        assert station.model.integer("OCPPCommCtrlr", "HeartbeatInterval") == DAY
        await lab.clock.sleep(DAY)
        assert script.heard.count("Heartbeat") == 1
        assert lab.problems() == []


@virtual
async def test_no_interval_keeps_a_pending_station_from_its_next_boot() -> None:
    boot: Reply = {"currentTime": timestamp(NOW), "interval": 10**400, "status": "Pending"}
    lab, script = Lab(), Script({"BootNotification": boot})
    async with running(lab.station(script.connect, PLAIN)):
        await lab.clock.sleep(DAY + 1)
        assert script.heard == ["BootNotification"] * 2


@virtual
async def test_a_station_whose_work_fails_ends_and_is_not_left_online() -> None:
    lab, script = Lab(), Script({})
    station = lab.station(script.connect, PLAIN)

    async def fail() -> None:
        raise RuntimeError("a defect")

    station.upkeep.run = fail  # type: ignore[method-assign]
    with pytest.raises(ExceptionGroup):
        async with lab.clock.timeout(60):
            await station.run()
    assert not station.online


@pytest.mark.parametrize("name", ["BasicAuthPassword", "basicAuthPassword", "BASICAUTHPASSWORD"])
def test_a_password_is_masked_however_its_variable_is_spelt(name: str) -> None:
    row = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": name},
        "attributeValue": "very-secret-password",
    }
    payload = {"setVariableData": [row]}
    shown = masked(json.dumps([2, "1", "SetVariables", payload]), "SetVariables", payload)
    assert json.loads(shown)[3] == {"setVariableData": [{**row, "attributeValue": "***"}]}


@virtual
async def test_an_exi_response_outside_ascii_is_a_refusal() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = {"status": "Accepted", "exiResponse": NOT_ASCII}
        lab.csms.stations[IDENTITY].peer.handlers["Get15118EVCertificate"] = lambda payload: answer
        question = ContractCertificateRequest(action="Install", schema=ISO2_NAMESPACE, exi=b"\x80request")
        assert await station.outlet().answer(question) == ContractCertificateAnswer(
            exi=None, text="The CSMS sent an exiResponse that is not base64."
        )


@virtual
async def test_an_exi_request_outside_ascii_is_a_refusal() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        asked = {"iso15118SchemaVersion": ISO2_NAMESPACE, "action": "Install", "exiRequest": NOT_ASCII}
        answer = await station.call("Get15118EVCertificate", asked)
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Failed", "InvalidValue")
        assert lab.pool.asked == [] and lab.problems() == []


class Unread:
    """A WebSocket that brings ``calls`` calls, then waits to be closed. Sending blocks until ``reading``."""

    def __init__(self, calls: int) -> None:
        self.calls, self.brought, self.sent = calls, 0, 0
        self.reading, self._closed = asyncio.Event(), asyncio.Event()
        self.close_code: int | None = None

    async def send_str(self, text: str) -> None:
        await self.reading.wait()
        if self._closed.is_set():
            raise ConnectionResetError
        self.sent += 1

    async def receive(self) -> aiohttp.WSMessage:
        if self.brought == self.calls:
            await self._closed.wait()
            return aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)
        self.brought += 1
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, json.dumps([2, str(self.brought), "Nope", {}]), None)

    async def close(self, *, code: int, message: bytes) -> None:
        self.close_code = code
        self.hang_up()

    def hang_up(self) -> None:
        self._closed.set()
        self.reading.set()


def unread(clock: Clock, calls: int) -> tuple[Unread, OcppPeer]:
    """A CSMS's end of a connection with a station that calls and does not read."""
    socket: Any = Unread(calls)
    channel = WebSocketChannel(socket, V201, abort=socket.hang_up)
    return socket, OcppPeer(channel, clock, Seeded(1), Voice.on(clock, Trace(), "CSMS"), peer="CS", handlers={})


@virtual
async def test_who_does_not_read_is_not_read_either_until_it_does() -> None:
    clock = Clock(NOW)
    socket, peer = unread(clock, 2 * MAX_UNSENT)
    running_peer = asyncio.create_task(peer.run())
    await clock.sleep(1)
    # One more answer is being sent, and one more call has been read and waits for its turn.
    assert MAX_UNSENT <= socket.brought <= MAX_UNSENT + 3
    socket.reading.set()
    await clock.sleep(1)
    assert socket.brought == socket.sent == socket.calls
    await peer.close()
    await running_peer


@virtual
async def test_who_never_reads_is_hung_up_on_in_time() -> None:
    clock = Clock(NOW)
    socket, peer = unread(clock, 2 * MAX_UNSENT)
    running_peer = asyncio.create_task(peer.run())
    await clock.sleep(1)
    async with clock.timeout(5):
        await peer.close(1001, "going away")
        await running_peer
    assert socket.sent == 0 and peer.channel.close_code == 1001


# In memory


class Ends(NamedTuple):
    """Both ends of a connection in memory, and what they told."""

    station: OcppPeer
    csms: OcppPeer
    events: list[Event]


@asynccontextmanager
async def in_memory(clock: Clock, handlers: dict[str, Handler]) -> AsyncIterator[Ends]:
    """A CSMS that answers with ``handlers``, served while the body runs."""
    near, far = memory_channels()
    events: list[Event] = []
    trace = Trace([events.append])
    station = OcppPeer(near, clock, Seeded(1), Voice.on(clock, trace, "CS", "CS001"), peer="CSMS", handlers={})
    csms = OcppPeer(far, clock, Seeded(2), Voice.on(clock, trace, "CSMS"), peer="CS001", handlers=handlers)
    serving = [asyncio.create_task(station.run()), asyncio.create_task(csms.run())]
    try:
        yield Ends(station, csms, events)
    finally:
        await station.close()
        await asyncio.gather(*serving)


@virtual
async def test_what_a_handler_does_to_a_payload_is_not_seen_by_the_sender_nor_in_the_events() -> None:
    def spoil(payload: dict[str, Any]) -> dict[str, Any]:
        payload["chargingStation"]["model"] = "spoilt"
        return answer

    answer: dict[str, Any] = {"currentTime": timestamp(NOW), "interval": 60, "status": "Accepted"}
    asked = {"chargingStation": {"vendorName": "v", "model": "m"}, "reason": "PowerUp"}
    async with in_memory(Clock(NOW), {"BootNotification": spoil}) as ends:
        got = await ends.station.call("BootNotification", asked)
        assert got == answer and got is not answer
        got["status"] = "spoilt"
    assert asked["chargingStation"] == {"vendorName": "v", "model": "m"} and answer["status"] == "Accepted"
    assert "spoilt" not in "".join(f"{e.frame}{e.content}" for e in ends.events if isinstance(e, OcppFrame))


@virtual
async def test_a_call_that_is_answered_at_once_takes_one_turn_of_the_loop_each_way_and_no_task() -> None:
    async with in_memory(Clock(NOW), {"Heartbeat": lambda payload: {"currentTime": timestamp(NOW)}}) as ends:
        await asyncio.sleep(0)
        before = asyncio.all_tasks()
        calling = asyncio.ensure_future(ends.station.call("Heartbeat", {}))
        await asyncio.sleep(0)  # it calls
        assert asyncio.all_tasks() - before == {calling}
        await asyncio.sleep(0)  # it is answered
        await asyncio.sleep(0)  # the answer arrives
        assert [e.direction for e in ends.events if isinstance(e, OcppFrame)] == ["sent", "received"] * 2
        assert asyncio.all_tasks() - before == {calling}
        assert (await calling)["currentTime"] == timestamp(NOW)


@virtual
async def test_a_frame_that_nobody_can_take_ends_the_connection_with_the_defect() -> None:
    def fail(frame: Frame) -> None:
        raise RuntimeError("a defect")

    near, far = memory_channels()
    near.post(Frame("[]"))
    with pytest.raises(RuntimeError, match="a defect"):
        await far.deliver(fail)


@virtual
async def test_what_was_posted_before_the_end_arrives_and_what_comes_after_it_is_dropped() -> None:
    near, far = memory_channels()
    arrived: list[str] = []
    near.post(Frame("[1]"))
    await near.close(1001, "gone")
    near.post(Frame("[2]"))
    await far.deliver(lambda frame: arrived.append(frame.text))
    assert arrived == ["[1]"] and (far.close_code, far.close_reason) == (1001, "gone")


@virtual
async def test_what_fails_in_a_handler_is_a_problem_with_all_its_error_knew() -> None:
    def refuse(payload: object) -> NoReturn:
        raise PeerError("The pool refused.", kind="refused", http_status=503, clause="X1", advice="Ask again.")

    async with in_memory(Clock(NOW), {"Heartbeat": refuse}) as ends:
        with pytest.raises(CallError, match="InternalError"):
            await ends.station.call("Heartbeat", {})
    (problem,) = [event for event in ends.events if isinstance(event, Problem)]
    assert problem.text == "CSMS failed on Heartbeat: The pool refused."
    assert (problem.kind, problem.http_status, problem.clause, problem.advice) == ("refused", 503, "X1", "Ask again.")
