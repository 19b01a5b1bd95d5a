"""The borders over which actors speak, in memory: link, OCPP channel, and calls of services.

Each tells a moment before something passes, and lets nothing pass of who is dead or silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pncsim.simulator.lab.held_line import HeldLine
from pncsim.simulator.lab.lives.life import Life
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PeerError, PncError
from pncsim.wire.network import Handlers, Network, SeccAddress, Serving
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.frames import Call, Error, Frame, Result
from pncsim.wire.ocpp.handshake import LinkSecurity
from pncsim.wire.ocpp.versions import OcppVersion
from pncsim.wire.streams import ByteStream
from pncsim.wire.v2g.sdp import ATTEMPTS, Wish
from pncsim.wire.voice import Voice

TellMoment = Callable[[str], None]
"""Told of each message as it is about to be sent."""


class WatchedLink:
    """``network`` as the vehicle sees it; ``wires`` are its connections."""

    def __init__(self, network: Network, clock: Clock, vehicle: Life, station: Life, wires: list[WatchedWire]) -> None:
        self._network, self._clock = network, clock
        self._vehicle, self._station, self._wires = vehicle, station, wires

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> Serving:
        """As :class:`wire.network.Network`."""
        return await self._network.serve(handlers, voice)

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """As :class:`wire.network.Network`; who is silent neither asks nor answers."""
        if self._vehicle.silent:
            await self._vehicle.here()
        nobody = MemoryNetwork(self._clock) if self._station.silent else self._network
        return await nobody.find(want, voice, attempts=attempts)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """As :class:`wire.network.Network`."""
        wire = WatchedWire(await self._network.connect(address, voice), self._vehicle, self._station)
        self._wires.append(wire)
        return wire


class WatchedWire(HeldLine):
    """A vehicle's connection: nothing passes of who is silent."""

    def __init__(self, stream: ByteStream, vehicle: Life, station: Life) -> None:
        super().__init__(stream)
        self._vehicle, self._station = vehicle, station
        self._end_heard: tuple[PncError | None] | tuple[()] = ()

    @property
    def mute(self) -> bool:
        return self._vehicle.silent

    @property
    def deaf(self) -> bool:
        return self._station.silent

    def cut(self) -> None:
        """The vehicle is dead: its station sees a reset."""
        super().abort()

    def abort(self) -> None:
        if self.mute:
            self._ending = "abort"
            self._end_here()
        else:
            super().abort()

    def ended(self, error: PncError | None) -> None:
        if self.deaf:
            self._end_heard = (error,)
        else:
            super().ended(error)

    def look(self) -> None:
        """Somebody falls silent, or speaks again."""
        # What the station had sent before is on its way, and arrives.
        asyncio.get_running_loop().call_soon(self.hear)
        if self._end_heard and not self.deaf:
            super().ended(*self._end_heard)
            self._end_heard = ()
        if not self.mute:
            self.pass_on()


class WatchedChannel:
    """A station's channel to its CSMS: tells the station's calls and their answers."""

    def __init__(self, channel: FrameChannel, station: Life, csms: Life, moment: TellMoment) -> None:
        self._channel, self._station, self._csms, self._moment = channel, station, csms, moment
        self._calls: dict[str, str] = {}
        self._cut = False
        self._going: list[Frame] = []
        self._coming: list[Frame] = []
        self._to: Callable[[Frame], None] | None = None

    @property
    def version(self) -> OcppVersion:
        """As wire.ocpp.channel.FrameChannel."""
        return self._channel.version

    @property
    def secured(self) -> LinkSecurity | None:
        """As wire.ocpp.channel.FrameChannel."""
        return self._channel.secured

    @property
    def close_code(self) -> int | None:
        """As wire.ocpp.channel.FrameChannel."""
        return self._channel.close_code

    @property
    def close_reason(self) -> str:
        """As wire.ocpp.channel.FrameChannel."""
        return self._channel.close_reason

    def post(self, frame: Frame) -> None:
        """As wire.ocpp.channel.FrameChannel."""
        content = frame.content
        if isinstance(content, Call):
            kind = content.payload.get("eventType", "") if isinstance(content.payload, dict) else ""
            self._calls[content.id] = name = f"{content.action}{{}}{f'.{kind}' if kind else ''}"
            self._moment(name.format("Request"))
        if self._station.silent:
            self._going.append(frame)
        elif not self._cut:
            self._channel.post(frame)

    async def deliver(self, to: Callable[[Frame], None]) -> None:
        """As wire.ocpp.channel.FrameChannel."""
        self._to = to
        await self._channel.deliver(self._arrived)

    async def ping(self) -> None:
        """As wire.ocpp.channel.FrameChannel; who is cut off or silent gives no sign."""
        if self._cut or self._station.silent or self._csms.silent:
            await asyncio.get_running_loop().create_future()
        await self._channel.ping()

    def _arrived(self, frame: Frame) -> None:
        content = frame.content
        if isinstance(content, Result | Error) and content.id in self._calls:
            self._moment(self._calls.pop(content.id).format("Response"))
        if self._csms.silent:
            self._coming.append(frame)
        elif not self._cut and self._to is not None:
            self._to(frame)

    def look(self) -> None:
        """Somebody falls silent, or speaks again."""
        if not self._station.silent:
            going, self._going = self._going, []
            for frame in going:
                self._channel.post(frame)
        if not self._csms.silent:
            coming, self._coming = self._coming, []
            for frame in coming:
                if self._to is not None:
                    self._to(frame)

    def cut(self) -> None:
        """One end is dead: nothing passes from now on."""
        self._cut = True

    async def reset(self) -> None:
        """The other end sees a connection that ended without a close."""
        await self._channel.close(1006, "the connection was reset")

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As wire.ocpp.channel.FrameChannel."""
        await self._channel.close(code, reason)


class ServiceDoor:
    """Stands before a service: each of its coroutine methods is a request, which is told with its answer.

    ``name``: what those are called, as in ``CCP-request``.
    """

    def __init__(self, service: Any, name: str, life: Life, moment: TellMoment) -> None:
        self.service = service
        self._name, self._life, self._moment = name, life, moment
        self._at_work: set[asyncio.Task[Any]] = set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.service, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def ask(*arguments: Any, **named: Any) -> Any:
            return await self._ask(name, arguments, named)

        return ask

    def die(self) -> None:
        """What is being answered is answered no more."""
        for task in tuple(self._at_work):
            task.cancel()

    async def _ask(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self._moment(f"{self._name}-request")
        if self._life.dead:
            raise PeerError(f"The {self._name} did not accept the connection.", kind="unreachable", http_status=503)
        task = asyncio.ensure_future(self._work(name, arguments, named))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        # Who asks may tire of it; what has arrived is done all the same.
        await asyncio.wait((asyncio.ensure_future(_ended(task)),))
        if not task.cancelled():
            self._moment(f"{self._name}-response")
        if self._life.dead or task.cancelled():
            raise PeerClosed(f"The {self._name} reset the connection before it had answered.")
        await self._life.here()
        return task.result()

    async def _work(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        await self._life.here()
        method: Callable[..., Coroutine[Any, Any, Any]] = getattr(self.service, name)
        return await method(*arguments, **named)


async def _ended(task: asyncio.Task[Any]) -> None:
    await asyncio.wait((task,))
