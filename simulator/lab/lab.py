"""The lab: builds all actors of an ecosystem, wires them for a transport, and is what a scenario speaks to.

Order of birth: ports, certificates, roots and pools, CSMS, station (boot, certificate, staple), then vehicles.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.backend.store import every
from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, DC_MODES, VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.secc.charge_point import ChargePoint, trusted_roots
from pncsim.secc.config import AcSupply, DcSupply, ReceiptPolicy, SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.station.config import StationConfig
from pncsim.simulator.lab.back_end import CARD, STATION_ID, BackEnd, open_back_end
from pncsim.simulator.lab.expect import Expectations
from pncsim.simulator.lab.hooks import Alter, Hooks, chained
from pncsim.simulator.lab.plug_in import PlugIn
from pncsim.simulator.result import RunResult
from pncsim.simulator.scenario import Energy
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.pki import DEFAULT_EVSE_ID
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.network import Network
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Problem, Story, Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.csms.ports import Services
    from pncsim.backend.csms.transactions import Transaction
    from pncsim.wire.ocpp.channel import FrameChannel

LOOP_INTERVAL: dict[Energy, float] = {"ac": 30.0, "dc": 5.0}
"""Process seconds between two loop messages of a lab's vehicle: slow, so that a charge takes some ten messages."""

ISOLATION_TEST = CONTACTOR = 0.05
SLOPE = 8000.0
"""Seconds the DC isolation test and the closing AC contactor take, and volts per second of a DC output in PreCharge
and after the stop: quicker than real ones, because on sockets a lab really waits for them."""

DAY = 86_400.0

RECONNECT_PATIENCE = 300.0
"""Seconds a station that lost its CSMS may take, after the session, to deliver what it kept (in memory)."""


