"""The pieces together: discovery, connection, TLS and V2GTP, on every kind of network that needs no rights."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from handshakes import Handshakes
from throwaway import Chain, Witness, refusal

from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.network import Network, Security
from pncsim.wire.network.loopback import LoopbackNetwork
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import TlsClient, TlsError, TlsServer, open_client, open_server
from pncsim.wire.v2g.registry import EXI
from pncsim.wire.v2g.v2gtp import V2gtpFrame, V2gtpReader, pack


def run(kind: type[MemoryNetwork] | type[LoopbackNetwork], main: Coroutine[Any, Any, None]) -> None:
    """Run on the loop that belongs to this kind of network."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop if kind is MemoryNetwork else None) as runner:
        runner.run(main)


KINDS = pytest.mark.parametrize("kind", [MemoryNetwork, LoopbackNetwork])


@KINDS
def test_a_message_and_its_answer(tls: Handshakes, kind: type[MemoryNetwork] | type[LoopbackNetwork]) -> None:
    async def main() -> None:
        clock = Clock()
        network: Network = kind(clock)

        async def station(stream: ByteStream) -> None:
            secured = await open_server(stream, tls.server(staples=(tls.chain.staple(),)), clock)
            reader = V2gtpReader()
            while data := await secured.read():
                for frame in reader.feed(data):
                    secured.write(pack(EXI, frame.payload[::-1]))
            await secured.close()

        serving = await network.serve({Security.TLS: station})
        address = await network.find(Security.TLS)
        vehicle = await open_client(await network.connect(address), tls.client(), clock)
        vehicle.write(pack(EXI, b"abc"))
        assert V2gtpReader().feed(await vehicle.read()) == [V2gtpFrame(EXI, b"cba")]
        await vehicle.close()
        await serving.close()

    run(kind, main())


@KINDS
def test_an_alert_arrives_over_the_network(kind: type[MemoryNetwork] | type[LoopbackNetwork], chain: Chain) -> None:
    async def main() -> None:
        clock = Clock()
        network: Network = kind(clock)
        heard: asyncio.Future[TlsError] = asyncio.get_running_loop().create_future()

        async def station(stream: ByteStream) -> None:
            try:
                await open_server(stream, TlsServer(credentials=chain.credentials), clock)
            except TlsError as error:
                heard.set_result(error)

        serving = await network.serve({Security.TLS: station})
        stream = await network.connect(serving.address)
        with pytest.raises(TlsError):
            await open_client(stream, TlsClient(judge=Witness(refusal(44))), clock)
        assert (await heard).alert == 44
        await serving.close()

    run(kind, main())


def test_a_silent_station_costs_lab_time_only(tls: Handshakes) -> None:
    async def main() -> None:
        clock = Clock(1_790_000_000.0)
        network = MemoryNetwork(clock)

        async def silent(stream: ByteStream) -> None:
            await clock.sleep(3600)

        serving = await network.serve({Security.TLS: silent})
        stream = await network.connect(serving.address)
        with pytest.raises(TimeoutError):
            async with clock.timeout(20):
                await open_client(stream, tls.client(), clock)
        assert clock.now() == pytest.approx(1_790_000_020.0)
        await serving.close()

    run(MemoryNetwork, main())
