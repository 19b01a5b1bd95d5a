"""Those whom events are sent to: endpoints on real HTTP that answer as told and keep what they got."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from pncsim.wire.listener import HttpListener
from pncsim.wire.web import web


class Received(Struct, frozen=True):
    """One request: its body as it came, and its header fields."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def type(self) -> str:
        return str(self.event["eventType"])


class Receiver:
    """Answers with the first of ``answers`` each time, and with the last for ever."""

    def __init__(self, url: str, *answers: int) -> None:
        self.url, self.answers = url, list(answers or (200,))
        self.got: list[Received] = []
        self.came = asyncio.Event()
        self.hold: asyncio.Event | None = None
        """Where it is set, no request is answered before it is."""

    @property
    def types(self) -> list[str]:
        return [one.type for one in self.got]

    def taken(self) -> list[str]:
        """The types of what came since this was last asked, in any order."""
        types, self.got = sorted(self.types), []
        return types

    def status_of(self, body: bytes) -> int:
        """What the request just kept is answered with."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.got.append(Received(body, dict(request.headers)))
        self.came.set()
        if self.hold is not None:
            await self.hold.wait()
        status = self.status_of(body)
        return web.Response(status=status, headers={"Location": self.url} if status // 100 == 3 else {})


@asynccontextmanager
async def receiver(*answers: int, kind: type[Receiver] = Receiver) -> AsyncIterator[Receiver]:
    listener = HttpListener()
    found = kind(f"{listener.url}/events", *answers)
    app = web.Application()
    app.router.add_post("/events", found.answer)
    await listener.start(app)
    try:
        yield found
    finally:
        if found.hold is not None:
            found.hold.set()
        await listener.stop()
