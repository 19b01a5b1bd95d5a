"""Our actors in the tests of other projects: the fixtures of the pytest plugin hand out what is in here.

Everything goes on in a thread with a loop of its own, on real sockets where somebody else is to be met: a test may be a
plain function or a coroutine, and what it tests may run in the same process. Times are real.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from pncsim.simulator.alone.options import StationOptions, VehicleOptions
from pncsim.simulator.attach.side import Handle
from pncsim.simulator.plan import USUAL, OtherSide, Plan
from pncsim.simulator.result import EXIT_CODES, RunResult, Verdict
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.settings import Transport
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, Story, Trace
from pncsim.wire.values import replace

T = TypeVar("T")
LONG = 60.0
"""Seconds after which a test waits no longer, unless it says so."""


class Underway(Generic[T]):
    """Something that goes on in a thread of its own; :meth:`result` is what it comes to."""

    def __init__(self, main: Callable[[], Coroutine[Any, Any, T]], transport: Transport = "loopback") -> None:
        self._done: Future[T] = Future()
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, args=[main, transport], daemon=True)
        self._thread.start()

    def result(self, seconds: float = LONG) -> T:
        """What it came to. Raises what it raised, and TimeoutError where it has not ended by then."""
        try:
            return self._done.result(seconds)
        except NotYet:
            raise TimeoutError(f"It has not ended within {seconds:g} s.") from None

    def stop(self) -> None:
        """End it in order, and wait for that. Idempotent."""
        if self._loop is not None and self._task is not None and not self._done.done():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(LONG)

    def when_done(self, then: Callable[[], object]) -> None:
        """Call this once it has ended."""
        self._done.add_done_callback(lambda done: then())

    def _run(self, main: Callable[[], Coroutine[Any, Any, T]], transport: Transport) -> None:
        async def kept() -> T:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            return await main()

        try:
            self._done.set_result(run_on_loop(transport, kept))
        except BaseException as error:
            self._done.set_exception(error)


class SideVerdict(Struct, frozen=True):
    """What a lone side says at its end."""

    verdict: Verdict
    said: str


class RunningSide:
    """A station or a vehicle of ours that meets somebody else's. ``events``: what it has reported until now."""

    def __init__(self, link: OtherSide) -> None:
        self.link = link
        self.events: list[Event] = []
        self._trace = Trace([self.events.append])
        self._said: list[SideVerdict] = []
        self._life: Underway[int]

    def result(self, seconds: float = LONG) -> SideVerdict:
        """Its verdict, once it has ended by itself. Raises LocalError for options that are no good, TimeoutError."""
        self._life.result(seconds)
        return self._said[-1]

    def stop(self) -> None:
        """End it in order. Idempotent."""
        self._life.stop()

    def _say(self, who: str, verdict: Verdict, text: str) -> int:
        self._said.append(SideVerdict(verdict, text))
        return EXIT_CODES[verdict]


class RunningStation(RunningSide):
    """A station; it is up once this is made. Raises LocalError where it cannot be."""

    def __init__(self, link: OtherSide, options: StationOptions) -> None:
        from pncsim.simulator.alone.sides import run_station

        super().__init__(link)
        up, handle = threading.Event(), Handle()

        def look(event: Event) -> None:
            if handle.on is not None and isinstance(event, Story) and event.role == "SECC":
                up.set()

        self._trace.subscribe(look)
        self._life = Underway(lambda: run_station(link, options, Clock(), self._trace, self._say, handle))
        self._life.when_done(up.set)
        if not up.wait(LONG):
            self.stop()
            raise LocalError(f"The station was not up within {LONG:g} s.")
        if handle.on is None:
            self._life.result()


class RunningVehicle(RunningSide):
    """A vehicle on its way to a station, where it charges once."""

    def __init__(self, link: OtherSide, options: VehicleOptions) -> None:
        from pncsim.simulator.alone.sides import run_vehicle

        super().__init__(link)
        self._life = Underway(lambda: run_vehicle(link, options, Clock(), self._trace, self._say))


