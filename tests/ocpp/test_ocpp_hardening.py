"""A peer that refuses, garbles or does not read: the other side stays at work, shows no secret, and keeps no heap."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from ocpp_lab import IDENTITY, NOW, Lab, running, virtual

from pncsim.secc import notices
from pncsim.secc.questions import ContractCertificateAnswer, ContractCertificateRequest
from pncsim.secc.station.config import StationConfig
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed
from pncsim.wire.ocpp.channel import MemoryChannel, memory_channels
from pncsim.wire.ocpp.mask import masked
from pncsim.wire.ocpp.peer import MAX_UNSENT, OcppPeer
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import Seeded
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

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
        while (text := await channel.receive()) is not None:
            _, number, action, _ = json.loads(text)
            self.heard.append(action)
            reply = self._replies.get(action, {})
            if isinstance(reply, str):
                await channel.send(json.dumps([4, number, reply, "no", {}]))
            elif reply is not None:
                await channel.send(json.dumps([3, number, reply]))


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
        lab.csms.stations[IDENTITY].peer.on("Get15118EVCertificate", lambda payload: answer)
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
    """A channel that brings ``calls`` calls, then waits to be closed. Sending blocks until ``reading``."""

    def __init__(self, calls: int) -> None:
        self.calls, self.brought, self.sent = calls, 0, 0
        self.reading, self._closed = asyncio.Event(), asyncio.Event()
        self.close_code: int | None = None
        self.close_reason = ""
        self.version = V201

    async def send(self, text: str) -> None:
        await self.reading.wait()
        if self._closed.is_set():
            raise PeerClosed("The channel is closed.")
        self.sent += 1

    async def receive(self) -> str | None:
        if self.brought == self.calls:
            await self._closed.wait()
            return None
        self.brought += 1
        return json.dumps([2, str(self.brought), "Nope", {}])

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.close_code, self.close_reason = code, reason
        self._closed.set()
        self.reading.set()


@virtual
async def test_who_does_not_read_is_not_read_either_until_it_does() -> None:
    clock, channel = Clock(NOW), Unread(2 * MAX_UNSENT)
    running_peer = asyncio.create_task(OcppPeer(channel, clock, Seeded(1), actor="CSMS", peer="CS").run())
    await clock.sleep(1)
    # One more answer is being sent, and one more call has been read and waits for its turn.
    assert MAX_UNSENT <= channel.brought <= MAX_UNSENT + 3
    channel.reading.set()
    await clock.sleep(1)
    assert channel.brought == channel.sent == channel.calls
    await channel.close()
    await running_peer


@virtual
async def test_who_never_reads_is_hung_up_on_in_time() -> None:
    clock, channel = Clock(NOW), Unread(2 * MAX_UNSENT)
    peer = OcppPeer(channel, clock, Seeded(1), actor="CSMS", peer="CS")
    running_peer = asyncio.create_task(peer.run())
    await clock.sleep(1)
    async with clock.timeout(5):
        await peer.close(1001, "going away")
        await running_peer
    assert channel.sent == 0 and channel.close_code == 1001
