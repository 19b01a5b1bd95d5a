"""Where a run can be disturbed: what actors send, what arrives from the CSMS, and deeds at a moment of a plug-in.

The lab asks here; who disturbs (:mod:`simulator.faults`) registers before anything is built. ``where`` names the
instance that is meant, "" all of its kind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pncsim.simulator.lab.plug_in import PlugIn, Subject
from pncsim.wire.ocpp.frames import Call, Error, Frame, Result
from pncsim.wire.session.outputs import Alter

if TYPE_CHECKING:
    from pncsim.secc.evse import EvsePlan
    from pncsim.simulator.lab.desk import Caller
    from pncsim.wire.clock import Clock
    from pncsim.wire.ocpp.channel import Connector, FrameChannel
    from pncsim.wire.ocpp.handshake import LinkSecurity
    from pncsim.wire.ocpp.versions import OcppVersion


class Late(Struct, frozen=True):
    """A frame that arrives, but ``seconds`` later."""

    frame: str
    seconds: float
    clock: Clock


Frames = Callable[[str, str], str | Late | None]
"""``frames(action, frame)`` answers what arrives instead of the CSMS's answer to a call, None for nothing."""

StationFrames = Callable[[str, str], str]
"""``said(action, frame)`` answers what a station sends instead of its call."""

Calling = Callable[["Caller"], "Caller"]
"""Answers who calls the services instead of a caller: the same one, as a rule."""

Do = Callable[[PlugIn], Awaitable[None]]

Fit = Callable[["EvsePlan"], "EvsePlan"]
"""Answers what an EVSE is built as, instead of as planned: a mutant of a conformance suite."""


class Deed(Struct):
    """Something done to each instance of ``subject`` once: before its first plug-in, or in that loop message of it."""

    subject: Subject
    where: str
    do: Do
    loop: int = 0
    met: set[str] = field(default_factory=set)

    def due(self, plug_in: PlugIn, loop: int) -> bool:
        """Whether it is time for it; who is told so does it."""
        unit = plug_in.unit(self.subject)
        if loop != self.loop or unit in self.met or self.where not in ("", unit):
            return False
        self.met.add(unit)
        return True


class Hooks(Struct):
    """What disturbs the run, in the order it was registered."""

    _alters: list[tuple[Subject, str, Alter]] = field(default_factory=list)
    _frames: list[tuple[str, Frames]] = field(default_factory=list)
    _said: list[tuple[str, StationFrames]] = field(default_factory=list)
    _calling: list[tuple[str, Calling]] = field(default_factory=list)
    _deeds: list[Deed] = field(default_factory=list)
    _fittings: list[Fit] = field(default_factory=list)

    # Who disturbs

    def alter(self, subject: Subject, where: str, change: Alter) -> None:
        """Let ``change`` alter the V2G messages a vehicle or station sends."""
        self._alters.append((subject, where, change))

    def alter_frames(self, where: str, change: Frames) -> None:
        """Let ``change`` alter what the CSMS answers to the station ``where``."""
        self._frames.append((where, change))

    def alter_said(self, where: str, change: StationFrames) -> None:
        """Let ``change`` alter the calls that the station ``where`` sends to its CSMS."""
        self._said.append((where, change))

    def alter_calling(self, where: str, change: Calling) -> None:
        """Let ``change`` alter how the caller of the services called ``where`` calls them."""
        self._calling.append((where, change))

    def once(self, subject: Subject, where: str, do: Do, *, loop: int = 0) -> None:
        """Await ``do(plug_in)`` once for each instance; ``loop`` 0: before it is plugged in for the first time."""
        self._deeds.append(Deed(subject, where, do, loop))

    def fit(self, change: Fit) -> None:
        """Let ``change`` decide as what each EVSE of the lab is built."""
        self._fittings.append(change)

    # What the lab asks

    def fitted(self, plan: EvsePlan) -> EvsePlan:
        """What an EVSE that is planned so is built as."""
        for change in self._fittings:
            plan = change(plan)
        return plan

    def altering(self, subject: Subject, *units: str) -> Alter | None:
        """One hook that applies all that concern who is called one of ``units``; None if there is none."""
        return chained(change for kind, where, change in self._alters if kind == subject and where in ("", *units))

    def disturbed(self, connect: Connector, unit: str) -> Connector:
        """A connector for station ``unit`` whose channels pass the CSMS's answers through what concerns it."""
        changes = [change for where, change in self._frames if where in ("", unit)]
        said = [change for where, change in self._said if where in ("", unit)]
        if not (changes or said):
            return connect

        async def open_channel(identity: str, password: str | None) -> FrameChannel:
            return DisturbedChannel(await connect(identity, password), changes, said)

        return open_channel

    def calling(self, caller: Caller) -> Caller:
        """``caller`` with all that concerns it."""
        for where, change in self._calling:
            if where in ("", caller.name):
                caller = change(caller)
        return caller

    def due(self, plug_in: PlugIn, loop: int = 0) -> list[Do]:
        """What is to be done now, once only: who asks does it."""
        return [deed.do for deed in self._deeds if deed.due(plug_in, loop)] if self._deeds else []


def chained(alters: Iterable[Alter | None]) -> Alter | None:
    """One hook that applies several in turn; None if there is none. A message that is swallowed stays swallowed."""
    wanted = [alter for alter in alters if alter is not None]
    if not wanted:
        return None

    def alter(name: str, message: Any) -> Any:
        for change in wanted:
            if message is None:
                return None
            message = change(name, message)
        return message

    return alter


class DisturbedChannel(Struct):
    """A channel between station and CSMS, seen from the station; remembers which answer belongs to which call."""

    channel: FrameChannel
    changes: Sequence[Frames]
    said: Sequence[StationFrames] = ()
    _calls: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> OcppVersion:
        """As wire.ocpp.channel.FrameChannel."""
        return self.channel.version

    @property
    def secured(self) -> LinkSecurity | None:
        """As wire.ocpp.channel.FrameChannel."""
        return self.channel.secured

    @property
    def close_code(self) -> int | None:
        """As wire.ocpp.channel.FrameChannel."""
        return self.channel.close_code

    @property
    def close_reason(self) -> str:
        """As wire.ocpp.channel.FrameChannel."""
        return self.channel.close_reason

    def post(self, frame: Frame) -> None:
        """As wire.ocpp.channel.FrameChannel."""
        if isinstance(frame.content, Call):
            self._calls[frame.content.id] = action = frame.content.action
            text = frame.text
            for change in self.said:
                text = change(action, text)
            frame = frame if text == frame.text else Frame(text)
        self.channel.post(frame)

    async def deliver(self, to: Callable[[Frame], None]) -> None:
        """As wire.ocpp.channel.FrameChannel; what was changed is nobody's of this process any more."""

        def pass_on(frame: Frame) -> None:
            content = frame.content
            action = self._calls.pop(content.id, "") if isinstance(content, Result | Error) else ""
            changed = self._changed(action, frame.text) if action else frame.text
            if isinstance(changed, Late):
                late = Frame(changed.frame)
                changed.clock.call_at(changed.clock.now() + changed.seconds, lambda: to(late))
            elif changed is not None:
                to(frame if changed == frame.text else Frame(changed))

        await self.channel.deliver(pass_on)

    async def ping(self) -> None:
        """As wire.ocpp.channel.FrameChannel."""
        await self.channel.ping()

    def _changed(self, action: str, frame: str) -> str | Late | None:
        for change in self.changes:
            altered = change(action, frame)
            if not isinstance(altered, str):
                return altered
            frame = altered
        return frame

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As wire.ocpp.channel.FrameChannel."""
        await self.channel.close(code, reason)
