"""The lab: builds all actors of an ecosystem, wires them for a transport, and is what a scenario speaks to.

Order of birth: ports, certificates, roots and pools, CSMS, station (boot, certificate, staple), then vehicles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from cryptography import x509

from backend.certificates import common_name
from ev.battery import Battery
from ev.config import AC_MODES, DC_MODES, VehicleConfig
from ev.contracts import Contract, ContractStore
from ev.outcome import SessionOutcome
from ev.shell import charge
from ev.vehicle import Vehicle
from secc.config import DcSupply, ReceiptPolicy, SeccConfig
from secc.station.config import StationConfig
from simulator.back_end import CARD, STATION_ID, BackEnd, open_back_end
from simulator.expect import Expectations
from simulator.faults import Fault, find_fault
from simulator.result import RunResult
from simulator.scenario import Energy
from simulator.station_site import StationSite, build_station
from tls_certs.pki import DEFAULT_EVSE_ID, create_pki
from tls_certs.profiles import PROFILES
from wire.clock import Clock
from wire.credentials import Credentials
from wire.network import Network
from wire.trace import Story, Trace

if TYPE_CHECKING:
    from backend.csms.ports import Services
    from backend.csms.transactions import Transaction
    from simulator.runner import RunSettings

LOOP_INTERVAL: dict[Energy, float] = {"ac": 30.0, "dc": 5.0}
"""Process seconds between two loop messages of a lab's vehicle: slow, so that a charge takes some ten messages."""

ISOLATION_TEST = 0.2
"""Seconds of the DC isolation test: on sockets a lab really waits for it."""

