"""A manufacturer's plant in a lab, and its vehicles: made on the line with keys of their own, calling by telematics.

The back office is called over HTTP like every other service. The vehicles' line is HTTP over mutual TLS below the
manufacturer's own root on loopback; in memory the certificate that would be shown in the handshake is handed over.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.ev.contracts import Contract
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.telematics import Line, Telematics
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.desk import Answer, Caller
from pncsim.tls_certs import reading
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Source
from pncsim.wire.v2g.registry import ISO2_NAMESPACE
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.oem.fleet import Fleet
    from pncsim.simulator.settings import Transport
    from pncsim.wire.clock import Clock
    from pncsim.wire.http_memory import MemoryHttp

OFFICE = "/v1/manufacturer/vehicles"
OWNERS_OWN = "/v1/manufacturer/my"
VEHICLES = "/v1/oem/provCerts"
"""Where a manufacturer's back office has its vehicles, where owners look, and where the provisioning pool has them."""

_ORDERS_ANYWHERE = 10**10
"""Of so many numbers one is drawn where nobody knows which are taken."""


class OrderedVehicle(Struct, frozen=True):
    """A vehicle that has a VIN, and may call; ``pcid`` is what its first provisioning certificate will name it.

    ``said`` is everything it has sent to its manufacturer so far.
    """

    vehicle: Vehicle
    vin: str
    pcid: str
    unit: Telematics
    line: Line
    oem: Caller
    said: list[bytes]

    @property
    def certificate(self) -> x509.Certificate:
        """The provisioning certificate it holds. Raises LocalError before it has one."""
        if self.vehicle.provisioning is None:
            raise LocalError(f"{self.vehicle.name} has no provisioning certificate yet.")
        return self.vehicle.provisioning.leaf

    @property
    def place(self) -> str:
        """Its path in the back office."""
        return f"{OFFICE}/{self.vin}"

    async def produce(self) -> None:
        """It fetches its roots, makes its key, enrols, and is published (CharIN 2.1.1.2.1 and 2.1.1.2.2)."""
        await self.unit.produce(self.line)

    async def fetch_roots(self) -> None:
        """It renews its trust anchors."""
        await self.unit.fetch_roots(self.line)

    async def visit(self) -> list[tuple[str, bool]]:
        """It asks what is to be done and does it: the deeds, and whether each was done."""
        return await self.unit.visit(self.line)

    def open(self, exi: bytes) -> Contract:
        """Verify and unwrap the contract in a CertificateInstallationRes, and keep nothing. Raises PeerError."""
        return self.unit.open(exi)

    async def sell(self, owner: str) -> Caller:
        """It is ``owner``'s from now on, who decides what is installed in it by telematics (OEM-2)."""
        made = await self.oem.put(f"/v1/manufacturer/owners/{owner}", {})
        await self.oem.put(f"{self.place}/owner", {"owner": owner})
        known = base64.b64encode(f"{owner}:{made.body['password']}".encode()).decode("ascii")
        return Caller(owner, f"Basic {known}", self.oem.carry)


async def approve_all(owner: Caller) -> list[str]:
    """The owner approves every contract that waits for that; their EMAIDs."""
    contracts = (await owner.get(f"{OWNERS_OWN}/contracts")).body["contracts"]
    waiting = [contract for contract in contracts if contract["state"] == "waiting"]
    for contract in waiting:
        await owner.post(f"{OWNERS_OWN}/contracts/{contract['id']}/approve")
    return [contract["emaid"] for contract in waiting]


