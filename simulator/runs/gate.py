"""Where a run is held: between two V2G messages, with the lab's clock standing still meanwhile.

A layer under the vehicle's TLS keeps what is written and delivered while the gate is shut. Time stands still too, so
no actor's patience runs out however long somebody looks at a screen.
"""

from __future__ import annotations

import asyncio

from pncsim.simulator.lab.held_line import HeldLine
from pncsim.wire.clock import Clock
from pncsim.wire.network import Handlers, Network, SeccAddress, Serving
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Event, V2gMessage
from pncsim.wire.v2g.sdp import ATTEMPTS, Wish
from pncsim.wire.voice import Voice


class VehicleGate:
    """Holds every vehicle of one lab. Open at first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: list[_Line] = []
        self._step: asyncio.Future[None] | None = None
        self.shut = False

    def pause(self) -> None:
        """Let nothing through any more; time stands still. Idempotent."""
        self.shut = True
        self._clock.hold()
        for line in self._lines:
            line.shut()

    def resume(self) -> None:
        """Let everything through; time goes on. Idempotent."""
        self.shut = False
        self._clock.release()
        for line in self._lines:
            line.open()

    async def step(self) -> None:
        """Go on until the next V2G message has been sent, which is then held. Open for good if that never happens."""
        step = self._step = asyncio.get_running_loop().create_future()
        self.resume()
        await step

    def see(self, event: Event) -> None:
        """Who steps sees every event."""
        if self._step is not None and isinstance(event, V2gMessage) and event.direction == "sent":
            self.pause()
            self.stepped()

    def stepped(self) -> None:
        """Who waits for the next message waits no longer."""
        step, self._step = self._step, None
        if step is not None and not step.done():
            step.set_result(None)

    def on(self, network: Network) -> Network:
        """``network`` as the vehicle sees it through this gate."""
        return _Gated(network, self)

    def line(self, stream: ByteStream) -> ByteStream:
        """A vehicle's connection through this gate."""
        line = _Line(stream)
        self._lines = [*(other for other in self._lines if not other.over), line]
        if self.shut:
            line.shut()
        return line


class _Gated:
    """A network whose vehicle is held by a gate."""

    def __init__(self, network: Network, gate: VehicleGate) -> None:
        self._network, self._gate = network, gate

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> Serving:
        """As :class:`wire.network.Network`."""
        return await self._network.serve(handlers, voice)

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """As :class:`wire.network.Network`."""
        return await self._network.find(want, voice, attempts=attempts)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """As :class:`wire.network.Network`."""
        return self._gate.line(await self._network.connect(address, voice))


class _Line(HeldLine):
    """The vehicle's stream; nothing passes while it is shut."""

    def __init__(self, stream: ByteStream) -> None:
        super().__init__(stream)
        self._shut = False

    @property
    def mute(self) -> bool:
        return self._shut

    @property
    def deaf(self) -> bool:
        return self._shut

    @property
    def over(self) -> bool:
        """Whether nothing can pass any more."""
        return self._over and not self._kept

    def shut(self) -> None:
        """Keep what is written and what arrives."""
        self._shut = True
        self.hear()

    def open(self) -> None:
        """Pass on what was kept, and everything from now on."""
        if not self._shut:
            return
        self._shut = False
        if not self.pass_on():
            self.hear()
