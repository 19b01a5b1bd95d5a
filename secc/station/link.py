"""The station's connection to its CSMS: connect, register, stay, connect again (use cases B01 to B04, Part 4)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from pncsim.secc.station import registration
from pncsim.secc.station.backoff import reconnect_waits
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.status_info import said
from pncsim.secc.station.variables import DeviceModel
from pncsim.wire.clock import Clock
from pncsim.wire.errors import Kind, LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Handler, Request
from pncsim.wire.ocpp.channel import Connector, FrameChannel
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.handshake import PROTOCOL_VERSION
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

SILENCES = 2
"""Heartbeats without an answer before the connection counts as dead."""

STOPS = "the station stops"

LONGEST_INTERVAL = 86_400
"""Seconds between heartbeats or boots, whatever the CSMS says (the limit of HeartbeatInterval)."""

TURNED_AWAY: frozenset[Kind] = frozenset({"not authorised", "refused", "no common protocol", "chain", "expired"})
"""Why the CSMS, or what answers at its address, will not have the station as it is: trying again does not help."""

_UNREGISTERED: frozenset[registration.Registration] = frozenset({"Rejected", "Booting", "Waiting", "Offline"})


class CallCsms(Protocol):
    """How the rooms of the station call the CSMS: a request of an action whose types are known, and its time limit."""

    def __call__(self, request: Request[A], limit: float) -> Awaitable[A]: ...


class Link:
    """Keeps the station registered. ``handlers`` answer the CSMS's calls.

    ``work(fresh)`` runs while registered, once per connection; ``fresh`` tells that a BootNotification was just
    accepted. ``problem`` is told everything that goes wrong, ``changed`` that the state is another, ``distrusted`` by
    which security event its TLS was refused, and why.
    """

    def __init__(
        self,
        config: StationConfig,
        model: DeviceModel,
        connect: Connector,
        clock: Clock,
        source: Source,
        trace: Trace,
        voice: Voice,
        *,
        password: str | None,
        handlers: Callable[[], Iterable[tuple[str, Handler]]],
        work: Callable[[bool], Coroutine[Any, Any, None]],
        problem: Callable[[PncError], None],
        changed: Callable[[], None],
        distrusted: Callable[[str, str], None],
    ) -> None:
        self.state: registration.Registration = "Offline"
        self.online = False
        """Registered and connected."""
        self.password = password
        self.stopping = False
        self.away_since: float | None = None
        self._config, self._model, self._connect = config, model, connect
        self._clock, self._source, self._trace, self._voice = clock, source, trace, voice
        self._handlers, self._work_online, self._problem, self._changed = handlers, work, problem, changed
        self._distrusted = distrusted
        self._peer: OcppPeer | None = None
        self._boot_reason: types.BootReasonEnumType = "PowerUp"
        self._boot_due = asyncio.Event()
        self._hurry = False
        self._ping_otherwise = asyncio.Event()
        self._stop_asked = asyncio.Event()

    async def run(self) -> None:
        """Connect, register and stay connected until :meth:`stop`. Raises LocalError for a CSMS address of no use."""
        waits: Iterator[float] | None = None
        while not self.stopping:
            try:
                channel = await self._connect(self._config.identity, self.password)
            except PeerError as error:
                self._problem(error)
                if error.alert is not None:
                    self._voice.ocpp_not_secured("CSMS", error)
                    old = error.alert == PROTOCOL_VERSION
                    self._distrusted("InvalidTLSVersion" if old else "InvalidCsmsCertificate", error.sentence)
            except LocalError as error:
                self.stopping = True
                self._problem(error)
                raise
            else:
                waits = None
                if (tls := channel.secured) is not None:
                    self._voice.ocpp_secured("CSMS", tls.version, tls.cipher, tls.subject, tls.shown)
                if self.stopping:
                    await channel.close(1000, STOPS)
                    return
                await self._connected(channel)
                if self._hurry:
                    self._hurry = False
                    continue
            if not self.stopping:
                waits = waits or self._waits()
                with contextlib.suppress(TimeoutError):
                    async with self._clock.timeout(next(waits)):
                        await self._stop_asked.wait()

    async def stop(self) -> None:
        """Close the connection (1000); :meth:`run` then returns."""
        self.stopping = True
        self._stop_asked.set()
        if self._peer is not None:
            await self._peer.close(1000, STOPS)

    async def restart(self, reason: types.BootReasonEnumType) -> None:
        """Close, forget the registration, connect and boot again with this BootNotification reason."""
        self._boot_reason = reason
        self._happen("reset")
        await self.reconnect("the station restarts")

    async def reconnect(self, why: str) -> None:
        """Close the connection and open a new one at once."""
        self._hurry = True
        if self._peer is not None:
            await self._peer.close(1001, why)

    def call(self, action: str, payload: Payload, limit: float, *, triggered: bool = False) -> Awaitable[Payload]:
        """Call the CSMS. Raises PeerClosed while not registered (``triggered`` messages may go while Pending)."""
        peer = self._peer
        if peer is None or not (self.online or (triggered and self.state == "Pending")):
            raise PeerClosed(f"{action} was not sent: {self._config.identity} is {registration.MEANING[self.state]}.")
        return peer.call(action, payload, limit)

    def ask(self, request: Request[A], limit: float, *, triggered: bool = False) -> Awaitable[A]:
        """As :meth:`call`, for an action whose types are known: ``ask(v201.Authorize(…), 10)``."""
        answer: Awaitable[Any] = self.call(request.action, request.payload, limit, triggered=triggered)
        return answer  # its schema has accepted it

    @property
    def calling(self) -> bool:
        """Whether a call to the CSMS is open."""
        return self._peer is not None and self._peer.calling

    async def idle(self) -> None:
        """Wait until no call to the CSMS is open."""
        if self._peer is not None:
            await self._peer.idle()

    def boot_now(self) -> None:
        """The CSMS triggered a BootNotification."""
        self._boot_reason = "Triggered"
        self._boot_due.set()

    def ping_otherwise(self) -> None:
        """WebSocketPingInterval is another."""
        self._ping_otherwise.set()

    async def _connected(self, channel: FrameChannel) -> None:
        peer = OcppPeer(
            channel,
            self._clock,
            self._source,
            self._voice,
            peer="CSMS",
            handlers={action: self._gate(handler) for action, handler in self._handlers()},
            default_timeout=self._config.call_timeout,
        )
        self._peer = peer
        worker = asyncio.create_task(self._working(peer, channel))
        try:
            await peer.run()
        finally:
            worker.cancel()
            self._peer = None
            if self.online:
                self.away_since = self._clock.now()
            self._happen("closed")
            results = await asyncio.gather(worker, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]
        if not self.stopping and not self._hurry:
            ended = f"{channel.close_code} {channel.close_reason}".strip()
            self._problem(PeerClosed(f"The CSMS closed the connection to {self._config.identity} ({ended})."))

    async def _working(self, peer: OcppPeer, channel: FrameChannel) -> None:
        """Work until the connection ends. What fails here must not leave a station that is online and does nothing."""
        try:
            await _until_closed(self._work(channel))
        except Exception:
            peer.hang_up(1011, "the station failed")
            raise

    def _gate(self, handler: Handler) -> Handler:
        def answer(payload: Payload) -> Any:
            if self.state in _UNREGISTERED:
                raise CallError("SecurityError", "the station is not registered")  # B03.FR.07
            return handler(payload)

        return answer

    async def _work(self, channel: FrameChannel) -> None:
        self._happen("connected")
        fresh = not self.online
        if fresh:
            await self._register()
        async with asyncio.TaskGroup() as group:
            group.create_task(_until_closed(self._work_online(fresh)))
            group.create_task(_until_closed(self._beat()))
            group.create_task(self._ping(channel))

    async def _register(self) -> None:
        """BootNotification until the CSMS accepts (B01 to B03)."""
        config = self._config
        plate: types.ChargingStationType = {
            "vendorName": config.vendor,
            "model": config.model,
            "serialNumber": config.serial_number,
            "firmwareVersion": config.firmware,
        }
        while self._peer is not None:
            wait = config.boot_retry
            payload: types.BootNotificationRequest = {"chargingStation": plate, "reason": self._boot_reason}
            try:
                answer = await self._peer.ask(v201.BootNotification(payload), config.call_timeout)
            except PeerClosed:
                raise
            except PncError as error:
                self._problem(error)
                self._happen("unanswered")
            else:
                wait = float(min(answer["interval"], LONGEST_INTERVAL)) if answer["interval"] > 0 else wait
                if answer["status"] == "Accepted":
                    self._registered(answer["interval"])
                    return
                self._not_registered(answer)
            self._boot_due.clear()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(wait):
                    await self._boot_due.wait()
            self._happen("due")

    def _registered(self, interval: int) -> None:
        if interval > 0:
            self._model.put("OCPPCommCtrlr", "HeartbeatInterval", str(min(interval, LONGEST_INTERVAL)))
        self._boot_reason = "PowerUp"
        self._happen("accepted")
        self._voice.story(f"{self._config.identity} is registered at the CSMS")

    def _not_registered(self, answer: types.BootNotificationResponse) -> None:
        if answer["status"] == "Pending":
            self._happen("pending")
            return
        why = said(answer) or "no reason given"
        sentence = f"The CSMS rejected the station {self._config.identity}: {why}."
        self._problem(PeerError(sentence, kind="refused", clause="B03"))
        self._happen("rejected")

    async def _beat(self) -> None:
        silent = 0
        while True:
            await self._clock.sleep(float(self._model.integer("OCPPCommCtrlr", "HeartbeatInterval")))
            try:
                await self.ask(v201.Heartbeat({}), self._config.call_timeout)
                silent = 0
            except PeerSilent as error:
                silent += 1
                self._problem(error)
                if silent >= SILENCES and self._peer is not None:
                    await self._peer.close(1001, "no answer to heartbeats")
            except PeerClosed:
                raise
            except PncError as error:
                self._problem(error)

    async def _ping(self, channel: FrameChannel) -> None:
        """Ping as often as WebSocketPingInterval says, never where that is 0 (Part 4 5.4)."""
        while True:
            every = self._model.integer("OCPPCommCtrlr", "WebSocketPingInterval")
            self._ping_otherwise.clear()
            try:
                async with self._clock.timeout(every or None):
                    await self._ping_otherwise.wait()
            except TimeoutError:
                await self._sign_of_life(channel)

    async def _sign_of_life(self, channel: FrameChannel) -> None:
        try:
            async with self._clock.timeout(self._config.call_timeout):
                await channel.ping()
        except TimeoutError:
            waited = f"within {self._config.call_timeout:g} s"
            self._problem(PeerSilent(f"The CSMS did not answer a ping of {self._config.identity} {waited}."))
            if self._peer is not None:
                await self._peer.close(1001, "no answer to a ping")

    def _happen(self, happening: registration.Happening) -> None:
        state = registration.follow(self.state, happening)
        if state != self.state:
            self.state, self.online = state, state == "Accepted"
            self._voice.state(state)
            self._changed()

    def _waits(self) -> Iterator[float]:
        number = self._model.integer
        return reconnect_waits(
            number("OCPPCommCtrlr", "RetryBackOffWaitMinimum"),
            number("OCPPCommCtrlr", "RetryBackOffRandomRange"),
            number("OCPPCommCtrlr", "RetryBackOffRepeatTimes"),
            self._source,
        )


async def _until_closed(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(PeerClosed):
        await work
