"""One EVSE: control pilot, link, power, and one session after the other for the vehicle that is plugged in.

Who connects does not have the EVSE yet: it is the vehicle's that first speaks SupportedAppProtocol, to the end of its
session. Connections on which nothing is said hinder nobody, and give way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct

from pncsim.secc import notices
from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.secc.connected import Connected
from pncsim.secc.engine import DIALECTS, SeccEngine
from pncsim.secc.handshake import FailedHandshake, TlsIdentity, secure
from pncsim.secc.listeners import Listeners
from pncsim.secc.power import EvsePower
from pncsim.secc.questions import VehicleReady
from pncsim.secc.visitor import Visitor
from pncsim.wire.acceptor import OnStream
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError, PeerSilent
from pncsim.wire.network import Network, Security, Serving
from pncsim.wire.pilot import DIGITAL, PLUGGED, READY, STEADY, Pilot, PilotState, duty_for
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.driver import Answerer, Driver, Tell
from pncsim.wire.session.outputs import Close, Output
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Trace
from pncsim.wire.v2g.v2gtp import PREAMBLE
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
    ``shown`` for the TLS server's credentials, ``certified`` whether there are any: without them TLS is not offered;
    ``enabled`` whether ISO 15118 is spoken at all.

    For whoever watches: ``receipts`` counts verified metering receipts, ``loops`` meter samples; ``on_loop`` hears the
    latter, ``on_notice`` what the station is told, before it is; ``on_vehicle`` who has shown to be a vehicle,
    ``on_left`` everybody who had connected, once gone.
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
        certified: Callable[[], bool] = lambda: True,
        power: EvsePower | None = None,
        pilot: Pilot | None = None,
        source: Source = SYSTEM,
    ) -> None:
        self.plan, self.number = plan, number
        self.power = power or EvsePower()
        self.pilot = pilot or Pilot()
        self._assumed = plan.assumed
        if not plan.assumed:
            self.power.vehicle_ready = self.power.seen_ready = lambda: self.pilot.ready
        self.voice = Voice.on(clock, trace, "SECC", unit, refuses=plan.config.refuses)
        self.receipts = self.loops = 0
        self.ended: notices.SessionEnded | None = None
        """How the last session of the vehicle that is plugged in ended."""
        self.on_loop: Callable[[int], None] | None = None
        self.on_notice: Callable[[object], None] | None = None
        self.on_vehicle: Callable[[Visitor], None] | None = None
        self.on_left: Callable[[Visitor], None] | None = None
        self._clock, self._trace, self._answer, self._tell, self._source = clock, trace, answer, tell, source
        self._settings = settings or (lambda: plan.config)
        self._shown, self._enabled, self._certified = shown, enabled, certified
        self._sessions: dict[Visitor, Driver[SeccEngine]] = {}
        self._served: Visitor | None = None
        self._setup = plan.dialects[0].times.station_setup
        self._listeners = Listeners(
            plan.network, self._offered, self.pilot, clock, self.voice, setup_seconds=self._setup.seconds
        )
        self._connected = Connected(self._left, self._listeners.forget_withdrawn)
        self.pilot.subscribe(self._pilot_changed)

    @property
    def engine(self) -> SeccEngine | None:
        """The engine of the vehicle that is being served, if any."""
        return None if self._served is None else self._sessions[self._served].engine

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
        # Where the power had failed, the wire comes back, and with it the vehicle that is still plugged in.
        self.pilot.clear()

    async def close(self) -> None:
        """Listen no longer, end what goes on, a paused session too, and cancel what is still connected."""
        self._note(notices.ShuttingDown(time=self._clock.now()))
        await self._listeners.close()
        # For the station that goes, whatever is plugged in is so no longer.
        self.pilot.disconnect()

    def lose_power(self) -> None:
        """The power fails: connections are reset, nobody is told, nothing flows, and the pilot shows state E.

        Its tasks still have to be ended (:meth:`buried`); another one may have its pilot and its meter.
        """
        self.pilot.unsubscribe(self._pilot_changed)
        for driver in self._sessions.values():
            driver.vanish()
        self._connected.abort()
        self._listeners.withdraw()
        self.power.off(self._clock.now())
        self.pilot.fail(PilotState.E)

    async def buried(self) -> None:
        """After :meth:`lose_power`: nothing of it is at work any more."""
        await self._listeners.close()

    async def idle(self) -> None:
        """Wait until nobody is connected."""
        await self._connected.idle()

    @property
    def serving(self) -> Serving | None:
        """Where the EVSE listens now; None while it does not."""
        return self._listeners.serving

    @property
    def where(self) -> list[str]:
        """Where vehicles are waited for: address, port and kind of connection."""
        return self._listeners.where

    def _offered(self) -> dict[Security, OnStream]:
        """The kinds of connection that vehicles are answered on now."""
        handlers: dict[Security, OnStream] = {}
        if self.plan.secured and self._certified():
            handlers[Security.TLS] = self._over_tls
        if self.plan.plain and self.plan.config.external:
            # By contract nobody can pay there (V2G2-634): such a port would lead nowhere.
            handlers[Security.NONE] = self._over_tcp
        return handlers

    # ---- plug and pilot ------------------------------------------------------------------------------------------

    def _pilot_changed(self, before: PilotState, now: PilotState) -> None:
        self.voice.pilot(now, self.pilot.duty)
        if before is now:
            return
        if now in PLUGGED and before not in PLUGGED:
            self.ended = None
            self._plugged_in()
        elif now is PilotState.A:
            self._unplugged()
        elif now not in PLUGGED:
            self._withdraw()
        elif now is PilotState.B and before in READY and self._served is None:
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
        if not self._assumed:
            for driver in tuple(self._sessions.values()):
                driver.act(driver.engine.abort(LocalError("The vehicle was unplugged."), now))
            self._connected.abort_handshakes()
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
        if self._connected.anybody:
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

    def _over_tls(self, stream: ByteStream) -> Awaitable[None]:
        return self._visit(stream, Visitor(peer=stream.peer, tls=True))

    def _over_tcp(self, stream: ByteStream) -> Awaitable[None]:
        return self._visit(stream, Visitor(peer=stream.peer, tls=False))

    async def _visit(self, stream: ByteStream, visitor: Visitor) -> None:
        """However it ends, whoever watches hears of it."""
        self._connected.came(stream)
        try:
            ready = await self._shake_hands(stream, visitor) if visitor.tls else stream
            if ready is not None:
                await self._serve(ready, visitor)
        except asyncio.CancelledError:
            if not visitor.state:
                visitor.left("The station was shut down.", LocalError("The station was shut down."))
            raise
        finally:
            self._connected.went(stream, visitor)

    async def _shake_hands(self, stream: ByteStream, visitor: Visitor) -> ByteStream | None:
        assert self._shown is not None, "only what has a certificate listens for TLS"
        due = self._listeners.set_up_by
        within = self._setup.seconds if due is None else due - self._clock.now()
        self._connected.shaking.add(stream)
        try:
            secured = await secure(stream, self._shown(), self._clock, self.voice, within=within)
        finally:
            self._connected.shaking.discard(stream)
        if isinstance(secured, FailedHandshake):
            visitor.spoke_tls = secured.spoke_tls
            visitor.left(secured.error.sentence, secured.error)
            return None
        return secured

    def _left(self, visitor: Visitor) -> None:
        if self.on_left is not None:
            self.on_left(visitor)

    async def serve(self, stream: ByteStream, *, tls: bool) -> Close:
        """Run one session on ``stream`` to its end, and close it. While a vehicle is being served others are refused;
        so is everybody while there is nothing to offer."""
        return await self._serve(stream, Visitor(peer=stream.peer, tls=tls))

    async def _serve(self, stream: ByteStream, visitor: Visitor) -> Close:
        if self._served is not None:
            error = LocalError(
                f"A second vehicle connected from {visitor.peer} while the EVSE was serving another one.",
                advice="One vehicle per EVSE; wait for the session to end.",
            )
            return await self._send_away(stream, visitor, error)
        try:
            settings = self._settings()
        except LocalError as error:
            # Nothing can be offered now; who says nothing need not be told.
            visitor.vehicle = await self._speaks(stream)
            return await self._send_away(stream, visitor, error)
        engine = SeccEngine(
            settings,
            power=self.power,
            tls=visitor.tls,
            random=self._source.octets,
            unit=self.voice.unit,
            dialects=self.plan.dialects,
            set_up_by=self._listeners.set_up_by,
        )
        driver = Driver(engine, stream, self._clock, self._trace, self._reply, partial(self._hear, visitor))
        self._sessions[visitor] = driver
        try:
            close = await driver.run()
        finally:
            self._free(visitor)
            del self._sessions[visitor]
        visitor.left(close.reason, close.error)
        return close

    async def _send_away(self, stream: ByteStream, visitor: Visitor, error: LocalError) -> Close:
        self.voice.problem(error)
        visitor.left(error.sentence, error)
        await stream.close()
        return Close(error.sentence, error)

    async def _speaks(self, stream: ByteStream) -> bool:
        """Whether a V2GTP message begins on this connection in the time for setting up a session."""
        with contextlib.suppress(TimeoutError, PeerError):
            async with self._clock.timeout(self._setup.seconds):
                return (await stream.read()).startswith(PREAMBLE)
        return False

    def _take(self, visitor: Visitor) -> None:
        """The EVSE is this vehicle's from now on: what else is connected has said nothing and gives way."""
        self._served = visitor
        for other, driver in tuple(self._sessions.items()):
            if other is not visitor:
                driver.act(driver.engine.give_way(self._clock.now()))

    def _free(self, visitor: Visitor) -> None:
        """The session is over, and the EVSE is free for the next one even while the connection is still closing.

        Where the pilot is assumed, the vehicle is gone unless it has paused; otherwise it has 18 s for another session.
        """
        if self._served is not visitor:
            return
        self._served = None
        if self._assumed:
            # No wire would wake a station that sleeps: whoever has paused may come back at any time.
            if not visitor.paused:
                self.pilot.disconnect()
        elif self.pilot.plugged and self.serving is not None:
            self._listeners.expect_within_setup_time(self._withdraw)

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

    def _hear(self, visitor: Visitor, notice: object) -> None:
        """Draw the EVSE's own conclusions from a notice of an engine, then pass it on.

        The end of a connection on which no session was set up says nothing about the vehicle that is plugged in.
        """
        kind = type(notice)
        if kind is notices.MeterSample:  # most of them are, and say nothing of the visitor
            self.loops += 1
            if self.on_loop is not None:
                self.on_loop(self.loops)
            self._note(notice)
            return
        visitor.note(notice)
        if kind is notices.ProtocolAnswered:
            self._take(visitor)
            self._vehicle_shown()
            if self.on_vehicle is not None:
                self.on_vehicle(visitor)
        elif kind is notices.SessionStarted:
            self.ended = None
            self._listeners.expect_nothing()
        elif type(notice) is notices.SessionEnded:
            if visitor.set_up:
                self.ended = notice
                self._note(notice)
            self._free(visitor)
            return
        elif kind is notices.ReceiptVerified:
            self.receipts += 1
        self._note(notice)

    def _note(self, notice: object) -> None:
        if self.on_notice is not None:
            self.on_notice(notice)
        self._tell(notice)

    def _vehicle_shown(self) -> None:
        """Where the pilot is assumed, whoever speaks SupportedAppProtocol is plugged in."""
        if not self._assumed:
            return
        if self.pilot.plugged:
            # After a pause: it may be the same vehicle or another one, its session will tell.
            self._plugged_in()
        else:
            self.pilot.connect()

    # ---- commands ------------------------------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Ask the vehicle to stop charging."""
        self._command(lambda engine, now: engine.request_stop(now))

    def request_renegotiation(self, schedule: PowerSchedule | None = None) -> None:
        """Ask the vehicle to renegotiate, to be offered ``schedule`` if given."""
        self._command(lambda engine, now: engine.request_renegotiation(now, schedule))

    def identified(self) -> None:
        """A driver has identified here: a vehicle that has not selected how to pay yet is not asked for a contract."""
        if self._served is not None and self.plan.config.external:
            self._sessions[self._served].engine.identified()

    def emergency(self, pressed: bool) -> None:
        """Its emergency button is pressed, or pulled out again: no power, and the vehicle is refused meanwhile."""
        self.power.fault = "its emergency button is pressed" if pressed else ""
        if pressed:
            self.power.off(self._clock.now())
            self.voice.story("The emergency button is pressed.")

    def abort(self, reason: str) -> None:
        """End the session at once, without a word to the vehicle."""
        self._command(lambda engine, now: engine.abort(LocalError(reason), now))

    def _command(self, command: Callable[[SeccEngine, float], list[Output]]) -> None:
        if self._served is not None:
            driver = self._sessions[self._served]
            driver.act(command(driver.engine, self._clock.now()))
