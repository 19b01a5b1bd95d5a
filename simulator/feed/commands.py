"""What can be asked of a process over its feed: rows of a title and of what does it, on the loop of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from pncsim.simulator.by_hand.commands import DEEDS
from pncsim.simulator.dashboard.lab_commands import COMMANDS, LabCommand, shown_default, stop_charging, values_of
from pncsim.simulator.feed.messages import ArgumentTold, typed
from pncsim.simulator.parameters import Parameter, parameters_of
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.attach.side import Attachable
    from pncsim.simulator.by_hand.hand import Hand
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.runs.run import Run

GRACE = 5.0
"""Seconds in which sessions that were asked to stop may end; then the run is broken off."""


class FeedCommand(Struct, frozen=True):
    """``title`` says what it does; ``do(arguments)`` reads them, does it, and answers what a person is told, or None.

    It raises PncError where it cannot be done. ``arguments``: as people are told of them.
    """

    title: str
    do: Callable[[Mapping[str, Any]], Awaitable[object]]
    arguments: tuple[ArgumentTold, ...] = ()


def command(
    name: str, title: str, do: Callable[..., Awaitable[object]], parameters: tuple[Parameter, ...] | None = None
) -> FeedCommand:
    """A command whose arguments are the keyword parameters of ``do``, or those ``parameters``."""
    known = parameters_of(do) if parameters is None else parameters

    async def read_and_do(arguments: Mapping[str, Any]) -> object:
        for key, value in arguments.items():
            if isinstance(value, list | dict) or value is None:
                raise LocalError(f"{name} cannot have that {key}: it is a text, a number, true or false.")
        texts = {key: typed(value) for key, value in arguments.items()}
        return await do(**values_of(name, known, texts))

    told = tuple(ArgumentTold(one.name, one.help, shown_default(one), one.choices) for one in known)
    return FeedCommand(title, read_and_do, told)


def of_run(run: Run, end: Callable[[], object], hand: Hand | None = None) -> dict[str, FeedCommand]:
    """What can be asked of a run: to hold and to end it, what a lab can be asked, and what is done by ``hand``.

    ``end`` breaks it off.
    """

    async def hold() -> str:
        run.pause()
        return "The run is held: no V2G message passes, and lab time stands still."

    async def resume() -> str:
        run.resume()
        return "The run goes on."

    async def step() -> str:
        await run.step()
        return "The run is over." if run.over else "One V2G message was sent."

    async def finish(
        *, now: Annotated[bool, "Break it off instead of letting the stations ask their vehicles."] = False
    ) -> str:
        run.resume()
        asked = "" if now else await (run.command(stop_charging) if hand is None else hand.leave())
        if asked:
            _later(run, end)
            return asked
        asyncio.get_running_loop().call_soon(end)
        return "The run is broken off."

    async def fault(
        *, name: Annotated[str, "A fault and its parameters, as `pnc run --fault` takes them."] = ""
    ) -> str:
        from pncsim.simulator.faults.table import find_fault

        found = find_fault(name)

        async def disturb(lab: Lab) -> str:
            found.apply(lab)
            return f"Disturbed from now on: {found.title}."

        return await run.command(disturb)

    async def to_lab(doing: Callable[..., Awaitable[object]], **values: Any) -> object:
        return await run.command(lambda lab: doing(lab, **values))

    async def by_hand(doing: Callable[..., Awaitable[object]], **values: Any) -> object:
        assert hand is not None
        await hand.open()
        return await doing(hand, **values)

    own = {
        "hold": command("hold", "Hold the run", hold),
        "resume": command("resume", "Let a held run go on", resume),
        "step": command("step", "Let one more V2G message be sent, and hold the run there", step),
        "fault": command("fault", "Disturb what comes", fault),
        "end": command("end", "Let the stations ask their vehicles to stop, and end the run", finish),
    }
    deeds = {} if hand is None else {name: LabCommand(*deed) for name, deed in DEEDS.items()}
    return _all(COMMANDS, to_lab) | _all(deeds, by_hand) | own


def _all(commands: Mapping[str, LabCommand], do: Callable[..., Awaitable[object]]) -> dict[str, FeedCommand]:
    """Each of ``commands``, done by ``do``."""
    return {name: command(name, one.title, partial(do, one.do), one.parameters) for name, one in commands.items()}


def _later(run: Run, end: Callable[[], object]) -> None:
    """Break ``run`` off unless it has ended by then. The time is the machine's: that of a loop may be lab time."""
    loop = asyncio.get_running_loop()

    def enough() -> None:
        with suppress(RuntimeError):  # the loop is closed: the run has ended
            loop.call_soon_threadsafe(lambda: None if run.over else end())

    timer = threading.Timer(GRACE, enough)
    timer.daemon = True
    timer.start()


def of_side(side: Attachable) -> dict[str, FeedCommand]:
    """What can be asked of services and of a lone side: what a dashboard that is attached can, and to end."""
    from pncsim.simulator.attach.side import terminate
    from pncsim.simulator.attach.steering import steering_of

    steering, handle = steering_of(side.kind), side.handle
    ending: list[asyncio.Task[None]] = []

    async def do(doing: Callable[..., Awaitable[object]], **values: Any) -> object:
        if handle.on is None:
            raise LocalError(f"{side.kind} is not up yet.", advice="Try again in a moment.")
        return await doing(handle.on, **values)

    async def end() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await steering.quiet(handle.on)
        terminate()

    async def finish(*, now: Annotated[bool, "Without letting who charges stop first."] = False) -> str:
        asked = await steering.stop(handle.on) if handle.on is not None and not now else ""
        if asked:
            ending.append(asyncio.create_task(end()))
            return f"{asked} Then it ends."
        asyncio.get_running_loop().call_soon(terminate)
        return "It ends."

    own = {"end": command("end", "Let who charges stop, and end in order, as SIGTERM does", finish)}
    return _all(steering.commands, do) | own
