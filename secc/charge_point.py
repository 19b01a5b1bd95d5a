"""A charging station as an actor of its own: one OCPP station and its EVSEs, each with link, pilot and sessions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from cryptography import x509
from msgspec import Struct, field

from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import Evse, EvsePlan
from pncsim.secc.handshake import TlsIdentity
from pncsim.secc.power import EvsePower
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.link import TURNED_AWAY
from pncsim.secc.station.station import Station
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.pilot import Pilot
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace

ANSWER_SECONDS = 1.0
"""How long :meth:`ChargePoint.heard` waits for the answer to a call: the lab's clock waits for it before it jumps."""

FAREWELL_SECONDS = 2.0
"""How long :meth:`ChargePoint.close` waits for the CSMS to hear of the transactions that end with the station."""


def trusted_roots(pki: Pki) -> list[tuple[str, x509.Certificate]]:
    """The V2G and MO roots of a PKI, as a station keeps them."""
    uses = (("V2GRootCertificate", "v2g_root"), ("MORootCertificate", "mo_root"))
    return [(use, root) for use, role in uses for root in pki.anchors(role)]


class Presented(Struct):
    """What the station's TLS servers show instead of what the CSMS gave it; None leaves it as it is.

    ``suites`` and ``versions``: what they speak instead of what ISO 15118-2 demands.
    """

    credentials: Credentials | None = None
    staples: tuple[bytes | None, ...] | None = None
    suites: tuple[str, ...] | None = None
    versions: tuple[str, str] | None = None


class Hardware(Struct, frozen=True):
    """What of an EVSE no loss of power takes away: its meter, and the wire to the vehicle."""

    power: EvsePower
    pilot: Pilot = field(default_factory=Pilot)


