"""How stations come in at a lab's own CSMS where the plan says their security profile (OCPP A00).

On loopback over sockets; in memory TLS is the same, between two ends in one process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cryptography import x509
from msgspec import Struct, field

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.plan import SecurityProfile
from pncsim.tls_certs.pki import Pki, create_ocpp_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import LinkSecurity, out_of_date, shake_hands, turned_away
from pncsim.wire.ocpp.tls import client_context, server_context
from pncsim.wire.tls.alerts import ALERTS
from pncsim.wire.trace import OcppSecured
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    import ssl

    from pncsim.wire.ocpp.websocket import WebSocketServer

_HOST, _WHO = "localhost", "The CSMS"


class CsmsDoor(Discreet, Struct):
    """The CSMS's end: its certificate and root, the password of its stations, and what each shows under profile 3.

    ``url``: where it listens, empty in memory.
    """

    csms: Csms
    profile: SecurityProfile
    pki: Pki
    clock: Clock
    password: str
    stations: dict[str, Credentials] = field(default_factory=dict)
    url: str = ""

    _hidden = ("pki", "password", "stations")

    @classmethod
    def of(cls, csms: Csms, profile: SecurityProfile, pki: Pki, clock: Clock, password: str) -> CsmsDoor:
        """With the OCPP certificates of ``pki``, or new ones where it is a PKI without any."""
        has_ocpp = {"csms_root", "csms_server"} <= pki.keys.keys()
        return cls(csms, profile, pki if has_ocpp else create_ocpp_pki(clock.now(), pki.source), clock, password)

    @property
    def root(self) -> x509.Certificate:
        """What the certificates of both sides lead to."""
        return self.pki.root("csms_server")

    def equip(self, identity: str, serial_number: str) -> None:
        """Let a station have what it shows under profile 3: a certificate of the operator that names its number."""
        if self.profile == 3:
            self.stations[identity] = self.certify(serial_number)

    def certify(self, serial_number: str) -> Credentials:
        """A client certificate of the operator for the station of that number."""
        authority = self.pki.authority("csms_root")
        return authority.credentials(PROFILES["station_client"], serial_number, self.clock.now())

    async def open(self) -> WebSocketServer:
        """Listen on loopback."""
        from pncsim.backend.csms.server import serve_csms

        server = await serve_csms(
            self.csms,
            self.pki.credentials("csms_server") if self.profile > 1 else None,
            stations_below=[self.root] if self.profile == 3 else (),
        )
        self.url = server.url
        return server

    async def connect(self, identity: str, password: str | None) -> FrameChannel:
        """How the stations of the plan come in (:class:`wire.ocpp.channel.Connector`)."""
        return await self.enter(identity, password, trusted=(self.root,), shown=self.stations.get(identity))

    def others(self, serial_number: str) -> tuple[x509.Certificate, Credentials]:
        """The root of another operator, and what a station of that number shows below it."""
        pki = create_ocpp_pki(self.clock.now(), self.pki.source.of("another operator"))
        stranger = CsmsDoor(self.csms, self.profile, pki, self.clock, "")
        return stranger.root, stranger.certify(serial_number)

    async def knock(
        self,
        identity: str,
        password: str | None = None,
        *,
        trusted: Sequence[x509.Certificate] = (),
        shown: Credentials | None = None,
    ) -> str:
        """What becomes of somebody who comes with this and, unless told otherwise, trusts the root of the CSMS.

        The TLS alert, or the HTTP status; "closed" where the connection is without a word, as asyncio's servers do to
        who shows no good certificate; "let in" for one who is, and leaves again.
        """
        try:
            channel = await self.enter(identity, password, trusted=trusted or (self.root,), shown=shown)
        except PeerError as error:
            if error.alert is not None:
                return ALERTS[error.alert]
            return f"HTTP {error.http_status}" if error.http_status is not None else "closed"
        await channel.close(1000, "that was all")
        return "let in"

    async def enter(
        self, identity: str, password: str | None, *, trusted: Sequence[x509.Certificate], shown: Credentials | None
    ) -> FrameChannel:
        """Connect as a station that trusts these roots and shows that certificate. Raises PeerError."""
        tls = client_context(trusted, shown, lab_time=True) if self.profile > 1 else None
        if not self.url:
            return await self._enter_in_memory(identity, password, tls)
        from pncsim.wire.ocpp.websocket import connect

        told = None if self.profile == 3 else password
        return await connect(self.url, identity, password=told, tls=tls, now=self.clock.now)

    async def _enter_in_memory(self, identity: str, password: str | None, tls: ssl.SSLContext | None) -> FrameChannel:
        near: LinkSecurity | None = None
        far = LinkSecurity("", "", b"")
        if tls is not None:
            near, far = shake_hands(tls, self._server_context(), _HOST)
            self.csms.voice.ocpp_secured(identity, far.version, far.cipher, far.subject, far.shown)
            late = out_of_date(_WHO, near.shown, self.clock.now())
            if late is not None:
                raise late
        if self.profile == 3:
            admission = await self.csms.admit_certified(identity, far)
        else:
            admission = await self.csms.admit(identity, identity, password, profile=self.profile)
        if admission != "welcome":
            raise turned_away(_WHO, 404 if admission == "unknown" else 401)
        channel = self.csms.accept(identity)
        channel.secured = near
        return channel

    def _server_context(self) -> ssl.SSLContext:
        below = [self.root] if self.profile == 3 else ()
        return server_context(self.pki.credentials("csms_server"), below, lab_time=True)


def seen_by(links: Iterable[OcppSecured], role: str) -> OcppSecured:
    """The last handshake that the station ("CS") or the CSMS has completed. Raises LocalError if there is none."""
    done = [link for link in links if link.role == role and link.ok]
    if not done:
        raise LocalError("No station of this run has reached its CSMS over TLS.")
    return done[-1]
