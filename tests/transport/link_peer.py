"""One side of a real link, run in a network namespace by test_interface.py: ``serve`` or ``find``, IFACE, KIND."""

from __future__ import annotations

import asyncio
import sys

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.network import Security
from pncsim.wire.network.interface import InterfaceNetwork
from pncsim.wire.streams import ByteStream


async def serve(network: InterfaceNetwork, security: Security) -> None:
    """Echo to one vehicle, then end."""
    done = asyncio.Event()

    async def echo(stream: ByteStream) -> None:
        print("peer", stream.peer, flush=True)
        while data := await stream.read():
            stream.write(data)
        done.set()

    serving = await network.serve({security: echo})
    print("serving", serving.address.host, flush=True)
    async with asyncio.timeout(20):
        await done.wait()
    await serving.close()


async def find(network: InterfaceNetwork, security: Security) -> None:
    """Find the station and say hello."""
    address = await network.find(security)
    stream = await network.connect(address)
    stream.write(b"hello")
    print("found", address.security.name, address.host, address.port, "echo", await stream.read())
    await stream.close()


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