class ChargePoint:
    """A station with the EVSEs of ``evses``, numbered from 1. :meth:`open` boots it and serves vehicles until
    :meth:`close`; all EVSEs may hold a session at the same time.

    ``state`` and ``hardware``: what :meth:`lose_power` has left of the one before; ``keep`` puts the state away.

    How many connectors there are and what the EVSEs are called is taken from the plans, not from ``station``. For the
    other arguments see :class:`secc.station.station.Station`.
    """

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        station: StationConfig,
        evses: Sequence[EvsePlan],
        *,
        connect: Connector | None,
        source: Source,
        password: str | None = None,
        roots: Iterable[tuple[str, x509.Certificate]] = (),
        credentials: Credentials | None = None,
        state: bytes | None = None,
        keep: Callable[[bytes], None] | None = None,
        hardware: Sequence[Hardware] = (),
    ) -> None:
        self.station = Station(
            replace(
                station,
                connectors=tuple(plan.connectors for plan in evses),
                evse_ids=tuple(plan.config.evse_id for plan in evses),
            ),
            connect,
            clock,
            source,
            trace,
            password=password,
            roots=roots,
            credentials=credentials,
            state=state,
            keep=keep,
        )
        if any(plan.config.central_validation for plan in evses):
            self.station.model.put("ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
        self.presented = Presented()
        self.pairing: x509.Certificate | None = None
        """The root of a private environment, while vehicles are to be paired: it is sent with the chain (PE-1)."""
        before = self.station.meter_before
        fitted = hardware or [Hardware(EvsePower(f"PNC-METER-{n}", before(n))) for n, _ in enumerate(evses, 1)]
        self.evses = tuple(
            self._build(number, plan, fitted[number - 1], clock, trace, source) for number, plan in enumerate(evses, 1)
        )
        self._clock, self._alone = clock, connect is None
        self._life: asyncio.Task[None] | None = None

    def _build(
        self, number: int, plan: EvsePlan, hardware: Hardware, clock: Clock, trace: Trace, source: Source
    ) -> Evse:
        outlet = self.station.outlet(number)
        evse = Evse(
            replace(plan, config=replace(plan.config, paused={})),  # what sleeps here is nobody else's
            clock=clock,
            trace=trace,
            answer=outlet.answer,
            tell=outlet.note,
            number=number,
            unit=f"{self.station.config.identity}/{number}",
            settings=partial(self.settings, number),
            shown=self._shown,
            certified=lambda: self.presented.credentials is not None or self.station.credentials is not None,
            enabled=lambda: self.station.model.flag("ISO15118Ctrlr", "Enabled"),
            power=hardware.power,
            pilot=hardware.pilot,
            source=source.of(f"EVSE {number}"),
        )

        def stop(sentence: str) -> None:
            self.station.voice.story(sentence)
            evse.request_stop()

        outlet.stop, outlet.restart, outlet.identified = stop, evse.restart, evse.identified
        outlet.renegotiate = evse.request_renegotiation
        outlet.reading = lambda: evse.power.reading(clock.now())
        return evse

    def evse(self, number: int = 1) -> Evse:
        """An EVSE by its number."""
        return self.evses[number - 1]

    # Life

    async def open(self, *, within: float = 30.0, lenient: bool = False) -> None:
        """Boot, register, obtain certificate and staple, then serve vehicles. Raises what went wrong first.

        ``lenient``: serve vehicles even without OCSP response, or without CSMS, if there is a certificate; not where
        the CSMS does not take the station as it is configured (wrong password, path, identity, scheme, trust).
        """
        if not self._alone:
            await self._boot(within, lenient)
        for evse in self.evses:
            self.station.stands_again(evse.number, evse.power.reading(self._clock.now()))
            await evse.open()

    async def _boot(self, within: float, lenient: bool) -> None:
        self._life = asyncio.create_task(self.station.run())
        try:
            await self.station.wait_ready(within)
        except PncError as error:
            turned_away = not self.station.online and (isinstance(error, LocalError) or error.kind in TURNED_AWAY)
            secured = any(evse.plan.secured for evse in self.evses)
            if not lenient or turned_away or (secured and self.station.credentials is None):
                raise

    def lose_power(self) -> tuple[bytes, tuple[Hardware, ...]]:
        """The power fails: memory and connections are gone at once, nobody is told. What is left for the next one:
        what the station had kept, and its meters and wires. Call :meth:`buried` when there is time.
        """
        kept = self.station.state_kept
        for evse in self.evses:
            evse.lose_power()
        if self._life is not None:
            self._life.cancel()
        return kept, tuple(Hardware(evse.power, evse.pilot) for evse in self.evses)

    async def buried(self) -> None:
        """After :meth:`lose_power`: nothing of it is at work any more."""
        for evse in self.evses:
            await evse.buried()
        if self._life is not None:
            await asyncio.gather(self._life, return_exceptions=True)

    async def close(self) -> None:
        """Stop serving, let the CSMS hear of the transactions that end with that, disconnect from it."""
        charging = any(outlet.transaction is not None for outlet in self.station.outlets)
        for evse in self.evses:
            await evse.close()
        if charging:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(FAREWELL_SECONDS):
                    await self.heard()
        if self._life is not None:
            await self.station.stop()
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    # What others wait for

    async def quiet(self) -> None:
        """Wait until no vehicle is being served and the CSMS has heard everything it can hear."""
        await self.idle()
        await self.heard()

    async def idle(self) -> None:
        """Wait until nobody is connected at any EVSE."""
        for evse in self.evses:
            await evse.idle()

    async def heard(self) -> None:
        """Wait until the CSMS has heard everything it can hear: until all is told, or until it is gone."""
        await self._answered()
        await self.station.heard()

    async def _answered(self) -> None:
        """Wait, not for long, until no other call is open either: a jump must not look like the CSMS's silence."""
        if self.station.link.calling:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(ANSWER_SECONDS):
                    await self.station.link.idle()

    # What the EVSEs ask before a session

    def settings(self, number: int) -> SeccConfig:
        """The configuration of an EVSE's next session: its plan, with what device model and trust store say now."""
        model, plan = self.station.model, self.evse(number).plan
        receipts, private = plan.config.receipts, self.station.config.private_emaids is not None
        # Who has identified already is not asked for a contract (CharIN 2.4).
        identified = plan.config.external and self.station.outlet(number).authorizer.identified
        contract = plan.contract and not identified
        if not model.flag("ISO15118Ctrlr", "RequestMeteringReceipt"):
            receipts = replace(receipts, first=0)
        return replace(
            plan.config,
            evse_id=model.text("EVSE", "ISO15118EvseId", evse=number),
            contract=contract and self.station.offers_contract,
            certificate_service=contract and self.station.offers_installation,
            contract_anchors=() if private else self._contract_anchors(plan.config),
            central_validation=private or model.flag("ISO15118Ctrlr", "CentralContractValidationAllowed"),
            receipts=receipts,
        )

    def _contract_anchors(self, config: SeccConfig) -> tuple[x509.Certificate, ...]:
        return config.contract_anchors or tuple(self.station.trust.roots("MORootCertificate", "V2GRootCertificate"))

    def _shown(self) -> TlsIdentity:
        credentials = self.presented.credentials or self.station.credentials
        assert credentials is not None, "a station is ready only with its certificate"
        if self.pairing is not None:
            credentials = replace(credentials, chain=(*credentials.chain, self.pairing))
        staples = self.presented.staples if self.presented.staples is not None else self.station.staples
        shown = TlsIdentity(credentials, staples)
        if self.presented.suites is not None:
            shown = shown._replace(suites=self.presented.suites)
        return shown if self.presented.versions is None else shown._replace(versions=self.presented.versions)
