"""One charging point of the lab: the OCPP station, the EVSE behind it, and its sockets towards the vehicle."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509

from pncsim.secc import notices
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import Evse
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerSilent, PncError
from pncsim.wire.network import Network, Security, Serving
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.streams import ByteStream, tapped
from pncsim.wire.tcp import address_text
from pncsim.wire.tls import TlsError, TlsServer, open_server
from pncsim.wire.trace import Direction, Problem, Secured, Story, Trace
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.voice import Voice

HANDSHAKE_RECORD = b"\x16"
"""The first octet of whoever speaks TLS (RFC 5246 A.1: content type handshake)."""

ANSWER_SECONDS = 1.0
"""How long the lab's clock waits for the answer to a call before it jumps."""


@dataclass(slots=True)
class Presented:
    """What the station's TLS server shows instead of what the CSMS gave it; None leaves it as it is."""

    credentials: Credentials | None = None
    staples: tuple[bytes | None, ...] | None = None


@dataclass(slots=True)
class StationSite:
    """A charging point. :meth:`open` boots the station and serves vehicles until :meth:`close`.

    ``secured``, ``plain``: serve TLS, plain TCP. ``contract``: offer Plug & Charge where the station can. ``receipts``
    counts verified metering receipts, ``loops`` meter samples; ``on_loop`` hears the latter, ``on_notice`` everything
    the SECC engine tells, ``on_end`` how each session ended (a sentence, and the error unless it was in order),
    ``on_refused`` why a TLS handshake failed and whether the peer spoke TLS at all.
    """

    clock: Clock
    trace: Trace
    network: Network
    station: Station
    evse: Evse
    secured: bool = True
    plain: bool = True
    contract: bool = True
    presented: Presented = field(default_factory=Presented)
    receipts: int = 0
    loops: int = 0
    on_loop: Callable[[int], None] | None = None
    on_notice: Callable[[object], None] | None = None
    on_end: Callable[[str, PncError | None], None] | None = None
    on_refused: Callable[[PncError, bool], None] | None = None
    _life: asyncio.Task[None] | None = None
    _serving: Serving | None = None
    _busy: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, *, within: float = 30.0, lenient: bool = False) -> None:
        """Boot, register, obtain certificate and staple, then listen. Raises what went wrong first.

        ``lenient``: serve vehicles even without OCSP response, or without CSMS, if there is a certificate.
        """
        self._life = asyncio.create_task(self.station.run())
        try:
            await self.station.wait_ready(within)
        except PncError:
            if not lenient or self.station.credentials is None:
                raise
        handlers: dict[Security, Callable[[ByteStream], Any]] = {}
        if self.secured:
            handlers[Security.TLS] = self._over_tls
        if self.plain:
            handlers[Security.NONE] = self._over_tcp
        self._serving = await self.network.serve(handlers, Voice.on(self.clock, self.trace, "SECC"))
        self._idle.set()

    async def close(self) -> None:
        """Stop serving, disconnect from the CSMS."""
        if self._serving is not None:
            await self._serving.close()
        if self._life is not None:
            await self.station.stop()
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    async def quiet(self) -> None:
        """Wait until no vehicle is being served and the CSMS has heard everything it can hear."""
        await self.idle()
        await self.heard()

    async def idle(self) -> None:
        """Wait until nobody is connected."""
        await self._idle.wait()

    async def heard(self) -> None:
        """Wait until the CSMS has heard everything it can hear: until all is told, or until it is gone."""
        await self._answered()
        if not self.station.online or not self.station.delivery.holds():
            return
        ends = [asyncio.ensure_future(self.station.settled()), asyncio.ensure_future(self.station.wait_offline())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _answered(self) -> None:
        """Wait, not for long, until no other call is open either: a jump must not look like the CSMS's silence."""
        with contextlib.suppress(TimeoutError):
            async with self.clock.timeout(ANSWER_SECONDS):
                await self.station.link.idle()

    def tell(self, notice: object) -> None:
        """Hear what the SECC engine says, pass it to the OCPP station, count what the lab asks for."""
        if isinstance(notice, notices.ReceiptVerified):
            self.receipts += 1
        elif isinstance(notice, notices.MeterSample):
            self.loops += 1
            if self.on_loop is not None:
                self.on_loop(self.loops)
        if self.on_notice is not None:
            self.on_notice(notice)
        self.station.notice(notice)

    @contextlib.contextmanager
    def _occupied(self) -> Iterator[None]:
        """A vehicle is being served, from its first octet to the end of its connection."""
        self._busy += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def _over_tls(self, stream: ByteStream) -> None:
        with self._occupied():
            secured = await self._secure(stream)
            if secured is not None:
                await self._serve(secured, tls=True)

    async def _over_tcp(self, stream: ByteStream) -> None:
        with self._occupied():
            await self._serve(stream, tls=False)

    async def _secure(self, stream: ByteStream) -> ByteStream | None:
        """The vehicle's TLS stream, or None when the handshake failed, which is then reported."""
        credentials = self.presented.credentials or self.station.credentials
        assert credentials is not None, "a station is ready only with its certificate"
        staples = self.presented.staples if self.presented.staples is not None else self.station.staples
        how = TlsServer(credentials=credentials, staples=staples, on_keys=self.trace.key_log)
        opening = bytearray()
        stream = tapped(stream, lambda direction, data: _keep_first(opening, direction, data))
        try:
            async with self.clock.timeout(timing.SECC_SETUP):
                secured = await open_server(stream, how, self.clock)
        except TimeoutError:
            stream.abort()
            late = PeerSilent("The vehicle did not complete the TLS handshake in time.", clause="V2G2-714")
            self._refused(late, opening)
            return None
        except TlsError as error:
            self._refused(error, opening)
            return None
        self.trace.emit(
            Secured(
                time=self.clock.now(),
                role="SECC",
                ok=True,
                version=secured.version,
                cipher=secured.cipher,
                peer=stream.peer,
                stapled=any(staples),
            )
        )
        return secured

    async def _serve(self, stream: ByteStream, *, tls: bool) -> None:
        self.evse.config = replace(
            self.evse.config,
            contract=self.contract and self.station.offers_contract,
            certificate_service=self.contract and self.station.offers_installation,
        )
        second = self.evse.engine is not None
        close = await self.evse.serve(stream, tls=tls)
        # A second vehicle at a time is refused by the EVSE, which says so; no session of its own has ended.
        if self.on_end is not None and not second:
            self.on_end(close.reason, close.error)

    def _refused(self, error: PncError, opening: bytearray) -> None:
        now, said = self.clock.now(), error.sentence
        self.trace.emit(Secured(time=now, role="SECC", ok=False, alert=error.alert, reason=said))
        self.trace.emit(Problem(time=now, role="SECC", text=said, clause=error.clause, advice=error.advice))
        if self.on_refused is not None:
            self.on_refused(error, opening == HANDSHAKE_RECORD)

    @property
    def where(self) -> list[str]:
        """Where vehicles are waited for: address, port and kind of connection."""
        assert self._serving is not None
        return [
            f"{address_text(a.host, a.port)} {'(TLS)' if a.security is Security.TLS else '(plain)'}"
            for a in self._serving.addresses.values()
        ]


def _keep_first(opening: bytearray, direction: Direction, data: bytes) -> None:
    """Keep the first octet received."""
    if not opening and direction == "received":
        opening += data[:1]


def build_station(
    pki: Pki,
    network: Network,
    clock: Clock,
    trace: Trace,
    connect: Connector,
    *,
    config: SeccConfig,
    station: StationConfig,
    password: str | None,
    installed: bool = False,
    random_source: random.Random | None = None,
) -> StationSite:
    """A charging point over ``network``; with ``installed`` its V2G certificate is the PKI's, else it asks for one."""
    roots: list[tuple[str, x509.Certificate]] = [("V2GRootCertificate", root) for root in pki.anchors("v2g_root")]
    roots += [("MORootCertificate", root) for root in pki.anchors("mo_root")]
    ocpp = Station(
        station,
        connect,
        clock,
        random_source or random.SystemRandom(),
        trace,
        password=password,
        roots=roots,
        credentials=pki.credentials("secc_leaf") if installed else None,
    )
    site: StationSite
    evse = Evse(config, clock=clock, trace=trace, answer=ocpp.answer, tell=lambda notice: site.tell(notice))
    site = StationSite(clock, trace, network, ocpp, evse)

    def stop(sentence: str) -> None:
        trace.emit(Story(time=clock.now(), role="CS", text=sentence))
        evse.request_stop()

    ocpp.stop_charging = stop
    if config.central_validation:
        ocpp.model.put("ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
    return site
