"""The tester and a station made with the package ocpp, joined in memory: time runs ahead for both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from able_station import AbleStation
from foreign_station import Gone

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.conformance.record import Tried
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.station import stage
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doors import closed
from pncsim.simulator.conformance.station.options import StationAtCsms
from pncsim.simulator.conformance.station.suite import STATION
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.lab.lab import Lab
from pncsim.wire.credentials import Credentials
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.values import replace

IDENTITY = "CS-OF-PYPI"


class MemoryFrames:
    """What the package wants of a connection, over one in memory."""

    def __init__(self, channel: FrameChannel) -> None:
        self._channel = channel
        self._inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await self._channel.deliver(lambda frame: self._inbox.put_nowait(frame.text))
        self._inbox.put_nowait(None)

    async def recv(self) -> str:
        """The next frame. Raises Gone."""
        text = await self._inbox.get()
        if text is None:
            raise Gone
        return text

    async def send(self, text: str) -> None:
        """Send a frame."""
        self._channel.post(Frame(text))


class AbleDoor:
    """The tester's door (:class:`station.doors.DeskDoor`), to which the station comes back whenever it is open."""

    serving: Credentials | None = None
    certified = False
    oldest_tls = False
    knocks = 0

    def __init__(self, csms: Csms, station: AbleStation) -> None:
        self.csms, self.identity, self.station = csms, IDENTITY, station
        self._life: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """As DeskDoor."""
        self._life = asyncio.create_task(self._lives(self.csms.accept(IDENTITY)))

    async def _lives(self, channel: FrameChannel) -> None:
        station = self.station
        station._connection, station.online = MemoryFrames(channel), True
        station.later(station.catches_up())
        try:
            await station.start()
        except Gone:
            station.online = False

    async def shut(self) -> None:
        """As DeskDoor."""
        await closed(self.csms, self.identity)
        if self._life is not None:
            await self._life


class AbleHand:
    """Does at the station what no CSMS can (:class:`station.hands.StationHand`)."""

    def __init__(self, station: AbleStation) -> None:
        self.station = station

    async def power_up(self) -> None:
        """As StationHand."""

    async def plug(self, evse: int = 1) -> None:
        """As StationHand."""
        self.station.in_turn(self.station.plug, evse, drives=False)

    async def drive(self, evse: int = 1, *, contract: str = "", **wishes: Any) -> None:
        """As StationHand."""
        self.station.in_turn(self.station.plug, evse, drives=True)

    async def show(self, card: str, evse: int = 1) -> None:
        """As StationHand."""
        self.station.in_turn(self.station.show, card)

    async def stop(self) -> None:
        """As StationHand."""
        self.station.in_turn(self.station.taken_enough)

    async def unplug(self, evse: int = 1) -> None:
        """As StationHand."""
        self.station.in_turn(self.station.unplug, evse)

    async def away(self) -> None:
        """As StationHand."""
        for task in self.station.tasks:
            task.cancel()
        await asyncio.gather(*self.station.tasks, return_exceptions=True)


@contextlib.contextmanager
def at_the_desk(like: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In the body an AbleStation, ``like`` that, takes the place of ours, and is dealt with as somebody else's."""

    async def at_ours(lab: Lab, bench: Bench, options: StationAtCsms, staged: Any) -> CsmsDesk:
        back = await lab.region.back_end()
        await back.csms.register.add(IDENTITY)
        await back.csms.register.booted(IDENTITY, "Accepted")
        station = AbleStation(IDENTITY)
        for name, value in like.items():
            setattr(station, name, value)
        door = AbleDoor(back.csms, station)
        await door.open()
        return CsmsDesk(
            door,
            AbleHand(station),
            lab.clock,
            options,
            bench.pics,
            pki=back.pki,
            services=back.services,
            foreign=True,
        )

    with monkeypatch.context() as patch:
        patch.setattr(stage, "_at_ours", at_ours)
        yield


def held_in_memory(
    number: str, declared: Mapping[str, tuple[str, ...]], like: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Tried:
    """What a case comes to at an AbleStation that is ``like`` that, and ``declared`` to be more than ours."""
    pics = replace(STATION.usual, device={**STATION.usual.device, **declared})
    bench = Bench(pics=pics, options=StationAtCsms(wait=10.0, log_location="http://logs.example/"))
    with at_the_desk(like, monkeypatch):
        return tried(STATION, STATION.case(f"TC_{number}_CS"), bench)
