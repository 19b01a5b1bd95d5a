"""The rooms of one OCPP station, and the few things its functional blocks do with several of them at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509

from pncsim.secc import notices
from pncsim.secc.station import identity
from pncsim.secc.station.aligned import AlignedReadings
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.delivery import EventDelivery
from pncsim.secc.station.link import Link
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.planning import SchedulePlanner
from pncsim.secc.station.tokens import ShownToken, TokenCache
from pncsim.secc.station.transactions import TransactionBook
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.upkeep import Upkeep
from pncsim.secc.station.variables import DeviceModel, Key, Variable
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PeerError, PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Handler, Request, Row
from pncsim.wire.ocpp.channel import Connector, FrameChannel
from pncsim.wire.ocpp.peer import message_ids
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import Source
from pncsim.wire.streams import Gate
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


class Block(NamedTuple):
    """A functional block of OCPP: what it answers, and the variables that govern it."""

    handlers: tuple[Row[StationContext], ...]
    variables: tuple[Variable, ...] = ()


class StationContext:
    """What the blocks work with. ``outlets`` are the EVSEs by number; see :class:`secc.station.station.Station`."""

    def __init__(
        self,
        blocks: tuple[Block, ...],
        config: StationConfig,
        connect: Connector | None,
        clock: Clock,
        source: Source,
        trace: Trace,
        *,
        password: str | None,
        roots: Iterable[tuple[str, x509.Certificate]],
        check_chain: identity.ChainCheck,
    ) -> None:
        self.config, self._alone = config, connect is None
        self.clock = clock
        self.voice = Voice.on(clock, trace, "CS", config.identity, refuses=config.refuses)
        self.trust = TrustStore(roots)
        self.model = DeviceModel(_declared(blocks), self, self._variable_written)
        self.put_away: Callable[[], None] | None = None
        """Puts away what has to be there after a loss of power, where that is kept."""
        self.changes = Gate()
        self.first_problem: PncError | None = None
        self.announced = False
        self.password_changed = False
        self.delivered = 0
        self.cache = TokenCache()
        self._held: ShownToken | None = None
        self._security_events: deque[types.SecurityEventNotificationRequest] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reset_due = False
        self.link = Link(
            config,
            self.model,
            connect or _nobody,
            clock,
            source,
            trace,
            self.voice,
            password=password,
            handlers=lambda: _bound(blocks, self),
            work=self._work,
            problem=self.problem,
            changed=self._state_changed,
            distrusted=self.security_event,
        )
        new_id = message_ids(source)
        self.outlets = {
            number: Outlet(
                number,
                connectors,
                TransactionBook(number, self.model, new_id, self._online, config.card_kind),
                Authorizer(config, self.model, self.trust, clock, self.link.ask, self._online, self.cache, self.voice),
                SchedulePlanner(number, clock, self.link.ask, config.call_timeout, self.voice),
                self._noted,
            )
            for number, connectors in enumerate(config.connectors, 1)
        }
        self.aligned = AlignedReadings(
            self.model, clock, self.outlets.values(), tell=self.tell, send=self._send_if_online
        )
        self.delivery = EventDelivery(
            clock,
            lambda event: self.link.ask(v201.TransactionEvent(event), config.call_timeout),
            attempts=lambda: self.model.integer("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
            interval=lambda: float(self.model.integer("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent")),
            delivered=self._event_delivered,
            given_up=self._event_given_up,
            gone=self.keep,
        )
        self.upkeep = Upkeep(
            config,
            self.model,
            self.trust,
            clock,
            check_chain,
            self.voice,
            source,
            ask=self.link.ask,
            problem=self.problem,
            security_event=self.security_event,
            changed=self._certificates_changed,
        )

    @property
    def online(self) -> bool:
        """Registered and connected: the CSMS can be asked."""
        return self.link.online

    def _online(self) -> bool:
        return self.link.online

    async def call(self, action: str, payload: Payload, *, triggered: bool = False) -> Payload:
        """Call the CSMS. Raises PeerClosed while not registered (``triggered`` messages may go while Pending)."""
        return await self.link.call(action, payload, self.config.call_timeout, triggered=triggered)

    def ask(self, request: Request[A], *, triggered: bool = False) -> Awaitable[A]:
        """As :meth:`call`, for an action whose types are known: ``ask(v201.Heartbeat({}))``."""
        return self.link.ask(request, self.config.call_timeout, triggered=triggered)

    # What computed variables are read from

    @property
    def now(self) -> float:
        """What its clock shows, as Unix time."""
        return self.clock.now()

    @property
    def certificates(self) -> int:
        """How many certificates are stored."""
        return len(self.trust) + (len(self.trust.own.chain) if self.trust.own is not None else 0)

    def availability(self, evse: int, connector: int) -> str:
        """ConnectorStatusEnumType; an EVSE is occupied with any of its connectors, a station with all its EVSEs."""
        if connector:
            return self.outlets[evse].status(connector)
        if evse:
            return "Occupied" if self.outlets[evse].plugged else "Available"
        return "Occupied" if all(outlet.plugged for outlet in self.outlets.values()) else "Available"

    def watts(self, evse: int) -> float:
        """What flows at an EVSE now."""
        return self.outlets[evse].watts

    # What happens at the EVSEs

    def present(
        self,
        token: str,
        kind: types.IdTokenEnumType,
        *,
        evse: int | None,
        authorized: bool = False,
        start: int | None = None,
    ) -> None:
        """Somebody identifies at ``evse``, or (None) at the station.

        At the station it is for the vehicle that waits for it, else for one that is plugged in and nobody has
        identified for, else for the next one that is plugged in within EVConnectionTimeOut.
        """
        until = self.clock.now() + self.model.integer("TxCtrlr", "EVConnectionTimeOut")
        shown = ShownToken(token, kind, authorized, start, until)
        here = self.outlets[evse] if evse is not None else self._meant()
        if here is None:
            self._held = shown
        else:
            here.present(shown._replace(until=float("inf")) if here.plugged else shown)

    def _meant(self) -> Outlet | None:
        outlets = self.outlets.values()
        if len(outlets) == 1:
            return next(iter(outlets))
        waiting = next((o for o in outlets if o.authorizer.waiting), None)
        return waiting or next((o for o in outlets if o.wants_card), None)

    def _noted(self, outlet: Outlet, notice: object) -> None:
        kind = type(notice)
        if kind is notices.PluggedIn and self._held is not None:
            shown, self._held = self._held, None
            if shown.until > self.clock.now():
                outlet.present(shown._replace(until=float("inf")))
        events = outlet.book.note(notice)
        if events:
            self.tell(events)
        if type(notice) is notices.VehiclePlanned:
            self.spawn(outlet.tell_plan(notice))
        elif kind is notices.PluggedIn or kind is notices.Unplugged:
            self._report_status(outlet)
        if outlet.book.open is None:
            self._reset_what_is_idle(outlet)

    def tell(self, events: list[types.TransactionEventRequest]) -> None:
        """Have the CSMS hear of ``events``, if there is one; they are kept before it does."""
        if not self._alone:
            self.delivery.add(events)
        self.keep()

    def keep(self) -> None:
        """Something is as it was not that has to be there after a loss of power."""
        if self.put_away is not None:
            self.put_away()

    def _send_if_online(self, request: Request[Any]) -> None:
        if self.online:
            self.spawn(self._ask_alone(request))

    async def _ask_alone(self, request: Request[Any]) -> None:
        await self.ask(request)

    def _event_delivered(self, event: types.TransactionEventRequest, answer: types.TransactionEventResponse) -> None:
        self.delivered += 1
        self.changes.open()
        info = answer.get("idTokenInfo")
        if info is None or info["status"] == "Accepted" or event["eventType"] == "Ended":
            return
        if self.model.flag("TxCtrlr", "StopTxOnInvalidId"):
            outlet = self.outlet_of(event["transactionInfo"]["transactionId"])
            if outlet is not None:
                sentence = f"The CSMS withdrew the authorisation: {info['status']}."
                outlet.end("Deauthorized", "DeAuthorized", sentence)

    def _event_given_up(self, event: types.TransactionEventRequest, error: PncError) -> None:
        name = f"TransactionEvent {event['eventType']} {event['seqNo']}"
        self.problem(PeerError(f"{name} was given up: {error.sentence}", clause="E13"))

    def outlet_of(self, transaction_id: str) -> Outlet | None:
        """The EVSE where this transaction is open."""
        outlets = self.outlets.values()
        return next((o for o in outlets if o.transaction is not None and o.transaction.id == transaction_id), None)

    # Availability

    async def send_status(self, outlet: Outlet, connector: int, *, triggered: bool = False) -> None:
        """StatusNotification of one connector as it is now."""
        await self._send_status(outlet, connector, outlet.status(connector), triggered)

    async def _send_status(
        self, outlet: Outlet, connector: int, status: types.ConnectorStatusEnumType, triggered: bool = False
    ) -> None:
        payload: types.StatusNotificationRequest = {
            "timestamp": timestamp(self.clock.now()),
            "connectorStatus": status,
            "evseId": outlet.number,
            "connectorId": connector,
        }
        # Marked before it is sent: what changes meanwhile is sent as well.
        outlet.reported(connector, status)
        try:
            await self.ask(v201.StatusNotification(payload), triggered=triggered)
        except PncError:
            outlet.reported(connector, "")
            raise

    async def _announce(self, *, everything: bool) -> None:
        for outlet in self.outlets.values():
            for connector in outlet.connectors if everything else outlet.unreported():
                await self.send_status(outlet, connector)
        self.announced = True
        self.changes.open()

    def _report_status(self, outlet: Outlet) -> None:
        """Every change is told, however short it lasts (G01)."""
        for connector in outlet.unreported() if self.online else ():
            status = outlet.status(connector)
            outlet.reported(connector, status)
            self.spawn(self._send_status(outlet, connector, status))

    # Resets

    def reset_when_idle(self, outlet: Outlet | None = None) -> None:
        """Restart ``outlet``, or the station, once its transactions have ended (B12)."""
        if outlet is None:
            self._reset_due = True
        else:
            outlet.reset_due = True

    def _reset_what_is_idle(self, outlet: Outlet) -> None:
        if outlet.reset_due:
            outlet.reset_due = False
            if outlet.restart is not None:
                outlet.restart()
        if self._reset_due and all(o.transaction is None for o in self.outlets.values()):
            self._reset_due = False
            self.spawn(self._restart_when_settled())

    async def _restart_when_settled(self) -> None:
        await self.delivery.emptied()
        await self.link.restart("RemoteReset")

    # Reporting

    def problem(self, error: PncError) -> None:
        """Something went wrong; the first such error is what :meth:`secc.station.station.Station.wait_ready` raises."""
        if self.first_problem is None:
            self.first_problem = error
        self.changes.open()
        self.voice.problem(error)

    def security_event(self, kind: str, text: str = "") -> None:
        """Queue a SecurityEventNotification; it is sent at once or after the next good connection (A04)."""
        event: types.SecurityEventNotificationRequest = {"type": kind, "timestamp": timestamp(self.clock.now())}
        if text:
            event["techInfo"] = text[:255]
        if self.online:
            self.spawn(self._send_security_event(event))
        elif all(waiting["type"] != kind for waiting in self._security_events):
            self._security_events.append(event)

    async def _send_security_event(self, event: types.SecurityEventNotificationRequest) -> None:
        try:
            await self.ask(v201.SecurityEventNotification(event))
        except PeerClosed:
            self._security_events.append(event)

    # Work while registered

    async def _work(self, fresh: bool) -> None:
        """What the station does on its own while registered."""
        long_away = self._long_away()
        if fresh or long_away or any(outlet.unreported() for outlet in self.outlets.values()):
            await self._quietly(self._announce(everything=fresh or long_away))
        while self._security_events and self.online:
            await self._quietly(self._send_security_event(self._security_events.popleft()))
        async with asyncio.TaskGroup() as group:
            if self.link.away_since is not None:
                group.create_task(self._tell_return())
            group.create_task(self._quietly(self.delivery.run()))
            group.create_task(self._quietly(self.upkeep.run()))

    def _long_away(self) -> bool:
        # B04: after OfflineThreshold every connector is reported again.
        away, threshold = self.link.away_since, self.model.integer("OCPPCommCtrlr", "OfflineThreshold")
        return away is not None and self.clock.now() - away > threshold

    async def _tell_return(self) -> None:
        """Say that the CSMS is there again, once it has heard what had to wait."""
        before = self.delivered
        await self.delivery.emptied()
        made_up = self.delivered - before
        events = f"; {made_up} transaction event{'s' if made_up > 1 else ''} delivered" if made_up else ""
        self.voice.story(f"{self.config.identity} is connected to the CSMS again{events}")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` beside everything else; what it raises is reported."""
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drop_tasks(self) -> None:
        """Cancel what :meth:`spawn` has begun."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PeerClosed:
            return  # the link knows; other messages than transactions are dropped while offline
        except PncError as error:
            self.problem(error)

    def _state_changed(self) -> None:
        if self.online:
            self.first_problem = None
        self.changes.open()

    def _variable_written(self, key: Key, value: str) -> None:
        if key.name == "BasicAuthPassword":
            self.link.password = value
            self.password_changed = True
        elif key.name == "WebSocketPingInterval":
            self.link.ping_otherwise()
        elif key.component == "AlignedDataCtrlr":
            self.aligned.look()
        elif key.component == "ISO15118Ctrlr":
            self.upkeep.look()
        self.keep()

    def _certificates_changed(self) -> None:
        self.changes.open()
        self.keep()

    async def reconnect_with_new_password(self) -> None:
        """A01.FR.03: once SetVariables is answered, come back with the new password."""
        self.password_changed = False
        self.voice.story(f"{self.config.identity} got a new password and reconnects")
        await self.link.reconnect("the password has changed")


async def _nobody(identity: str, password: str | None) -> FrameChannel:
    raise PeerError(f"{identity} has no CSMS.", kind="unreachable")


def _declared(blocks: tuple[Block, ...]) -> tuple[Variable, ...]:
    return tuple(variable for block in blocks for variable in block.variables)


def _bound(blocks: tuple[Block, ...], context: StationContext) -> Iterator[tuple[str, Handler]]:
    for block in blocks:
        for action, handler in block.handlers:
            yield action, partial(handler, context)
