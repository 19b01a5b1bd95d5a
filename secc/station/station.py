"""The OCPP charging station behind one SECC: its public face, put together from the rooms beside this file."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from cryptography import x509

from pncsim.secc import notices
from pncsim.secc.questions import Answer, ContractAuthorization, ContractCertificateRequest, ExternalAuthorization
from pncsim.secc.station import boot, identity, remote
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.delivery import Delivery
from pncsim.secc.station.link import ACTOR, Link
from pncsim.secc.station.transactions import TransactionBook
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.upkeep import Upkeep
from pncsim.secc.station.variables import DeviceModel, Variable, variables
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.ocpp.peer import Payload, message_ids
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.trace import Problem, Story, Trace


class Station:
    """One OCPP 2.0.1 charging station. Run :meth:`run` as a task; :meth:`wait_ready` tells when it can serve vehicles.

    ``connect`` opens a channel to the CSMS. ``roots``: (OCPP certificate use, root) pairs; the V2G root is needed for
    OCSP answers, MO roots for hash data. ``credentials``: a V2G certificate it has already (else it requests one).
    ``check_chain`` verifies a chain the CSMS delivers (default: tls_certs' SECC profile against the V2G roots).
    ``stop_charging`` is called with a sentence when the transaction must end (remote stop, token refused, reset).
    """

    def __init__(
        self,
        config: StationConfig,
        connect: Connector,
        clock: Clock,
        source: random.Random,
        trace: Trace | None = None,
        *,
        password: str | None = None,
        roots: Iterable[tuple[str, x509.Certificate]] = (),
        credentials: Credentials | None = None,
        check_chain: identity.ChainCheck | None = None,
        stop_charging: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config
        self.trust = TrustStore(roots)
        self.model = DeviceModel(variables(config), self._variable_written)
        self.stop_charging = stop_charging
        self._clock, self._trace = clock, trace or Trace()
        self._status = "Available"
        self._status_sent = ""
        self._first_problem: PncError | None = None
        self._changes = asyncio.Event()
        self._events: deque[Payload] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reset_when_idle = False
        self._delivered = 0
        self.password_changed = False
        self.link = Link(
            config,
            self.model,
            connect,
            clock,
            source,
            self._trace,
            password=password,
            handlers=lambda: remote.handlers(self),
            work=self._work,
            problem=self._problem,
            changed=self._state_changed,
            distrusted=lambda why: self.security_event("InvalidCsmsCertificate", why),
        )
        self.authorizer = Authorizer(config, self.model, self.trust, clock, self.link.call, lambda: self.online)
        self.book = TransactionBook(
            config,
            message_ids(source),
            lambda: float(self.model.integer("SampledDataCtrlr", "TxUpdatedInterval")),
            lambda: self.online,
        )
        self.delivery = Delivery(
            clock,
            lambda event: self.call("TransactionEvent", event),
            attempts=lambda: self.model.integer("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
            interval=lambda: float(self.model.integer("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent")),
            delivered=self._event_delivered,
            given_up=self._event_given_up,
        )
        self.upkeep = Upkeep(
            config,
            self.model,
            self.trust,
            clock,
            check_chain or self._check_chain,
            call=self.call,
            problem=self._problem,
            tell=self._tell,
            security_event=self.security_event,
            changed=self._changes.set,
        )
        self.upkeep.use(credentials)

    # What the SECC needs

    @property
    def online(self) -> bool:
        """Registered and connected: the CSMS can be asked."""
        return self.link.online

    @property
    def state(self) -> boot.State:
        """A row of :data:`secc.station.boot.TABLE`."""
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
        offline = self.model.flag("ISO15118Ctrlr", "ContractValidationOffline")
        return self.model.flag("ISO15118Ctrlr", "PnCEnabled") and (self.online or offline)

    @property
    def offers_installation(self) -> bool:
        """Whether the certificate service belongs into ServiceDiscoveryRes now."""
        return self.online and self.model.flag("ISO15118Ctrlr", "ContractCertificateInstallationEnabled")

    async def wait_ready(self, within: float = 30.0, *, patient: bool = False) -> None:
        """Return when registered and announced, with certificate and OCSP answer as configured.

        Raises what first went wrong (a refused password, a dead CSMS, a refused CSR …), unless ``patient``: then only
        after ``within`` seconds. The station goes on trying in either case.
        """
        try:
            async with self._clock.timeout(within):
                while not (self.online and self._status_sent and self.upkeep.complete):
                    if self._first_problem is not None and (not patient or self.link.stopping):
                        raise self._first_problem
                    self._changes.clear()
                    await self._changes.wait()
        except TimeoutError:
            text = f"{self.config.identity} was not ready within {within:g} s; it is {boot.MEANING[self.state]}."
            raise self._first_problem or PeerSilent(text) from None

    async def wait_offline(self) -> None:
        """Return once the CSMS cannot be asked."""
        while self.online:
            self._changes.clear()
            await self._changes.wait()

    async def answer(self, question: object) -> Answer:
        """Answer a question of the SECC engine. What goes wrong is in the answer's text, not raised."""
        match question:
            case ContractAuthorization():
                return await self.authorizer.contract(question)
            case ExternalAuthorization():
                answer = await self.authorizer.external()
                self.book.token_kind = self.authorizer.token_kind
                return answer
            case ContractCertificateRequest():
                return await self.authorizer.contract_certificate(question)
        raise LocalError(f"The station was asked {type(question).__name__}, which it does not know.")

    def notice(self, content: object) -> None:
        """Take note of what happened at the EVSE: TransactionEvents and connector status follow from it."""
        self.delivery.add(self.book.note(content))
        if isinstance(content, notices.PluggedIn):
            self._set_status("Occupied")
        elif isinstance(content, notices.SessionEnded) and content.kind != "paused":
            self._set_status("Available")
            if self._reset_when_idle:
                self._reset_when_idle = False
                self._spawn(self._restart_when_settled())

    def present(self, token: str, kind: str = "ISO14443") -> None:
        """A driver shows a card or token."""
        self.authorizer.present(token, kind)

    async def settled(self, within: float | None = None) -> bool:
        """Wait until every TransactionEvent is delivered or given up; False if some still wait after ``within`` s."""
        try:
            async with self._clock.timeout(within):
                await self.delivery.emptied()
        except TimeoutError:
            return False
        return True

    # Life

    async def run(self) -> None:
        """Connect, register and stay connected until :meth:`stop`. Raises LocalError for a CSMS address of no use."""
        try:
            await self.link.run()
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Close the connection (1000); :meth:`run` then returns."""
        await self.link.stop()

    async def call(self, action: str, payload: Payload, *, triggered: bool = False) -> Payload:
        """Call the CSMS. Raises PeerClosed while not registered (``triggered`` messages may go while Pending)."""
        return await self.link.call(action, payload, self.config.call_timeout, triggered=triggered)

    async def _work(self, fresh: bool) -> None:
        """What the station does on its own while registered."""
        if fresh or self._status != self._status_sent or self._long_away():
            await self._quietly(self.send_status())
        while self._events and self.online:
            event = self._events.popleft()
            await self._quietly(self._send_security_event(event))
        async with asyncio.TaskGroup() as group:
            if self.link.away_since is not None:
                group.create_task(self._tell_return())
            group.create_task(self._quietly(self.delivery.run()))
            group.create_task(self._quietly(self.upkeep.run()))

    async def _tell_return(self) -> None:
        """Say that the CSMS is there again, once it has heard what had to wait."""
        before = self._delivered
        await self.delivery.emptied()
        made_up = self._delivered - before
        events = f"; {made_up} transaction event{'s' if made_up > 1 else ''} delivered" if made_up else ""
        self._tell(f"{self.config.identity} is connected to the CSMS again{events}")

    def _long_away(self) -> bool:
        # B04: after OfflineThreshold every connector is reported again.
        away, threshold = self.link.away_since, self.model.integer("OCPPCommCtrlr", "OfflineThreshold")
        return away is not None and self._clock.now() - away > threshold

    async def send_status(self, *, triggered: bool = False) -> None:
        """StatusNotification of the connector."""
        status = self._status
        payload = {
            "timestamp": timestamp(self._clock.now()),
            "connectorStatus": status,
            "evseId": self.config.evse_id,
            "connectorId": self.config.connector_id,
        }
        await self.call("StatusNotification", payload, triggered=triggered)
        self._status_sent = status
        self._changes.set()

    def _set_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            if self.online:
                self._spawn(self.send_status())

    async def _restart_when_settled(self) -> None:
        await self.settled()
        await self.link.restart("RemoteReset")

    # Transactions

    def _event_delivered(self, event: Payload, answer: Payload) -> None:
        self._delivered += 1
        info = answer.get("idTokenInfo")
        if info is None or info["status"] == "Accepted" or event["eventType"] == "Ended":
            return
        open_now = self.book.open
        same = open_now is not None and open_now.id == event["transactionInfo"]["transactionId"]
        if same and self.model.flag("TxCtrlr", "StopTxOnInvalidId"):
            sentence = f"The CSMS withdrew the authorisation: {info['status']}."
            self.end_transaction("Deauthorized", "DeAuthorized", sentence)

    def _event_given_up(self, event: Payload, error: PncError) -> None:
        name = f"TransactionEvent {event['eventType']} {event['seqNo']}"
        self._problem(PeerError(f"{name} was given up: {error.sentence}", clause="E13"))

    def end_transaction(self, trigger: str, reason: str, sentence: str) -> bool:
        """Have the SECC end the session; the transaction then ends for this triggerReason and stoppedReason."""
        if self.book.open is None or self.stop_charging is None:
            return False
        self.book.stopping(trigger, reason)
        self.stop_charging(sentence)
        return True

    def reset_when_idle(self) -> None:
        """Restart once the open transaction has ended (B12)."""
        self._reset_when_idle = True

    # Reporting

    def security_event(self, kind: str, text: str = "") -> None:
        """Queue a SecurityEventNotification; it is sent at once or after the next good connection (A04)."""
        event: Payload = {"type": kind, "timestamp": timestamp(self._clock.now())}
        if text:
            event["techInfo"] = text[:255]
        if self.online:
            self._spawn(self._send_security_event(event))
        elif all(waiting["type"] != kind for waiting in self._events):
            self._events.append(event)

    async def _send_security_event(self, event: Payload) -> None:
        try:
            await self.call("SecurityEventNotification", event)
        except PeerClosed:
            self._events.append(event)

    def now(self) -> float:
        """Lab time."""
        return self._clock.now()

    def _tell(self, text: str) -> None:
        self._trace.emit(Story(time=self._clock.now(), role=ACTOR, text=text))

    def _problem(self, error: PncError) -> None:
        if self._first_problem is None:
            self._first_problem = error
        self._changes.set()
        now = self._clock.now()
        self._trace.emit(Problem(time=now, role=ACTOR, text=error.sentence, clause=error.clause, advice=error.advice))

    def _state_changed(self) -> None:
        if self.online:
            self._first_problem = None
        self._changes.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PeerClosed:
            return  # the link knows; other messages than transactions are dropped while offline
        except PncError as error:
            self._problem(error)

    # Configuration

    def _variable_written(self, row: Variable) -> None:
        if row.name == "BasicAuthPassword":
            self.link.password = row.value
            self.password_changed = True

    async def reconnect_with_new_password(self) -> None:
        """A01.FR.03: once SetVariables is answered, come back with the new password."""
        self.password_changed = False
        self._tell(f"{self.config.identity} got a new password and reconnects")
        await self.link.reconnect("the password has changed")

    def _check_chain(self, chain: tuple[x509.Certificate, ...], now: float) -> None:
        from pncsim.tls_certs.validation import Use, validate_chain

        validate_chain(chain, self.trust.roots("V2GRootCertificate"), Use.SECC, now)
