"""Another operator beside running services (POOL-2): its pools are in this process, below a PKI the run brings along.

The services' administrator has them ask its contract pool, until the run ends; it asks theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pncsim.backend.ccp import http as ccp_http
from pncsim.backend.ccp.directory import ContractSource
from pncsim.backend.csms.ports import Services
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.pki.fetch import Fetch
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, fixed
from pncsim.backend.rest.bodies import json_object, json_response
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route, application
from pncsim.simulator.lab.desk import Desk
from pncsim.simulator.lab.neighbours import Neighbour, Roamed
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from aiohttp import web

PEERS = "/admin/peers"
TOKEN = "/oauth/token"


class FarNeighbours:
    """Makes them; what it opens is closed with ``sockets``. ``host`` is where the services reach this process."""

    def __init__(
        self, clock: Clock, trace: Trace, source: Source, sockets: AsyncExitStack, *, host: str, fetch: Fetch
    ) -> None:
        self._clock, self._trace, self._source, self._sockets = clock, trace, source, sockets
        self._host, self._fetch = host, fetch

    async def open(
        self, name: str, provider: str, pkis: Iterable[Pki], services: Services, home: ContractSource
    ) -> tuple[Neighbour, dict[str, object]]:
        """The operator and the peer it is to the services. The first of ``pkis`` is its own.

        ``services`` are those of the CSMS that is to know its contracts, ``home`` is the services' contract pool.
        """
        other = Ecosystem(self._clock, self._trace, fetch=self._fetch, source=self._source.of(name), unit=name)
        for number, pki in enumerate(pkis):
            await other.add_pki(pki, f"{number}" if number else "")
        operator = other.add_operator(provider)
        if services.operator is None:
            raise LocalError("The CSMS asks no mobility operator: there is nobody to roam with.")
        services.operator = Roamed(services.operator, provider, operator)
        other.directory.add("home", home)
        desk = Desk(
            "loopback",
            self._clock,
            Voice.on(self._clock, self._trace, "LAB"),
            other,
            self._source.of(name),
            self._sockets,
        )
        return Neighbour(name, provider, other, desk), await self._reached(other, name)

    async def _reached(self, other: Ecosystem, name: str) -> dict[str, object]:
        """Its contract pool over HTTP, as a peer is described."""
        voice, source = Voice.on(self._clock, self._trace, "CCP", f"CCP {name}"), self._source.of(f"peer {name}")
        secret, token = source.token(24), source.token(24)

        async def give(request: web.Request, grant: Grant) -> web.StreamResponse:
            if (await json_object(request)).get("client_secret") != secret:
                raise Refused("That is not the client's secret.", clause="ACC-1", http_status=401)
            return json_response({"access_token": token})

        routes = (
            *ccp_http.routes(other.pool, source, Guesses(self._clock)),
            Route("POST", TOKEN, "requestToken", None, give),
        )
        listener = HttpListener(self._host, voice=voice)
        self._sockets.push_async_callback(listener.stop)
        tokens = fixed({token: Grant(frozenset({"CPO"}))})
        await listener.start(application(routes, voice, tokens=tokens, source=source))
        return {
            "name": f"{name}-{source.token(6).lower()}",
            "ccp": listener.url,
            "token": listener.url + TOKEN,
            "client_id": "home",
            "client_secret": secret,
        }