class RunningEcosystem:
    """Pools, PKI, operators and tokens, answering at the URLs of ``services``; ``ready`` is what a ready file says."""

    def __init__(self, folder: Path, **options: Any) -> None:
        from pncsim.simulator.serving.standing import ServeOptions, served

        chosen = ServeOptions(**{"port": 0, "data": folder, **options})
        ready: Future[dict[str, Any]] = Future()

        async def life() -> None:
            async with served(chosen, Clock(), Trace()) as house:
                ready.set_result(house.ready())
                await asyncio.Event().wait()

        self._life = Underway(life)
        self._life.when_done(ready.cancel)
        try:
            self.ready = ready.result(LONG)
        except CancelledError:
            self._life.result()
            raise
        self.services: Mapping[str, str] = self.ready["services"]

    def secret(self, client: str) -> str:
        """The secret of a demo client, such as ``demo-cpo``. Raises KeyError."""
        return {one["id"]: str(one["secret"]) for one in self.ready["clients"]}[client]

    def token(self, client: str) -> str:
        """A bearer token of that client, as it gets one over HTTP."""
        asked = {"client_id": client, "client_secret": self.secret(client), "grant_type": "client_credentials"}
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.services["token"], json.dumps(asked).encode(), headers)
        with urllib.request.urlopen(request, timeout=LONG) as answer:
            return str(json.load(answer)["access_token"])

    def stop(self) -> None:
        """End it in order. Idempotent."""
        self._life.stop()


class LabRun(Struct, frozen=True):
    """What a run in a lab came to, and all that was reported in it."""

    result: RunResult
    events: list[Event] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything that was expected was observed."""
        return self.result.verdict is Verdict.PASS


LabPlay = Callable[..., Awaitable[None]]


def run_lab(
    what: str | LabPlay,
    *,
    transport: Transport = "memory",
    faults: tuple[str, ...] = (),
    seed: str | None = None,
    lab: Path | None = None,
    evidence: Path | None = None,
    plan: Plan = USUAL,
    **options: Any,
) -> LabRun:
    """Run a scenario by its name or path, or ``async def play(lab)`` of your own, with all actors; what came of it.

    ``faults``, ``seed`` and ``options`` as of ``pnc run``; ``lab``: a lab file that says who takes part and where
    somebody else's actors are, for which ``transport`` has to be loopback; ``plan``: the same for a function. Raises
    LocalError for what cannot be run.
    """
    import os

    from pncsim.simulator.runs.discovery import find_scenario
    from pncsim.simulator.runs.run import Run
    from pncsim.simulator.scenario import Scenario
    from pncsim.simulator.settings import RunSettings

    one = find_scenario(what) if isinstance(what, str) else Scenario(_name(what), _name(what), (), what, plan=plan)
    settings = RunSettings(transport=transport, faults=faults, seed=seed, evidence=evidence)
    if lab is not None:
        from pncsim.simulator.labs.checks import lab_at
        from pncsim.simulator.labs.taking_part import plan_of, settings_of

        written = lab_at(lab, os.environ)
        one = replace(one, plan=plan_of(written, one.plan, os.environ, transport=transport))
        settings = settings_of(written, settings)
    chosen = {option.name: option.default for option in one.options} | options
    events: list[Event] = []

    async def main() -> RunResult:
        return await Run(one, chosen, settings, readers=(events.append,)).done()

    return LabRun(Underway(main, transport).result(10 * LONG), events)


def _name(play: LabPlay) -> str:
    return getattr(play, "__name__", "a test").replace("_", "-")


def free_link() -> OtherSide:
    """Loopback, with an SDP port nobody listens on."""
    from pncsim.wire.network.loopback import loopback_host

    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return OtherSide(sdp_port=int(probe.getsockname()[1]))
