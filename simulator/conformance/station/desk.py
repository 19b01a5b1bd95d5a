"""The tester's desk: a CSMS of ours that keeps what a station says, and answers what the case wants it to.

Unless a case says otherwise the station is answered as our CSMS answers, with the services of a lab behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import Struct

from pncsim.backend.csms.handlers import ANSWERS
from pncsim.backend.csms.link import StationLink
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.register import RegistrationStatus
from pncsim.simulator.conformance.octt import answered, refused
from pncsim.simulator.conformance.pics import Pics
from pncsim.simulator.conformance.station.doors import DeskDoor
from pncsim.simulator.conformance.station.hands import StationHand
from pncsim.simulator.conformance.station.options import StationAtCsms
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Reply, Request
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.trace import Event, OcppSecured, Problem

PATIENCE = 30.0
"""Seconds a station has for an answer, and for what it has to send."""
LOOKS_EVERY = 0.2
HEARTBEATS = 300
"""Seconds between heartbeats that an accepted station is told."""
UNREGISTERED = frozenset({"BootNotification"})
PENDING = frozenset({"BootNotification", "NotifyReport", "StatusNotification", "Heartbeat", "SignCertificate"})
"""What a station may send before it is accepted: boots, and what was triggered (B02, B03)."""
REPORTS = ("ReportChargingProfiles", "NotifyCustomerInformation", "NotifyMonitoringReport", "ReservationStatusUpdate")
"""What our CSMS has no use for, and a tester hears all the same."""

StationAnswer = Callable[[Any], Reply[Any]]
"""Answers a call of the station's in place of the usual answer."""


class HeardCall(Struct):
    """A call of the station's; ``taken``: it has been asked for."""

    action: str
    payload: Any
    at: float
    taken: bool = False


def anything(payload: Any) -> bool:
    """Every call will do."""
    return True


def silence(payload: Any) -> asyncio.Future[Any]:
    """No answer, ever."""
    return asyncio.get_running_loop().create_future()


def failing(payload: Any) -> Any:
    """A CALLERROR."""
    raise CallError("InternalError", "the tester is asked to fail")


