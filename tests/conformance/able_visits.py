"""What happens at a station made with the package ocpp: cards, lists, cables, and transactions by any point."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from foreign_station import ForeignStation, call, call_result, on
from msgspec import Struct

from pncsim.wire.ocpp.when import timestamp

ENDS_BY_CARD = {"Authorized", "PowerPathClosed", "EnergyTransfer"}
Token = dict[str, str]


def now() -> str:
    """The time of the loop, which in memory is that of the lab, as OCPP writes it."""
    return timestamp(1_800_000_000 + asyncio.get_running_loop().time())


class Visit(Struct):
    """What is at an EVSE; ``evse`` 0: nobody knows yet where. ``group``: that of who pays."""

    evse: int
    plugged: bool = False
    drives: bool = False
    token: Token | None = None
    group: str = ""
    flows: bool = False
    transaction: str = ""
    number: int = 0


class VisitedStation(ForeignStation):
    """``starts``, ``stops``: its TxStartPoint and TxStopPoint."""

    known: ClassVar[dict[tuple[str, str], str]] = {
        **ForeignStation.known,
        ("SecurityCtrlr", "SecurityProfile"): "2",
        ("AuthCtrlr", "LocalPreAuthorize"): "false",
        ("AuthCtrlr", "LocalAuthorizeOffline"): "true",
        ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): "false",
        ("AuthCtrlr", "MasterPassGroupId"): "",
        ("AuthCtrlr", "DisableRemoteAuthorization"): "false",
        ("AuthCacheCtrlr", "Enabled"): "true",
        ("AuthCacheCtrlr", "DisablePostAuthorize"): "false",
        ("LocalAuthListCtrlr", "Enabled"): "true",
        ("LocalAuthListCtrlr", "DisablePostAuthorize"): "false",
        ("TxCtrlr", "EVConnectionTimeOut"): "30",
        ("TxCtrlr", "StopTxOnInvalidId"): "true",
        ("TxCtrlr", "MaxEnergyOnInvalidId"): "0",
        ("AlignedDataCtrlr", "Interval"): "0",
        ("AlignedDataCtrlr", "SignReadings"): "false",
    }
    starts: set[str] = {"EVConnected"}
    stops: set[str] = {"EVConnected", "Authorized"}
    ends_with_cable = True
    takes_energy = True

    def __init__(self, identity: str) -> None:
        super().__init__(identity, None)  # type: ignore[arg-type]
        self.visits = {1: Visit(1), 2: Visit(2)}
        self.waiting: Visit | None = None
        self.off: set[tuple[int, int]] = set()
        self.ends_off: set[tuple[int, int]] = set()
        self.online = False
        self.cache: dict[str, tuple[str, str]] = {}
        self.list: dict[str, tuple[str, str]] = {}
        self.version = 0
        self.late: list[Any] = []
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()

    def in_turn(self, does: Callable[..., Awaitable[None]], *given: Any, **more: Any) -> None:
        """Somebody does something at the station: one thing after the other."""

        async def work() -> None:
            async with self._turn:
                await does(*given, **more)

        self.later(work())

    def flag(self, component: str, name: str) -> bool:
        """Whether a variable is true."""
        return self.values[component, name] == "true"

    # Connectors

    def state(self, evse: int) -> str:
        """How its connector is."""
        if self.off & {(0, 0), (evse, 0), (evse, 1)}:
            return "Unavailable"
        return "Occupied" if self.visits[evse].plugged else "Available"

    async def tells(self) -> None:
        for evse in self.visits:
            await self.tell(evse)

    async def tell(self, evse: int) -> None:
        """StatusNotification, while there is a connection."""
        if self.online:
            said = call.StatusNotification(
                timestamp=now(), connector_status=self.state(evse), evse_id=evse, connector_id=1
            )
            await self.call(said, suppress=False)

    async def turned(self, place: tuple[int, int], evses: list[int], *, off: bool) -> None:
        """A place goes in or out of service; what has changed is told."""
        before = {evse: self.state(evse) for evse in evses}
        (self.off.add if off else self.off.discard)(place)
        for evse in evses:
            if self.state(evse) != before[evse]:
                await self.tell(evse)

    # Who may charge

    async def judged(self, card: str) -> tuple[str, str]:
        """Status and group of a card, by the list, the cache, or the CSMS."""
        listed = self.list.get(card) if self.flag("LocalAuthListCtrlr", "Enabled") else None
        cached = self.cache.get(card) if self.flag("AuthCacheCtrlr", "Enabled") else None
        known = listed or cached
        if not self.online:
            return (known if self.flag("AuthCtrlr", "LocalAuthorizeOffline") else None) or ("Unknown", "")
        if known and self.flag("AuthCtrlr", "LocalPreAuthorize"):
            alone = self.flag("LocalAuthListCtrlr" if listed else "AuthCacheCtrlr", "DisablePostAuthorize")
            if known[0] == "Accepted" or alone:
                return known
        if self.flag("AuthCtrlr", "DisableRemoteAuthorization"):
            return known or ("Unknown", "")
        return await self.asked(card)

    async def asked(self, card: str) -> tuple[str, str]:
        """What the CSMS says."""
        token = {"id_token": card, "type": "ISO14443"}
        answer = await self.call(call.Authorize(id_token=token), suppress=False)
        info = answer.id_token_info
        said = info["status"], info.get("group_id_token", {}).get("id_token", "")
        self.cache[card] = said
        return said

    async def show(self, card: str) -> None:
        """A card is held before the reader: it ends what it may end, or begins something."""
        token = {"id_token": card, "type": "ISO14443"}
        paid = [one for one in self.visits.values() if one.transaction and one.token]
        for visit in paid:
            if visit.token == token:
                await self.stopped(visit, "StopAuthorized", "Local", token)
                return
        status, group = await self.judged(card)
        master = bool(group) and group == self.values["AuthCtrlr", "MasterPassGroupId"]
        if status != "Accepted":
            return
        for visit in paid:
            if master or (group and group == visit.group):
                await self.stopped(visit, "StopAuthorized", "MasterPass" if master else "Local", token)
        if paid or master:
            return
        visit = next((one for one in self.visits.values() if one.plugged), None) or Visit(0)
        await self.allowed(visit, token, group, "Authorized")

    async def allowed(self, visit: Visit, token: Token, group: str, trigger: str, **more: Any) -> None:
        """Somebody pays; without a cable that is waited for."""
        visit.token, visit.group = token, group
        if not visit.evse:
            self.waiting = visit
            self.later(self.given_up(visit))
        await self.reached(visit, "Authorized", trigger, token=token, **more)
        await self.powered(visit)

    async def given_up(self, visit: Visit) -> None:
        """Nobody plugs in."""
        await asyncio.sleep(float(self.values["TxCtrlr", "EVConnectionTimeOut"]))
        if self.waiting is visit:
            self.waiting = None
            await self.ended(visit, "EVConnectTimeout", "Timeout")

    # Cables and energy

    async def plug(self, evse: int, *, drives: bool) -> None:
        """A cable goes in, with a vehicle that wants energy behind it or not."""
        if self.waiting is not None:
            self.waiting.evse, self.visits[evse], self.waiting = evse, self.waiting, None
        visit = self.visits[evse]
        visit.plugged, visit.drives = True, drives
        await self.tell(evse)
        await self.reached(visit, "ParkingBayOccupancy", "EVDetected", silent=True)
        await self.reached(visit, "EVConnected", "CablePluggedIn", state="EVConnected", values="Transaction.Begin")
        await self.powered(visit)

    async def powered(self, visit: Visit) -> None:
        """The power path closes where cable and payer are there; energy flows if the vehicle wants it."""
        if not (visit.plugged and visit.token) or visit.flows:
            return
        await self.reached(visit, "DataSigned", "SignedDataReceived", silent=True)
        await self.reached(visit, "PowerPathClosed", "Authorized", silent=True)
        if not visit.drives:
            return
        visit.flows = self.takes_energy
        state = "Charging" if self.takes_energy else "SuspendedEV"
        await self.reached(visit, "EnergyTransfer", "ChargingStateChanged", state=state)
        if int(self.values["AlignedDataCtrlr", "Interval"]) and visit.transaction:
            self.later(self.clocked(visit))

    async def clocked(self, visit: Visit) -> None:
        """Values that keep to the clock."""
        while visit.transaction:
            await asyncio.sleep(float(self.values["AlignedDataCtrlr", "Interval"]))
            if visit.transaction:
                signed = self.flag("AlignedDataCtrlr", "SignReadings")
                await self.event(visit, "Updated", "MeterValueClock", values="Sample.Clock", signed=signed)

    async def unplug(self, evse: int) -> None:
        """The cable is pulled out."""
        visit = self.visits[evse]
        if visit.plugged:
            visit.plugged = visit.flows = False
            if self.ends_with_cable or not visit.transaction:
                await self.ended(visit, "EVCommunicationLost", "EVDisconnected")
                self.visits[evse] = Visit(evse)
            else:
                await self.event(visit, "Updated", "EVCommunicationLost", state="Idle")
                self.later(self.waited(visit))
            await self.tell(evse)

    async def waited(self, visit: Visit) -> None:
        """Nobody plugs in again."""
        await asyncio.sleep(float(self.values["TxCtrlr", "EVConnectionTimeOut"]))
        if not visit.plugged:
            await self.ended(visit, "EVConnectTimeout", "Timeout")

    async def stopped(self, visit: Visit, trigger: str, reason: str, token: Token | None = None) -> None:
        """Charging is to end."""
        visit.flows = False
        if self.stops & ENDS_BY_CARD:
            await self.ended(visit, trigger, reason, token)
        else:
            await self.event(visit, "Updated", trigger, token=token)

    async def taken_enough(self) -> None:
        """Vehicles take no more."""
        for visit in self.visits.values():
            if visit.flows:
                await self.stopped(visit, "ChargingStateChanged", "StoppedByEV")

    # Transactions

    async def reached(self, visit: Visit, point: str, trigger: str, *, silent: bool = False, **more: Any) -> None:
        """A point is reached that may begin a transaction; ``silent``: it is told of only if it does."""
        if not visit.transaction and point in self.starts:
            visit.transaction, visit.number = f"tx-{next(self._numbers)}", 0
            await self.event(visit, "Started", trigger, **more)
        elif visit.transaction and not silent:
            await self.event(visit, "Updated", trigger, **more)

    async def ended(self, visit: Visit, trigger: str, reason: str, token: Token | None = None) -> None:
        """The transaction is over, if there is one; what waited for that goes out of service."""
        if visit.transaction:
            await self.event(visit, "Ended", trigger, stopped=reason, token=token)
            visit.transaction, visit.token = "", None
            for place in [one for one in self.ends_off if one[0] in (0, visit.evse)]:
                self.ends_off.discard(place)
                await self.turned(place, [one for one in self.visits if place[0] in (0, one)], off=True)

    async def event(
        self,
        visit: Visit,
        kind: str,
        trigger: str,
        *,
        state: str = "",
        stopped: str = "",
        token: Token | None = None,
        values: str = "",
        signed: bool = False,
        start: int | None = None,
    ) -> None:
        """TransactionEvent, now or once there is a connection again."""
        info = {"transaction_id": visit.transaction, "charging_state": state or None, "stopped_reason": stopped or None}
        sample: dict[str, Any] = {"value": 1.0, "context": values}
        if signed:
            method = {"signed_meter_data": "e30=", "signing_method": "", "encoding_method": "OCMF", "public_key": ""}
            sample["signed_meter_value"] = method
        said = call.TransactionEvent(
            event_type=kind,
            timestamp=now(),
            trigger_reason=trigger,
            seq_no=visit.number,
            transaction_info=info | ({"remote_start_id": start} if start is not None else {}),
            meter_value=[{"timestamp": now(), "sampled_value": [sample]}] if values else None,
            offline=None if self.online else True,
            evse={"id": visit.evse, "connector_id": 1} if visit.evse else None,
            id_token=token,
        )
        visit.number += 1
        if self.online:
            await self.hears(visit, token, await self.call(said, suppress=False))
        else:
            self.late.append(said)

    async def hears(self, visit: Visit, token: Token | None, answer: Any) -> None:
        """What an event was answered: the cache learns of it, and who may charge no more does not."""
        info = answer.id_token_info
        if token and info:
            self.learns(token["id_token"], info["status"])
            if info["status"] != "Accepted" and visit.transaction:
                await self.refused(visit)

    async def refused(self, visit: Visit) -> None:
        """Who pays may not: the transaction ends, or some energy may flow yet."""
        if self.flag("TxCtrlr", "StopTxOnInvalidId"):
            await self.ended(visit, "Deauthorized", "DeAuthorized")
        elif self.values["TxCtrlr", "MaxEnergyOnInvalidId"] != "0":
            self.later(self.suspended(visit))

    async def suspended(self, visit: Visit) -> None:
        """The energy that may flow has flowed."""
        await asyncio.sleep(20.0)
        await self.event(visit, "Updated", "Deauthorized", state="SuspendedEVSE")

    def learns(self, card: str, status: str) -> None:
        """What events are answered is remembered, too."""
        self.cache[card] = status, ""

    async def catches_up(self) -> None:
        """There is a connection again: what happened meanwhile is told."""
        while self.late:
            await self.call(self.late.pop(0), suppress=False)

    # From afar

    @on("RequestStartTransaction")
    def start_remotely(
        self,
        id_token: Token,
        remote_start_id: int,
        evse_id: int = 1,
        charging_profile: dict[str, Any] | None = None,
        **_: Any,
    ) -> Any:
        async def begins() -> None:
            visit = self.visits[evse_id]
            if charging_profile:
                self.profile_of(evse_id, visit.transaction, charging_profile)
            await self.allowed(visit, id_token, "", "RemoteStart", start=remote_start_id)

        self.in_turn(begins)
        return call_result.RequestStartTransaction(status="Accepted")

    def profile_of(self, evse: int, transaction: str, profile: dict[str, Any]) -> None:
        """A transaction that was begun from afar brings its profile."""

    @on("RequestStopTransaction")
    def stop_remotely(self, transaction_id: str, **_: Any) -> Any:
        found = [one for one in self.visits.values() if one.transaction == transaction_id]
        for one in found:
            self.in_turn(self.stopped, one, "RemoteStop", "Remote")
        return call_result.RequestStopTransaction(status="Accepted" if found else "Rejected")

    # Lists

    @on("ClearCache")
    def clear_cache(self, **_: Any) -> Any:
        self.cache.clear()
        return call_result.ClearCache(status="Accepted")

    @on("SendLocalList")
    def receive_list(
        self,
        version_number: int,
        update_type: str,
        local_authorization_list: list[dict[str, Any]] | None = None,
        **_: Any,
    ) -> Any:
        if update_type == "Differential" and version_number <= self.version:
            return call_result.SendLocalList(status="VersionMismatch")
        self.update(local_authorization_list or [], whole=update_type == "Full")
        self.version = version_number
        return call_result.SendLocalList(status="Accepted")

    def update(self, entries: list[dict[str, Any]], *, whole: bool) -> None:
        """Put cards on the list, and take off what comes without more."""
        if whole:
            self.list.clear()
        for entry in entries:
            card, info = entry["id_token"]["id_token"], entry.get("id_token_info")
            if info is None:
                self.list.pop(card, None)
            else:
                self.list[card] = info["status"], info.get("group_id_token", {}).get("id_token", "")

    @on("GetLocalListVersion")
    def list_version(self, **_: Any) -> Any:
        version = self.version if self.flag("LocalAuthListCtrlr", "Enabled") else 0
        return call_result.GetLocalListVersion(version_number=version)
