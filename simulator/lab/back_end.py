"""Everything behind the station, in one process: PKI, pools, mobility operator and CSMS, wired for a transport.

On loopback the OCSP responder, the contract pool and the CSMS answer on real sockets (HTTP, HTTP, WebSocket over TLS)
and are asked through them; in memory the same objects meet directly. Ports are bound before certificates are issued,
because the certificates name the OCSP responder's address.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pncsim.backend.answers import AuthorizationStatus, TokenStatus
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import ContractPool, Services
from pncsim.backend.ecosystem import Ecosystem, open_ecosystem
from pncsim.tls_certs.pki import DEFAULT_PCID, Pki, create_pki, load_pki
from pncsim.wire.clock import Clock
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Story, Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.pki.fetch import Fetch
    from pncsim.wire.ocpp.websocket import WebSocketServer

Transport = Literal["loopback", "memory"]
STATION_ID = "CS001"
CARD = "04A2B3C4D5E680"
"""The RFID card (ISO 14443 UID) the CSMS knows."""


@dataclass(frozen=True, slots=True)
class KnownCards:
    """The operator's own tokens for external identification: card UID -> OCPP AuthorizationStatus."""

    cards: dict[str, AuthorizationStatus]

    async def authorize(self, token: str, kind: str) -> TokenStatus:
        """What the card may; unknown ones may nothing."""
        status = self.cards.get(token, "Unknown")
        return TokenStatus(status, f"Card {token} ({kind}) is {status.lower()}.")


@dataclass(slots=True, kw_only=True)
class BackEnd:
    """A running back end. ``connect`` is how the station reaches the CSMS, with ``password`` (security profile 2)."""

    pki: Pki
    ecosystem: Ecosystem
    services: Services
    csms: Csms
    connect: Connector
    password: str
    csms_url: str
    sockets: AsyncExitStack
    server: WebSocketServer | None = None

    async def stop_csms(self) -> None:
        """Take the CSMS off the network; everything else goes on."""
        if self.server is not None:
            await self.server.close()
        await self.csms.close()

    async def close(self) -> None:
        """Close every socket and connection."""
        await self.csms.close()
        await self.sockets.aclose()


async def open_back_end(
    transport: Transport, clock: Clock, trace: Trace, *, folder: Path | None = None, pcid: str = DEFAULT_PCID
) -> BackEnd:
    """Bind, issue (or load ``folder``), fill the pools with roots, start to answer. Raises LocalError."""
    async with AsyncExitStack() as sockets:
        if transport == "memory":
            pki, ecosystem, pool = await _in_memory(clock, trace, folder, pcid)
        else:
            pki, ecosystem, pool = await _on_sockets(clock, trace, folder, pcid, sockets)
        services = Services(
            pool=pool,
            revocation=ecosystem.ocsp,
            authority=ecosystem.ca,
            operator=ecosystem.mo,
            tokens=KnownCards({CARD: "Accepted"}),
            chains=ecosystem.chains,
        )
        password = SYSTEM.token(24)
        csms = Csms(services, clock, SYSTEM, trace)
        await csms.register.add(STATION_ID, password)
        connect, url, server = csms.connector(), "in memory", None
        if transport == "loopback":
            connect, server = await _csms_on_sockets(csms, pki, sockets)
            url = server.url
        return BackEnd(
            pki=pki,
            ecosystem=ecosystem,
            services=services,
            csms=csms,
            connect=connect,
            password=password,
            csms_url=url,
            sockets=sockets.pop_all(),
            server=server,
        )
    raise AssertionError("unreachable")


async def _in_memory(clock: Clock, trace: Trace, folder: Path | None, pcid: str) -> tuple[Pki, Ecosystem, ContractPool]:
    pki = _pki(clock, trace, folder, "http://ocsp.pncsim.test/ocsp", pcid)
    ecosystem = await open_ecosystem(pki, clock, trace)
    return pki, ecosystem, ecosystem.pool


async def _on_sockets(
    clock: Clock, trace: Trace, folder: Path | None, pcid: str, sockets: AsyncExitStack
) -> tuple[Pki, Ecosystem, ContractPool]:
    from pncsim.backend.ccp.client import ContractPoolClient
    from pncsim.backend.ccp.http import ccp_app
    from pncsim.backend.pki.responder_http import ocsp_app
    from pncsim.backend.rest.access import Grant
    from pncsim.wire.listener import HttpListener

    ocsp_server, ccp_server = HttpListener(), HttpListener()
    sockets.push_async_callback(ocsp_server.stop)
    sockets.push_async_callback(ccp_server.stop)
    pki = _pki(clock, trace, folder, f"{ocsp_server.url}/ocsp", pcid)
    fetch = _fetch(pki, f"{ocsp_server.url}/ocsp", clock, sockets)
    ecosystem = await open_ecosystem(pki, clock, trace, fetch=fetch)
    token = SYSTEM.token(24)
    await ocsp_server.start(ocsp_app(ecosystem.responder, Voice.on(clock, trace, "PKI")))
    await ccp_server.start(
        ccp_app(ecosystem.pool, Voice.on(clock, trace, "CCP"), tokens={token: Grant(frozenset({"CPO"}))})
    )
    client = ContractPoolClient(clock, Voice.on(clock, trace, "CSMS"), ccp_server.url, token=token)
    sockets.push_async_callback(client.close)
    return pki, ecosystem, client


def _fetch(pki: Pki, own_url: str, clock: Clock, sockets: AsyncExitStack) -> Fetch:
    """OCSP over HTTP; a folder's certificates name an address of their own, which is answered by our responder too."""
    from pncsim.backend.pki.fetch import HttpFetch

    http = HttpFetch(clock)
    sockets.push_async_callback(http.close)

    async def fetch(url: str, request: bytes) -> bytes:
        return await http(own_url if url in {"", pki.ocsp_url} else url, request)

    return fetch


def _pki(clock: Clock, trace: Trace, folder: Path | None, ocsp_url: str, pcid: str) -> Pki:
    if folder is None:
        pki = create_pki(clock.now(), ocsp_url=ocsp_url, pcid=pcid)
        text = f"{len(pki.certificates)} certificates issued: V2G, CPO, CPS, MO and OEM chains, OCSP signers, OCPP."
    else:
        pki = load_pki(folder)
        if pki.ocsp_url is None:
            pki.ocsp_url = ocsp_url
        text = f"{len(pki.certificates)} certificates read from {folder}."
    trace.emit(Story(time=clock.now(), role="PKI", text=text))
    return pki


async def _csms_on_sockets(csms: Csms, pki: Pki, sockets: AsyncExitStack) -> tuple[Connector, WebSocketServer]:
    from pncsim.backend.csms.server import serve_csms
    from pncsim.wire.ocpp.tls import client_context
    from pncsim.wire.ocpp.websocket import connector

    server = await serve_csms(csms, pki.credentials("csms_server"))
    sockets.push_async_callback(server.close)
    return connector(server.url, client_context([pki.root("csms_server")])), server