class Plant:
    """Where vehicles are ordered; what it opens is closed with ``sockets``.

    Without a ``fleet`` the manufacturer's back end is elsewhere, and so is the line vehicles call on; others may have
    ordered vehicles there, so that numbers begin anywhere. ``made``: the vehicles it has made, by their names.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        voice: Voice,
        fleet: Fleet | None,
        source: Source,
        sockets: AsyncExitStack,
    ) -> None:
        self._transport, self._clock, self._voice, self._fleet = transport, clock, voice, fleet
        self._source, self._sockets = source, sockets
        self.made: dict[str, OrderedVehicle] = {}
        self._inside: MemoryHttp | None = None
        self._open_already = fleet is None
        self._ordered = 0 if fleet is not None else source.of("VIN").below(_ORDERS_ANYWHERE)

    async def order(self, vehicle: Vehicle, oem: Caller, pcid: str = "") -> OrderedVehicle:
        """Have ``vehicle`` made anew: a PCID is assigned, and it is equipped to call. It holds nothing else yet."""
        await self._open()
        self._ordered += 1
        vin, pcid = f"PNC{self._ordered:014}", pcid or f"PNCMADE{self._ordered:011}"
        vehicle.provisioning, vehicle.v2g_roots = None, ()
        unit = Telematics(
            vehicle,
            vin,
            self._clock,
            self._voice.of("EV", vehicle.name),
            unpack=unpack_contract,
            source=self._source.of(vin),
        )
        ordered = await oem.put(f"{OFFICE}/{vin}", {"pcid": pcid})
        equipped = await oem.post(f"{OFFICE}/{vin}/telematics", unit.request())
        if (ordered.status, equipped.status) != (201, 200):
            raise LocalError(f"The vehicle {vin} cannot be made: {ordered.said}, {equipped.said.rstrip('.')}.")
        unit.equip(reading.load_all(equipped.body["telematicsCertificate"])[0])
        (root,) = reading.load_all(equipped.body["manufacturerRoot"])
        line, said = self._line(unit, equipped.body["telematics"], root), [unit.request()]

        async def call(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
            said.append(body)
            return await line(method, path, body)

        self.made[vehicle.name] = made = OrderedVehicle(vehicle, vin, pcid, unit, call, oem, said)
        return made

    async def _open(self) -> None:
        """Let vehicles call, from the first one on."""
        if self._open_already:
            return
        self._open_already = True
        from pncsim.backend.oem import line
        from pncsim.backend.oem.fleet import bind_line, serve_line

        fleet, voice = self._fleet, self._voice.of("OEM")
        assert fleet is not None, "otherwise its line is open"
        if self._transport == "memory":
            from pncsim.backend.rest.routes import application
            from pncsim.wire.http_memory import MemoryHttp

            routes = line.routes(fleet.production, fleet.deliveries, fleet.roots)
            self._inside = MemoryHttp(application(routes, voice, tokens=None, source=self._source))
            await self._inside.open()
            self._sockets.push_async_callback(self._inside.close)
            return
        listener = await bind_line(fleet, voice)
        self._sockets.push_async_callback(listener.stop)
        await serve_line(fleet, voice, listener)

    def _line(self, unit: Telematics, url: str, root: x509.Certificate) -> Line:
        if (inside := self._inside) is not None:

            async def call(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
                shown = unit.credentials.chain_der[0] if unit.credentials is not None else None
                return await inside.request(method, path, body, shown=shown)

            return call
        from pncsim.simulator.lab.vehicle_line import HttpLine

        # Who answers here tells of it; of an answer from elsewhere the vehicle does.
        voice = None if self._fleet is not None else self._voice.of("EV", unit.vehicle.name)
        line = HttpLine(self._clock, url, unit.credentials, root, voice=voice)
        self._sockets.push_async_callback(line.close)
        return line


def shows_key(octets: Iterable[bytes], key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether a private key can be read from any of ``octets``: as it is, in hex, or in base64 at any alignment."""
    number = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
    inner = [number[(3 - shift) % 3 :] for shift in range(3)]
    forms = [number, number.hex().encode(), *(base64.b64encode(one[: len(one) // 3 * 3]) for one in inner)]
    forms.append(number.hex().upper().encode())
    return any(form in one for one in octets for form in forms)


def vehicle_publication(vehicle: Vehicle) -> tuple[str, dict[str, Any]]:
    """The PCID, and the request by which a manufacturer publishes the vehicle with the V2G roots it holds."""
    if vehicle.provisioning is None:
        raise LocalError(f"{vehicle.name} has no provisioning certificate yet.")
    leaf, *sub_cas = (base64.b64encode(octets).decode("ascii") for octets in vehicle.provisioning.chain_der)
    members = {"vehicleCertificate": leaf, "subCA1Certificate": sub_cas[-1]}
    if len(sub_cas) > 1:
        members["subCA2Certificate"] = sub_cas[0]
    roots = [*dict.fromkeys(map(reading.key_identifier, vehicle.v2g_roots))]  # one that was renewed has its key
    about = {"xsdMsgDefNamespace": ISO2_NAMESPACE, "v2gRootAuthorityKeyIdentifiers": roots}
    return reading.common_name(vehicle.provisioning.leaf), {**members, **about}


def response_in(answer: Answer) -> bytes:
    """The CertificateInstallationRes (EXI) that the contract pool hands to a manufacturer."""
    return base64.b64decode(answer.body["certificateInstallationRes"])
