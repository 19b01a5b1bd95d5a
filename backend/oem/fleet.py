"""A manufacturer's back end put together, and the line its vehicles call on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import ContractAdded, ContractDeleted, ContractReplaced, RootAdded, RootRemoved
from pncsim.backend.oem.consents import Consents
from pncsim.backend.oem.deliveries import ContractSourcePort, Deliveries
from pncsim.backend.oem.owners import Owners
from pncsim.backend.oem.production import EnrolmentPort, VehiclePoolPort, VehicleProduction
from pncsim.backend.oem.roots import FetchTrustList, VerifiedRoots
from pncsim.backend.oem.store import FleetVehicle
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.own import OwnAuthority
from pncsim.backend.ports import RevocationPort
from pncsim.backend.store import Store
from pncsim.backend.verification import StatusSource, Verifier
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.listener import HttpListener


REMEMBERED = 90 * 86_400.0
"""Seconds of lab time that what is settled is remembered for whoever asks what has become of it."""


class Fleet:
    """The services of one manufacturer's back end. ``telematics`` is where its vehicles call, once they can.

    ``operator_roots``: the roots of the root pool's operator, which sign its trust lists.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        *,
        enrolment: EnrolmentPort,
        pool: VehiclePoolPort,
        contracts: ContractSourcePort,
        revocation: RevocationPort,
        status: StatusSource,
        trust_list: FetchTrustList,
        operator_roots: Callable[[], Awaitable[Sequence[x509.Certificate]]],
        source: Source = SYSTEM,
    ) -> None:
        self.telematics = ""
        self._clock, self._voice = clock, voice
        self.own = OwnAuthority(clock, store, "ev_root", source)
        self.roots = VerifiedRoots(clock, voice, store, trust_list, operator_roots)
        self.production = VehicleProduction(
            clock,
            voice,
            store,
            own=self.own,
            enrolment=enrolment,
            pool=pool,
            roots=self.roots,
            revocation=revocation,
            source=source,
        )
        verifier = Verifier(clock, self.roots, status)
        self.deliveries = Deliveries(clock, voice, store, contracts=contracts, verifier=verifier)

        self.owners = Owners(clock, voice, store, source)
        self.consents = Consents(clock, voice, store, source)

    async def give(self, vin: str, owner: str, *, maker: str = "") -> FleetVehicle:
        """A vehicle changes hands: what its former owner has approved and not yet got is void, his consents end."""
        vehicle = await self.production.vehicle(vin)
        if vehicle.owner != owner:
            await self.deliveries.let_go(vehicle.vin)
            await self.consents.end_of(vehicle.owner, vehicle.vin)
        return await self.owners.give(vin, owner, maker=maker)

    async def reset(self, vin: str) -> FleetVehicle:
        """A factory reset (:meth:`VehicleProduction.reset`), with which the owner goes."""
        await self.give(vin, "")
        return await self.production.reset(vin)

    async def forget(self) -> None:
        """Forget what was settled :data:`REMEMBERED` seconds ago: done errands, consents that open nothing any more."""
        with self._voice.call("forget what is settled") as call:
            before = self._clock.now() - REMEMBERED
            errands, consents = await self.deliveries.forget(before), await self.consents.forget(before)
            call.text = f"Forgotten are {errands} errands and {consents} consents."

    def listen(self, bus: Bus) -> None:
        """Hear what the pools have to tell."""
        bus.listen(ContractAdded, self.deliveries.contract_waits)
        bus.listen(ContractReplaced, self.deliveries.contract_waits)
        bus.listen(ContractDeleted, self.deliveries.contract_gone)
        bus.listen(RootAdded, self.roots.changed)
        bus.listen(RootRemoved, self.roots.changed)


class EnrolmentHere:
    """The authority in this process; that the PCID is the caller's vehicle's was looked at before."""

    def __init__(self, authority: CertificateService) -> None:
        self._authority = authority

    async def enrol(self, csr: bytes) -> tuple[x509.Certificate, ...]:
        """As :class:`backend.oem.production.EnrolmentPort`."""
        return await self._authority.enrol(csr, "oem_leaf", lambda name: True)


async def bind_line(
    fleet: Fleet, voice: Voice, host: str = "127.0.0.1", port: int = 0, *, name: str = ""
) -> HttpListener:
    """Where vehicles call, over mutual TLS below the manufacturer's own root; nobody answers before :func:`serve_line`.

    ``name``: the host as vehicles call it, where that is not ``host``. Raises LocalError if the address cannot be had.
    """
    from pncsim.wire.listener import HttpListener
    from pncsim.wire.ocpp.tls import server_context

    credentials = await fleet.own.credentials("ev_server", hosts=_reached_by(name or host))
    context = server_context(credentials, [await fleet.own.root()], lab_time=True)
    return HttpListener(host, port, tls=context, voice=voice)


async def serve_line(fleet: Fleet, voice: Voice, listener: HttpListener, *, name: str = "") -> None:
    """Answer vehicles from now on; called again, for another back end below the same root."""
    from pncsim.backend.oem import line
    from pncsim.backend.rest.routes import application

    routes = line.routes(fleet.production, fleet.deliveries, fleet.roots)
    await listener.start(application(routes, voice, tokens=None))
    fleet.telematics = listener.url_as(name) if name else listener.url


def _reached_by(host: str) -> tuple[str, ...]:
    """The name in the server's certificate; an address that stands for all of them is none."""
    try:
        return () if ip_address(host).is_unspecified else (host,)
    except ValueError:
        return (host,)
