"""From what happens at one EVSE to OCPP TransactionEvents (use cases E01 to E12); no I/O.

A transaction starts when a vehicle is plugged in (TxStartPoint EVConnected) and ends with its session, or when it is
unplugged; a paused session keeps it open until the vehicle resumes, leaves, or a new one comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pncsim.secc import notices
from pncsim.secc.station import metering
from pncsim.secc.station.state import KeptTransaction
from pncsim.secc.station.variables import DeviceModel
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

    Event = types.TransactionEventRequest
    Ending = tuple[types.TriggerReasonEnumType, types.ReasonEnumType]


class OpenTransaction(Struct):
    """One open transaction; ``id`` is unique forever, ``seq`` the number of the next event (from 0)."""

    id: str
    seq: int = 0
    token: types.IdTokenType | None = None
    token_sent: bool = False
    evse_sent: bool = False
    charging_state: types.ChargingStateEnumType = "Idle"
    paused: bool = False
    began_metering: bool = False
    sampled_at: float = 0.0
    kept_at: float = 0.0
    kept: list[types.MeterValueType] = field(default_factory=list)
    """Meter values for the Ended event."""
    sample: notices.MeterSample | None = None
    receipt: notices.ReceiptVerified | None = None
    stop: Ending | None = None
    remote_start: int | None = None


class TransactionBook(Struct):
    """Turns notices of one EVSE into TransactionEvent payloads, in order.

    ``new_id`` makes transaction ids (at most 36 characters). ``online`` tells whether the CSMS can be reached now.
    """

    evse: int
    model: DeviceModel
    new_id: Callable[[], str]
    online: Callable[[], bool]
    card_kind: types.IdTokenEnumType
    open: OpenTransaction | None = None
    token_kind: types.IdTokenEnumType | None = None
    connector: int = 1
    _arrived: float | None = None
    _remote_start: int | None = None

    def note(self, notice: object) -> list[Event]:
        """The events ``notice`` leads to; notices that mean nothing to OCPP lead to none."""
        handler = _HANDLERS.get(type(notice))
        return [] if handler is None else handler(self, notice)

    def remote_started(self, remote_start_id: int | None) -> None:
        """RequestStartTransaction was accepted: its id goes into the next event (F01, F02); None: it has lapsed."""
        if self.open is None:
            self._remote_start = remote_start_id
        else:
            self.open.remote_start = remote_start_id

    def stopping(self, trigger: types.TriggerReasonEnumType, reason: types.ReasonEnumType) -> None:
        """The station is about to end the open transaction for this triggerReason and stoppedReason."""
        if self.open is not None and self.open.stop is None:
            self.open.stop = (trigger, reason)

    def kept(self) -> KeptTransaction | None:
        """What has to outlive a loss of power: enough to end the open transaction after it."""
        tx = self.open
        if tx is None:
            return None
        token: Any = tx.token
        return KeptTransaction(
            id=tx.id,
            seq=tx.seq,
            connector=self.connector,
            token=token,
            evse_sent=tx.evse_sent,
            began_metering=tx.began_metering,
            kept=tx.kept,
            receipt=tx.receipt,
        )

    def interrupted(self, kept: KeptTransaction, now: float, register: int | None) -> list[Event]:
        """The station stands again after a loss of power: what was open then ends (stoppedReason Reboot)."""
        token: Any = kept.token
        self.connector = kept.connector
        self.open = OpenTransaction(
            kept.id,
            seq=kept.seq,
            token=token,
            evse_sent=kept.evse_sent,
            began_metering=kept.began_metering,
            kept=kept.kept,
            receipt=kept.receipt,
        )
        return self._end(now, "AbnormalCondition", "Reboot", register)

    def snapshot(self, now: float) -> list[Event]:
        """An Updated event on demand (TriggerMessage TransactionEvent); nothing without a transaction."""
        return [] if self.open is None else [self._event("Updated", "Trigger", now)]

    def by_the_clock(self, now: float, values: list[types.MeterValueType]) -> list[Event]:
        """An Updated event with values that keep to the clock; nothing without a transaction."""
        return [] if self.open is None else [self._event("Updated", "MeterValueClock", now, values)]

    def keep_for_end(self, values: list[types.MeterValueType]) -> None:
        """Have these meter values in the event that ends the open transaction."""
        if self.open is not None:
            metering.keep(self.open.kept, values)

    # One method per notice

    def _plugged_in(self, notice: notices.PluggedIn) -> list[Event]:
        self.connector = notice.connector
        if self.open is not None and self.open.paused:
            # Whether the vehicle resumes is known only when its session starts.
            self._arrived = notice.time
            return []
        events = [] if self.open is None else self._end(notice.time, "AbnormalCondition", "Other", None)
        return events + self._start(notice.time, "CablePluggedIn", notice.register_wh)

    def _unplugged(self, notice: notices.Unplugged) -> list[Event]:
        self._arrived = self._remote_start = None
        if self.open is None:
            return []
        trigger, reason = self.open.stop or ("EVDeparted", "EVDisconnected")
        return self._end(notice.time, trigger, reason, notice.register_wh)

    def _shutting_down(self, notice: notices.ShuttingDown) -> list[Event]:
        self.stopping("AbnormalCondition", "Reboot")
        return []

    def _start(self, now: float, trigger: types.TriggerReasonEnumType, register: int | None = None) -> list[Event]:
        self.open = OpenTransaction(self.new_id(), remote_start=self._remote_start, charging_state="EVConnected")
        if self._remote_start is not None:
            trigger, self._remote_start = "RemoteStart", None
        return [self._event("Started", trigger, now, self._begin(now, register), state=True)]

    def _session_started(self, notice: notices.SessionStarted) -> list[Event]:
        arrived, self._arrived = self._arrived, None
        if self.open is None:
            # The last one ended with its session, and the vehicle begins another without having been unplugged.
            return self._start(notice.time, "EVDetected")
        if not self.open.paused:
            return []
        if notice.resumed:
            self.open.paused = False
            return self._state("EVConnected", "EVDetected", notice.time)
        ended = self._end(notice.time, "EVDeparted", "EVDisconnected", None)
        return ended + self._start(notice.time if arrived is None else arrived, "CablePluggedIn")

    def _authorized(self, notice: notices.Authorized) -> list[Event]:
        if self.open is None:
            return []
        kind: types.IdTokenEnumType = "eMAID" if notice.emaid else self.token_kind or self.card_kind
        token: types.IdTokenType = {"idToken": notice.emaid or notice.token, "type": kind}
        if self.open.token == token:
            return []
        self.open.token, self.open.token_sent = token, False
        trigger: types.TriggerReasonEnumType = "Authorized" if self.open.remote_start is None else "RemoteStart"
        return [self._event("Updated", trigger, notice.time)]

    def _refused(self, notice: notices.AuthorizationRefused) -> list[Event]:
        self.stopping("Deauthorized", "DeAuthorized")
        return []

    def _charging_started(self, notice: notices.ChargingStarted) -> list[Event]:
        if self.open is None:
            return []
        values = self._begin(notice.time, notice.register_wh)
        self.open.sampled_at = self.open.kept_at = notice.time
        return self._state("Charging", "ChargingStateChanged", notice.time, values)

    def _meter_sample(self, notice: notices.MeterSample) -> list[Event]:
        tx = self.open
        if tx is None:
            return []
        tx.sample = notice
        keeps = 0 < self.model.integer(metering.SAMPLED, "TxEndedInterval") <= notice.time - tx.kept_at
        tells = 0 < self.model.integer(metering.SAMPLED, "TxUpdatedInterval") <= notice.time - tx.sampled_at
        if not (keeps or tells) or not self.model.flag(metering.SAMPLED, "Enabled"):
            return []
        if keeps:
            tx.kept_at = notice.time
            metering.keep(tx.kept, metering.values(self.model, "TxEndedMeasurands", notice, "Sample.Periodic"))
        if not tells:
            return []
        tx.sampled_at = notice.time
        values = metering.values(self.model, "TxUpdatedMeasurands", notice, "Sample.Periodic")
        return [self._event("Updated", "MeterValuePeriodic", notice.time, values)]

    def _receipt_verified(self, notice: notices.ReceiptVerified) -> list[Event]:
        if self.open is not None:
            self.open.receipt = notice
        return []

    def _charging_stopped(self, notice: notices.ChargingStopped) -> list[Event]:
        return [] if self.open is None else self._state("EVConnected", "ChargingStateChanged", notice.time)

    def _session_ended(self, notice: notices.SessionEnded) -> list[Event]:
        if self.open is None:
            return []
        if notice.kind == "paused":
            self.open.paused = True
            return self._state("SuspendedEV", "ChargingStateChanged", notice.time)
        trigger, reason = self.open.stop or _END[notice.kind, notice.stopped_by]
        return self._end(notice.time, trigger, reason, notice.register_wh)

    # Building events

    def _begin(self, now: float, register: int | None) -> list[types.MeterValueType]:
        """The meter at the beginning, in the first event that knows it."""
        tx = self.open
        if tx is None or register is None or tx.began_metering:
            return []
        tx.began_metering = True
        return metering.values(self.model, "TxStartedMeasurands", metering.still(now, register), "Transaction.Begin")

    def _end(
        self, now: float, trigger: types.TriggerReasonEnumType, reason: types.ReasonEnumType, register: int | None
    ) -> list[Event]:
        tx = self.open
        if tx is None:
            return []
        values: list[types.MeterValueType] = []
        if register is not None and tx.began_metering:
            final = metering.still(now, register, tx.sample)
            values = [*tx.kept, *metering.values(self.model, "TxEndedMeasurands", final, "Transaction.End")]
            if values and tx.receipt is not None:
                values[-1]["sampledValue"] += metering.signed(tx.receipt)
        event = self._event("Ended", trigger, now, values)
        event["transactionInfo"]["stoppedReason"] = reason
        self.open = None
        return [event]

    def _state(
        self,
        state: types.ChargingStateEnumType,
        trigger: types.TriggerReasonEnumType,
        now: float,
        values: list[types.MeterValueType] | None = None,
    ) -> list[Event]:
        if self.open is None or (self.open.charging_state == state and not values):
            return []
        self.open.charging_state = state
        return [self._event("Updated", trigger, now, values, state=True)]

    def _event(
        self,
        kind: types.TransactionEventEnumType,
        trigger: types.TriggerReasonEnumType,
        now: float,
        values: list[types.MeterValueType] | None = None,
        *,
        state: bool = False,
    ) -> Event:
        tx = self.open
        assert tx is not None
        info: types.TransactionType = {"transactionId": tx.id}
        if state:
            info["chargingState"] = tx.charging_state
        if tx.remote_start is not None:
            info["remoteStartId"], tx.remote_start = tx.remote_start, None
        event: Event = {
            "eventType": kind,
            "timestamp": timestamp(now),
            "triggerReason": trigger,
            "seqNo": tx.seq,
            "transactionInfo": info,
        }
        tx.seq += 1
        if not self.online():
            event["offline"] = True
        if not tx.evse_sent:
            event["evse"] = {"id": self.evse, "connectorId": self.connector}
            tx.evse_sent = True
        # Once after the authorization, and once more in the event that ends it (E01.FR.16, E07).
        if tx.token is not None and (not tx.token_sent or kind == "Ended"):
            event["idToken"] = tx.token
            tx.token_sent = True
        if values:
            event["meterValue"] = values
        return event


_END: dict[tuple[str, str], Ending] = {
    ("ended", "vehicle"): ("StopAuthorized", "StoppedByEV"),
    ("ended", "station"): ("StopAuthorized", "Local"),
    ("failed", "vehicle"): ("EVCommunicationLost", "Other"),
    ("failed", "station"): ("AbnormalCondition", "Other"),
    ("failed", "silence"): ("EVCommunicationLost", "Timeout"),
}
"""How the session ended, who ended it -> triggerReason, stoppedReason."""

_HANDLERS: dict[type, Callable[[TransactionBook, Any], list[Event]]] = {
    notices.PluggedIn: TransactionBook._plugged_in,
    notices.Unplugged: TransactionBook._unplugged,
    notices.ShuttingDown: TransactionBook._shutting_down,
    notices.SessionStarted: TransactionBook._session_started,
    notices.Authorized: TransactionBook._authorized,
    notices.AuthorizationRefused: TransactionBook._refused,
    notices.ChargingStarted: TransactionBook._charging_started,
    notices.MeterSample: TransactionBook._meter_sample,
    notices.ReceiptVerified: TransactionBook._receipt_verified,
    notices.ChargingStopped: TransactionBook._charging_stopped,
    notices.SessionEnded: TransactionBook._session_ended,
}
