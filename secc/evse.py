"""One EVSE: control pilot, link, power, and one session after the other for the vehicle that is plugged in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from msgspec import Struct

from pncsim.secc import notices
from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.secc.engine import DIALECTS, SeccEngine
from pncsim.secc.handshake import FailedHandshake, TlsIdentity, secure
from pncsim.secc.listeners import Listeners
from pncsim.secc.power import EvsePower
from pncsim.secc.questions import VehicleReady
from pncsim.wire.acceptor import OnStream
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerSilent, PncError
from pncsim.wire.network import Network, Security, Serving
from pncsim.wire.pilot import DIGITAL, PLUGGED, READY, STEADY, Pilot, PilotState, duty_for
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.driver import Answerer, Driver, Tell
from pncsim.wire.session.outputs import Close, Output
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice


class EvsePlan(Struct, frozen=True, kw_only=True):
    """An EVSE to be: how it behaves, the link it serves on, and what it offers there.

    ``secured``, ``plain``: serve TLS, plain TCP. ``contract``: offer Plug & Charge where the station can. ``assumed``:
    no pilot wire leads to the vehicle (a foreign one, on an interface): the EVSE listens all the time, and a vehicle
    counts as plugged in from its SupportedAppProtocolReq until its session has ended, pauses included; or as somebody
    who sees the plug says (:meth:`Evse.plug_seen`). ``dialects``: what it speaks, best first.
    """

    config: SeccConfig
    network: Network | None = None
    connectors: int = 1
    secured: bool = True
    plain: bool = True
    contract: bool = True
    assumed: bool = False
    dialects: tuple[Dialect, ...] = DIALECTS


class Evse:
    """EVSE ``number`` of a station.

    ``answer(question)`` decides what secc.questions asks; a PncError it raises becomes the refusal's sentence.
    ``tell(notice)`` hears secc.notices. ``settings`` is asked before each session what has changed since the plan;
    ``shown`` for the TLS server's credentials; ``enabled`` whether ISO 15118 is spoken at all.

    For whoever watches: ``receipts`` counts verified metering receipts, ``loops`` meter samples; ``on_loop`` hears the
    latter, ``on_notice`` every notice, ``on_end`` how each session ended (a sentence, and the error unless it was in
    order), ``on_refused`` why a TLS handshake failed and whether the peer spoke TLS at all.
    """

    def __init__(
        self,
        plan: EvsePlan,
        *,
        clock: Clock,
        trace: Trace,
        answer: Answerer,
        tell: Tell = lambda notice: None,
        number: int = 1,
        unit: str = "SECC",
        settings: Callable[[], SeccConfig] | None = None,
        shown: Callable[[], TlsIdentity] | None = None,
        enabled: Callable[[], bool] = lambda: True,
        power: EvsePower | None = None,
        source: Source = SYSTEM,
    ) -> None:
        self.plan, self.number = plan, number
        self.power = power or EvsePower()
        self.pilot = Pilot()
        self._assumed = plan.assumed
        if not plan.assumed:
            self.power.vehicle_ready = lambda: self.pilot.ready
        self.voice = Voice.on(clock, trace, "SECC", unit, refuses=plan.config.refuses)
        self.receipts = self.loops = 0
        self.on_loop: Callable[[int], None] | None = None
        self.on_notice: Callable[[object], None] | None = None
        self.on_end: Callable[[str, PncError | None], None] | None = None
        self.on_refused: Callable[[PncError, bool], None] | None = None
        self._clock, self._trace, self._answer, self._tell, self._source = clock, trace, answer, tell, source
        self._settings = settings or (lambda: plan.config)
        self._shown, self._enabled = shown, enabled
        self._session: Driver[SeccEngine] | None = None
        self._set_up = self._paused = False
        handlers: dict[Security, OnStream] = {}
        if plan.secured:
            handlers[Security.TLS] = self._over_tls
        if plan.plain:
            handlers[Security.NONE] = self._over_tcp
        self._setup = plan.dialects[0].times.station_setup
        self._listeners = Listeners(
            plan.network, handlers, self.pilot, clock, self.voice, setup_seconds=self._setup.seconds
        )
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._shaking: set[ByteStream] = set()
        self.pilot.subscribe(self._pilot_changed)

    @property
    def engine(self) -> SeccEngine | None:
        """The engine of the session that is running, if any."""
        return self._session.engine if self._session else None

    @property
    def network(self) -> Network:
        """The link vehicles come by. Raises LocalError where the plan has none."""
        if self.plan.network is None:
            raise LocalError(f"EVSE {self.number} has no link.", advice="Give its plan a network.")
        return self.plan.network

    # ---- life ----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Serve vehicles: at once where the pilot is assumed, else whenever one is plugged in. Raises LocalError."""
        if self._assumed and self._enabled():
            await self._listeners.open()

    async def close(self) -> None:
        """Listen no longer, and cancel what is still connected."""
        await self._listeners.close()

    async def idle(self) -> None:
        """Wait until nobody is connected."""
        await self._idle.wait()

    @property
    def serving(self) -> Serving | None:
        """Where the EVSE listens now; None while it does not."""
        return self._listeners.serving

    @property
    def where(self) -> list[str]:
        """Where vehicles are waited for: address, port and kind of connection."""
        return self._listeners.where

    # ---- plug and pilot ------------------------------------------------------------------------------------------

    def _pilot_changed(self, before: PilotState, now: PilotState) -> None:
        self.voice.pilot(now, self.pilot.duty)
        if before is now:
            return
        if now in PLUGGED and before not in PLUGGED:
            self._plugged_in()
        elif now is PilotState.A:
            self._unplugged()
        elif now not in PLUGGED:
            self._withdraw()
        elif now is PilotState.B and before in READY and self._session is None:
            # The vehicle wakes a station that has gone to sleep (BCB toggle).
            self._wake()

    def plug_seen(self, plugged: bool) -> None:
        """Somebody who can see a plug that was assumed so far says how it is: it is his word that counts from now on.

        Plugged in, the vehicle has 18 s; unplugged, whatever goes on ends, and nothing listens until it is plugged in.
        """
        if self._assumed:
            self._assumed = False
            if not plugged and not self.pilot.plugged:
                self._withdraw()
        if plugged:
            self.pilot.connect()
        else:
            self.pilot.disconnect()

    def _plugged_in(self) -> None:
        now = self._clock.now()
        self._note(notices.PluggedIn(time=now, connector=self.pilot.connector, register_wh=self.power.reading(now)))
        if self._enabled():
            self.pilot.offer(DIGITAL)
            self._wake()
        else:
            self.pilot.offer(duty_for(self.plan.config.ac.max_current))

    def _unplugged(self) -> None:
        """Everything ends with the plug, a paused session too; the transaction first, to end for this reason."""
        now = self._clock.now()
        self._note(notices.Unplugged(time=now, register_wh=self.power.reading(now)))
        self.abort("The vehicle was unplugged.")
        self.plan.config.paused.clear()
        for stream in tuple(self._shaking):
            stream.abort()
        self._withdraw()
        self.pilot.offer(STEADY)

    def _wake(self) -> None:
        if not self._assumed:
            self._listeners.wake(self._not_set_up)

    def _withdraw(self) -> None:
        if not self._assumed:
            self._listeners.withdraw()

    def restart(self) -> None:
        """Start anew: whatever goes on ends, and the vehicle sees state F for a moment."""
        self.abort("The EVSE restarts.")
        self.pilot.fail(PilotState.F)
        self.pilot.clear()

    def _not_set_up(self) -> None:
        """18 s after plug-in there is no session: SDP and listeners close (V2G2-714 to -716, -723).

        Who is connecting right now is told so by its handshake or its engine.
        """
        self._withdraw()
        if self._busy:
            return
        self.voice.problem(
            PeerSilent(
                f"The vehicle has not set up a session within {self._setup.seconds:g} s of being plugged in; "
                "the station listens no longer.",
                clause="V2G2-714, V2G2-723",
                advice="It listens again when the vehicle is plugged in anew or toggles the control pilot (B, C, B).",
            )
        )

    # ---- connections ---------------------------------------------------------------------------------------------

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
                self._listeners.forget_withdrawn()
                self._idle.set()

    async def _over_tls(self, stream: ByteStream) -> None:
        assert self._shown is not None, "only what has a certificate listens for TLS"
        with self._occupied():
            self._shaking.add(stream)
            try:
                due = self._listeners.set_up_by
                within = self._setup.seconds if due is None else due - self._clock.now()
                secured = await secure(stream, self._shown(), self._clock, self.voice, within=within)
            finally:
                self._shaking.discard(stream)
            if not isinstance(secured, FailedHandshake):
                await self._serve_one(secured, tls=True)
            elif self.on_refused is not None:
                self.on_refused(secured.error, secured.spoke_tls)

    async def _over_tcp(self, stream: ByteStream) -> None:
        with self._occupied():
            await self._serve_one(stream, tls=False)

    async def _serve_one(self, stream: ByteStream, *, tls: bool) -> None:
        second = self._session is not None
        close = await self.serve(stream, tls=tls)
        # A second vehicle at a time is refused, which is told; no session of its own has ended.
        if second:
            return
        if self._assumed and not self._paused:
            self.pilot.disconnect()
        elif self.pilot.plugged and self.serving is not None:
            self._listeners.expect_within_setup_time(self._withdraw)
        if self.on_end is not None:
            self.on_end(close.reason, close.error)

    async def serve(self, stream: ByteStream, *, tls: bool) -> Close:
        """Run one session on ``stream`` to its end, and close it. A second vehicle at a time is refused."""
        if self._session is not None:
            error = LocalError(
                f"A second vehicle connected from {stream.peer} while the EVSE was serving another one.",
                advice="One vehicle per EVSE; wait for the session to end.",
            )
            self.voice.problem(error)
            await stream.close()
            return Close(error.sentence, error)
        self._set_up = self._paused = False
        engine = SeccEngine(
            self._settings(),
            power=self.power,
            tls=tls,
            random=self._source.octets,
            unit=self.voice.unit,
            dialects=self.plan.dialects,
            set_up_by=self._listeners.set_up_by,
        )
        self._session = Driver(engine, stream, self._clock, self._trace, self._reply, self._hear)
        try:
            return await self._session.run()
        finally:
            self._session = None

    # ---- what the engine asks and tells --------------------------------------------------------------------------

    async def _reply(self, question: object) -> object:
        """What concerns the pilot is answered here, everything else by the station."""
        return await self._ready() if isinstance(question, VehicleReady) else await self._answer(question)

    async def _ready(self) -> bool:
        ready = asyncio.Event()

        def watch(before: PilotState, now: PilotState) -> None:
            if now in READY:
                ready.set()

        self.pilot.subscribe(watch)
        try:
            while not self.pilot.ready:
                await ready.wait()
        finally:
            self.pilot.unsubscribe(watch)
        return True

    def _hear(self, notice: object) -> None:
        """Draw the EVSE's own conclusions from a notice of the engine, then pass it on.

        The end of a connection on which no session was set up says nothing about the vehicle that is plugged in.
        """
        if isinstance(notice, notices.ProtocolAnswered):
            self._vehicle_shown()
        elif isinstance(notice, notices.SessionStarted):
            self._set_up = True
            self._listeners.expect_nothing()
        elif isinstance(notice, notices.SessionEnded):
            self._paused = notice.kind == "paused"
            if not self._set_up:
                self._watch(notice)
                return
        elif isinstance(notice, notices.ReceiptVerified):
            self.receipts += 1
        elif isinstance(notice, notices.MeterSample):
            self.loops += 1
            if self.on_loop is not None:
                self.on_loop(self.loops)
        self._note(notice)

    def _vehicle_shown(self) -> None:
        """Where the pilot is assumed, whoever speaks SupportedAppProtocol is plugged in."""
        if not self._assumed:
            return
        if self.pilot.plugged:
            # After a pause: it may be the same vehicle or another one, its session will tell.
            self._plugged_in()
        else:
            self.pilot.connect()

    def _note(self, notice: object) -> None:
        self._watch(notice)
        self._tell(notice)

    def _watch(self, notice: object) -> None:
        if self.on_notice is not None:
            self.on_notice(notice)

    # ---- commands ------------------------------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Ask the vehicle to stop charging."""
        self._command(lambda engine, now: engine.request_stop(now))

    def request_renegotiation(self, schedule: PowerSchedule | None = None) -> None:
        """Ask the vehicle to renegotiate, to be offered ``schedule`` if given."""
        self._command(lambda engine, now: engine.request_renegotiation(now, schedule))

    def abort(self, reason: str) -> None:
        """End the session at once, without a word to the vehicle."""
        self._command(lambda engine, now: engine.abort(reason, now))

    def _command(self, command: Callable[[SeccEngine, float], list[Output]]) -> None:
        if self._session is not None:
            self._session.act(command(self._session.engine, self._clock.now()))
