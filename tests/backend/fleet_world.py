"""A manufacturer's back end on real sockets, and vehicles that call it over mutual TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend_world import World
from cryptography import x509
from face_world import Faces, open_faces
from msgspec import Struct

from pncsim.backend.oem.fleet import bind_line, serve_line
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.telematics import Telematics
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.vehicle_line import HttpLine
from pncsim.tls_certs import reading

FLEET = "/v1/manufacturer/vehicles"
VIN, PCID = "PNC00000000000001", "PNCFLEET0000000001"


class FleetWorld(Struct):
    """Faces, the line, and who closes what was opened."""

    world: World
    faces: Faces
    line: str
    root: x509.Certificate
    lines: list[HttpLine]

    async def ordered(self, vin: str = VIN, pcid: str = PCID) -> Telematics:
        """A vehicle on the line: its PCID assigned, equipped to call."""
        made = await self.faces.call("oem", "PUT", f"{FLEET}/{vin}", {"pcid": pcid})
        assert (made.status, made.body["pcid"]) == (201, pcid)
        voice = self.world.voice("EV")
        unit = Telematics(Vehicle(name=vin), vin, self.world.clock, voice, unpack=unpack_contract)
        answer = await self.faces.call("oem", "POST", f"{FLEET}/{vin}/telematics", unit.request())
        assert answer.status == 200, answer.body
        assert answer.body["telematics"] == self.line
        (root,) = reading.load_all(answer.body["manufacturerRoot"])
        assert root == self.root
        unit.equip(reading.load_all(answer.body["telematicsCertificate"])[0])
        return unit

    def call_of(self, unit: Telematics, *, anonymous: bool = False) -> HttpLine:
        """The line of a vehicle."""
        line = HttpLine(self.world.clock, self.line, None if anonymous else unit.credentials, self.root)
        self.lines.append(line)
        return line

    async def built(self, vin: str = VIN, pcid: str = PCID) -> tuple[Telematics, HttpLine]:
        """A vehicle that was made and is published."""
        unit = await self.ordered(vin, pcid)
        line = self.call_of(unit)
        await unit.produce(line)
        return unit, line


@asynccontextmanager
async def open_fleet(world: World) -> AsyncIterator[FleetWorld]:
    """Everything of ``world``, and the line its vehicles call on."""
    async with open_faces(world) as faces:
        listener = await bind_line(world.eco.fleet, world.voice("OEM"))
        await serve_line(world.eco.fleet, world.voice("OEM"), listener)
        fleet = FleetWorld(world, faces, listener.url, await world.eco.fleet.own.root(), [])
        try:
            yield fleet
        finally:
            for line in fleet.lines:
                await line.close()
            await listener.stop()
