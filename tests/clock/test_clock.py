"""The lab's clock on both kinds of loop: real time with jumps, and virtual time that runs by itself."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.wire.clock import Clock, VirtualTimeLoop

START = 1_790_000_000.0
T = TypeVar("T")


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def test_virtual_time_passes_without_waiting() -> None:
    async def main() -> float:
        clock = Clock(START)
        await clock.sleep(25 * 86_400)
        return clock.now() - START

    began = time.monotonic()
    assert virtually(main()) == pytest.approx(25 * 86_400)
    assert time.monotonic() - began < 5


def test_virtual_time_stands_still_while_work_is_ready() -> None:
    async def main() -> float:
        clock = Clock(START)
        sleeper = asyncio.create_task(clock.sleep(1))
        for _ in range(1000):
            await asyncio.sleep(0)
        elapsed = clock.now() - START
        sleeper.cancel()
        return elapsed

    assert virtually(main()) == 0


def test_virtual_sleepers_wake_in_order_at_their_time() -> None:
    async def main() -> list[tuple[str, float]]:
        clock = Clock(START)
        woken: list[tuple[str, float]] = []

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((name, round(clock.now() - START, 6)))

        await asyncio.gather(sleeper("late", 60), sleeper("early", 0.25), sleeper("middle", 2))
        return woken

    assert virtually(main()) == [("early", 0.25), ("middle", 2), ("late", 60)]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 2e9), st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_a_timer_is_never_early(start: float, naps: list[float]) -> None:
    """An engine woken at its deadline must see a time that is not before it, or it would be woken for ever."""

    async def main() -> None:
        clock = Clock(start)
        for nap in naps:
            due = clock.now() + nap
            reached: asyncio.Future[float] = asyncio.get_running_loop().create_future()
            clock.call_at(due, lambda reached=reached: reached.set_result(clock.now()))  # type: ignore[misc]
            assert await reached >= due

    virtually(main())


def test_time_does_not_go_back_over_many_timers() -> None:
    async def main() -> None:
        clock = Clock(START + 0.123456789)
        before = clock.now()
        for step in range(2000):
            await clock.sleep(0.025 + step * 1e-7)
            assert clock.now() >= before
            before = clock.now()
        assert clock.now() - START == pytest.approx(0.123456789 + 2000 * 0.025 + 1e-7 * 2000 * 1999 / 2, abs=1e-3)

    virtually(main())


def test_a_jump_fires_what_became_due_in_order() -> None:
    async def main() -> tuple[list[str], list[str]]:
        clock = Clock(START)
        fired: list[str] = []
        clock.call_at(START + 3600, lambda: fired.append("hour"))
        clock.call_at(START + 60, lambda: fired.append("minute"))
        clock.call_at(START + 86_400, lambda: fired.append("day"))
        clock.jump(4000)
        at_once = list(fired)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return at_once, fired

    assert asyncio.run(main()) == ([], ["minute", "hour"])


def test_a_jump_shortens_what_is_left_of_a_sleep() -> None:
    async def main() -> float:
        clock = Clock(START)
        sleeper = asyncio.create_task(clock.sleep(100))
        await asyncio.sleep(0)
        clock.jump(99.99)
        assert not sleeper.done()
        await sleeper
        return clock.now() - START

    began = time.monotonic()
    assert 100 <= asyncio.run(main()) < 101
    assert time.monotonic() - began < 1


def test_steady_jumping_does_not_put_timers_off() -> None:
    async def main() -> None:
        clock = Clock(START)
        sleeper = asyncio.create_task(clock.sleep(1))
        for _ in range(20):
            await asyncio.sleep(0)
            clock.jump(1)
        assert sleeper.done()

    asyncio.run(main())


def test_a_jump_may_happen_inside_a_timer() -> None:
    async def main() -> list[float]:
        clock = Clock(START)
        fired: list[float] = []
        clock.call_at(START + 1, lambda: clock.jump(50))
        clock.call_at(START + 40, lambda: fired.append(clock.now() - START))
        await clock.sleep(60)
        return fired

    assert virtually(main()) == [pytest.approx(51)]


def test_the_clock_does_not_go_back() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="forward"):
            Clock().jump(-1)

    asyncio.run(main())


def test_a_cancelled_timer_does_not_fire_even_after_a_jump() -> None:
    async def main() -> list[str]:
        clock = Clock(START)
        fired: list[str] = []
        clock.call_at(START + 1, lambda: fired.append("x")).cancel()
        clock.jump(10)
        await clock.sleep(10)
        return fired

    assert virtually(main()) == []


def test_a_timeout_ends_the_body_at_its_lab_time() -> None:
    async def main() -> float:
        clock = Clock(START)
        with pytest.raises(TimeoutError):
            async with clock.timeout(2):
                await asyncio.get_running_loop().create_future()
        return clock.now() - START

    assert virtually(main()) == pytest.approx(2)


def test_a_timeout_follows_a_jump() -> None:
    async def main() -> None:
        clock = Clock(START)
        asyncio.get_running_loop().call_soon(clock.jump, 61)
        with pytest.raises(TimeoutError):
            async with clock.timeout(60):
                await asyncio.get_running_loop().create_future()

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_body_that_is_quick_enough_is_left_alone(seconds: float | None) -> None:
    async def main() -> str:
        clock = Clock(START)
        async with clock.timeout(seconds):
            await clock.sleep(1)
        await clock.sleep(100)
        return "done"

    assert virtually(main()) == "done"


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_a_timeout_without_time_ends_at_the_first_wait(seconds: float) -> None:
    async def main() -> None:
        clock = Clock(START)
        with pytest.raises(TimeoutError):
            async with clock.timeout(seconds):
                await clock.sleep(1)
        assert clock.now() - START < 1

    virtually(main())


def test_timeouts_nest() -> None:
    async def main() -> str:
        clock = Clock(START)
        try:
            async with clock.timeout(10):
                try:
                    async with clock.timeout(1):
                        await clock.sleep(100)
                except TimeoutError:
                    await clock.sleep(100)
        except TimeoutError:
            return f"outer after {clock.now() - START:.1f}"
        return "none"

    assert virtually(main()) == "outer after 10.0"


def test_a_foreign_cancellation_is_not_a_timeout() -> None:
    async def main() -> None:
        clock = Clock(START)

        async def body() -> None:
            async with clock.timeout(10):
                await clock.sleep(100)

        task = asyncio.create_task(body())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    virtually(main())


def test_cancelling_a_sleep_forgets_its_timer() -> None:
    async def main() -> bool:
        clock = Clock(START)
        task = asyncio.create_task(clock.sleep(1000))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await clock.sleep(1)
        return clock.now() < START + 2

    assert virtually(main())


@pytest.mark.parametrize("leaps", [True, False])
def test_process_time_passes_by_leap_or_by_waiting(leaps: bool) -> None:
    async def main() -> float:
        clock = Clock(START, leaps=leaps)
        await clock.pass_time(1800)
        return clock.now() - START

    elapsed = asyncio.run(main()) if leaps else virtually(main())
    assert elapsed == pytest.approx(1800, abs=1)


def test_the_clock_starts_now_by_default_and_knows_the_date() -> None:
    async def main() -> None:
        assert abs(Clock().now() - time.time()) < 5
        assert Clock(0.0).utc().replace(microsecond=0) == datetime(1970, 1, 1, tzinfo=UTC)

    asyncio.run(main())


def test_actors_that_wait_for_each_other_for_ever_are_a_defect_and_no_hang() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="every actor waits"):
        virtually(main())


@pytest.mark.parametrize("factory", [VirtualTimeLoop, None], ids=["virtual", "real"])
def test_a_held_clock_lets_nothing_become_due_and_goes_on_from_there(factory: type[VirtualTimeLoop] | None) -> None:
    async def main() -> list[tuple[str, float]]:
        clock, seen = Clock(1000.0), list[tuple[str, float]]()
        clock.call_at(1003.0, lambda: seen.append(("due", clock.now())))
        clock.hold()
        clock.hold()
        began = clock.now()
        # Set while the clock is held: before, a slow machine might have let its time come.
        clock.call_at(began + 0.0001, lambda: seen.append(("soon", clock.now())))
        for _ in range(20_000):
            await asyncio.sleep(0)
        assert clock.held and clock.now() == began and not seen
        clock.jump(5)
        assert clock.now() == began + 5
        for _ in range(3):
            await asyncio.sleep(0)
        assert [what for what, _ in seen] == ["soon", "due"], "what a jump makes due happens, in order"
        clock.call_at(clock.now() + 0.0001, lambda: seen.append(("later", clock.now())))
        clock.release()
        clock.release()
        await clock.sleep(0.0002)
        assert not clock.held and clock.now() < began + 10
        return seen

    with asyncio.Runner(loop_factory=factory) as runner:
        seen = runner.run(main())
    assert [what for what, _ in seen] == ["soon", "due", "later"]


def test_nobody_who_acts_is_leapt_over() -> None:
    """Two let time pass; the clock leaps only while both do, to whoever wants to be woken first."""

    async def main() -> list[tuple[str, int]]:
        clock, seen = Clock(0.0, leaps=True), list[tuple[str, int]]()

        async def act(name: str, *times: float) -> None:
            with clock.acting():
                for seconds in times:
                    for _ in range(50):
                        await asyncio.sleep(0)
                    await clock.pass_time(seconds, acting=True)
                    seen.append((name, round(clock.now())))

        await asyncio.gather(act("often", 10, 10, 10, 10), act("seldom", 25, 25))
        return seen

    assert asyncio.run(main()) == [
        ("often", 10),
        ("often", 20),
        ("seldom", 25),
        ("often", 30),
        ("often", 40),
        ("seldom", 50),
    ]


class OrdinaryLoop(asyncio.SelectorEventLoop):
    """asyncio's own turns; only where the loop would wait for its next timer, its time moves instead."""

    def __init__(self) -> None:
        self.reached = 0.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return self.reached


