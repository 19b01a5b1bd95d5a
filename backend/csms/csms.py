"""The charging station management system: stations come in, their calls are answered, it calls them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pncsim.backend.answers import SigningUse
from pncsim.backend.csms.authorization import Deadlines, Decision, within
from pncsim.backend.csms.handlers import handlers
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.register import Admission, Register, Registration
from pncsim.backend.csms.transactions import TRANSACTIONS, Transaction
from pncsim.backend.store import MemoryStore, Store, Table
from pncsim.wire.amounts import shown_energy
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PncError
from pncsim.wire.ocpp.channel import Connector, FrameChannel, memory_channels
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.source import Source
from pncsim.wire.trace import Judged, Problem, ServiceCall, Story, Trace

ACTOR = "CSMS"


@dataclass(slots=True, kw_only=True)
class CsmsConfig:
    """Times in seconds. ``boot_status`` decides per identity how a BootNotification is answered."""

    heartbeat: int = 300
    retry: int = 30
    call_timeout: float = 30.0
    deadlines: Deadlines = field(default_factory=Deadlines)
    boot_status: Callable[[str], Registration] = lambda identity: "Accepted"


class StationLink:
    """One connected station as the CSMS sees it.

    ``connectors``: (evseId, connectorId) -> status; ``variables``: (component, variable, instance) -> reported value;
    ``registration``: what the last BootNotification was answered.
    """

    def __init__(
        self, csms: Csms, identity: str, channel: FrameChannel, registration: Registration | Literal[""] = ""
    ) -> None:
        self.csms = csms
        self.identity = identity
        self.registration = registration
        self.plate: Payload = {}
        self.connectors: dict[tuple[int, int], str] = {}
        self.variables: dict[tuple[str, str, str], str] = {}
        self.security_events: list[Payload] = []
        self.peer = OcppPeer(
            channel,
            csms.clock,
            csms.source.of(identity),
            actor=ACTOR,
            peer=identity,
            trace=csms.trace,
            default_timeout=csms.config.call_timeout,
        )
        self.peer.handle(handlers(self))

    async def sign(self, csr: str, use: SigningUse) -> None:
        """After SignCertificate: have the request signed and deliver the chain by CertificateSigned (A02)."""
        csms, authority = self.csms, self.csms.services.authority
        if authority is None:
            raise LocalError("This CSMS has no certificate authority.")
        try:
            signed = authority.sign_csr(csr, use)
            chain = await within(csms.clock, csms.config.deadlines.authority, "The certificate authority", signed)
        except PncError as error:
            self.service_call("PKI", "sign", False, error.sentence)
            return
        answer = await self.peer.call("CertificateSigned", {"certificateChain": chain, "certificateType": use})
        accepted = answer["status"] == "Accepted"
        why = "" if accepted else f": {answer.get('statusInfo', {}).get('additionalInfo', answer['status'])}"
        text = f"{self.identity} {'took' if accepted else 'refused'} the certificate it had asked for{why}"
        self.service_call("PKI", "sign", accepted, text)

    # Reporting

    def tell(self, text: str) -> None:
        """A milestone for people."""
        self.csms.trace.emit(Story(time=self.csms.clock.now(), role=ACTOR, text=text))

    def problem(self, error: PncError) -> None:
        """Something others could not do for us."""
        now = self.csms.clock.now()
        self.csms.trace.emit(
            Problem(time=now, role=ACTOR, text=error.sentence, clause=error.clause, advice=error.advice)
        )

    def judged(self, what: str, decision: Decision) -> None:
        """An authorisation was decided."""
        reason = decision.text or decision.token
        now, ok = self.csms.clock.now(), decision.accepted
        self.csms.trace.emit(Judged(time=now, role=ACTOR, what=what, ok=ok, reason=reason, clause=decision.clause))

    def service_call(self, service: str, operation: str, ok: bool, text: str) -> None:
        """Another service was asked."""
        now = self.csms.clock.now()
        self.csms.trace.emit(ServiceCall(time=now, role=ACTOR, service=service, operation=operation, ok=ok, text=text))

    def transaction_event(self, transaction: Transaction, event: Payload) -> None:
        """A new TransactionEvent was kept."""
        kind = event["eventType"]
        if kind == "Started":
            self.tell(f"transaction {transaction.id} starts at {self.identity}")
        elif kind == "Ended":
            whom = f" for {transaction.token}" if transaction.token else ""
            why, energy = transaction.stopped_reason, transaction.energy_wh
            self.tell(f"transaction {transaction.id} closed{whom}: {shown_energy(energy)}, {why}")


class Csms:
    """One CSMS with its registered stations; ``stations`` holds those connected now."""

    def __init__(
        self,
        services: Services,
        clock: Clock,
        source: Source,
        trace: Trace | None = None,
        *,
        config: CsmsConfig | None = None,
        store: Store | None = None,
    ) -> None:
        self.services = services
        self.clock = clock
        self.source = source
        self.trace = trace or Trace()
        self.config = config or CsmsConfig()
        self.store = store or MemoryStore()
        self.register = Register(self.store)
        self.stations: dict[str, StationLink] = {}
        self._requests = itertools.count(1)
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def transactions(self) -> Table[Transaction]:
        """Everything its stations have told of transactions."""
        return self.store.of(TRANSACTIONS)

    async def admit(self, identity: str, user: str | None, password: str | None) -> Admission:
        """Whether a station with these credentials may open a WebSocket; refusals are reported."""
        verdict = await self.register.check(identity, user, password)
        if verdict != "welcome":
            why = "it is not registered" if verdict == "unknown" else "its password is wrong or missing"
            self.report(f"Station {identity!a} was turned away: {why}.", "A00.FR.204")
        return verdict

    def report(self, text: str, clause: str = "OCPP-J 3") -> None:
        """A guest that could not be let in."""
        self.trace.emit(Problem(time=self.clock.now(), role=ACTOR, text=text, clause=clause))

    async def serve(self, identity: str, channel: FrameChannel) -> None:
        """Serve one connection until it ends. A newer connection of the same station closes this one."""
        station = await self.register.find(identity)
        link = StationLink(self, identity, channel, station.registration if station else "")
        older = self.stations.get(identity)
        if older is not None:
            link.connectors.update(older.connectors)
            link.variables.update(older.variables)
        self.stations[identity] = link
        if older is not None:
            self._spawn_close(older)
        try:
            await link.peer.run()
        finally:
            if self.stations.get(identity) is link:
                del self.stations[identity]

    def _spawn_close(self, link: StationLink) -> None:
        task = asyncio.create_task(link.peer.close(1008, "a newer connection of this station"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connector(self) -> Connector:
        """How a station in this process reaches this CSMS: without sockets, without a password."""

        async def connect(identity: str, password: str | None) -> FrameChannel:
            if self._closed:
                raise PeerError("The CSMS cannot be reached (it is closed).", kind="unreachable")
            if await self.register.find(identity) is None:
                raise PeerError(f"The CSMS does not know the station {identity}.", http_status=404)
            near, far = memory_channels()
            task = asyncio.create_task(self.serve(identity, far))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return near

        return connect

    async def close(self) -> None:
        """Close every connection (1001); stations in this process find nobody from now on."""
        self._closed = True
        for link in tuple(self.stations.values()):
            await link.peer.close(1001, "the CSMS is going away")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Calls to stations

    async def call(self, identity: str, action: str, payload: Payload, limit: float | None = None) -> Payload:
        """Call a station. Raises PeerClosed when it is not connected, and what OcppPeer.call raises."""
        link = self.stations.get(identity)
        if link is None:
            raise PeerClosed(f"{action} was not sent: station {identity} is not connected.")
        return await link.peer.call(action, payload, limit)

    async def trigger(self, identity: str, message: str, **more: Any) -> str:
        """TriggerMessage; the status."""
        answer = await self.call(identity, "TriggerMessage", {"requestedMessage": message, **more})
        return str(answer["status"])

    async def get_variables(self, identity: str, *names: tuple[str, str]) -> dict[tuple[str, str], str | None]:
        """GetVariables by (component, variable): the values, None where there is none to be had."""
        wanted = [{"component": {"name": c}, "variable": {"name": v}} for c, v in names]
        answer = await self.call(identity, "GetVariables", {"getVariableData": wanted})
        return dict(zip(names, (r.get("attributeValue") for r in answer["getVariableResult"]), strict=False))

    async def set_variable(self, identity: str, component: str, variable: str, value: str) -> str:
        """SetVariables of one; the attributeStatus."""
        item = {"component": {"name": component}, "variable": {"name": variable}, "attributeValue": value}
        answer = await self.call(identity, "SetVariables", {"setVariableData": [item]})
        return str(answer["setVariableResult"][0]["attributeStatus"])

    async def change_password(self, identity: str, password: str) -> str:
        """A01: tell the station its new password; once Accepted the old one counts no more. The attributeStatus."""
        status = await self.set_variable(identity, "SecurityCtrlr", "BasicAuthPassword", password)
        if status == "Accepted":
            await self.register.change(identity, password)
        return status

    async def request_stop(self, identity: str, transaction_id: str) -> str:
        """RequestStopTransaction; the status."""
        answer = await self.call(identity, "RequestStopTransaction", {"transactionId": transaction_id})
        return str(answer["status"])

    async def request_start(self, identity: str, token: str, kind: str = "Central", evse_id: int = 1) -> str:
        """RequestStartTransaction; the status."""
        payload = {
            "idToken": {"idToken": token, "type": kind},
            "remoteStartId": next(self._requests),
            "evseId": evse_id,
        }
        return str((await self.call(identity, "RequestStartTransaction", payload))["status"])

    async def install_certificate(self, identity: str, use: str, pem: str) -> str:
        """InstallCertificate; the status."""
        payload = {"certificateType": use, "certificate": pem}
        return str((await self.call(identity, "InstallCertificate", payload))["status"])

    async def base_report(self, identity: str, base: str = "FullInventory") -> str:
        """GetBaseReport; the status. The variables arrive in the station's link."""
        payload = {"requestId": next(self._requests), "reportBase": base}
        return str((await self.call(identity, "GetBaseReport", payload))["status"])
