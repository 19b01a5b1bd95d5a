"""A CSMS made of the PyPI package ``ocpp``: session, schemas and answers are the package's, an operator's rules ours.

    python tests/interop/ocpp_csms.py PORT

It knows the station CS001 by a password, one card and one that has expired, and accepts whoever boots.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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

answers: Callable[[str], Callable[[Handler], Handler]] = routing.on
IDENTITY, PASSWORD = "CS001", "a-password-of-16-octets"
CARDS = {"04A1B2C3": "Accepted", "04A1B2C4": "Expired"}


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


def _status(token: Any) -> dict[str, str]:
    return {"status": CARDS.get(token["id_token"], "Invalid")}


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

    @answers("StatusNotification")
    def on_status(self, **said: Any) -> Any:
        """Nothing to be said."""
        return v201.call_result.StatusNotification()

    @answers("Authorize")
    def on_authorize(self, id_token: Any, **said: Any) -> Any:
        """By the list of cards."""
        return v201.call_result.Authorize(id_token_info=_status(id_token))

    @answers("TransactionEvent")
    def on_transaction(self, id_token: Any = None, **said: Any) -> Any:
        """Who is named is answered."""
        return v201.call_result.TransactionEvent(id_token_info=None if id_token is None else _status(id_token))

    @answers("MeterValues")
    def on_values(self, **said: Any) -> Any:
        """Nothing to be said."""
        return v201.call_result.MeterValues()

    @answers("NotifyEvent")
    def on_event(self, **said: Any) -> Any:
        """Nothing to be said."""
        return v201.call_result.NotifyEvent()

    @answers("DataTransfer")
    def on_data(self, **said: Any) -> Any:
        """No vendor is known."""
        return v201.call_result.DataTransfer(status="UnknownVendorId")


async def serve(port: int) -> tuple[web.AppRunner, int]:
    """Listen on loopback; the port."""

    async def come(request: web.Request) -> web.StreamResponse:
        station = request.path.rpartition("/")[2]
        if (station, *read_basic(request.headers.get("Authorization"))) != (IDENTITY, IDENTITY, PASSWORD):
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=("ocpp2.0.1",))
        await socket.prepare(request)
        with suppress(ClosedSocket):
            await PackageCsms(station, AiohttpConnection(socket), response_timeout=5).start()
        return socket

    application = web.Application()
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
