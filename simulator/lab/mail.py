"""A lab's mail: events are sent to who asked for them, and the parties of the lab have a box where they receive theirs.

Both are there from the first subscription on: a run in which nobody asks pays for neither. On loopback an event is a
request like any other, to any receiver; in memory nothing leaves the process, and only the box can be reached.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from pncsim.backend.refusal import Refused
from pncsim.backend.store import every
from pncsim.backend.webhooks import ENDPOINTS
from pncsim.wire.errors import PeerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from pncsim.backend.ecosystem import Ecosystem
    from pncsim.backend.rest.access import Grant
    from pncsim.backend.rest.client import HttpReply
    from pncsim.backend.webhooks.sender import Sender
    from pncsim.simulator.settings import Transport
    from pncsim.wire.clock import Clock
    from pncsim.wire.http_memory import MemoryHttp
    from pncsim.wire.listener import HttpListener
    from pncsim.wire.voice import Voice

INSIDE = "http://parties.pncsim.test"
"""Where the box is in memory."""
PATH = "/events"


class Mailroom:
    """Sends the events of ``ecosystem`` once somebody has subscribed, until :meth:`close`.

    ``grants``: what those who call the services here may hear, by what these call them.
    """

    def __init__(
        self, transport: Transport, clock: Clock, voice: Voice, ecosystem: Ecosystem, grants: Mapping[str, Grant]
    ) -> None:
        self._transport, self._clock, self._voice, self._ecosystem = transport, clock, voice, ecosystem
        self._grants = grants
        self._inside: MemoryHttp | None = None
        self._listener: HttpListener | None = None
        self._box = ""
        self._sender: Sender | None = None
        self._sending = asyncio.ensure_future(self._send())

    async def box(self) -> str:
        """Where the lab's parties receive events; from now on that is open."""
        if self._box:
            return self._box
        from pncsim.wire.web import web

        app = web.Application()
        app.router.add_post(PATH, self._receive)
        if self._transport == "memory":
            from pncsim.wire.http_memory import MemoryHttp

            self._box, self._inside = INSIDE + PATH, MemoryHttp(app)
            await self._inside.open()
        else:
            from pncsim.wire.listener import HttpListener

            self._listener = HttpListener(voice=self._voice)
            self._box = self._listener.url + PATH
            await self._listener.start(app)
        return self._box

    async def mailed(self) -> None:
        """Once what is due is sent, and what comes of that: in memory at once, on sockets when its receivers answer."""
        await asyncio.sleep(0)  # somebody may just have subscribed
        if self._sender is not None:
            await self._sender.flush()

    async def close(self) -> None:
        """Let requests in progress end, and send no more. Idempotent."""
        self._sending.cancel()
        with suppress(asyncio.CancelledError):
            await self._sending
        if self._inside is not None:
            await self._inside.close()
        if self._listener is not None:
            await self._listener.stop()

    async def _send(self) -> None:
        webhooks = self._ecosystem.webhooks
        await webhooks.wanted.wait()
        from pncsim.backend.webhooks.sender import Sender

        client = self._client if self._transport == "memory" else None
        voice = self._voice.of("LAB", "webhooks")
        self._sender = sender = Sender(self._clock, voice, webhooks, client=client, granted=self._granted)
        sender.listen(self._ecosystem.bus)
        try:
            await sender.run()
        finally:
            await sender.close()

    async def _granted(self, owner: str) -> Grant | None:
        return self._grants.get(owner)

    def _client(self) -> _Inside:
        return _Inside(self._inside)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        """Take an event, if the secret of a subscription has signed it; who has sent it tells of it."""
        from pncsim.backend.webhooks.received import read_event
        from pncsim.wire.web import web

        asked = every(self._ecosystem.store.of(ENDPOINTS))
        secrets = [one.secret async for one in asked if one.url == self._box]
        try:
            read_event(request.headers, await request.read(), secrets)
        except Refused as error:
            return web.Response(status=error.http_status or 400, text=error.sentence)
        return web.Response()


class _Inside:
    """What carries events where there are no sockets."""

    def __init__(self, box: MemoryHttp | None) -> None:
        self._box = box

    async def request(
        self, whom: str, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """As :meth:`HttpClient.request`. Raises PeerError for an address that is not the box's."""
        from pncsim.backend.rest.client import HttpReply

        if self._box is None or url != INSIDE + PATH:
            raise PeerError(
                f"{whom} cannot be reached: in memory nothing leaves the process.",
                kind="unreachable",
                clause="EVT-3",
                advice="Run it on sockets: --transport loopback.",
                http_status=502,
            )
        return HttpReply(*await self._box.request(method, PATH, body or b"", headers))

    async def close(self) -> None:
        """Nothing stays open."""
