"""OCPP knows its version: another one is another value, and payloads have types."""

from __future__ import annotations

import ast
import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ocpp_lab import NOW, Hand, virtual

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import generate_types, v201
from pncsim.wire.ocpp.actions import AndThen, Handler, Reply, Request, row
from pncsim.wire.ocpp.channel import FrameChannel, memory_channels
from pncsim.wire.ocpp.errors import CallError, PayloadError
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.versions import ALIASES_OF_2, CODES_OF_2, V201, OcppVersion
from pncsim.wire.ocpp.websocket import WebSocketChannel, WebSocketServer, connect
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import (
        AuthorizeRequest,
        AuthorizeResponse,
        GetVariablesRequest,
        HeartbeatRequest,
        HeartbeatResponse,
    )

ROOT = Path(__file__).resolve().parents[2]
V21 = OcppVersion("2.1", "ocpp2.1", "v21", CODES_OF_2, ALIASES_OF_2)
"""Another version, from what the package ocpp ships: nothing else is needed."""

ONLY_IN_21 = "UsePriorityCharging"
PRIORITY = {"transactionId": "T1", "activate": True}


def peer(channel: FrameChannel, name: str, other: str, answers: dict[str, Any]) -> OcppPeer:
    clock = Clock(NOW)
    handlers: dict[str, Handler] = {action: partial(_given, answer) for action, answer in answers.items()}
    return OcppPeer(channel, clock, Seeded(1), Voice.on(clock, Trace(), name), peer=other, handlers=handlers)


def _given(answer: dict[str, Any], payload: object) -> dict[str, Any]:
    return answer


async def called(near: FrameChannel, far: FrameChannel, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """What a CSMS that supports one action of OCPP 2.1 answers."""
    station = peer(near, "CS", "CSMS", {})
    csms = peer(far, "CSMS", "CS", {ONLY_IN_21: {"status": "Accepted"}})
    tasks = [asyncio.create_task(station.run()), asyncio.create_task(csms.run())]
    try:
        return await station.call(action, payload)
    finally:
        await station.close()
        await asyncio.gather(*tasks)


@virtual
async def test_a_session_of_another_version_knows_the_actions_of_that_version() -> None:
    assert await called(*memory_channels(V21), ONLY_IN_21, PRIORITY) == {"status": "Accepted"}


@virtual
async def test_an_action_of_another_version_is_not_implemented() -> None:
    near, far = memory_channels(V201)
    done = asyncio.create_task(peer(far, "CSMS", "CS", {ONLY_IN_21: {}}).run())
    hand = Hand(near)
    hand.send(f'[2,"1","{ONLY_IN_21}",{{"transactionId":"T1","activate":true}}]')
    text = await hand.receive()
    await hand.close()
    await done
    assert text == '[4,"1","NotImplemented","OCPP 2.0.1 has no such action",{}]'


@virtual
async def test_our_own_call_of_another_versions_action_is_not_sent() -> None:
    with pytest.raises(Exception, match=r"OCPP 2\.0\.1 has no such action"):
        await called(*memory_channels(V201), ONLY_IN_21, PRIORITY)


@virtual
async def test_schemas_and_sentences_are_those_of_the_version() -> None:
    near, far = memory_channels(V21)
    station = peer(near, "CS", "CSMS", {})
    csms = peer(far, "CSMS", "CS", {})
    tasks = [asyncio.create_task(station.run()), asyncio.create_task(csms.run())]
    with pytest.raises(CallError) as caught:
        await station.call("Heartbeat", {})
    assert (caught.value.code, caught.value.ocpp_status, caught.value.kind) == ("NotSupported",) * 2 + ("refused",)
    with pytest.raises(PayloadError, match=r"a property OCPP 2\.1 does not know") as refused:
        await station.call(ONLY_IN_21, {**PRIORITY, "more": 1})
    assert refused.value.kind == "defect"
    await station.close()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("offered", "spoken", "chosen"),
    [
        ((V21, V201), (V201, V21), V21),
        ((V21, V201), (V201,), V201),
        ((V201,), (V21, V201), V201),
        ((V21,), (V201,), None),
    ],
)
async def test_the_version_is_negotiated_on_a_real_websocket(
    offered: tuple[OcppVersion, ...], spoken: tuple[OcppVersion, ...], chosen: OcppVersion | None
) -> None:
    served: asyncio.Future[OcppVersion] = asyncio.get_running_loop().create_future()
    ends: list[OcppPeer] = []

    async def serve(identity: str, channel: WebSocketChannel) -> None:
        served.set_result(channel.version)
        ends.append(peer(channel, "CSMS", identity, {ONLY_IN_21: {"status": "Accepted"}}))
        await ends[0].run()

    server = WebSocketServer(lambda identity, user, password: "welcome", serve, versions=spoken)
    async with AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.close)
        if chosen is None:
            with pytest.raises(PeerError, match=r"did not choose the subprotocol ocpp2\.1") as caught:
                await connect(server.url, "CS1", versions=offered)
            assert caught.value.kind == "no common protocol"
            return
        channel = await connect(server.url, "CS1", versions=offered)
        assert channel.version is chosen and await served is chosen
        station = peer(channel, "CS", "CSMS", {})
        task = asyncio.create_task(station.run())
        if chosen is V21:
            assert await station.call(ONLY_IN_21, PRIORITY) == {"status": "Accepted"}
        await station.close()
        await task