DAY = 86_400.0


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
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.trace = trace
        self.expect = Expectations(self, result)
        self.card = CARD
        self.faults: tuple[Fault, ...] = tuple(find_fault(name) for name in settings.faults)
        self._installed = installed
        self._back: BackEnd | None = None
        self._site: StationSite | None = None
        self._network: Network | None = None
        self._vehicle: Vehicle | None = None

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
        self._site = build_station(
            back.pki,
            self._network,
            self.clock,
            self.trace,
            back.connect,
            config=SeccConfig(
                evse_id=DEFAULT_EVSE_ID,
                energy_modes=(*AC_MODES, *DC_MODES[:2]),
                dc=DcSupply(isolation_seconds=ISOLATION_TEST),
                contract_anchors=back.pki.anchors("mo_root", "v2g_root"),
                receipts=ReceiptPolicy(first=2, every=5),
                alter=_chained(fault.station for fault in self.faults),
            ),
            station=StationConfig(
                identity=STATION_ID, secc_id=DEFAULT_EVSE_ID, request_certificate=not self._installed
            ),
            password=back.password,
            installed=self._installed,
        )
        self.clock.settle = self._site.heard
        await self._site.open()
        self._tell("LAB", f"The station is ready; the CSMS is {back.csms_url}.")

    async def _tear_down(self) -> None:
        if self._site is not None:
            await self._site.close()
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

        ``contract_days``: remaining validity of that contract (negative: expired), default a year. ``wishes`` go into
        :class:`ev.config.VehicleConfig`. Faults that change what the vehicle sends are built in.
        """
        pki = self.back.pki
        config = VehicleConfig(
            energy_modes=AC_MODES if energy == "ac" else DC_MODES,
            energy_wish=kwh * 1000,
            loop_interval=LOOP_INTERVAL[energy],
            ocsp="require",
            alter=_chained(fault.vehicle for fault in self.faults),
            **{"tls": "require", **wishes},
        )
        held = [await self._install_beforehand(contract_days)] if contract else []
        self._vehicle = Vehicle(
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
        site = self.site
        for fault in self.faults:
            if fault.before is not None:
                await fault.before(self)
        if vehicle.config.payment == "external":
            site.station.present(self.card)
        if renegotiate_after_loops is not None:
            wanted = renegotiate_after_loops
            site.on_loop = lambda loops: site.evse.request_renegotiation() if loops == wanted else None
        assert self._network is not None
        outcome = await charge(self._network, vehicle, self.clock, self.trace)
        await site.quiet()
        if not keep_plugged:
            self._tell("EV", f"The vehicle is unplugged: {outcome.reason}")
        return outcome

    # What expectations and faults look at

    @property
    def back(self) -> BackEnd:
        """The back end; only inside the context."""
        assert self._back is not None
        return self._back

    @property
    def site(self) -> StationSite:
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
        """What the CSMS keeps."""
        return self.back.csms.transactions.all()

    @property
    def receipts_verified(self) -> int:
        """Metering receipts the station has verified so far."""
        return self.site.receipts

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

    async def stop_csms(self) -> None:
        """The CSMS goes away; the station notices and goes offline."""
        await self.back.stop_csms()
        await self.site.station.wait_offline()

    def _contract(self) -> Contract:
        assert self._vehicle is not None and self._vehicle.contracts.default is not None
        return self._vehicle.contracts.default

    async def block_contract(self) -> None:
        """The MO blocks the vehicle's contract."""
        await self.back.ecosystem.mo.block(self._contract().emaid)

    async def revoke_contract(self) -> None:
        """The contract certificate is revoked at its CA."""
        await self.back.ecosystem.ca.revoke_certificate(self._contract().credentials.leaf, "key_compromise")

    def station_presents(
        self, *, credentials: Credentials | None = None, staples: tuple[bytes | None, ...] | None = None
    ) -> None:
        """Let the station's TLS server show something else than what the CSMS gave it."""
        presented = self.site.presented
        presented.credentials = credentials or presented.credentials
        presented.staples = staples if staples is not None else presented.staples

    def old_staples(self) -> tuple[bytes | None, ...]:
        """A staple for the station's leaf that ran out a month ago."""
        leaf = self.site.station.credentials
        assert leaf is not None
        authority = self.back.pki.issuer_authority(leaf.leaf)
        return (authority.staple(leaf.leaf, self.clock.now() - 30 * DAY),)

    def foreign_station(self) -> Credentials:
        """A station of another V2G ecosystem."""
        return create_pki(self.clock.now()).credentials("secc_leaf")

    def expired_station(self) -> Credentials:
        """A station of this ecosystem whose certificate ran out yesterday."""
        now = self.clock.now()
        authority = self.back.pki.authority("cpo_sub2")
        return authority.credentials(PROFILES["secc_leaf"], "DEPNCE100001", now - 10 * DAY, not_after=now - DAY)

    async def _install_beforehand(self, days: float | None) -> Contract:
        """The PKI's own contract, or one of its MO with ``days`` left."""
        pki, now = self.back.pki, self.clock.now()
        credentials = pki.credentials("contract_leaf")
        emaid = common_name(credentials.leaf)
        if days is not None:
            begun = now - 30 * DAY if days < 0 else now
            credentials = pki.authority("mo_sub2").credentials(
                PROFILES["contract_leaf"], emaid, begun, not_after=now + days * DAY
            )
        await self.back.ecosystem.mo.register("the driver", credentials.leaf)
        return Contract(emaid, credentials)

    def _tell(self, actor: str, text: str) -> None:
        self.trace.emit(Story(time=self.clock.now(), actor=actor, text=text))


def _network(transport: str, clock: Clock) -> Network:
    if transport == "memory":
        from wire.network.memory import MemoryNetwork

        return MemoryNetwork(clock)
    from wire.network.loopback import LoopbackNetwork

    return LoopbackNetwork(clock)


def _chained(alters: Iterable[Callable[[str, Any], Any] | None]) -> Callable[[str, Any], Any] | None:
    """One hook that applies several in turn; None if there is none. A message that is swallowed stays swallowed."""
    wanted = [alter for alter in alters if alter is not None]
    if not wanted:
        return None

    def alter(name: str, message: Any) -> Any:
        for change in wanted:
            if message is None:
                return None
            message = change(name, message)
        return message

    return alter
