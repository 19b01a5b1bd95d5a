"""The one asyncio driver: reads on, keeps bounds, lets nobody down. Time is the lab's."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import LocalError, PeerClosed, PncError
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.session.driver import Driver
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, PassTime, Send, Wait
from pncsim.wire.streams import BUFFER, ByteStream
from pncsim.wire.trace import Event, Story, Trace
from pncsim.wire.voice import Voice

T = TypeVar("T")


def virtually(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class Scripted:
    """An engine that notes what it is told and says what the test wants: ``says[what]`` are outputs.

    As every engine, it hears nothing more once it has said Close.
    """

    me = "station"

    def __init__(self, says: dict[object, list[Output]] | None = None, deadline: float | None = None) -> None:
        self.says, self.deadline = says or {}, deadline
        self.told: list[object] = []
        self.times: list[float] = []
        self.done = False
        self.now = 0.0
        self.voice = Voice("SECC", "CS001/1", lambda: 0.0, lambda event: None)

    def _hear(self, what: object, now: float) -> list[Output]:
        self.now = now
        if self.done:
            return []
        self.told.append(what)
        self.times.append(now)
        said = self.says.get(what, [])
        if isinstance(said, Exception):
            raise said
        self.done = any(isinstance(output, Close) for output in said)
        return said

    def start(self, now: float) -> list[Output]:
        return self._hear("start", now)

    def receive(self, data: bytes, now: float) -> list[Output]:
        return self._hear(data, now)

    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        return self._hear((id, answer), now)

    def wake(self, now: float) -> list[Output]:
        self.deadline = None
        return self._hear("wake", now)

    def closed(self, now: float, error: PncError | None = None) -> list[Output]:
        return self._over(("closed", type(error)), now, Close("closed", error))

    def abort(self, error: LocalError, now: float) -> list[Output]:
        return self._over(error.sentence, now, Close(error.sentence, error))

    def _over(self, what: object, now: float, close: Close) -> list[Output]:
        if self.done:
            return []
        said = self._hear(what, now)
        self.done = True
        return [*said, close]


class Bench:
    """A driver at one end of a pipe; ``peer`` is the other end."""

    def __init__(self, engine: Scripted, *, leaps: bool = False, answer: Any = None) -> None:
        self.clock = Clock(0.0, leaps=leaps)
        self.engine, self.events, self.notices = engine, list[Event](), list[object]()
        stream, self.peer = memory_pipe("peer", "us")
        self.driver = Driver(engine, stream, self.clock, Trace([self.events.append]), answer, self.notices.append)
        self.running = asyncio.create_task(self.driver.run())

    async def turn(self) -> None:
        """Let everything happen that can without time passing."""
        for _ in range(10):
            await asyncio.sleep(0)


def test_outputs_are_carried_out_in_their_order() -> None:
    async def main() -> None:
        story = Story(time=1.0, role="SECC", text="hello")
        engine = Scripted({"start": [story, Send(b"one"), Notice("noticed"), Send(b"two")], b"bye": [Close("done")]})
        bench = Bench(engine)
        await bench.turn()
        assert await bench.peer.read() == b"onetwo"
        assert [event.text for event in bench.events if isinstance(event, Story)] == ["hello"]
        assert bench.notices == ["noticed"]
        bench.peer.write(b"bye")
        assert await bench.running == Close("done")
        assert await bench.peer.read() == b""

    virtually(main())


def test_it_reads_on_while_a_question_is_being_answered() -> None:
    async def main() -> None:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        engine = Scripted({b"first": [Ask(1, "who?")], (1, "me"): [Close("done")]})
        bench = Bench(engine, answer=lambda question: answer)
        bench.peer.write(b"first")
        await bench.turn()
        bench.peer.write(b"second")
        await bench.turn()
        assert engine.told == ["start", b"first", b"second"]
        answer.set_result("me")
        await bench.running
        assert engine.told[-1] == (1, "me")

    virtually(main())


def test_a_vehicle_that_lets_time_pass_hears_at_once_that_the_station_is_gone() -> None:
    async def main() -> None:
        bench = Bench(Scripted({"start": [Ask(1, PassTime(600.0))]}))
        await bench.turn()
        bench.peer.abort()
        end = await bench.running
        assert isinstance(end.error, PeerClosed)
        assert bench.clock.now() < 1

    virtually(main())


@pytest.mark.parametrize("question", [PassTime(30.0), Wait(30.0)])
@pytest.mark.parametrize("leaps", [True, False])
def test_time_passes_without_anybody_being_asked(question: PassTime | Wait, leaps: bool) -> None:
    async def main() -> None:
        engine = Scripted({"start": [Ask(7, question)], (7, None): [Close("done")]})
        bench = Bench(engine, leaps=leaps)
        await bench.running
        assert engine.told == ["start", (7, None)]
        assert bench.clock.now() == pytest.approx(30.0)
        leapt = leaps and isinstance(question, PassTime)
        assert asyncio.get_running_loop().time() == pytest.approx(0.0 if leapt else 30.0)

    virtually(main())


def test_no_task_is_made_for_a_message() -> None:
    async def main() -> None:
        made: list[str] = []
        bench = Bench(Scripted({b"ping": [Send(b"pong"), Story(time=0.0, role="EV", text="ping")], b"x": [Close("x")]}))
        await bench.turn()

        def factory(loop: Any, work: Any, **more: Any) -> asyncio.Task[Any]:
            made.append(repr(work))
            return asyncio.Task(work, loop=loop, **more)

        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        for _ in range(5):
            bench.peer.write(b"ping")
            await bench.turn()
            assert await bench.peer.read() == b"pong"
        bench.peer.write(b"x")
        await bench.running
        assert made == []

    virtually(main())


def test_the_deadline_wakes_the_engine_at_its_time() -> None:
    async def main() -> None:
        engine = Scripted({"wake": [Close("late")]}, deadline=5.0)
        await Bench(engine).running
        assert (engine.told, engine.times) == (["start", "wake"], [0.0, pytest.approx(5.0)])

    virtually(main())


def test_a_deadline_that_comes_nearer_counts() -> None:
    async def main() -> None:
        engine = Scripted({"wake": [Close("late")]}, deadline=60.0)
        bench = Bench(engine)
        await bench.turn()
        engine.deadline = 2.0
        bench.peer.write(b"sooner")
        await bench.running
        assert engine.times[-1] == pytest.approx(2.0)

    virtually(main())


def test_an_engine_that_waits_for_nothing_is_not_woken() -> None:
    async def main() -> None:
        engine = Scripted(deadline=5.0)
        bench = Bench(engine)
        await bench.turn()
        engine.deadline = None
        bench.peer.write(b"in time")
        await bench.clock.sleep(60.0)
        assert engine.told == ["start", b"in time"]
        bench.running.cancel()

    virtually(main())


def test_a_peer_that_does_not_read_does_not_get_to_ask_for_more() -> None:
    async def main() -> None:
        engine = Scripted({b"?": [Send(bytes(BUFFER))], b"bye": [Close("done")]})
        bench = Bench(engine)
        for _ in range(20):
            bench.peer.write(b"?")
            await bench.turn()
        asked = engine.told.count(b"?")
        assert asked <= 3, "what is unsent is bounded"
        assert len(await bench.peer.read()) == asked * BUFFER
        await bench.turn()
        assert len(engine.told) > 1 + asked, "it goes on when there is room"
        bench.running.cancel()
        await asyncio.gather(bench.running, return_exceptions=True)

    virtually(main())


@pytest.mark.parametrize("where", ["start", b"data", "wake", (1, None), ("closed", type(None))])
def test_a_defect_surfaces_where_the_session_is_served(where: Any) -> None:
    async def main() -> None:
        says: dict[object, Any] = {where: ZeroDivisionError("what now?")}
        if where == (1, None):
            says["start"] = [Ask(1, Wait(1.0))]
        engine = Scripted(says, deadline=2.0)
        bench = Bench(engine)
        bench.peer.write(b"data")
        if isinstance(where, tuple) and where[0] == "closed":
            await bench.turn()
            await bench.peer.close()
        with pytest.raises(ZeroDivisionError):
            await bench.running
        assert "A defect in the station ended the session: ZeroDivisionError, what now?." in engine.told

    virtually(main())


def test_a_defect_of_whoever_answers_surfaces_too() -> None:
    async def main() -> None:
        async def broken(question: object) -> object:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await Bench(Scripted({"start": [Ask(1, "who?")]}), answer=broken).running

    virtually(main())


def test_a_refusal_of_whoever_answers_is_the_answer() -> None:
    async def main() -> None:
        refusal = LocalError("nobody is there")

        async def refuse(question: object) -> object:
            raise refusal

        engine = Scripted({"start": [Ask(1, "who?")], (1, refusal): [Close("done")]})
        await Bench(engine, answer=refuse).running
        assert engine.told == ["start", (1, refusal)]

    virtually(main())


def test_who_is_cancelled_says_how_it_ended_and_lets_the_peer_know() -> None:
    async def main() -> None:
        engine = Scripted({"start": [Ask(1, "who?")]})
        bench = Bench(engine, answer=lambda question: asyncio.Event().wait())
        await bench.turn()
        bench.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bench.running
        assert engine.told == ["start", "The station has been shut down."]
        assert await bench.peer.read() == b""

    virtually(main())


def test_a_peer_that_does_not_let_go_is_dropped_after_five_seconds() -> None:
    class Stuck(ByteStream):
        unsent, dropped = 0, False

        def write(self, data: bytes) -> None: ...

        def finish(self) -> None: ...

        async def close(self) -> None:
            await asyncio.Event().wait()

        def abort(self) -> None:
            self.dropped = True

        def _hold(self, full: bool) -> None: ...

    async def main() -> None:
        clock, stream = Clock(0.0), Stuck("stuck")
        await Driver(Scripted({"start": [Close("done")]}), stream, clock, Trace(), lambda question: None).run()  # type: ignore[arg-type, return-value]
        assert stream.dropped
        assert clock.now() == pytest.approx(5.0)

    virtually(main())
