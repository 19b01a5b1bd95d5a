"""The OCPP charging station behind one or more SECCs: its public face, put together from the functional blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.secc.station import registration
from pncsim.secc.station.blocks import BLOCKS
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.keeping import end_interrupted, restore, state_of
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.state import read_state
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerSilent
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace

if TYPE_CHECKING:
    from pncsim.tls_certs.validation import ValidatedChain
    from pncsim.wire.ocpp.types import v201 as types


class Station:
    """One OCPP 2.0.1 charging station. Run :meth:`run` as a task; :meth:`wait_ready` tells when it can serve vehicles.

    ``connect`` opens a channel to the CSMS; None: there is none, and nothing is kept for it. ``roots``: (OCPP
    certificate use, root) pairs; the V2G root is needed for OCSP answers, MO roots for hash data. ``credentials``: a
    V2G certificate it has already (else it requests one).
    ``state``: what it had kept (:attr:`state_kept`) before it lost its power; it counts more than all of these.
    ``keep`` puts that away, before anything in it is told to others.
    What happens at its EVSEs is told to, and asked of, :meth:`outlet`.
    """

    def __init__(
        self,
        config: StationConfig,
        connect: Connector | None,
        clock: Clock,
        source: Source,
        trace: Trace | None = None,
        *,
        password: str | None = None,
        roots: Iterable[tuple[str, x509.Certificate]] = (),
        credentials: Credentials | None = None,
        state: bytes | None = None,
        keep: Callable[[bytes], None] | None = None,
    ) -> None:
        self.config = config
        self._clock = clock
        self._context = context = StationContext(
            BLOCKS,
            config,
            connect,
            clock,
            source,
            trace or Trace(),
            password=password,
            roots=roots,
            check_chain=self._check_chain,
        )
        self.model, self.trust = context.model, context.trust
        self.link, self.delivery, self.upkeep = context.link, context.delivery, context.upkeep
        self.voice = context.voice
        self.call, self.security_event = context.call, context.security_event
        self.upkeep.use(credentials)
        self._before = read_state(state) if state is not None else None
        if self._before is not None:
            restore(context, self._before)
            if credentials is not None and not config.request_certificate:
                self.upkeep.use(credentials)  # somebody else sees to them
        if keep is not None:
            context.put_away = lambda: keep(self.state_kept)

    # What the SECC needs

    def outlet(self, evse: int = 1) -> Outlet:
        """The OCPP side of an EVSE."""
        return self._context.outlets[evse]

    @property
    def outlets(self) -> Iterable[Outlet]:
        """The OCPP sides of all EVSEs, in order."""
        return self._context.outlets.values()

    @property
    def online(self) -> bool:
        """Registered and connected: the CSMS can be asked."""
        return self.link.online

    @property
    def state(self) -> registration.Registration:
        """A row of :data:`secc.station.registration.TABLE`."""
        return self.link.state

    @property
    def credentials(self) -> Credentials | None:
        """The SECC's V2G certificate chain and key, for its TLS server."""
        return self.upkeep.credentials

    @property
    def staples(self) -> tuple[bytes | None, ...]:
        """DER OCSP answers aligned with the chain, for the TLS server; None where there is no fresh one."""
        return self.upkeep.staples

    @property
    def offers_contract(self) -> bool:
        """Whether Contract belongs into PaymentOptionList now (PnCEnabled; offline only if that is allowed)."""
        offline = (
            self.model.flag("ISO15118Ctrlr", "ContractValidationOffline") or self.config.private_emaids is not None
        )
        return self.model.flag("ISO15118Ctrlr", "PnCEnabled") and (self.online or offline)

    @property
    def offers_installation(self) -> bool:
        """Whether the certificate service belongs into ServiceDiscoveryRes now."""
        return self.online and self.model.flag("ISO15118Ctrlr", "ContractCertificateInstallationEnabled")

    def present(self, token: str, kind: types.IdTokenEnumType = "ISO14443", *, evse: int | None = None) -> None:
        """A driver shows a card or token at an EVSE, or (None) at the station: then the next vehicle that needs one
        has it."""
        self._context.present(token, kind, evse=evse)

    # Life

    @property
    def state_kept(self) -> bytes:
        """What a loss of power leaves of it."""
        return state_of(self._context).octets()

    def meter_before(self, evse: int) -> int:
        """What the meter of ``evse`` showed, in Wh, as far as a station before this one has kept it."""
        return self._before.meters.get(evse, 0) if self._before is not None else 0

    def stands_again(self, evse: int, register_wh: int) -> None:
        """After a loss of power: a transaction that was open at ``evse`` ends, with the meter as it is."""
        if self._before is not None:
            end_interrupted(self._context, self._before, evse, register_wh)

    async def run(self) -> None:
        """Connect, register and stay connected until :meth:`stop`. Raises LocalError for a CSMS address of no use."""
        self._context.spawn(self._context.aligned.run())
        try:
            await self.link.run()
        finally:
            await self._context.drop_tasks()

    async def stop(self) -> None:
        """Close the connection (1000); :meth:`run` then returns."""
        await self.link.stop()

    async def wait_ready(self, within: float = 30.0, *, patient: bool = False) -> None:
        """Return when registered and announced, with certificate and OCSP answer as configured.

        Raises what first went wrong (a refused password, a dead CSMS, a refused CSR …), unless ``patient``: then only
        after ``within`` seconds. The station goes on trying in either case.
        """
        context = self._context
        try:
            async with self._clock.timeout(within):
                while not (self.online and context.announced and self.upkeep.complete):
                    if context.first_problem is not None and (not patient or self.link.stopping):
                        raise context.first_problem
                    await context.changes.wait()
        except TimeoutError:
            text = (
                f"{self.config.identity} was not ready within {within:g} s; it is {registration.MEANING[self.state]}."
            )
            raise context.first_problem or PeerSilent(text) from None

    async def wait_offline(self) -> None:
        """Return once the CSMS cannot be asked."""
        while self.online:
            await self._context.changes.wait()

    async def heard(self) -> None:
        """Return once the CSMS has heard every TransactionEvent, or cannot be asked any more."""
        while self.online and self.delivery.holds():
            await self._context.changes.wait()

    async def settled(self, within: float | None = None) -> bool:
        """Wait until every TransactionEvent is delivered or given up; False if some still wait after ``within`` s."""
        try:
            async with self._clock.timeout(within):
                await self.delivery.emptied()
        except TimeoutError:
            return False
        return True

    def _check_chain(self, chain: tuple[x509.Certificate, ...], now: float) -> ValidatedChain:
        """Against the V2G roots as they are now."""
        from pncsim.tls_certs.validation import Use, validate_chain

        roots, gate = self.trust.roots("V2GRootCertificate"), self._context.voice.tolerate
        return validate_chain(chain, roots, Use.SECC, now, gate=gate)
