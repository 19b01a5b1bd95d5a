"""A CSMS made of the PyPI package ``ocpp``: session, schemas and answers are the package's, an operator's rules ours.

    python tests/interop/ocpp_csms.py PORT

It knows the station CS001 by a password, a card, one that has expired, one that is blocked and a group of three, and
accepts whoever boots. ``POST /let/CS001/ACTION`` with a payload has it send that: ocpp_let.py is the command for it. A
password that the station takes in this way is the one that counts from then on.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from pncsim.wire.ocpp.websocket import read_basic

Handler = TypeVar("Handler", bound=Callable[..., Any])

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    # To mypy the package is the folder of tests that is called as it is.
    from ocpp import routing, v201  # type: ignore[attr-defined]
    from ocpp.charge_point import camel_to_snake_case, snake_to_camel_case  # type: ignore[import-untyped]
    from ocpp.exceptions import OCPPError  # type: ignore[import-untyped]

answers: Callable[[str], Callable[[Handler], Handler]] = routing.on
IDENTITY, PASSWORD = "CS001", "a-password-of-16-octets"
CARDS = {
    "04A1B2C3": "Accepted",
    "04A1B2C4": "Expired",
    "04A1B2C5": "Blocked",
    "04A1B2C6": "Accepted",
    "04A1B2C7": "Accepted",
    "04A1B2C8": "Accepted",
}
TOLD = (
    "StatusNotification",
    "MeterValues",
    "NotifyEvent",
    "NotifyReport",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "SecurityEventNotification",
    "NotifyCustomerInformation",
    "ReportChargingProfiles",
)
GROUPED = {"04A1B2C6", "04A1B2C7", "04A1B2C8"}


class ClosedSocket(Exception):
    """Nothing more will come."""


class AiohttpConnection:
    """What the package wants of a connection, from aiohttp."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def recv(self) -> str:
        """The next frame. Raises ClosedSocket."""
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ClosedSocket
        return str(message.data)

    async def send(self, text: str) -> None:
        """A frame."""
        await self._socket.send_str(text)


def _status(token: Any) -> dict[str, Any]:
    card = token["id_token"]
    group = {"group_id_token": {"id_token": "04A1B2C8", "type": "ISO14443"}} if card in GROUPED else {}
    return {"status": CARDS.get(card, "Invalid"), **group}


class PackageCsms(v201.ChargePoint):  # type: ignore[misc]
    """One station, as the package sees it from the CSMS's side."""

    @answers("BootNotification")
    def on_boot(self, **said: Any) -> Any:
        """Whoever comes is registered."""
        now = datetime.now(UTC).isoformat()
        return v201.call_result.BootNotification(current_time=now, interval=300, status="Accepted")

    @answers("Heartbeat")
    def on_heartbeat(self, **said: Any) -> Any:
        """The time."""
        return v201.call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @answers("Authorize")
    def on_authorize(self, id_token: Any, **said: Any) -> Any:
        """By the list of cards."""
        return v201.call_result.Authorize(id_token_info=_status(id_token))

    @answers("TransactionEvent")
    def on_transaction(self, id_token: Any = None, **said: Any) -> Any:
        """Who is named is answered."""
        return v201.call_result.TransactionEvent(id_token_info=None if id_token is None else _status(id_token))

    @answers("DataTransfer")
    def on_data(self, **said: Any) -> Any:
        """No vendor is known."""
        return v201.call_result.DataTransfer(status="UnknownVendorId")


def _taken(action: str) -> None:
    """Let the CSMS take what it is told by ``action``, and say nothing."""

    def take(self: Any, **said: Any) -> Any:
        return getattr(v201.call_result, action)()

    # The package finds handlers by the names their functions were defined with, and passes over all others.
    take.__name__ = f"on_{action}"
    setattr(PackageCsms, take.__name__, answers(action)(take))


for _told in TOLD:
    _taken(_told)


def _taken_password(asked: Any, answer: Any) -> str | None:
    """The one that a station was asked to come in by from now on, and has said that it will."""
    if not isinstance(asked, v201.call.SetVariables):
        return None
    for one, result in zip(asked.set_variable_data, answer.set_variable_result, strict=True):
        if one["variable"]["name"] == "BasicAuthPassword" and result["attribute_status"] == "Accepted":
            return str(one["attribute_value"])
    return None


async def serve(port: int) -> tuple[web.AppRunner, int]:
    """Listen on loopback; the port."""
    stations: dict[str, Any] = {}
    passwords = {IDENTITY: PASSWORD}

    async def come(request: web.Request) -> web.StreamResponse:
        station = request.path.rpartition("/")[2]
        user, password = read_basic(request.headers.get("Authorization"))
        if user != station or password is None or password != passwords.get(station):
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=("ocpp2.0.1",))
        await socket.prepare(request)
        stations[station] = PackageCsms(station, AiohttpConnection(socket), response_timeout=5)
        with suppress(ClosedSocket):
            await stations[station].start()
        return socket

    async def let(request: web.Request) -> web.Response:
        station, payload = request.match_info["station"], camel_to_snake_case(await request.json())
        asked = getattr(v201.call, request.match_info["action"])(**payload)
        try:
            answer = await stations[station].call(asked, suppress=False)
        except OCPPError as refused:
            return web.json_response({"refused": str(refused)})
        passwords[station] = _taken_password(asked, answer) or passwords[station]
        return web.json_response(snake_to_camel_case(asdict(answer)))

    application = web.Application()
    application.router.add_post("/let/{station}/{action}", let)
    application.router.add_get("/{path:.*}", come)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, runner.addresses[0][1]


@contextmanager
def served() -> Iterator[int]:
    """Its port, while it serves in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports = list[int]()

    async def main() -> web.AppRunner:
        runner, port = await serve(0)
        ports.append(port)
        ready.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(main())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)


async def _for_ever(port: int) -> None:
    await serve(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(_for_ever(int(sys.argv[1])))