class _Impatient(selectors.SelectSelector):
    def __init__(self, loop: OrdinaryLoop) -> None:
        super().__init__()
        self._owner = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._owner.reached += timeout or 0.0
        return []


def _order_of(factory: Callable[[], asyncio.AbstractEventLoop]) -> list[str]:
    """What runs when: callbacks, timers of one and of several times, what is cancelled, tasks and futures."""
    said: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        future = loop.create_future()

        async def waiting(name: str) -> None:
            said.append(f"{name} began")
            await future
            said.append(f"{name} went on")

        tasks = [asyncio.create_task(waiting(name)) for name in ("one", "two")]
        for name, delay in (("late", 0.02), ("early", 0.01), ("at once", 0.0)):
            loop.call_at(now + delay, said.append, name)
        loop.call_at(now + 0.01, said.append, "never").cancel()
        loop.call_soon(said.append, "neither").cancel()
        loop.call_soon(loop.call_soon, said.append, "soon")
        loop.call_at(now + 0.015, future.set_result, None)
        await asyncio.gather(*tasks)
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
        said.append("slept")

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    return said


def test_things_happen_in_virtual_time_in_the_order_of_an_ordinary_loop() -> None:
    assert _order_of(VirtualTimeLoop) == _order_of(OrdinaryLoop)


def test_timers_of_one_time_ring_in_the_order_they_were_set() -> None:
    async def main() -> list[int]:
        loop, rung = asyncio.get_running_loop(), list[int]()
        for number in range(50):
            loop.call_at(loop.time() + 1.0, rung.append, number)
        await asyncio.sleep(1.5)
        return rung

    assert virtually(main()) == list(range(50))


def test_timers_that_are_cancelled_do_not_pile_up() -> None:
    async def main() -> tuple[int, list[str]]:
        loop, rung = asyncio.get_running_loop(), list[str]()
        assert isinstance(loop, VirtualTimeLoop)
        loop.call_at(loop.time() + 86_400, rung.append, "last")
        for number in range(5000):
            loop.call_at(loop.time() + 86_000 - number % 7, rung.append, "never").cancel()
        kept = len(loop._timers)
        await asyncio.sleep(90_000)
        return kept, rung

    kept, rung = virtually(main())
    assert kept < 250
    assert rung == ["last"]
