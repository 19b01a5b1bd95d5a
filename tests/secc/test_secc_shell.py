"""The outlet over byte streams and the lab's clock, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import pytest
from secc_paths import YES, config
from secc_playbook import T0, ac_parameters, hello, power, select, setup, stop

from pncsim.secc.evse import Evse, EvsePlan
from pncsim.secc.notices import SessionEnded
from pncsim.secc.questions import ExternalAuthorization
from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import LocalError, PeerClosed, PeerSilent
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.session.outputs import Close
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Event, Problem, Trace
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.registry import codec

T = TypeVar("T")


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class Bench:
    """An outlet on one end of a pipe and a vehicle, written out, on the other."""

    def __init__(self, answer: Callable[[object], Awaitable[object]] | None = None, **changes: Any) -> None:
        self.clock = Clock(T0)
        self.events: list[Event] = []
        self.notices: list[object] = []
        self.questions: list[object] = []
        self.session = bytes(8)
        self._reader = v2gtp.V2gtpReader()
        self._answer = answer
        self.evse = Evse(
            EvsePlan(config=config(**changes)),
            clock=self.clock,
            trace=Trace([self.events.append]),
            answer=self._ask,
            tell=self.notices.append,
        )
        self.evse.pilot.connect()
        self.evse.pilot.signal_ready()
        self.station, self.vehicle = memory_pipe("vehicle", "station")
        self.serving = asyncio.create_task(self.evse.serve(self.station, tls=False))

    async def _ask(self, question: object) -> object:
        self.questions.append(question)
        return await self._answer(question) if self._answer else YES

    async def exchange(self, message: Any) -> Any:
        """Send a request and read its response."""
        if isinstance(message, app.SupportedAppProtocolReq):
            payload = codec("app").encode(message)
        else:
            header = iso2.MessageHeaderType(SessionID=self.session)
            root = iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=message))
            payload = codec("iso2").encode(root)
        self.vehicle.write(v2gtp.pack(registry.EXI, payload))
        frames: list[v2gtp.V2gtpFrame] = []
        while not frames:
            data = await self.vehicle.read()
            assert data, "the station closed"
            frames = self._reader.feed(data)
        if isinstance(message, app.SupportedAppProtocolReq):
            return codec("app").decode(frames[0].payload)
        root = codec("iso2").decode(frames[0].payload)
        self.session = root.Header.SessionID
        return root.Body.BodyElement

    async def until(self, *requests: Any) -> Any:
        """Send several requests; the last response."""
        response = None
        for request in requests:
            response = await self.exchange(request)
        return response

    def start(self) -> tuple[Any, ...]:
        return hello(), setup(), iso2.ServiceDiscoveryReq(), select()


def test_a_session_over_a_stream() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.until(*bench.start(), iso2.AuthorizationReq(), ac_parameters(), power("Start"))
        bench.evse.power.load_watts = 7_200.0
        for _ in range(3):
            assert (await bench.exchange(iso2.ChargingStatusReq())).ResponseCode == "OK"
            await bench.clock.sleep(50)
        await bench.until(power("Stop"), stop())
        assert await bench.vehicle.read() == b"", "the station closes after SessionStopRes (V2G2-571)"
        end = await bench.serving
        assert end.error is None
        ended = bench.notices[-1]
        assert isinstance(ended, SessionEnded) and ended.energy_wh == pytest.approx(300, abs=0.5)
        assert bench.questions == [ExternalAuthorization()]
        assert bench.evse.engine is None
        assert bench.clock.now() - T0 == pytest.approx(150.2)

    virtually(main())


def test_a_slow_answer_shows_as_ongoing() -> None:
    async def main() -> None:
        bench: Bench

        async def driver(_: object) -> object:
            await bench.clock.sleep(5)
            return YES

        bench = Bench(driver)
        await bench.until(*bench.start())
        seen: list[str] = []
        while not seen or seen[-1] != "Finished":
            seen.append((await bench.exchange(iso2.AuthorizationReq())).EVSEProcessing)
        assert seen == ["Ongoing_WaitingForCustomerInteraction"] * 4 + ["Finished"]
        assert bench.clock.now() - T0 == pytest.approx(5)
        bench.vehicle.abort()
        assert isinstance((await bench.serving).error, PeerClosed)

    virtually(main())


def test_a_silent_vehicle_is_given_up() -> None:
    async def main() -> None:
        bench = Bench()
        end = await bench.serving
        assert isinstance(end.error, PeerSilent)
        assert bench.clock.now() - T0 == pytest.approx(18)
        assert await bench.vehicle.read() == b""

    virtually(main())


def test_a_silent_vehicle_later_on() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.until(*bench.start())
        await bench.clock.sleep(30)
        await bench.exchange(iso2.AuthorizationReq())
        end = await bench.serving
        assert isinstance(end.error, PeerSilent)
        assert bench.clock.now() - T0 == pytest.approx(90)

    virtually(main())


def test_a_second_vehicle_is_refused() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.until(hello(), setup())
        station, vehicle = memory_pipe("intruder", "station")
        refused = await bench.evse.serve(station, tls=False)
        assert "second vehicle connected from" in refused.reason
        assert await vehicle.read() == b""
        assert any(isinstance(event, Problem) for event in bench.events)
        assert (await bench.exchange(iso2.ServiceDiscoveryReq())).ResponseCode == "OK"
        bench.vehicle.abort()
        await bench.serving

    virtually(main())


def test_one_vehicle_after_the_other() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.until(hello(), setup(), stop())
        assert (await bench.serving).error is None
        bench.station, bench.vehicle = memory_pipe()
        bench.session = bytes(8)
        bench.serving = asyncio.create_task(bench.evse.serve(bench.station, tls=False))
        await bench.until(hello(), setup(), stop())
        assert (await bench.serving).error is None

    virtually(main())


def test_an_answer_that_fails_is_a_refusal() -> None:
    async def main() -> None:
        async def broken(_: object) -> object:
            raise LocalError("The card reader is out of order.")

        bench = Bench(broken)
        await bench.until(*bench.start())
        assert (await bench.exchange(iso2.AuthorizationReq())).ResponseCode == "FAILED"
        end = await bench.serving
        assert "out of order" in end.reason

    virtually(main())


def test_a_defect_in_an_answer_surfaces() -> None:
    async def main() -> None:
        async def defect(_: object) -> object:
            raise ZeroDivisionError("a defect")

        bench = Bench(defect)
        await bench.until(*bench.start())
        bench.vehicle.write(
            v2gtp.pack(
                registry.EXI,
                codec("iso2").encode(
                    iso2.V2G_Message(
                        Header=iso2.MessageHeaderType(SessionID=bench.session),
                        Body=iso2.BodyType(BodyElement=iso2.AuthorizationReq()),
                    )
                ),
            )
        )
        with pytest.raises(ZeroDivisionError):
            await bench.serving
        end = bench.notices[-1]
        assert isinstance(end, SessionEnded)
        assert end.reason == "A defect in the station ended the session: ZeroDivisionError, a defect."
        assert await bench.vehicle.read() == b""

    virtually(main())


def test_shutting_down_ends_the_session_in_order() -> None:
    async def main() -> None:
        bench = Bench()
        await bench.until(*bench.start())
        bench.serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bench.serving
        assert isinstance(bench.notices[-1], SessionEnded)
        assert await bench.vehicle.read() == b""

    virtually(main())


def test_the_station_commands() -> None:
    async def main() -> None:
        bench = Bench()
        bench.evse.request_stop()  # nobody is there
        await bench.until(*bench.start(), iso2.AuthorizationReq(), ac_parameters(), power("Start"))
        bench.evse.request_renegotiation()
        assert (await bench.exchange(iso2.ChargingStatusReq())).AC_EVSEStatus.EVSENotification == "ReNegotiation"
        bench.evse.request_stop()
        assert (await bench.exchange(iso2.ChargingStatusReq())).AC_EVSEStatus.EVSENotification == "StopCharging"
        bench.evse.abort("The emergency button was pressed.")
        end = await bench.serving
        assert end.reason == "The emergency button was pressed."
        assert bench.evse.power.watts == 0

    virtually(main())


class _Stuck(ByteStream):
    """A stream whose peer never lets go."""

    unsent = 0

    def __init__(self) -> None:
        super().__init__("stuck")
        self.aborted = False

    def write(self, data: bytes) -> None:
        pass

    def finish(self) -> None:
        pass

    async def close(self) -> None:
        await asyncio.Event().wait()

    def abort(self) -> None:
        self.aborted = True

    def _hold(self, full: bool) -> None:
        pass


def test_a_peer_that_does_not_let_go_is_dropped() -> None:
    async def main() -> None:
        bench = Bench()
        bench.vehicle.abort()
        await bench.serving
        stream = _Stuck()
        end: Close = await bench.evse.serve(stream, tls=False)
        assert isinstance(end.error, PeerSilent)
        assert stream.aborted
        assert bench.clock.now() - T0 == pytest.approx(23)

    virtually(main())
