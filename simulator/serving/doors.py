"""The sockets standing services answer at: one for all, one more for what is asked without TLS, or one for each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.backend.faces import FACES, Household, published, routes_of
from pncsim.backend.oem.fleet import Fleet, bind_line, serve_line
from pncsim.backend.rest.access import Grants, Others
from pncsim.backend.rest.exchanges import ExchangeReader
from pncsim.backend.rest.metrics import Metrics
from pncsim.backend.rest.routes import Route, application
from pncsim.wire.errors import LocalError
from pncsim.wire.https import unfurnished
from pncsim.wire.listener import HttpListener
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from aiohttp import web


class Door(Struct, frozen=True, eq=False):
    """One socket, and the services that answer there."""

    names: tuple[str, ...]
    listener: HttpListener


class Doors:
    """Bound at once, so that addresses can go into certificates. ``names``: the services that are served.

    ``name``: the host as others call it, where that is not ``host``. With ``tls`` what is asked without it has a port
    of its own, the next one; ``per_service`` gives each service one, ``port`` and those after it (0: free ones).
    Vehicles have one of their own, too. Raises LocalError for a port that cannot be had, holding none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        voice: Voice,
        *,
        names: Sequence[str] = tuple(FACES),
        name: str = "",
        tls: bool = False,
        per_service: bool = False,
        telematics_port: int = 0,
    ) -> None:
        self._voice, self._host, self._name = voice, host, name
        self._telematics_port = telematics_port
        self._line: HttpListener | None = None
        self.context = unfurnished() if tls else None
        """TLS, to be furnished before the doors are opened."""
        self._doors = self._bound(port, _rooms(names, tls=tls, per_service=per_service))
        self.bases = {name: self._url(door.listener) for door in self._doors for name in door.names}
        """Below which URL the paths of each service are."""
        self.services = {name: self.bases[name] + FACES[name].path for name in names}
        """The URL of each service by its name."""
        self.metrics = Metrics()
        self.metrics.gauge("pnc_connections", "Connections that are open.", self._guests)
        self.readers: list[ExchangeReader] = [self.metrics.read]
        """Who hears of each exchange."""

    @property
    def base(self) -> str:
        """What tokens are for, where their clients do not say."""
        return next(iter(self.bases.values()))

    @property
    def host(self) -> str:
        """The host as others call it."""
        return self._name or self._host

    def applications(self, house: Household) -> list[tuple[HttpListener, web.Application]]:
        """The faces of ``house`` for each door. Making them makes the services, which listen to each other then."""
        made = published(house, tuple(self.services))
        return self.applied(
            lambda names: routes_of(house, made, names), house.grants or house.tokens.grant, house.others
        )

    def applied(
        self, routes: Callable[[Sequence[str]], Sequence[Route]], tokens: Grants, others: Others
    ) -> list[tuple[HttpListener, web.Application]]:
        """An application for each door, of the ``routes`` of the services that answer there."""
        return [
            (
                door.listener,
                application(routes(door.names), self._voice, tokens=tokens, others=others, readers=self.readers),
            )
            for door in self._doors
        ]

    async def open(self, applications: Sequence[tuple[HttpListener, web.Application]]) -> None:
        """Answer with them from now on."""
        for listener, app in applications:
            await listener.start(app)

    async def open_line(self, fleet: Fleet) -> None:
        """Answer the vehicles of ``fleet`` from now on, at a port of their own (mutual TLS)."""
        if self._line is None:
            self._line = await bind_line(fleet, self._voice, self._host, self._telematics_port, name=self._name)
        await serve_line(fleet, self._voice, self._line, name=self._name)

    async def close(self) -> None:
        """Let requests in progress end, and answer no more. May be called twice."""
        listeners = [door.listener for door in self._doors] + [one for one in (self._line,) if one is not None]
        await asyncio.gather(*(listener.stop() for listener in listeners))

    def _bound(self, port: int, rooms: Sequence[tuple[str, ...]]) -> list[Door]:
        """A door for each room at ``port`` and the ports after it, or none at all."""
        if port + len(rooms) - 1 > 65_535:
            raise LocalError(f"{len(rooms)} ports are needed from {port} on; there are none above 65535.")
        found: list[Door] = []
        try:
            for number, names in enumerate(rooms):
                context: ssl.SSLContext | None = None if FACES[names[0]].plain else self.context
                listener = HttpListener(self._host, port and port + number, tls=context, voice=self._voice)
                found.append(Door(names, listener))
        except BaseException:
            for door in found:
                door.listener.release()
            raise
        return found

    def _guests(self) -> int:
        return sum(len(door.listener.guests) for door in self._doors)

    def _url(self, listener: HttpListener) -> str:
        return listener.url_as(self._name) if self._name else listener.url


def _rooms(names: Sequence[str], *, tls: bool, per_service: bool) -> list[tuple[str, ...]]:
    """Which services share a socket: what is asked without TLS shares none with what is not."""
    if per_service:
        return [(name,) for name in names]
    if not tls:
        return [tuple(names)]
    secure = tuple(name for name in names if not FACES[name].plain)
    return [room for room in (secure, tuple(name for name in names if FACES[name].plain)) if room]
