"""Who gets the EVSE when several have connected: the vehicle that speaks; in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from secc_paths import YES, config
from secc_playbook import T0, ac_parameters, hello, power, select, setup, stop
from test_secc_shell import Bench, virtually

from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import Evse, EvsePlan
from pncsim.secc.reception import Reception
from pncsim.secc.visitor import Visitor
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerSilent
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream, Layer
from pncsim.wire.trace import Trace
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.registry import codec
from pncsim.wire.v2g.sdp import Security

HELLO = v2gtp.pack(registry.EXI, codec("app").encode(hello()))


def test_a_connection_on_which_nothing_is_said_gives_way_to_the_vehicle_that_speaks() -> None:
    async def main() -> None:
        bench = Bench()
        mute, said = bench.serving, bench.vehicle
        bench.station, bench.vehicle = memory_pipe("vehicle", "station")
        bench.serving = asyncio.create_task(bench.evse.serve(bench.station, tls=False))
        await bench.until(hello(), setup())
        assert isinstance((await mute).error, PeerSilent)
        assert await said.read() == b"", "it is closed"
        assert (await bench.exchange(iso2.ServiceDiscoveryReq())).ResponseCode == "OK"
        assert bench.clock.now() == T0, "nobody had to wait"
        bench.vehicle.abort()
        await bench.serving

    virtually(main())


class _Clinging(Layer):
    """A connection whose peer does not let go after the end."""

    async def close(self) -> None:
        await asyncio.Event().wait()


def test_the_evse_is_free_as_soon_as_the_session_is_over_however_long_the_connection_takes_to_close() -> None:
    async def main() -> None:
        bench = Bench()
        bench.vehicle.abort()
        await bench.serving
        station, bench.vehicle = memory_pipe("vehicle", "station")
        first = asyncio.create_task(bench.evse.serve(_Clinging(station), tls=False))
        await bench.until(hello(), setup(), stop())
        assert not first.done()
        bench.station, bench.vehicle = memory_pipe("vehicle", "station")
        bench.session = bytes(8)
        bench.serving = asyncio.create_task(bench.evse.serve(bench.station, tls=False))
        await bench.until(hello(), setup(), stop())
        assert (await bench.serving).error is None
        assert not first.done()
        assert (await first).error is None

    virtually(main())


class Host:
    """An EVSE that assumes its pilot, on a link, and who has left it."""

    def __init__(self, *, nothing_to_offer: bool = False) -> None:
        self.clock = Clock(T0)
        self.network = MemoryNetwork(self.clock)
        self.told: list[object] = []
        self.left: list[Visitor] = []
        settings = config()

        def offer() -> SeccConfig:
            if nothing_to_offer:
                raise LocalError("The EVSE offers no payment option.")
            return settings

        self.evse = Evse(
            EvsePlan(config=settings, network=self.network, secured=False, assumed=True),
            clock=self.clock,
            trace=Trace(),
            answer=self._answer,
            tell=self.told.append,
            settings=offer,
        )

    async def _answer(self, question: object) -> object:
        return YES

    async def connect(self) -> ByteStream:
        return await self.network.connect(await self.network.find(Security.NONE))


async def say(stream: ByteStream, *requests: Any) -> None:
    """Say hello, then each request, and hear the answers."""
    reader, session = v2gtp.V2gtpReader(), bytes(8)
    stream.write(HELLO)
    assert reader.feed(await stream.read())
    for request in requests:
        header, body = iso2.MessageHeaderType(SessionID=session), iso2.BodyType(BodyElement=request)
        stream.write(v2gtp.pack(registry.EXI, codec("iso2").encode(iso2.V2G_Message(Header=header, Body=body))))
        [answer] = reader.feed(await stream.read())
        session = codec("iso2").decode(answer.payload).Header.SessionID


def test_who_connects_during_a_pause_and_is_no_vehicle_does_not_unplug_the_one_that_sleeps() -> None:
    async def main() -> None:
        host = Host()
        await host.evse.open()
        vehicle = await host.connect()
        pause = iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Pause)
        charged = (iso2.ServiceDiscoveryReq(), select(), iso2.AuthorizationReq(), ac_parameters(), power("Start"))
        await say(vehicle, setup(), *charged, power("Stop"), pause)
        await host.evse.idle()
        assert host.evse.pilot.plugged
        scan = await host.connect()
        scan.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await scan.read() == b""
        await host.evse.idle()
        assert host.evse.pilot.plugged
        await host.evse.close()
        assert not host.evse.pilot.plugged, "with the station the pause ends, too"

    virtually(main())


def test_who_has_paused_where_no_pilot_leads_may_come_back_at_any_time() -> None:
    async def main() -> None:
        host = Host()
        await host.evse.open()
        pause = iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Pause)
        charged = (iso2.ServiceDiscoveryReq(), select(), iso2.AuthorizationReq(), ac_parameters(), power("Start"))
        await say(await host.connect(), setup(), *charged, power("Stop"), pause)
        for minutes in (1, 30):
            await host.evse.idle()
            await host.clock.sleep(60.0 * minutes)
            await say(await host.connect(), setup())
        await host.evse.close()

    virtually(main())


def test_nothing_to_offer_is_a_visit_of_who_speaks_v2gtp_and_of_nobody_else() -> None:
    async def main() -> None:
        host = Host(nothing_to_offer=True)
        reception = Reception(host.evse, host.clock)
        await host.evse.open()
        await host.connect()
        scan = await host.connect()
        scan.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reception.visit(60.0) is None
        vehicle = await host.connect()
        vehicle.write(HELLO)
        visit = await reception.visit(60.0)
        assert visit is not None and isinstance(visit.error, LocalError)
        assert not visit.left_without_charging, "that is not why"
        await host.evse.close()

    virtually(main())
