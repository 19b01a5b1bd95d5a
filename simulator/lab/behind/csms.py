"""How the CSMS of a plan is opened: one of the lab's own, in memory or on sockets, or somebody's at a URL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.lab.around import Parties, named
from pncsim.simulator.lab.back_end import BackEnd
from pncsim.simulator.lab.behind.cards import CARD, KnownCards
from pncsim.simulator.lab.behind.footing import Footing
from pncsim.simulator.lab.doors import CsmsDoor
from pncsim.simulator.plan import CsmsPlan, SecurityProfile, serial_of
from pncsim.tls_certs.pki import Pki, create_ocpp_pki
from pncsim.wire.clock import Clock
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.wire.ocpp.websocket import WebSocketServer


async def open_csms(
    footing: Footing, plan: CsmsPlan, parties: Parties, close: Callable[[], Awaitable[None]]
) -> BackEnd:
    """The CSMS with what it asks of ``parties``; ``close`` closes all there is behind the stations."""
    pki, services = named(parties.pkis, ""), await parties.services(plan.name)
    services.tokens = KnownCards({CARD: "Accepted"})
    if plan.roaming is not None and services.operator is not None:
        from pncsim.backend.csms.roaming import Roaming

        services.operator = Roaming(services.operator, frozenset(plan.roaming))
    password, own, make, server, door = plan.password, None, None, None, None
    if plan.url is not None:
        from pncsim.wire.ocpp.tls import client_context
        from pncsim.wire.ocpp.websocket import connector

        trusted = client_context(pki.anchors("csms_root")) if plan.url.startswith("wss:") else None
        connect, url = connector(plan.url, trusted), without_password(plan.url)
        profile: SecurityProfile = 1 if trusted is None else 2
    else:
        profile, source = plan.security_profile or 2, footing.source.of(plan.name)
        password = password or source.token(24)
        make = partial(Csms, services, footing.clock, source, footing.trace, name=plan.name, refuses=footing.refuses)
        own = make()
        if plan.security_profile is not None:
            door = CsmsDoor.of(own, plan.security_profile, pki, footing.clock, password)
        await _register(footing, plan, own, door, password, profile)
        connect, url = own.connector(), "in memory"
        if door is not None:
            connect = door.connect
            if footing.transport == "loopback":
                server = await door.open()
        elif footing.transport == "loopback":
            connect, server = await _on_sockets(footing, own, pki, secured=profile > 1)
        if server is not None:
            footing.sockets.push_async_callback(server.close)
            url = server.url
    return BackEnd(
        name=plan.name,
        pki=pki,
        parties=parties,
        services=services,
        connect=connect,
        password=password,
        csms_url=url,
        security_profile=profile,
        close=close,
        own=own,
        make=make,
        server=server,
        door=door,
    )


async def _register(
    footing: Footing, plan: CsmsPlan, csms: Csms, door: CsmsDoor | None, password: str, profile: SecurityProfile
) -> None:
    """Let the stations of this CSMS be known to it, and have what they show at its door."""
    for number, station in enumerate(footing.plan.stations, 1):
        if station.csms == plan.name and not station.foreign:
            serial = serial_of(number) if profile == 3 else ""
            await csms.register.add(station.identity, password, drawn=not plan.password, serial_number=serial)
            if door is not None:
                door.equip(station.identity, serial)


async def _on_sockets(footing: Footing, csms: Csms, pki: Pki, *, secured: bool) -> tuple[Connector, WebSocketServer]:
    from pncsim.backend.csms.server import serve_csms
    from pncsim.wire.ocpp.tls import client_context
    from pncsim.wire.ocpp.websocket import connector

    if "csms_server" not in pki.keys:  # a PKI of somebody else; TLS libraries live by the machine's time
        pki = create_ocpp_pki(Clock().now(), footing.source.of("OCPP"))
    server = await serve_csms(csms, pki.credentials("csms_server") if secured else None)
    return connector(server.url, client_context([pki.root("csms_server")]) if secured else None), server
