"""Somebody who calls the services of a lab over HTTP, with a role and ids: what a use case's actors say and hear there.

On loopback the services answer on a socket, in memory the same octets are handed over. Roles, rights, bodies and
statuses are those of the published interfaces; only the tokens are agreed on beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.backend.rest.access import Grant, Role
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Source
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from aiohttp import web

    from pncsim.backend.ecosystem import Ecosystem
    from pncsim.simulator.lab.mail import Mailroom
    from pncsim.simulator.settings import Transport
    from pncsim.wire.clock import Clock
    from pncsim.wire.voice import Voice

Carry = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""``carry(method, path, body, headers)`` answers status and body."""

ROLES: Mapping[str, Role] = {
    "ADMIN": "ADMIN",
    "OEM": "OEM",
    "MO": "MO_EXTERNAL_PKI",
    "CPS": "CPS",
    "CPO": "CPO",
}
"""Who calls, and what tokens call its role."""

PATIENCE, LONGEST = 20.0, 4_194_304
"""Seconds an exchange may take, and octets of an answer."""
_NOWHERE = "http://127.0.0.1:9/events"
"""Where events are sent where the lab has no box of its own: they are read from the log of deliveries."""


class Answer(Struct, frozen=True):
    """What came back; ``body`` is empty where it was no JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def said(self) -> str:
        """Status and reason, in a few words."""
        return " ".join([str(self.status), *map(str, self.body.get("errorMessages", ())[-1:])])


class EventLog(Struct, frozen=True):
    """The events somebody has asked to be told; what is on its way is in the log of deliveries."""

    caller: Caller
    id: str

    async def heard(self, type: str = "") -> list[Mapping[str, Any]]:
        """The payloads of what was told since, oldest first; of one type, or of all."""
        answer = await self.caller.get(f"/v1/webhook/endpoints/{self.id}/deliveries")
        told = [one["event"] for one in answer.body["deliveries"] if type in ("", one["eventType"])]
        return [one["payload"] for one in told]


class Caller(Discreet, Struct, frozen=True):
    """One of the actors, as the services know it by its ``authorization``; ``holder`` is what they call it.

    ``mail``: where it receives events, unless it says another place.
    """

    name: str
    authorization: str
    carry: Carry
    holder: str = ""
    mail: Mailroom | None = None

    _hidden = ("authorization", "carry", "mail")

    async def call(self, method: str, path: str, body: Mapping[str, Any] | bytes = b"") -> Answer:
        """One exchange; a mapping is sent as JSON."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, said = await self.carry(method, path, octets, {"Authorization": self.authorization})
        try:
            found = json.loads(said)
        except ValueError:
            found = None
        return Answer(status, found if isinstance(found, dict) else {})

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self.call("GET", path)

    async def put(self, path: str, body: Mapping[str, Any] | bytes) -> Answer:
        """PUT."""
        return await self.call("PUT", path, body)

    async def post(self, path: str, body: Mapping[str, Any] | bytes = b"") -> Answer:
        """POST."""
        return await self.call("POST", path, body)

    async def delete(self, path: str) -> Answer:
        """DELETE."""
        return await self.call("DELETE", path)

    async def listen(self, *events: str, url: str = "") -> EventLog:
        """Ask to be told these events from now on, at ``url`` or in the lab's own box. Raises LocalError."""
        box = _NOWHERE if self.mail is None else await self.mail.box()
        answer = await self.post("/v1/webhook/endpoints", {"url": url or box, "enabledEvents": list(events)})
        if answer.status != 201:
            raise LocalError(f"{self.name} cannot hear of events: the services answer {answer.said}")
        return EventLog(self, answer.body["id"])


class Desk:
    """Where all the services of an ecosystem are called, under the paths of the published interfaces.

    What it opens is closed with ``sockets``.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        voice: Voice,
        ecosystem: Ecosystem,
        source: Source,
        sockets: AsyncExitStack,
    ) -> None:
        self._transport, self._clock, self._voice, self._sockets = transport, clock, voice, sockets
        self._ecosystem, self._source = ecosystem, source
        self._carry: Carry | None = None
        self._mail: Mailroom | None = None
        self._grants: dict[str, Grant] = {}
        self._holders: dict[str, Grant] = {}

    async def caller(self, name: str, of: str = "") -> Caller:
        """One of :data:`ROLES`; ``of``: the WMI or provider id that is its own, by default those usual in a lab.

        An operator then has that of the ecosystem's first, a manufacturer those of all manufacturers.
        """
        if name not in ROLES:
            raise LocalError(f"Nobody calls the services as {name!r}.", advice=f"There are {', '.join(ROLES)}.")
        if self._carry is None or self._mail is None:
            from pncsim.simulator.lab.mail import Mailroom

            self._carry = await reach(self._transport, self._clock, self._app(), self._sockets)
            self._mail = Mailroom(self._transport, self._clock, self._voice, self._ecosystem, self._holders)
            self._sockets.push_async_callback(self._mail.close)
        holder = f"{name} {of}".strip()
        token = self._source.of(f"token of {holder}").token(24)
        self._grants[token] = self._holders[holder] = self._grant(holder, name, of)
        return Caller(name, f"Bearer {token}", self._carry, holder, self._mail)

    async def mailed(self) -> None:
        """Once the events that are due are sent."""
        if self._mail is not None:
            await self._mail.mailed()

    def _app(self) -> web.Application:
        from pncsim.backend.auth import BearerTokens, Clients
        from pncsim.backend.faces import Household, published, routes_of
        from pncsim.backend.rest.access import fixed
        from pncsim.backend.rest.routes import application

        eco, clock = self._ecosystem, self._clock
        clients = Clients(clock, self._voice, eco.store, self._source)
        house = Household(eco, clients, BearerTokens(clock, eco.store, clients, "http://pncsim.test"), clock)
        return application(
            routes_of(house, published(house)), self._voice, tokens=fixed(self._grants), source=self._source
        )

    def _grant(self, holder: str, name: str, of: str) -> Grant:
        wmis = frozenset({of} if of else {"PNC", *self._ecosystem.manufacturers}) if name == "OEM" else None
        providers = frozenset({of or self._ecosystem.mo.provider}) if name == "MO" else None
        return Grant(frozenset({ROLES[name]}), wmis, providers, holder=holder)


async def reach(transport: Transport, clock: Clock, app: web.Application, sockets: AsyncExitStack) -> Carry:
    """How ``app`` is reached, until ``sockets`` is closed."""
    if transport == "memory":
        from pncsim.wire.http_memory import MemoryHttp

        inside = MemoryHttp(app)
        await inside.open()
        sockets.push_async_callback(inside.close)
        return inside.request
    from pncsim.backend.rest.client import HttpClient
    from pncsim.wire.listener import HttpListener

    listener = HttpListener()
    sockets.push_async_callback(listener.stop)
    await listener.start(app)
    http = HttpClient(clock, whole=PATIENCE, body=LONGEST)
    sockets.push_async_callback(http.close)

    async def carry(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        reply = await http.request("The lab's services", method, listener.url + path, body=body, headers=headers)
        return reply.status, reply.body

    return carry
