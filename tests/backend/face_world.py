"""The services' faces as a foreign client meets them: real HTTP, tokens from the token endpoint, one client a role."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from backend_world import World
from documents import AnswerJudge
from msgspec import Struct

from pncsim.backend.auth import BearerTokens, Clients
from pncsim.backend.faces import Household, published, routes_of
from pncsim.backend.rest.access import Role
from pncsim.backend.rest.exchanges import ExchangeReader
from pncsim.backend.rest.routes import Route, application
from pncsim.wire.listener import HttpListener

CLIENTS: dict[str, tuple[Role, tuple[str, ...], tuple[str, ...]]] = {
    "admin": ("ADMIN", (), ()),
    "oem": ("OEM", ("PNC",), ()),
    "other-oem": ("OEM", ("WMI",), ()),
    "mo": ("MO_EXTERNAL_PKI", (), ("DEPNC",)),
    "mo-v2g": ("MO_HUBJECT_PKI", (), ("DEV2G",)),
    "cpo": ("CPO", (), ()),
    "cps": ("CPS", (), ()),
}
"""Role, WMIs and provider ids of each client."""


class Answer(Struct, frozen=True):
    """What came back; ``body`` is None where it was empty, text where it is no JSON."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def messages(self) -> list[str]:
        found: list[str] = self.body["errorMessages"]
        return found


class Faces(Struct, frozen=True):
    """A running set of services."""

    url: str
    session: aiohttp.ClientSession
    tokens: dict[str, str]
    clients: Clients
    routes: tuple[Route, ...]

    async def call(self, who: str | None, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """A request with the token of ``who``."""
        if who is not None:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            text = await answer.text()
            found = json.loads(text) if answer.content_type == "application/json" and text else text or None
            return Answer(answer.status, found, dict(answer.headers))


@asynccontextmanager
async def open_faces(world: World, *readers: ExchangeReader) -> AsyncIterator[Faces]:
    """Everything of ``world`` on one port; ``readers`` hear of each exchange.

    Every answer is held against the OpenAPI document, and at the end none may have been another than is written there.
    """
    listener = HttpListener()
    clients = Clients(world.clock, world.voice("LAB"), world.eco.store)
    tokens = BearerTokens(world.clock, world.eco.store, clients, listener.url)
    house = Household(world.eco, clients, tokens, world.clock)
    routes = routes_of(house, published(house))
    judge = AnswerJudge(routes)
    app = application(routes, world.voice("LAB"), tokens=tokens.grant, readers=(house.metrics.read, *readers))
    app.middlewares.insert(0, judge.middleware())
    await listener.start(app)
    try:
        async with aiohttp.ClientSession() as session:
            held = {}
            for name, (role, wmis, providers) in CLIENTS.items():
                secret = (await clients.add(name, role, wmis=wmis, providers=providers)).secret
                asked = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
                async with session.post(listener.url + "/oauth/token", json=asked) as answer:
                    held[name] = (await answer.json())["access_token"]
            yield Faces(listener.url, session, held, clients, tuple(routes))
    finally:
        await listener.stop()
    assert judge.wrong == []


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
