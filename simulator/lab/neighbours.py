"""Another operator beside those of a lab, with pools of its own: what one has not, the other is asked for (POOL-2).

They know each other's contract pool by a directory, and each other's contracts by roaming; the PKIs are the same. On
loopback contract pools are asked over HTTP, in memory they meet directly.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms.ports import MobilityOperator
from pncsim.backend.ecosystem import Ecosystem
from pncsim.simulator.lab.desk import Caller, Desk
from pncsim.wire.identifiers import emaid_provider
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.ccp.directory import ContractSource
    from pncsim.backend.csms.ports import Services
    from pncsim.backend.pki.fetch import Fetch
    from pncsim.simulator.settings import Transport
    from pncsim.wire.clock import Clock
    from pncsim.wire.source import Source
    from pncsim.wire.trace import Trace


class Neighbour(Struct, frozen=True):
    """The other operator; ``ecosystem`` are its pools and parties, ``provider`` is its mobility operator's id."""

    name: str
    provider: str
    ecosystem: Ecosystem
    desk: Desk

    async def caller(self, name: str) -> Caller:
        """As :meth:`simulator.lab.lab.Lab.caller`, at this operator's services."""
        return await self.desk.caller(name, self.provider if name == "MO" else "")


class Roamed(Struct, frozen=True):
    """Who is asked about contracts: ``theirs`` about those of ``provider``, ``own`` about all others."""

    own: MobilityOperator
    provider: str
    theirs: MobilityOperator

    async def authorize(self, emaid: str) -> TokenStatus:
        """See :class:`backend.csms.ports.MobilityOperator`."""
        return await (self.theirs if emaid_provider(emaid) == self.provider else self.own).authorize(emaid)


async def open_neighbour(
    name: str,
    provider: str,
    beside: Ecosystem,
    services: Services,
    *,
    transport: Transport,
    clock: Clock,
    trace: Trace,
    source: Source,
    fetch: Fetch,
    sockets: AsyncExitStack,
) -> Neighbour:
    """An operator ``beside`` the lab's own, whose CSMS asks its ``services``; closed with ``sockets``.

    ``fetch``: how it asks the PKI's responder.
    """
    other = Ecosystem(clock, trace, fetch=fetch, source=source.of(name), unit=name)
    for pki_name, pki in beside.pkis.items():
        await other.add_pki(pki, pki_name)
    operator = other.add_operator(provider)
    services.operator = Roamed(services.operator or beside.mo, provider, operator)
    for here, there, what in ((beside, other, name), (other, beside, "home")):
        here.directory.add(what, await _reached(there, transport, clock, trace, source, sockets))
    desk = Desk(transport, clock, Voice.on(clock, trace, "LAB"), other, source.of(name), sockets)
    return Neighbour(name, provider, other, desk)


async def _reached(
    there: Ecosystem, transport: Transport, clock: Clock, trace: Trace, source: Source, sockets: AsyncExitStack
) -> ContractSource:
    """An operator's contract pool as the other's reaches it."""
    if transport == "memory":
        return there.pool
    from pncsim.backend.ccp.client import ContractPoolClient
    from pncsim.backend.ccp.http import ccp_app
    from pncsim.backend.rest.access import Grant, fixed
    from pncsim.wire.listener import HttpListener

    token, voice = source.of("peer").token(24), Voice.on(clock, trace, "CCP")
    listener = HttpListener(voice=voice)
    sockets.push_async_callback(listener.stop)
    await listener.start(ccp_app(there.pool, voice, tokens=fixed({token: Grant(frozenset({"CPO"}))})))
    client = ContractPoolClient(clock, voice, listener.url, token=token)
    sockets.push_async_callback(client.close)
    return client
