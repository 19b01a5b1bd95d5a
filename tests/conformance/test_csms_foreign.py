"""A CSMS made of the PyPI package ``ocpp``, which a command lets call the tester, over real WebSockets."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import aiohttp.web
import pytest

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.csms.operator import OperatorByCommand
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.suite import CSMS
from pncsim.simulator.conformance.suite import Bench
from pncsim.wire.errors import LocalError

Handler = TypeVar("Handler", bound=Callable[..., Any])

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    v201 = pytest.importorskip("ocpp.v201")
    answers: Callable[[str], Callable[[Handler], Handler]] = pytest.importorskip("ocpp.routing").on

NOW = "2026-11-21T10:00:00Z"
COMMAND = """import json, socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as door:
    door.sendall(json.dumps(sys.argv[2:]).encode() + b"\\n")
    sys.exit(door.makefile().readline().strip() or None)
"""
"""Tells the CSMS what to send, and waits for the answer; anything but an empty line is a failure."""


class Ended(Exception):
    """The socket is closed."""


class Adapter:
    """What the package wants of a connection."""

    def __init__(self, socket: aiohttp.web.WebSocketResponse) -> None:
        self._socket = socket

    async def recv(self) -> str:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Ended
        return str(message.data)

    async def send(self, text: str) -> None:
        await self._socket.send_str(text)


def snake(payload: dict[str, Any]) -> dict[str, Any]:
    return {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower(): value for name, value in payload.items()}


class SomebodysCsms(v201.ChargePoint):  # type: ignore[misc,name-defined]
    """It answers what some cases need, and sends whatever its operator wants."""

    @answers("BootNotification")
    def on_boot(self, **more: Any) -> Any:
        return v201.call_result.BootNotification(current_time=NOW, interval=300, status="Accepted")

    @answers("Heartbeat")
    def on_heartbeat(self, **more: Any) -> Any:
        return v201.call_result.Heartbeat(current_time=NOW)

    @answers("StatusNotification")
    def on_status(self, **more: Any) -> Any:
        return v201.call_result.StatusNotification()

    @answers("NotifyReport")
    def on_report(self, **more: Any) -> Any:
        return v201.call_result.NotifyReport()

    @answers("Authorize")
    def on_authorize(self, id_token: dict[str, Any], **more: Any) -> Any:
        known = id_token["id_token"] == "04A1B2C3"
        return v201.call_result.Authorize(id_token_info={"status": "Accepted" if known else "Unknown"})


@asynccontextmanager
async def a_csms() -> AsyncIterator[tuple[str, int]]:
    """Its address, and the port of its operator's door. It asks all EVSEs for values, whatever it is told."""
    connected: list[Any] = []

    async def station(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse(protocols=("ocpp2.0.1",))
        await socket.prepare(request)
        connected.append(SomebodysCsms("CS001", Adapter(socket), response_timeout=5))
        try:
            await connected[-1].start()
        except Ended:
            return socket
        return socket

    async def operator(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        identity, action, text = json.loads(await reader.readline())
        payload = json.loads(text)
        if payload.get("requestedMessage") == "MeterValues":
            del payload["evse"]
        said = "no such station"
        if identity == "CS001":
            answer = await connected[-1].call(getattr(v201.call, action)(**snake(payload)))
            said = "" if answer is not None else "no answer"
        writer.write(f"{said}\n".encode())
        writer.close()

    application = aiohttp.web.Application()
    application.router.add_get("/ocpp/{identity}", station)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door = await asyncio.start_server(operator, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ocpp/CS001", door.sockets[0].getsockname()[1]
    finally:
        door.close()
        await runner.cleanup()


@pytest.mark.parametrize("id", ["B_12", "B_20", "F_23", "D_02", "M_20", "K_06"])
async def test_a_command_lets_somebodys_csms_send_what_a_case_needs(id: str, tmp_path: Path) -> None:
    hook = tmp_path / "hook.py"
    hook.write_text(COMMAND)
    async with a_csms() as (target, port):
        options = CsmsUnderTest(csms_command=f"{sys.executable} -S {hook} {port}")
        found = await CSMS.drive(CSMS.case(f"TC_{id}_CSMS"), Bench(target=target, pics=CSMS.usual, options=options))
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


async def test_what_somebodys_csms_sends_otherwise_is_its_failure(tmp_path: Path) -> None:
    hook = tmp_path / "hook.py"
    hook.write_text(COMMAND)
    async with a_csms() as (target, port):
        options = CsmsUnderTest(csms_command=f"{sys.executable} -S {hook} {port}")
        bench = Bench(target=target, pics=CSMS.usual, options=options)
        found = await CSMS.drive(CSMS.case("TC_F_11_CSMS"), bench)
    assert (found.verdict, found.why) == (CaseVerdict.FAIL, "TriggerMessage came, but evse is missing.")


async def test_a_command_that_fails_is_no_failure_of_the_csms() -> None:
    async with a_csms() as (target, _):
        bench = Bench(target=target, pics=CSMS.usual, options=CsmsUnderTest(csms_command="false"))
        with pytest.raises(LocalError, match="lets the CSMS send something has failed with 1"):
            await CSMS.drive(CSMS.case("TC_F_20_CSMS"), bench)


async def test_without_an_operator_the_tester_says_what_to_give() -> None:
    async with a_csms() as (target, _):
        with pytest.raises(LocalError, match=r"Nobody lets the CSMS send TriggerMessage.*--csms-command"):
            await CSMS.drive(CSMS.case("TC_F_20_CSMS"), Bench(target=target, pics=CSMS.usual, options=CsmsUnderTest()))


async def test_what_does_not_come_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OperatorByCommand, "patience", 0.01)
    async with a_csms() as (target, _):
        bench = Bench(target=target, pics=CSMS.usual, options=CsmsUnderTest(csms_command="true"))
        found = await CSMS.drive(CSMS.case("TC_F_20_CSMS"), bench)
    assert found.verdict is CaseVerdict.INCONCLUSIVE and "did not send TriggerMessage within 0.01 s" in found.why
