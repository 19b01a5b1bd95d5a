"""One side of a real link, run in a network namespace by test_interface.py: ``serve`` or ``find``, IFACE, KIND."""

from __future__ import annotations

import asyncio
import sys

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.network import Security
from pncsim.wire.network.interface import InterfaceNetwork
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Event, LinkBytes, Trace
from pncsim.wire.voice import Voice


class Seen:
    """The bytes one side saw; shown as one line each for datagrams and payload."""

    def __init__(self, role: str) -> None:
        self.events: list[Event] = []
        trace = Trace(wants_bytes=True)
        trace.subscribe(self.events.append)
        self.voice = Voice.on(Clock(), trace, role)

    def show(self) -> None:
        """Print them: bytes, direction, carrier, from, to, hex."""
        for event in self.events:
            if isinstance(event, LinkBytes) and event.data:
                ends = (event.local, event.remote)
                source, target = ends if event.direction == "sent" else reversed(ends)
                print("bytes", event.direction, event.carrier, *source, *target, event.data.hex(), flush=True)


async def serve(network: InterfaceNetwork, security: Security) -> None:
    """Echo to one vehicle, then end."""
    done = asyncio.Event()

    seen = Seen("SECC")

    async def echo(stream: ByteStream) -> None:
        print("peer", stream.peer, flush=True)
        while data := await stream.read():
            stream.write(data)
        done.set()

    serving = await network.serve({security: echo}, seen.voice)
    print("serving", serving.address.host, flush=True)
    async with asyncio.timeout(20):
        await done.wait()
    await serving.close()
    seen.show()


async def find(network: InterfaceNetwork, security: Security) -> None:
    """Find the station and say hello."""
    seen = Seen("EV")
    address = await network.find(security, seen.voice)
    stream = await network.connect(address, seen.voice)
    stream.write(b"hello")
    print("found", address.security.name, address.host, address.port, "echo", await stream.read())
    await stream.close()
    seen.show()


async def main(act: str, interface: str, kind: str, impatience: str = "1") -> None:
    """Do it, with time running ``impatience`` times as fast as told by jumps."""
    clock = Clock()

    async def hurry() -> None:
        while True:
            await asyncio.sleep(0.02)
            clock.jump(0.25)

    hurrying = asyncio.create_task(hurry()) if impatience != "1" else None
    network = InterfaceNetwork(interface, clock)
    try:
        await (serve if act == "serve" else find)(network, Security[kind])
    except PncError as error:
        print(error)
    finally:
        if hurrying is not None:
            hurrying.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
