"""``pnc run --on-command``: what is asked for over a feed is run, one after the other, until the process is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from pncsim.simulator.dashboard.lab_side import prepared
from pncsim.simulator.dashboard.reports import StartRun
from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.feed.commands import FeedCommand, command
from pncsim.simulator.feed.feed import Feed
from pncsim.simulator.feed.messages import ArgumentTold, typed, typed_all
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import looks_like_path
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.runs.told import Screen
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.by_hand.hand import Hand


class RunOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of the command ``run``, as the options of ``pnc run`` have them."""

    scenario: Annotated[str, Meta(description="its name; by-hand: a lab that stays open and is played by commands")]
    options: Annotated[dict[str, str | int | float | bool], Meta(description="the scenario's own, by name")] = field(
        default_factory=dict
    )
    faults: Annotated[tuple[str, ...], Meta(description="as --fault takes them")] = ()
    expect_fault: Annotated[bool, Meta(description="the verdict is whether they were answered")] = False
    transport: Annotated[Transport, Meta(description="where it runs")] = "loopback"
    seed: Annotated[str | None, Meta(description="what every random choice is drawn from")] = None
    vehicle_profile: Annotated[str, Meta(description="the car the vehicles are like")] = ""
    held: Annotated[bool, Meta(description="hold it from its beginning on")] = False


class _Prepared(Struct, frozen=True):
    """What is run next."""

    scenario: Scenario
    options: Mapping[str, Any]
    settings: RunSettings
    hand: Hand | None
    held: bool


class OnCommand:
    """Runs what is asked of ``feed``. ``evidence``: where each run's goes; ``lab``: a lab file of all of them."""

    def __init__(self, feed: Feed, *, evidence: Path | None, lab: Path | None, level: int) -> None:
        self._feed, self._evidence, self._lab, self._level = feed, evidence, lab, level
        self._over = False

    def serve(self) -> int:
        """Until somebody says that it is enough: the exit code. Raises OutputLost, and what ends a process."""
        while (found := run_on_loop("loopback", self._asked)) is not None:
            run_on_loop(found.settings.transport, partial(self._played, found))
        return 0

    async def _asked(self) -> _Prepared | None:
        """What is to be run next; None for nothing more."""
        loop = asyncio.get_running_loop()
        wanted: asyncio.Future[_Prepared | None] = loop.create_future()

        def settle(found: _Prepared | None) -> None:
            if not wanted.done():
                wanted.set_result(found)

        async def run(arguments: Mapping[str, Any]) -> str:
            found = self._prepared(arguments)
            # Once this is answered.
            loop.call_soon(settle, found)
            return f"{found.scenario.name} begins."

        async def end() -> str:
            loop.call_soon(settle, None)
            return "It ends."

        told = FeedCommand("Run a scenario, or open a lab to be played by hand", run, _arguments())
        with self._feed.obeys({"run": told, "end": command("end", "End it", end)}):
            return await wanted

    def _prepared(self, arguments: Mapping[str, Any]) -> _Prepared:
        """What an order asks for. Raises LocalError."""
        try:
            order = msgspec.convert(arguments, RunOrder)
        except msgspec.ValidationError as error:
            raise LocalError(f"run cannot have these arguments: {error}.") from None
        for named in (order.scenario, order.vehicle_profile):
            if looks_like_path(named) or "/" in named or named.endswith(".toml"):
                # Whoever may publish at a broker is not whoever may run files of this machine.
                raise LocalError(f"{named!r} is a file: over a broker scenarios and cars are known by name.")
        if "pki" in order.options:
            raise LocalError("Over a broker no PKI folder is named.", advice="Name it in a lab file, with --lab.")
        start = StartRun(
            scenario=order.scenario,
            options=typed_all(order.options),
            faults=order.faults,
            transport=order.transport,
            expect_fault=order.expect_fault,
            seed=order.seed,
            lab=None if self._lab is None else str(self._lab),
            evidence=None if self._evidence is None else str(self._evidence),
            vehicle_profile=order.vehicle_profile,
        )
        return _Prepared(*prepared(start), order.held)

    async def _played(self, found: _Prepared) -> None:
        run = Run(found.scenario, found.options, found.settings)
        teller = StoryTeller(run.clock.now(), level=self._level, units=found.scenario.plan.several)
        task = asyncio.current_task()
        assert task is not None
        screen = Screen(teller, task.cancel)
        if self._level >= 0:
            run.trace.subscribe(screen)
        with screen.watched(), self._feed.tells(run, run.cancel, found.hand):
            run.start()
            if found.held:
                run.pause()
            result = await _result(run)
            if self._level >= 0:
                teller.summary(result)
            else:
                print(printable(result.line), flush=True)


async def _result(run: Run) -> RunResult:
    """What it came to, also where somebody has broken it off; a defect of one run is no end of the others."""
    try:
        return await run.done()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # The process is to end, and not this run alone.
            raise
    except Exception as error:
        run.result.error = run.result.error or f"{type(error).__name__}: {error}"
    return run.result


def _arguments() -> tuple[ArgumentTold, ...]:
    """The arguments of ``run``, as people are told of them."""
    about = msgspec.json.schema(RunOrder)["$defs"][RunOrder.__name__]["properties"]
    return tuple(
        ArgumentTold(
            name,
            one["description"],
            typed(one["default"]) if isinstance(one.get("default"), str | bool) else "",
            tuple(one.get("enum", ())),
        )
        for name, one in about.items()
    )
