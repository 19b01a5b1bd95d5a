"""How the station under test comes in at the tester, and is kept out for a while: in memory, or over a WebSocket."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from cryptography import x509

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.conformance.station.options import ListeningAt
from pncsim.simulator.plan import SecurityProfile
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.channel import Admission, FrameChannel
from pncsim.wire.ocpp.handshake import LinkSecurity, shake_hands, turned_away
from pncsim.wire.ocpp.tls import client_context, server_context

if TYPE_CHECKING:
    from pncsim.wire.ocpp.websocket import WebSocketServer

GOING_AWAY, TURNS = 1001, 100


class DeskDoor(Protocol):
    """The tester's door. ``serving`` are the credentials of its TLS, None for none.

    ``certified``: it asks stations for a certificate, not for a password (security profile 3).
    """

    csms: Csms
    identity: str
    serving: Credentials | None
    certified: bool
    oldest_tls: bool
    """Speak nothing newer than TLS 1.1."""

    @property
    def knocks(self) -> int:
        """How many have connected, whatever has come of it."""

    async def open(self) -> None:
        """Let the station in from now on. Raises LocalError where nobody can listen there."""

    async def shut(self) -> None:
        """Close the connection there is, and let nobody in."""


def tls_of(credentials: Credentials, *, stations_below: tuple[x509.Certificate, ...], oldest: bool) -> ssl.SSLContext:
    """The tester's TLS; with ``oldest`` it speaks TLS 1.0 and 1.1 alone, which a station must not (A00.FR.301)."""
    context = server_context(credentials, stations_below, lab_time=bool(stations_below))
    if oldest:
        outdate(context, newest=ssl.TLSVersion.TLSv1_1)
    return context


def outdate(context: ssl.SSLContext, *, newest: ssl.TLSVersion) -> None:
    """Let ``context`` speak TLS from 1.0 to ``newest``, with everything that was usual then."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest


class MemoryDoor:
    """For a station of ours in this process; what TLS there is lies between two ends in memory.

    ``trusted``: the root by which the station knows its CSMS. ``shown``: what it shows under security profile 3.
    """

    def __init__(
        self,
        csms: Csms,
        identity: str,
        profile: SecurityProfile,
        serving: Credentials | None,
        trusted: x509.Certificate | None,
        shown: Credentials | None,
    ) -> None:
        self.csms, self.identity, self.serving, self.oldest_tls = csms, identity, serving, False
        self.certified = profile == 3
        self._trusted, self._shown = trusted, shown
        self._shut = False
        self.knocks = 0

    async def open(self) -> None:
        """As :class:`DeskDoor`."""
        self._shut = False

    async def shut(self) -> None:
        """As :class:`DeskDoor`."""
        self._shut = True
        await closed(self.csms, self.identity)

    async def connect(self, identity: str, password: str | None) -> FrameChannel:
        """How the station comes in (:class:`wire.ocpp.channel.Connector`)."""
        if self._shut:
            raise PeerError("The CSMS cannot be reached: the tester is away.", kind="unreachable")
        near = None
        if self.serving is not None and self._trusted is not None:
            below = (self._trusted,) if self.certified else ()
            theirs = client_context([self._trusted], self._shown, lab_time=True)
            near, far = shake_hands(
                theirs, tls_of(self.serving, stations_below=below, oldest=self.oldest_tls), "localhost"
            )
            self.csms.voice.ocpp_secured(identity, far.version, far.cipher, far.subject, far.shown)
            if self.certified:
                admission = await self.csms.admit_certified(identity, far)
        if not self.certified:
            admission = await self.csms.admit(identity, identity, password)
        if admission != "welcome":
            raise turned_away("The CSMS", 404 if admission == "unknown" else 401)
        channel = self.csms.accept(identity)
        channel.secured = near
        return channel


class SocketDoor:
    """For somebody else's station: a WebSocket server at ``at``.

    ``below``: the roots a station's certificate may lead to; with them it comes by security profile 3.
    """

    def __init__(
        self, csms: Csms, at: ListeningAt, serving: Credentials | None, below: Sequence[x509.Certificate] = ()
    ) -> None:
        self.csms, self.identity, self.serving, self.oldest_tls = csms, at.identity, serving, False
        self.certified = bool(below)
        self._at, self._below = at, tuple(below)
        self._server: WebSocketServer | None = None

    @property
    def knocks(self) -> int:
        """As :class:`DeskDoor`."""
        return 0 if self._server is None else self._server.knocks

    async def open(self) -> None:
        """As :class:`DeskDoor`."""
        from pncsim.wire.ocpp.websocket import WebSocketServer

        csms, at = self.csms, self._at
        tls = None
        if self.serving is not None:
            tls = tls_of(self.serving, stations_below=self._below, oldest=self.oldest_tls)
        server = WebSocketServer(
            csms.admit,
            csms.serve,
            at.path,
            admit_certified=self._admit if self.certified else None,
            report=csms.report,
            voice=csms.voice,
        )
        await server.start(at.host, at.port, tls)
        self._server = server

    async def _admit(self, identity: str, link: LinkSecurity) -> Admission:
        """Whose path the handshake has verified comes in, whatever number the certificate names."""
        return "welcome" if identity == self.identity else "unknown"

    async def shut(self) -> None:
        """As :class:`DeskDoor`."""
        if self._server is not None:
            await self._server.close()
            self._server = None
        await closed(self.csms, self.identity)


async def closed(csms: Csms, identity: str) -> None:
    """End the connection of that station, if it has one."""
    link = csms.stations.get(identity)
    if link is None:
        return
    await link.peer.close(GOING_AWAY, "the tester is away")
    # Whoever served it has a turn or two of the loop yet until it is forgotten.
    for _ in range(TURNS):
        if csms.stations.get(identity) is not link:
            return
        await asyncio.sleep(0)
