"""A run can be held, stepped, commanded and ended by whoever has its handle; its journal is read page by page."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable

import pytest

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.journal import Journal, JournalPage
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import BROKEN_OFF, Run
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, Power, StateEntered, Trace, V2gMessage


def driven(drive: Callable[[Run], Awaitable[None]], transport: Transport = "memory", name: str = "pnc-ac") -> Run:
    """A run that ``drive`` has driven, to its end."""

    async def main() -> Run:
        run = Run(find_scenario(name), settings=RunSettings(transport=transport))
        await drive(run)
        await run.done()
        return run

    return run_on_loop(transport, main)


def everything(run: Run) -> list[Event]:
    """What the journal holds, read in small pages."""
    events: list[Event] = []
    while (page := run.journal.page(events[-1].seq if events else 0, limit=7)).events:
        events.extend(page.events)
    return events


def messages(events: list[Event]) -> list[tuple[str, str, float]]:
    """Who has sent what, and how long after the first one."""
    sent = [e for e in events if isinstance(e, V2gMessage) and e.direction == "sent"]
    return [(e.role, e.name, round(e.time - sent[0].time, 3)) for e in sent]


async def let(run: Run) -> None:
    """Let it run."""


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(500):
        await asyncio.sleep(0)


# Holding


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_a_run_is_stepped_from_message_to_message(transport: Transport) -> None:
    seen: list[tuple[int, bool, float]] = []

    async def step(run: Run) -> None:
        run.start()
        run.pause()
        for _ in range(12):
            await run.step()
            before = run.clock.now()
            await settle()
            seen.append((len(messages(everything(run))), run.held, run.clock.now() - before))
        run.resume()

    run = driven(step, transport)
    assert seen == [(number, True, 0.0) for number in range(1, 13)]
    assert run.result.verdict is Verdict.PASS, run.result.cause


def test_holding_a_run_takes_no_time_in_the_lab() -> None:
    """Every message of a run that was stepped comes when it comes in a run that was left alone."""

    async def step(run: Run) -> None:
        run.start()
        while not run.over:
            await run.step()
            await settle()

    assert messages(everything(driven(step))) == messages(everything(driven(let)))


def test_a_held_run_really_waits_until_another_thread_lets_it_go() -> None:
    held, times = threading.Event(), list[float]()

    async def main() -> RunResult:
        loop, run = asyncio.get_running_loop(), Run(find_scenario("pnc-ac"), settings=RunSettings(transport="memory"))

        def operate() -> None:
            held.wait()
            times.append(run.clock.now())
            loop.call_soon_threadsafe(run.resume)

        operator = threading.Thread(target=operate)
        operator.start()
        run.start()
        run.pause()
        await run.step()
        times.append(run.clock.now())
        held.set()
        result = await run.done()
        operator.join()
        return result

    result = run_on_loop("memory", main)
    assert result.verdict is Verdict.PASS, result.cause
    assert times[0] == times[1]


def test_a_step_that_finds_no_further_message_ends_with_the_run() -> None:
    async def to_the_end(run: Run) -> None:
        steps = 0
        run.start()
        while not run.over:
            await run.step()
            steps += 1
        assert steps == len(messages(everything(run))) + 1

    assert driven(to_the_end).result.verdict is Verdict.PASS


# Commands, end


def test_a_command_reaches_the_lab() -> None:
    async def command(run: Run) -> None:
        run.start()

        async def stop(lab: Lab) -> str:
            lab.voice.story("Somebody looks in.")
            return lab.site.station.config.identity

        assert await run.command(stop) == "CS001"

    run = driven(command)
    assert any(getattr(event, "text", "") == "Somebody looks in." for event in everything(run))


@pytest.mark.parametrize("held", [False, True])
def test_a_cancelled_run_closes_what_is_open(held: bool) -> None:
    async def main() -> Run:
        run = Run(find_scenario("pnc-ac"), settings=RunSettings(transport="memory"))
        run.start()
        await run.step()
        if not held:
            run.resume()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run.done()
        return run

    run = run_on_loop("memory", main)
    assert run.over and not run.held
    assert run.result.verdict is Verdict.ERROR


def test_a_run_that_is_cancelled_before_its_first_step_was_broken_off() -> None:
    async def main() -> Run:
        run = Run(find_scenario("pnc-ac"), settings=RunSettings(transport="memory"))
        run.start()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run.done()
        return run

    assert run_on_loop("memory", main).result.cause == BROKEN_OFF


def test_a_command_to_a_run_that_is_over_is_refused() -> None:
    async def late(run: Run) -> None:
        await run.done()
        with pytest.raises(LocalError, match="is over"):
            await run.command(lambda lab: asyncio.sleep(0))

    driven(late)


# The journal


def journal(kept: int, count: int) -> Journal:
    """A journal after ``count`` events."""
    trace, kept_events = Trace(), Journal(kept)
    trace.subscribe(kept_events)
    for number in range(count):
        trace.emit(StateEntered(time=float(number), role="EV", state=str(number)))
    return kept_events


def test_readers_page_at_their_own_pace() -> None:
    whole = journal(100, 10)
    slow, quick = whole.page(0, 3), whole.page(8)
    assert [event.seq for event in slow.events] == [1, 2, 3] and slow.last == 3
    assert [event.seq for event in whole.page(slow.last, 3).events] == [4, 5, 6]
    assert [event.seq for event in quick.events] == [9, 10]
    assert whole.page(quick.last) == JournalPage(())
    assert whole.last == 10


def test_a_reader_is_told_what_it_has_missed() -> None:
    short = journal(4, 10)
    page = short.page(2, 2)
    assert [event.seq for event in page.events] == [7, 8] and page.dropped == 4
    assert short.page(page.last).dropped == 0
    assert short.page(0).dropped == 6


def test_a_journal_stays_as_small_as_it_is_told() -> None:
    assert len(journal(50, 5_000).page(0, 10_000).events) == 50


def test_the_journal_holds_what_every_reader_sees() -> None:
    seen: list[Event] = []

    async def look(run: Run) -> None:
        run.trace.subscribe(seen.append)

    run = driven(look)
    assert everything(run) == seen and any(isinstance(event, Power) for event in seen)


def test_every_event_says_which_run_it_belongs_to() -> None:
    first, second = driven(let), driven(let)
    runs = [{event.run for event in everything(run)} for run in (first, second)]
    assert [len(found) for found in runs] == [1, 1] and runs[0].isdisjoint(runs[1])
    assert all(run.startswith("pnc-ac-") for found in runs for run in found)


def test_a_run_without_faults_loads_none() -> None:
    script = """
import sys
from pncsim.simulator.commands.main import main
try:
    main(["run", "pnc-ac", "--transport", "memory", "--no-evidence", "--quiet"])
except SystemExit as left:
    assert not left.code, left.code
assert not [name for name in sys.modules if name.startswith("pncsim.simulator.faults")]
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