def test_the_committed_types_are_those_of_the_schemas() -> None:
    for version in generate_types.SHIPPED:
        for path, text in generate_types.files(version).items():
            assert path.read_text(encoding="utf-8") == text, f"run python -m {generate_types.__name__}"


def test_every_action_has_its_constant() -> None:
    assert {str(action) for name, action in vars(v201).items() if name in V201.actions} == V201.actions


def test_types_of_another_version_can_be_made() -> None:
    text = generate_types.types_module(V21)
    compile(text, "v21.py", "exec")
    assert "class UsePriorityChargingRequest(TypedDict):\n" in text
    assert "    transactionId: str\n    activate: bool\n" in text


def test_no_text_but_the_versions_own_names_a_version() -> None:
    named = ("2.0.1", "v201", "ocpp2")
    rooms = ("wire/ocpp", "backend/csms", "secc/station", "secc/station/blocks")
    files = [path for room in rooms for path in (ROOT / room).glob("*.py")]
    offences = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in files
        if path.name not in ("versions.py", "generate_types.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(name in node.value for name in named)
        if node.value not in {ast.get_docstring(n, clean=False) for n in _documented(path)}
    }
    assert not offences


def _documented(path: Path) -> list[Any]:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


# What the type checker refuses: an unused ignore is an error, so these lines fail where the types are lost.


def _authorize(link: str, request: AuthorizeRequest) -> AuthorizeResponse:
    return {"idTokenInfo": {"status": "Accepted"}}


def _beat(link: str, request: HeartbeatRequest) -> Reply[HeartbeatResponse]:
    return AndThen({"currentTime": link}, lambda: asyncio.sleep(0))


def _variables(link: str, request: GetVariablesRequest) -> HeartbeatResponse:
    return {"currentTime": ""}


def test_a_row_is_an_action_and_a_handler_of_its_types() -> None:
    assert row(v201.Authorize, _authorize) == ("Authorize", _authorize)
    assert row(v201.Heartbeat, _beat) == ("Heartbeat", _beat)
    assert row(v201.Heartbeat, _authorize)[0] == "Heartbeat"  # type: ignore[arg-type]
    assert row(v201.GetVariables, _variables)[0] == "GetVariables"  # type: ignore[arg-type]


def test_a_request_is_an_action_and_a_payload_of_its_type() -> None:
    assert v201.Heartbeat({}) == Request("Heartbeat", {})
    wrong = v201.Authorize({"idToken": {"idToken": "1", "type": "Nothing"}})  # type: ignore[typeddict-item]
    assert wrong.action == "Authorize"