class CsmsDesk:
    """What a case has in hand. ``hand``: what is done at the station itself. ``pics``: what the station declares.
    ``pki``, ``services``: what is behind the tester.

    ``boots``: how BootNotifications are answered, (status, interval) each, the last one from then on.
    """

    def __init__(
        self,
        door: DeskDoor,
        hand: StationHand,
        clock: Clock,
        options: StationAtCsms,
        pics: Pics,
        *,
        pki: Pki,
        services: Services,
        foreign: bool,
    ) -> None:
        self.door, self.hand, self.clock, self.options, self.pics = door, hand, clock, options, pics
        self.csms, self.identity, self.foreign = door.csms, door.identity, foreign
        self.pki, self.services = pki, services
        self.boots: list[tuple[RegistrationStatus, int]] = [("Accepted", HEARTBEATS)]
        self.registered: RegistrationStatus = "Accepted"
        self.heard: list[HeardCall] = []
        self.turned_away: list[Problem] = []
        self.secured: list[OcppSecured] = []
        self._instead: dict[str, StationAnswer] = {}
        self._news = asyncio.Event()
        self._undo: list[Callable[[], Any]] = []
        self.csms.answers = {action: partial(self._answer, action) for action in (*ANSWERS, *REPORTS)}

    @property
    def time(self) -> str:
        """Now, as OCPP writes it."""
        return timestamp(self.clock.now())

    # What the station says

    def __call__(self, event: Event) -> None:
        """A reader of the trace: who was not let in, and how TLS went."""
        if event.role != "CSMS":
            return
        if isinstance(event, Problem) and event.kind == "not authorised":
            self.turned_away.append(event)
        elif isinstance(event, OcppSecured) and event.ok:
            self.secured.append(event)

    def answer(self, action: str, instead: StationAnswer | None) -> None:
        """From now on ``instead`` answers the station's calls of that action; None: what is usual."""
        if instead is None:
            self._instead.pop(action, None)
        else:
            self._instead[action] = instead

    def _answer(self, action: str, link: StationLink, payload: Any) -> Reply[Any]:
        self.heard.append(HeardCall(action, payload, self.clock.now()))
        self._news.set()
        allowed = PENDING if self.registered == "Pending" else UNREGISTERED
        if self.registered != "Accepted" and action not in allowed:
            raise CallError("SecurityError", f"{action} is not allowed before an accepted BootNotification")
        if action in self._instead:
            return self._instead[action](payload)
        if action == "BootNotification":
            return self._booted()
        if self.foreign and action in ("Authorize", "TransactionEvent"):
            return self._known(payload)
        usual = ANSWERS.get(action)
        return {} if usual is None else usual(link, payload)

    def _known(self, payload: Any) -> Mapping[str, Any]:
        """What is said of a token at somebody else's station: the card and every contract that comes there are good."""
        token = payload.get("idToken")
        if token is None:
            return {}
        good = token["type"] == "eMAID" or token["idToken"] == self.options.card
        answer: dict[str, Any] = {"idTokenInfo": {"status": "Accepted" if good else "Unknown"}}
        if "certificate" in payload or "iso15118CertificateHashData" in payload:
            answer["certificateStatus"] = "Accepted"
        return answer

    def _booted(self) -> Mapping[str, Any]:
        status, interval = self.boots[0] if len(self.boots) == 1 else self.boots.pop(0)
        self.registered = status
        return {"currentTime": self.time, "interval": interval, "status": status}

    def mark(self) -> None:
        """What was said until now is of no interest any more."""
        for one in self.heard:
            one.taken = True

    def said(self, action: str, where: Callable[[Any], bool] = anything) -> list[HeardCall]:
        """What of that kind was said since the last mark and has not been asked for, in order."""
        return [one for one in self.heard if not one.taken and one.action == action and where(one.payload)]

    async def expect(
        self, action: str, where: Callable[[Any], bool] = anything, *, within: float = PATIENCE, what: str = ""
    ) -> Any:
        """The next call of that kind: its payload. Raises Unlike where none comes within so many seconds."""
        return (await self.next(action, where, within=within, what=what)).payload

    async def next(
        self, action: str, where: Callable[[Any], bool] = anything, *, within: float = PATIENCE, what: str = ""
    ) -> HeardCall:
        """As :meth:`expect`, with the time it came at."""
        due = self.clock.now() + within
        while not (found := self.said(action, where)):
            left = due - self.clock.now()
            if left <= 0:
                others = ", ".join(dict.fromkeys(one.action for one in self.heard if not one.taken)) or "nothing"
                wanted = f"{action} {what}".strip()
                raise Unlike(f"{wanted} has not come within {within:g} s; what came is {others}.")
            self._news.clear()
            try:
                async with self.clock.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                continue
        found[0].taken = True
        return found[0]

    async def never(
        self, action: str, where: Callable[[Any], bool] = anything, *, within: float, what: str = ""
    ) -> None:
        """Wait so many seconds. Raises Unlike where such a call comes, or has come since the last mark."""
        due = self.clock.now() + within
        while not self.said(action, where) and self.clock.now() < due:
            await self.clock.sleep(min(LOOKS_EVERY * 5, due - self.clock.now()))
        must(not self.said(action, where), f"The station has sent {action}{f' {what}' if what else ''}.")

    async def event(
        self, type: str = "", *, reason: str = "", state: str = "", transaction: str = "", within: float = PATIENCE
    ) -> Any:
        """The next TransactionEvent that is like that. Raises Unlike."""

        def fits(payload: Any) -> bool:
            info = payload["transactionInfo"]
            return (
                (not type or payload["eventType"] == type)
                and (not reason or payload["triggerReason"] in reason.split("|"))
                and (not state or info.get("chargingState") == state)
                and (not transaction or info["transactionId"] == transaction)
            )

        wanted = ", ".join(word for word in (type, reason.replace("|", " or "), state) if word)
        return await self.expect("TransactionEvent", fits, within=within, what=f"({wanted})")

    # Whether it is there

    @property
    def connected(self) -> bool:
        """Whether the station has a connection now."""
        return self.link is not None

    @property
    def link(self) -> StationLink | None:
        """The connection it has now."""
        return self.csms.stations.get(self.identity)

    async def arrived(self, within: float) -> None:
        """Wait until the station is connected. Raises PeerError where it does not come."""
        due = self.clock.now() + within
        while not self.connected:
            if self.clock.now() >= due:
                why = f": {self.turned_away[-1].text}" if self.turned_away else f".{self._knocked()}"
                raise PeerError(
                    f"The station {self.identity!a} has not connected within {within:g} s{why}",
                    kind="refused" if self.turned_away else "unreachable",
                )
            await self.clock.sleep(LOOKS_EVERY)

    def _knocked(self) -> str:
        """What to look for where somebody has connected who did not come as far as a WebSocket."""
        if not self.door.knocks:
            return ""
        times = "once" if self.door.knocks == 1 else f"{self.door.knocks} times"
        trusts = "" if self.door.serving is None else ", and does the station trust the tester's root"
        return f" Somebody has connected {times}, without a WebSocket: are scheme and path right{trusts}?"

    async def left(self, before: object, within: float = PATIENCE) -> None:
        """Wait until the station has given up the connection ``before``, which it may have followed by another one.

        Raises Unlike where it does not.
        """
        due = self.clock.now() + within
        while self.link is before:
            must(self.clock.now() < due, f"The station has not closed its connection within {within:g} s.")
            await self.clock.sleep(LOOKS_EVERY)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """In the body the CSMS is not to be reached; behind it the station is back. Raises PeerError if it is not."""
        await self.door.shut()
        try:
            yield
        finally:
            await self.door.open()
        await self.arrived(self.options.wait)

    # What the tester says

    async def ask(self, request: Request[A], within: float = PATIENCE) -> A:
        """Call the station. Raises Unlike for whatever is not the action's response, as its schema has it."""
        return await answered(request.action, self.csms.ask(self.identity, request, within))

    async def refused(self, request: Request[Any]) -> str:
        """The code of the CALLERROR that answers ``request``. Raises Unlike for any other answer, or none."""
        return await refused(request.action, self.csms.ask(self.identity, request, PATIENCE))

    async def status(self, request: Request[Any], *allowed: str) -> Any:
        """Call the station; the answer, whose status has to be one of ``allowed``. Raises Unlike."""
        answer: Any = await self.ask(request)
        must(
            answer["status"] in allowed,
            f"{request.action} is answered {answer['status']}, not {' or '.join(allowed)}.",
        )
        return answer

    async def trigger(self, message: str, *allowed: str, **more: Any) -> None:
        """TriggerMessage. Raises Unlike unless it is answered so, by default Accepted."""
        payload: Any = {"requestedMessage": message} | more
        await self.status(v201.TriggerMessage(payload), *(allowed or ("Accepted",)))

    async def variable(self, component: str, name: str, **more: Any) -> Any:
        """GetVariableResult of one variable. ``more``: instance, evse, attribute."""
        item: Any = _named(component, name, more)
        answer = await self.ask(v201.GetVariables({"getVariableData": [item]}))
        found = answer["getVariableResult"]
        must(len(found) == 1, f"GetVariables of one variable is answered with {len(found)} results.")
        return found[0]

    async def set(self, component: str, name: str, value: str, **more: Any) -> Any:
        """SetVariableResult of one variable."""
        item: Any = _named(component, name, more) | {"attributeValue": value}
        answer = await self.ask(v201.SetVariables({"setVariableData": [item]}))
        found = answer["setVariableResult"]
        must(len(found) == 1, f"SetVariables of one variable is answered with {len(found)} results.")
        return found[0]

    async def configured(self, component: str, name: str, value: str, **more: Any) -> None:
        """Have the station be like that for the case; afterwards it is as it was. Raises PeerError if it cannot be."""
        before = await self.variable(component, name, **more)
        had = before.get("attributeValue")
        if had == value:
            return
        result = await self.set(component, name, value, **more)
        if result["attributeStatus"] not in ("Accepted", "RebootRequired"):
            raise PeerError(
                f"The station does not take {value!a} for {component}.{name} ({result['attributeStatus']}): the case"
                " cannot begin.",
                kind="refused",
            )
        if had is None:
            return
        self.afterwards(lambda: self.set(component, name, had, **more))
        if result["attributeStatus"] == "Accepted":
            has = (await self.variable(component, name, **more)).get("attributeValue")
            if has == had:
                raise PeerError(
                    f"The station accepts {value!a} for {component}.{name}, and keeps {had!a}: the case cannot begin.",
                    kind="refused",
                )

    def afterwards(self, undo: Callable[[], Any]) -> None:
        """Somebody else's station is given back as it was: ``undo()`` is awaited at the end."""
        if self.foreign:
            self._undo.append(undo)

    async def leave(self) -> None:
        """Give the station back as it was, and let it go."""
        for undo in reversed(self._undo):
            try:
                await undo()
            except (Unlike, PeerError):
                continue  # it has gone, or will not have it back: its owner sees that in its device model
        await self.door.shut()


def _named(component: str, name: str, more: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"component": {"name": component}, "variable": {"name": name}}
    if "evse" in more:
        item["component"]["evse"] = {"id": more["evse"]}
    if "instance" in more:
        item["variable"]["instance"] = more["instance"]
    if "attribute" in more:
        item["attributeType"] = more["attribute"]
    return item
