"""The lab's clock: everything that asks for the time or sleeps asks here.

The clock follows the running asyncio loop, so one implementation serves all transports:

* on sockets the loop is the ordinary one, time is real, and a lab may :meth:`Clock.jump`;
* in memory the loop is a :class:`VirtualTimeLoop`: whenever nothing is ready to run it moves on to the next timer at
  once. That is exact as long as no socket or thread can still be working, which holds only in memory: it takes neither.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import selectors
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVarTuple

from msgspec import Struct

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

Ts = TypeVarTuple("Ts")

LATEST = 221_845_392_000.0
"""The year 9000: until then a certificate may begin and a date still be written when it ends (RFC 5280 4.1.2.5)."""


class Clock:
    """Lab time in seconds since the Unix epoch (UTC), as float.

    ``start`` is the lab time at which the clock begins (default: the machine's time now). ``leaps`` says how
    :meth:`pass_time` behaves: False waits on the loop, True jumps, which is what a lab on sockets wants while a battery
    charges for half an hour. ``settle``, if set, is awaited before such a jump: what is under way on a socket must not
    see its time limit leap past.
    """

    def __init__(self, start: float | None = None, *, leaps: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self._virtual = self._loop if isinstance(self._loop, VirtualTimeLoop) else None
        self._base = (time.time() if start is None else start) - self._loop.time()
        self.leaps = leaps
        self.settle: Callable[[], Awaitable[None]] | None = None
        self._timers: dict[Timer, None] = {}  # in the order they were set
        self._held: float | None = None
        self._acting = 0
        self._passing: list[_Passing] = []
        self._leaping: asyncio.Future[None] | None = None

    def now(self) -> float:
        """Seconds since the epoch, lab time."""
        if self._held is not None:
            return self._held
        return self._base + (self._loop.time() if self._virtual is None else self._virtual.reached)

    @property
    def held(self) -> bool:
        """Whether time stands still."""
        return self._held is not None

    def hold(self) -> None:
        """Let lab time stand still: nothing becomes due until :meth:`release`, however long somebody looks.

        In virtual time the loop then really waits, for instance for a call from another thread. Idempotent.
        """
        if self._held is None:
            self._held = self.now()
            if self._virtual is not None:
                self._virtual.held = True
            for timer in self._timers:
                timer.disarm()

    def release(self) -> None:
        """Let lab time go on from where it was held. Idempotent."""
        if self._held is not None:
            self._base, self._held = self._held - self._loop.time(), None
            if self._virtual is not None:
                self._virtual.held = False
            for timer in tuple(self._timers):
                timer.rearm()

    def utc(self) -> datetime:
        """Lab time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def jump(self, seconds: float) -> None:
        """Move lab time forward; whatever became due runs at the loop's next turn. Raises ValueError if negative."""
        if seconds < 0:
            raise ValueError("the lab's clock only moves forward")
        self._base += seconds
        if self._held is not None:
            self._held += seconds
        # In the order of their times: a held clock calls at once what has become due.
        for timer in sorted(self._timers, key=lambda timer: timer._when):
            timer.rearm()

    def turn_back(self, moment: float) -> None:
        """Let it be ``moment``, which may be past: for who has ended all that lives by this clock, and begins anew."""
        self._base += moment - self.now()
        for timer in tuple(self._timers):
            timer.rearm()

    async def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` of lab time have passed."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, when: float) -> None:
        """Wait until the lab time ``when``."""
        done = self._loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self.call_at(when, wake)
        try:
            await done
        finally:
            timer.cancel()

    async def pass_time(self, seconds: float, *, acting: bool = False) -> None:
        """Let process time go by (a battery charging): a jump if the clock leaps, otherwise a wait.

        ``acting``: who asks is one of those in :meth:`acting`. The jump is to the first who wants to be woken, once all
        who act let time pass: nobody's exchange of messages is leapt over.
        """
        if not self.leaps:
            await self.sleep(seconds)
            return
        passing = _Passing(self.now() + seconds, acting, self._loop.create_future())
        self._passing.append(passing)
        self._leap()
        try:
            await passing.woken
        finally:
            if passing in self._passing:
                self._passing.remove(passing)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """In the body somebody acts whom time must not leap over unless they let it pass."""
        self._acting += 1
        try:
            yield
        finally:
            self._acting -= 1
            self._leap()

    def _leap(self) -> None:
        if self._leaping is None and self._may_leap():
            self._leaping = asyncio.ensure_future(self._leap_on())

    def _may_leap(self) -> bool:
        return bool(self._passing) and sum(one.acting for one in self._passing) >= self._acting

    async def _leap_on(self) -> None:
        try:
            while self._may_leap():
                if self.settle is not None:
                    await self.settle()
                if not self._may_leap():
                    return
                first = min(self._passing, key=lambda one: one.until)
                self._passing.remove(first)
                self.jump(max(0.0, first.until - self.now()))
                if not first.woken.done():
                    first.woken.set_result(None)
                await asyncio.sleep(0)
        except Exception as error:
            for one in self._passing:
                if not one.woken.done():
                    one.woken.set_exception(error)
        finally:
            self._leaping = None

    def _reach(self, when: float) -> None:
        """Rounding can leave the clock a hair before a timer's time; who is woken at a deadline must not be early."""
        self._base = when - self._loop.time()
        while self.now() < when:
            self._base = math.nextafter(self._base, math.inf)

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback()`` at lab time ``when``; the answer can be cancelled."""
        timer = Timer(self, when, callback)
        self._timers[timer] = None
        if self._held is None:
            timer._handle = self._loop.call_at(when - self._base, timer._fire)
        else:
            timer.rearm()
        return timer

    def timeout(self, seconds: float | None) -> _Limit:
        """Raise TimeoutError in the body of ``async with`` once ``seconds`` of lab time have passed; None: never."""
        return _Limit(self, seconds)


class _Passing(Struct, eq=False):
    """Somebody who lets time pass until then."""

    until: float
    acting: bool
    woken: asyncio.Future[None]


class _Limit:
    """A time limit on lab time around a body. Not a generator: it is set with every message."""

    __slots__ = ("_clock", "_scope", "_seconds", "_timer")

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock, self._seconds = clock, seconds
        self._scope = asyncio.timeout(None)
        self._timer: Timer | None = None

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        if self._seconds is not None:
            self._timer = self._clock.call_at(self._clock.now() + self._seconds, self._expire)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._scope.__aexit__(kind, error, traceback)

    def _expire(self) -> None:
        self._scope.reschedule(0)


class Timer(Struct, eq=False):
    """A callback on lab time that survives jumps; :meth:`Clock.call_at` sets one."""

    _clock: Clock
    _when: float
    _callback: Callable[[], object]
    _handle: asyncio.Handle | None = None

    def rearm(self) -> None:
        handle, loop, held = self._handle, self._clock._loop, self._clock._held
        if handle is not None:
            if not isinstance(handle, asyncio.TimerHandle | _TimerHandle) or handle.when() <= loop.time():
                # Due already: arming it anew would put it off, for ever if somebody keeps jumping.
                return
            handle.cancel()
        if held is None:
            self._handle = loop.call_at(self._when - self._clock._base, self._fire)
        else:
            self._handle = loop.call_soon(self._fire) if self._when <= held else None

    def disarm(self) -> None:
        """Time stands still: what is not due yet does not become due."""
        if self._handle is not None and self._when > self._clock.now():
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        clock = self._clock
        clock._timers.pop(self, None)
        if clock.now() < self._when:
            clock._reach(self._when)
        self._callback()

    def cancel(self) -> None:
        self._clock._timers.pop(self, None)
        if self._handle is not None:
            self._handle.cancel()


_IDLE = 100
"""So many cancelled timers may be kept."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while something runs and jumps to the next timer when nothing does.

    There is nothing to wait for but timers, so a turn asks no selector, and its handles are as plain as can be. The
    order of everything is that of an ordinary loop; timers of one time ring in the order they were set.
    """

    # What an ordinary loop keeps to itself; its run_forever calls _run_once.
    _ready: deque[Any]
    _stopping: bool
    _selector: selectors.BaseSelector
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]

    def __init__(self) -> None:
        self.reached = 0.0
        """The loop's time."""
        self.held = False
        """Time stands still although nothing is ready to run (:meth:`Clock.hold`)."""
        self._timers: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        self._cancelled = 0  # of the timers
        super().__init__(_LonelySelector())

    def time(self) -> float:
        return self.reached

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle: Any = _Handle(callback, args, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle  # type: ignore[no-any-return]  # it does what is asked of one

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer: Any = _TimerHandle(
            callback, args, copy_context() if context is None else context, _loop=self, _when=when
        )
        # The number keeps timers of one time in the order they were set.
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer  # type: ignore[no-any-return]  # it does what is asked of one

    def _forget_cancelled(self) -> None:
        """Timers that are cancelled leave when their time comes, or when there are too many of them."""
        if self._cancelled > len(self._timers) // 2:
            self._timers[:] = [entry for entry in self._timers if not entry[2]._cancelled]
            heapify(self._timers)
            self._cancelled = 0

    def _run_once(self) -> None:
        """Turn after turn, until there is nothing left to do but wait."""
        timers, ready = self._timers, self._ready
        while True:
            while timers and timers[0][2]._cancelled:
                heappop(timers)
                self._cancelled -= 1
            if not (ready or self._stopping or (timers and timers[0][0] <= self.reached)):
                if self.held:
                    self._process_events(self._selector.select(None))
                elif not timers:
                    # Nobody else is left who could go on from here; better a defect than a silence without end.
                    raise RuntimeError("every actor waits for another one, and no timer is set")
                else:
                    self.reached = timers[0][0]
            while timers and timers[0][0] <= self.reached:
                timer = heappop(timers)[2]
                self._cancelled -= timer._cancelled
                timer._waits = False
                ready.append(timer)
            # Whoever becomes ready meanwhile waits for the next turn.
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:
                    try:
                        handle._context.run(handle._callback, *handle._args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:
                        self._report(handle, error)
            if not ready or self._stopping:
                return

    def _report(self, handle: _Handle, error: BaseException) -> None:
        what = getattr(handle._callback, "__qualname__", repr(handle._callback))
        said = f"Exception in callback {what}({', '.join(map(repr, handle._args))})"
        self.call_exception_handler({"message": said, "exception": error, "handle": handle})

    def run_in_executor(self, executor: object, func: Callable[..., object], *args: object) -> NoReturn:
        raise LocalError(
            "A thread cannot be waited for on a loop of virtual time: its work takes real time.",
            advice="Run what needs it on an ordinary loop (transport loopback).",
        )


class _Handle(Struct, eq=False):
    """What asyncio asks of a handle, without what an ordinary loop keeps for its debug mode."""

    _callback: Callable[..., object]
    _args: tuple[Any, ...]
    _context: Context
    _cancelled: bool = False

    _source_traceback: ClassVar[None] = None

    def cancel(self) -> None:
        """Idempotent."""
        self._cancelled = True

    def cancelled(self) -> bool:
        """Whether it is."""
        return self._cancelled


class _TimerHandle(_Handle, kw_only=True, eq=False):
    """The same for a timer of ``_loop``; ``_waits`` until its time has come."""

    _loop: VirtualTimeLoop
    _when: float
    _waits: bool = True

    def cancel(self) -> None:
        """Idempotent; lets go of what it would have called, which may be much longer than it waits."""
        if not self._cancelled:
            self._cancelled = True
            self._callback, self._args = _nothing, ()
            if self._waits:
                loop = self._loop
                loop._cancelled += 1
                if loop._cancelled > _IDLE:
                    loop._forget_cancelled()

    def when(self) -> float:
        """The loop's time at which it rings."""
        return self._when


def _nothing() -> None:
    """What a cancelled timer would do."""


class _LonelySelector(selectors.SelectSelector):
    """Takes the loop's own socket pair, by which other threads wake it while time is held, and nothing else."""

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        if self.get_map():
            # Who is behind it lives in real time: while it thinks, hours would go by here.
            raise LocalError(
                "A socket or pipe cannot be waited for on a loop of virtual time: its peer's time is real.",
                advice="Run what needs it on an ordinary loop (transport loopback), or take a part that is in memory.",
            )
        return super().register(fileobj, events, data)
