"""The charging station management system: stations come in, their calls are answered, it calls them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from pncsim.backend.csms.addresses import Addresses
from pncsim.backend.csms.context import Context, CsmsConfig
from pncsim.backend.csms.handlers import ANSWERS
from pncsim.backend.csms.link import Answers, StationLink
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.register import Register
from pncsim.backend.csms.station_certificates import unfit
from pncsim.backend.csms.transactions import TRANSACTIONS, Transaction
from pncsim.backend.store import MemoryStore, Store, Table
from pncsim.wire.clock import Clock
from pncsim.wire.errors import Kind, PeerClosed, PeerError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Request
from pncsim.wire.ocpp.channel import Admission, Connector, FrameChannel, MemoryChannel, memory_channels
from pncsim.wire.ocpp.handshake import LinkSecurity
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import (
        EVSEType,
        GetVariableDataType,
        IdTokenEnumType,
        InstallCertificateUseEnumType,
        MessageTriggerEnumType,
        NetworkConnectionProfileType,
        ReportBaseEnumType,
        SetVariableDataType,
    )


class Csms:
    """One CSMS with its registered stations; ``stations`` holds those connected now.

    ``name`` is its unit in events, which ``voice`` makes, ``refuses`` what it does not let pass.
    """

    def __init__(
        self,
        services: Services,
        clock: Clock,
        source: Source,
        trace: Trace | None = None,
        *,
        config: CsmsConfig | None = None,
        store: Store | None = None,
        name: str = "CSMS",
        refuses: frozenset[Tolerance] = LENIENT,
    ) -> None:
        self.config = config or CsmsConfig()
        self.store = store or MemoryStore()
        self.register = Register(self.store, source)
        self.stations: dict[str, StationLink] = {}
        self.answers: Answers = ANSWERS
        """What answers the calls of stations that come from now on; whoever tests stations has answers of their own."""
        self.voice = Voice.on(clock, trace or Trace(), "CSMS", name, refuses=refuses)
        self._context = Context(
            services=services,
            clock=clock,
            source=source,
            voice=self.voice,
            config=self.config,
            store=self.store,
            register=self.register,
            addresses=Addresses(clock),
        )
        self._requests = itertools.count(1)
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def transactions(self) -> Table[Transaction]:
        """Everything its stations have told of transactions."""
        return self.store.of(TRANSACTIONS)

    async def admit(
        self, identity: str, user: str | None, password: str | None, *, profile: int | None = None
    ) -> Admission:
        """Whether a station with these credentials may open a WebSocket; refusals are reported.

        ``profile``: the security profile it comes in by, None where nobody knows.
        """
        verdict = await self.register.check(identity, user, password)
        if verdict == "welcome" and profile is not None and not await self.register.comes_by(identity, profile):
            text = f"Station {identity!a} was turned away: it has come in by a higher security profile than {profile}."
            self.report(text, "A05", kind="not authorised")
            return "unauthorized"
        if verdict != "welcome":
            why = "it is not registered" if verdict == "unknown" else "its password is wrong or missing"
            self.report(f"Station {identity!a} was turned away: {why}.", "A00.FR.204", kind="not authorised")
        return verdict

    async def admit_certified(self, identity: str, link: LinkSecurity) -> Admission:
        """As :meth:`admit`, by the certificate the station has shown in the handshake ``link`` (security profile 3)."""
        station = await self.register.find(identity)
        if station is None:
            self.report(f"Station {identity!a} was turned away: it is not registered.", kind="not authorised")
            return "unknown"
        why = unfit(station, link.shown, self.config.organization, self._context.clock.now())
        if why:
            text = f"Station {identity!a} was turned away: {why}."
            self.report(text, "A00.FR.404, A00.FR.409", kind="not authorised")
        else:
            await self.register.comes_by(identity, 3)
        return "unauthorized" if why else "welcome"

    def report(self, text: str, clause: str = "OCPP-J 3", *, kind: Kind = "no common protocol") -> None:
        """A guest that could not be let in."""
        self.voice.problem(PeerError(text, kind=kind, clause=clause))

    async def serve(self, identity: str, channel: FrameChannel) -> None:
        """Serve one connection until it ends. A newer connection of the same station closes this one."""
        station = await self.register.find(identity)
        link = StationLink(self._context, identity, channel, self.answers, station.registration if station else "")
        older = self.stations.get(identity)
        if older is not None:
            link.connectors.update(older.connectors)
            link.variables.update(older.variables)
            link.offered.update(older.offered)
            self._spawn(older.peer.close(1008, "a newer connection of this station"))
        self.stations[identity] = link
        try:
            await link.peer.run()
        finally:
            if self.stations.get(identity) is link:
                del self.stations[identity]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connector(self) -> Connector:
        """How a station in this process reaches this CSMS: without sockets, without a password."""

        async def connect(identity: str, password: str | None) -> FrameChannel:
            if self._closed:
                raise PeerError("The CSMS cannot be reached (it is closed).", kind="unreachable")
            if await self.register.find(identity) is None:
                raise PeerError(f"The CSMS does not know the station {identity}.", http_status=404)
            return self.accept(identity)

        return connect

    def accept(self, identity: str) -> MemoryChannel:
        """The station's end of a connection in memory, on which it is served from now on."""
        near, far = memory_channels()
        self._spawn(self.serve(identity, far))
        return near

    async def close(self) -> None:
        """Close every connection (1001); stations in this process find nobody from now on."""
        self._closed = True
        for link in tuple(self.stations.values()):
            await link.peer.close(1001, "the CSMS is going away")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def lose_power(self) -> None:
        """End at once: nobody is told, what was being answered is not. All that is left is the store."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Calls to stations

    async def call(self, identity: str, action: str, payload: Mapping[str, Any], limit: float | None = None) -> Payload:
        """Call a station by the name of an action. Raises PeerClosed when it is not connected, and as OcppPeer.call."""
        return await self._link(identity, action).peer.call(action, payload, limit)

    async def ask(self, identity: str, request: Request[A], limit: float | None = None) -> A:
        """Call a station. Raises PeerClosed when it is not connected, and what OcppPeer.call raises."""
        return await self._link(identity, request.action).ask(request, limit)

    def _link(self, identity: str, action: str) -> StationLink:
        link = self.stations.get(identity)
        if link is None:
            raise PeerClosed(f"{action} was not sent: station {identity} is not connected.")
        return link

    async def trigger(self, identity: str, message: MessageTriggerEnumType, evse: EVSEType | None = None) -> str:
        """TriggerMessage; the status."""
        request = v201.TriggerMessage({"requestedMessage": message})
        if evse is not None:
            request.payload["evse"] = evse
        return (await self.ask(identity, request))["status"]

    async def get_variables(self, identity: str, *names: tuple[str, str]) -> dict[tuple[str, str], str | None]:
        """GetVariables by (component, variable): the values, None where there is none to be had."""
        wanted: list[GetVariableDataType] = [{"component": {"name": c}, "variable": {"name": v}} for c, v in names]
        answer = await self.ask(identity, v201.GetVariables({"getVariableData": wanted}))
        return dict(zip(names, (r.get("attributeValue") for r in answer["getVariableResult"]), strict=False))

    async def set_variable(
        self, identity: str, component: str, variable: str, value: str, *, evse: int | None = None
    ) -> str:
        """SetVariables of one, of an EVSE or of the station; the attributeStatus."""
        item: SetVariableDataType = {
            "component": {"name": component},
            "variable": {"name": variable},
            "attributeValue": value,
        }
        if evse is not None:
            item["component"]["evse"] = {"id": evse}
        answer = await self.ask(identity, v201.SetVariables({"setVariableData": [item]}))
        return answer["setVariableResult"][0]["attributeStatus"]

    async def change_password(self, identity: str, password: str) -> str:
        """A01: tell the station its new password; once Accepted the old one counts no more. The attributeStatus."""
        status = await self.set_variable(identity, "SecurityCtrlr", "BasicAuthPassword", password)
        if status == "Accepted":
            await self.register.change(identity, password)
        return status

    async def set_network_profile(self, identity: str, slot: int, profile: NetworkConnectionProfileType) -> str:
        """SetNetworkProfile; the status. Once the station has come in by a higher security profile of it, it does not
        come in by a lower one any more (A05)."""
        request = v201.SetNetworkProfile({"configurationSlot": slot, "connectionData": profile})
        status = (await self.ask(identity, request))["status"]
        if status == "Accepted":
            await self.register.upgrades(identity, profile["securityProfile"])
        return status

    async def request_stop(self, identity: str, transaction_id: str) -> str:
        """RequestStopTransaction; the status."""
        return (await self.ask(identity, v201.RequestStopTransaction({"transactionId": transaction_id})))["status"]

    async def request_start(
        self, identity: str, token: str, kind: IdTokenEnumType = "Central", evse_id: int = 1
    ) -> str:
        """RequestStartTransaction; the status."""
        request = v201.RequestStartTransaction(
            {
                "idToken": {"idToken": token, "type": kind},
                "remoteStartId": next(self._requests),
                "evseId": evse_id,
            }
        )
        return (await self.ask(identity, request))["status"]

    async def install_certificate(self, identity: str, use: InstallCertificateUseEnumType, pem: str) -> str:
        """InstallCertificate; the status."""
        request = v201.InstallCertificate({"certificateType": use, "certificate": pem})
        return (await self.ask(identity, request))["status"]

    async def base_report(self, identity: str, base: ReportBaseEnumType = "FullInventory") -> str:
        """GetBaseReport; the status. The variables arrive in the station's link."""
        request = v201.GetBaseReport({"requestId": next(self._requests), "reportBase": base})
        return (await self.ask(identity, request))["status"]