class Lab:
    """All actors of one run. Use it as an async context manager; scenarios then call the methods below."""

    def __init__(
        self,
        settings: RunSettings,
        clock: Clock,
        trace: Trace,
        result: RunResult,
        *,
        installed: bool = False,
        through: Callable[[Network], Network] = lambda network: network,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.trace = trace
        self.voice = Voice.on(clock, trace, "LAB")
        self.expect = Expectations(result, self.transactions, lambda: self.receipts_verified)
        self.hooks = Hooks()
        self.card = CARD
        self._installed, self._through = installed, through
        self._back: BackEnd | None = None
        self._site: ChargePoint | None = None
        self._network: Network | None = None
        self._vehicle: Vehicle | None = None
        self._csms_back_at = 0.0
        self._deeds: list[asyncio.Future[None]] = []
        self._transactions: list[Transaction] = []
        self._named = 0

    async def __aenter__(self) -> Lab:
        try:
            await self._build()
        except BaseException:
            await self._tear_down()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tear_down()

    async def _build(self) -> None:
        settings = self.settings
        self._back = back = await open_back_end(settings.transport, self.clock, self.trace, folder=settings.pki)
        self._network = _network(settings.transport, self.clock)
        evse = SeccConfig(
            evse_id=DEFAULT_EVSE_ID,
            energy_modes=(*AC_MODES, *DC_MODES[:2]),
            ac=AcSupply(contactor_seconds=CONTACTOR),
            dc=DcSupply(isolation_seconds=ISOLATION_TEST, volts_per_second=SLOPE),
            contract_anchors=back.pki.anchors("mo_root", "v2g_root"),
            receipts=ReceiptPolicy(first=2, every=5),
            alter=self.hooks.altering("station", STATION_ID),
        )
        self._site = ChargePoint(
            self.clock,
            self.trace,
            StationConfig(identity=STATION_ID, secc_id=DEFAULT_EVSE_ID, request_certificate=not self._installed),
            [EvsePlan(config=evse, network=self._network)],
            connect=self.hooks.disturbed(self._reach_csms, STATION_ID),
            source=SYSTEM,
            password=back.password,
            roots=trusted_roots(back.pki),
            credentials=back.pki.credentials("secc_leaf") if self._installed else None,
        )
        self.clock.settle = self._site.heard
        await self._site.open()
        self.voice.story(f"The station is ready; the CSMS is {back.csms_url}.")

    async def _tear_down(self) -> None:
        for deed in self._deeds:
            deed.cancel()
        try:
            if self._site is not None:
                await self._site.close()
        finally:
            if self._back is not None:
                await self._back.close()

    # What scenarios say

    async def vehicle(
        self,
        *,
        energy: Energy = "ac",
        kwh: float,
        contract: bool = False,
        contract_days: float | None = None,
        **wishes: Any,
    ) -> Vehicle:
        """A vehicle with its provisioning certificate, and with ``contract`` one already installed and known to the MO.

        ``contract_days``: remaining validity of that contract, default a year. ``wishes`` go into
        :class:`ev.config.VehicleConfig`. Faults that change what the vehicle sends are built in.
        """
        pki = self.back.pki
        self._named += 1
        name = f"EV-{self._named}"
        config = VehicleConfig(
            energy_modes=AC_MODES if energy == "ac" else DC_MODES,
            energy_wish=kwh * 1000,
            loop_interval=LOOP_INTERVAL[energy],
            ocsp="require",
            alter=self.hooks.altering("vehicle", name),
            **{"tls": "require", **wishes},
        )
        held = [await self._install_beforehand(contract_days)] if contract else []
        self._vehicle = Vehicle(
            name=name,
            config=config,
            battery=Battery(),
            v2g_roots=pki.anchors("v2g_root"),
            contract_roots=pki.anchors("mo_root"),
            provisioning=pki.credentials("oem_leaf"),
            contracts=ContractStore(held),
        )
        return self._vehicle

    async def subscribe(self, vehicle: Vehicle) -> str:
        """The OEM publishes the vehicle, the driver subscribes at the MO, the bundle waits in the CCP; the EMAID."""
        ecosystem = self.back.ecosystem
        assert vehicle.provisioning is not None
        pcid = await ecosystem.oem.publish(vehicle.provisioning, v2g_roots=vehicle.v2g_roots)
        self._tell("OEM", f"Provisioning certificate of {pcid} is published in the PCP.")
        contract = await ecosystem.mo.subscribe("the driver", pcid)
        self._tell("MO", f"The driver subscribes with {pcid}: contract {contract.emaid}; its bundle is in the CCP.")
        return contract.emaid

    async def plug_in(
        self, vehicle: Vehicle, *, keep_plugged: bool = False, renegotiate_after_loops: int | None = None
    ) -> SessionOutcome:
        """Plug the vehicle in and let both sides run until the session is over and the CSMS has heard of it.

        Under external identification the driver shows the card. ``renegotiate_after_loops``: the station asks for new
        parameters then. ``keep_plugged`` says that the vehicle will come back (a pause).
        """
        site, evse = self.site, self.site.evse()
        plug_in = PlugIn(vehicle=vehicle, station=site, back=self.back, clock=self.clock)
        for do in self.hooks.due(plug_in):
            await do(plug_in)
        if vehicle.config.payment == "external":
            site.station.present(self.card)

        def loop(number: int) -> None:
            if number == renegotiate_after_loops:
                evse.request_renegotiation()
            self._deeds.extend(asyncio.ensure_future(do(plug_in)) for do in self.hooks.due(plug_in, number))

        evse.on_loop = loop
        outcome = await charge(self._through(self.network), vehicle, self.clock, self.trace, pilot=evse.pilot)
        await site.idle()
        if not keep_plugged:
            evse.pilot.disconnect()
        await site.heard()
        await self._catch_up()
        self._transactions = [kept async for kept in every(self.back.csms.transactions)]
        if not keep_plugged:
            self._tell("EV", "The vehicle is unplugged.")
        return outcome

    async def _catch_up(self) -> None:
        """Await what faults still do; a station that has lost its CSMS may come back and deliver, in virtual time."""
        for deed in self._deeds:
            await deed
        self._deeds.clear()
        station = self.site.station
        if not station.delivery.holds():
            return
        patience = RECONNECT_PATIENCE if self.settings.transport == "memory" else 0.0
        if not await station.settled(patience):
            text = "TransactionEvents wait for the CSMS: it does not know how the transaction went on."
            advice = "A real station delivers them when the CSMS is back, whenever that is."
            self.trace.emit(Problem(time=self.clock.now(), role="CS", text=text, clause="E04.FR.01", advice=advice))

    # What expectations and faults look at

    @property
    def back(self) -> BackEnd:
        """The back end; only inside the context."""
        assert self._back is not None
        return self._back

    @property
    def site(self) -> ChargePoint:
        """The charging point; only inside the context."""
        assert self._site is not None
        return self._site

    @property
    def services(self) -> Services:
        """What the CSMS asks of others; faults replace parts of it."""
        return self.back.services

    @property
    def network(self) -> Network:
        """The link between vehicle and station."""
        assert self._network is not None
        return self._network

    def transactions(self) -> list[Transaction]:
        """What the CSMS kept as the last vehicle was done."""
        return self._transactions

    @property
    def receipts_verified(self) -> int:
        """Metering receipts the station has verified so far."""
        return self.site.evse().receipts

    def chains(self) -> Mapping[str, Iterable[x509.Certificate]]:
        """The chains used in this run, by the role that shows them."""
        if self._back is None:
            return {}
        pki = self._back.pki
        found: dict[str, Iterable[x509.Certificate]] = {
            role: pki.anchors(role) for role in ("v2g_root", "mo_root", "oem_root")
        }
        if self._site is not None and self._site.station.credentials is not None:
            found["secc"] = self._site.station.credentials.chain
        if self._vehicle is not None:
            if self._vehicle.provisioning is not None:
                found["provisioning"] = self._vehicle.provisioning.chain
            found |= {f"contract-{held.emaid}": held.credentials.chain for held in self._vehicle.contracts.all}
        return found

    # What faults change

    @property
    def in_use(self) -> Vehicle:
        """The vehicle of this run. Raises LocalError while there is none."""
        if self._vehicle is None:
            raise LocalError("There is no vehicle yet.")
        return self._vehicle

    def alter_vehicle(self, vehicle: Vehicle, alter: Alter) -> None:
        """Let ``alter`` change what ``vehicle`` sends, after what changes it already."""
        config = vehicle.config
        vehicle.config = dataclasses.replace(config, alter=chained((config.alter, alter)))

    async def cut_csms(self, seconds: float) -> None:
        """The connection to the CSMS breaks and cannot be opened again for ``seconds``."""
        self._csms_back_at = self.clock.now() + seconds
        for link in tuple(self.back.csms.stations.values()):
            await link.peer.close(1001, "the connection is cut")

    async def _reach_csms(self, identity: str, password: str | None) -> FrameChannel:
        if self.clock.now() < self._csms_back_at:
            raise PeerError("The CSMS cannot be reached: the connection is cut.", kind="unreachable")
        return await self.back.connect(identity, password)

    async def _install_beforehand(self, days: float | None) -> Contract:
        """The PKI's own contract, or one of its MO with ``days`` left."""
        pki, now = self.back.pki, self.clock.now()
        credentials = pki.credentials("contract_leaf")
        emaid = common_name(credentials.leaf)
        if days is not None:
            credentials = pki.authority("mo_sub2").credentials(
                PROFILES["contract_leaf"], emaid, now, not_after=now + days * DAY
            )
        await self.back.ecosystem.mo.register("the driver", credentials.leaf)
        return Contract(emaid, credentials)

    def _tell(self, actor: str, text: str) -> None:
        self.trace.emit(Story(time=self.clock.now(), role=actor, text=text))


def _network(transport: str, clock: Clock) -> Network:
    if transport == "memory":
        from pncsim.wire.network.memory import MemoryNetwork

        return MemoryNetwork(clock)
    from pncsim.wire.network.loopback import LoopbackNetwork

    return LoopbackNetwork(clock)
