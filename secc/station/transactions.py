"""From what happens at the EVSE to OCPP TransactionEvents (use cases E01 to E12); no I/O.

The transaction starts when the vehicle connects (TxStartPoint EVConnected) and ends with its session; a paused session
keeps it open until the vehicle resumes or a new one comes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pncsim.secc import notices
from pncsim.secc.station.config import StationConfig
from pncsim.wire.ocpp.when import timestamp

Payload = dict[str, Any]
SIGNED_DATA_LIMIT = 2500

_MEASURES: tuple[tuple[str, str, str], ...] = (
    ("Energy.Active.Import.Register", "register_wh", "Wh"),
    ("Power.Active.Import", "watts", "W"),
    ("Voltage", "volts", "V"),
    ("Current.Import", "amperes", "A"),
    ("SoC", "soc", "Percent"),
)
"""Measurand, the field of MeterSample that holds it, unit."""


@dataclass(slots=True)
class Transaction:
    """One open transaction; ``id`` is unique forever, ``seq`` the number of the next event (from 0)."""

    id: str
    seq: int = 0
    token: Payload | None = None
    token_sent: bool = False
    evse_sent: bool = False
    charging_state: str = ""
    paused: bool = False
    began_metering: bool = False
    last_sample: float = 0.0
    stop: tuple[str, str] | None = None
    remote_start: int | None = None


@dataclass(slots=True)
class TransactionBook:
    """Turns notices of the SECC into TransactionEvent payloads, in order.

    ``new_id`` makes transaction ids (at most 36 characters). ``sample_interval`` tells the seconds between periodic
    meter values (0: none). ``online`` tells whether the CSMS can be reached now.
    """

    config: StationConfig
    new_id: Callable[[], str]
    sample_interval: Callable[[], float]
    online: Callable[[], bool]
    open: Transaction | None = None
    token_kind: str = ""
    _receipt: notices.ReceiptVerified | None = None
    _arrived: float | None = None
    _remote_start: int | None = None

    def note(self, notice: object) -> list[Payload]:
        """The events ``notice`` leads to; notices that mean nothing to OCPP lead to none."""
        handler = _HANDLERS.get(type(notice))
        return [] if handler is None else handler(self, notice)

    def remote_started(self, remote_start_id: int) -> None:
        """RequestStartTransaction was accepted: its id goes into the next event (F01, F02)."""
        if self.open is None:
            self._remote_start = remote_start_id
        else:
            self.open.remote_start = remote_start_id

    def stopping(self, trigger: str, reason: str) -> None:
        """The station is about to end the open transaction for this triggerReason and stoppedReason."""
        if self.open is not None and self.open.stop is None:
            self.open.stop = (trigger, reason)

    def snapshot(self, now: float) -> list[Payload]:
        """An Updated event on demand (TriggerMessage TransactionEvent); nothing without a transaction."""
        return [] if self.open is None else [self._event("Updated", "Trigger", now)]

    # One method per notice

    def _plugged_in(self, notice: notices.PluggedIn) -> list[Payload]:
        if self.open is not None and self.open.paused:
            # Whether the vehicle resumes is known only when its session starts.
            self._arrived = notice.time
            return []
        events = [] if self.open is None else self._end(notice.time, "AbnormalCondition", "Other", None)
        return events + self._start(notice.time)

    def _start(self, now: float) -> list[Payload]:
        self.open = Transaction(self.new_id(), remote_start=self._remote_start)
        trigger = "CablePluggedIn" if self._remote_start is None else "RemoteStart"
        self._remote_start, self._receipt = None, None
        self.open.charging_state = "EVConnected"
        return [self._event("Started", trigger, now, state=True)]

    def _session_started(self, notice: notices.SessionStarted) -> list[Payload]:
        arrived, self._arrived = self._arrived, None
        if self.open is None or not self.open.paused:
            return []
        if notice.resumed:
            self.open.paused = False
            return self._state("EVConnected", "EVDetected", notice.time)
        ended = self._end(notice.time, "EVDeparted", "EVDisconnected", None)
        return ended + self._start(notice.time if arrived is None else arrived)

    def _authorized(self, notice: notices.Authorized) -> list[Payload]:
        if self.open is None:
            return []
        kind = "eMAID" if notice.emaid else self.token_kind or self.config.card_kind
        token: Payload = {"idToken": notice.emaid or notice.token, "type": kind}
        if self.open.token == token:
            return []
        self.open.token, self.open.token_sent = token, False
        trigger = "Authorized" if self.open.remote_start is None else "RemoteStart"
        return [self._event("Updated", trigger, notice.time)]

    def _refused(self, notice: notices.AuthorizationRefused) -> list[Payload]:
        self.stopping("Deauthorized", "DeAuthorized")
        return []

    def _charging_started(self, notice: notices.ChargingStarted) -> list[Payload]:
        if self.open is None:
            return []
        values = None
        if not self.open.began_metering:
            self.open.began_metering = True
            self.open.last_sample = notice.time
            values = [_register(notice.register_wh, "Transaction.Begin")]
        return self._state("Charging", "ChargingStateChanged", notice.time, values)

    def _meter_sample(self, notice: notices.MeterSample) -> list[Payload]:
        every = self.sample_interval()
        if self.open is None or not every or notice.time - self.open.last_sample < every:
            return []
        self.open.last_sample = notice.time
        return [self._event("Updated", "MeterValuePeriodic", notice.time, _samples(notice))]

    def _receipt_verified(self, notice: notices.ReceiptVerified) -> list[Payload]:
        self._receipt = notice
        return []

    def _charging_stopped(self, notice: notices.ChargingStopped) -> list[Payload]:
        return [] if self.open is None else self._state("EVConnected", "ChargingStateChanged", notice.time)

    def _session_ended(self, notice: notices.SessionEnded) -> list[Payload]:
        if self.open is None:
            return []
        if notice.kind == "paused":
            self.open.paused = True
            return self._state("SuspendedEV", "ChargingStateChanged", notice.time)
        trigger, reason = self.open.stop or _END[notice.kind, notice.stopped_by]
        return self._end(notice.time, trigger, reason, notice.register_wh)

    # Building events

    def _end(self, now: float, trigger: str, reason: str, register: int | None) -> list[Payload]:
        if self.open is None:
            return []
        values = None
        if register is not None and self.open.began_metering:
            values = [_register(register, "Transaction.End")]
            if self._receipt is not None:
                values += _signed(self._receipt)
        event = self._event("Ended", trigger, now, values)
        event["transactionInfo"]["stoppedReason"] = reason
        self.open, self._receipt = None, None
        return [event]

    def _state(self, state: str, trigger: str, now: float, values: list[Payload] | None = None) -> list[Payload]:
        if self.open is None or (self.open.charging_state == state and values is None):
            return []
        self.open.charging_state = state
        return [self._event("Updated", trigger, now, values, state=True)]

    def _event(
        self, kind: str, trigger: str, now: float, values: list[Payload] | None = None, *, state: bool = False
    ) -> Payload:
        transaction = self.open
        assert transaction is not None
        info: Payload = {"transactionId": transaction.id}
        if state:
            info["chargingState"] = transaction.charging_state
        if transaction.remote_start is not None:
            info["remoteStartId"], transaction.remote_start = transaction.remote_start, None
        moment = timestamp(now)
        event: Payload = {
            "eventType": kind,
            "timestamp": moment,
            "triggerReason": trigger,
            "seqNo": transaction.seq,
            "transactionInfo": info,
        }
        transaction.seq += 1
        if not self.online():
            event["offline"] = True
        if not transaction.evse_sent:
            event["evse"] = {"id": self.config.evse_id, "connectorId": self.config.connector_id}
            transaction.evse_sent = True
        # Once after the authorization, and once more in the event that ends it (E01.FR.16, E07).
        if transaction.token is not None and (not transaction.token_sent or kind == "Ended"):
            event["idToken"] = transaction.token
            transaction.token_sent = True
        if values:
            event["meterValue"] = [{"timestamp": moment, "sampledValue": values}]
        return event


def _samples(notice: notices.MeterSample) -> list[Payload]:
    values = []
    for measurand, name, unit in _MEASURES:
        value = getattr(notice, name)
        if value is not None:
            values.append(
                {
                    "value": value,
                    "measurand": measurand,
                    "context": "Sample.Periodic",
                    "unitOfMeasure": {"unit": unit},
                }
            )
    return values


def _register(wh: int, context: str) -> Payload:
    return {
        "value": wh,
        "measurand": "Energy.Active.Import.Register",
        "context": context,
        "unitOfMeasure": {"unit": "Wh"},
    }


def _signed(receipt: notices.ReceiptVerified) -> list[Payload]:
    """The register as the vehicle has signed it, with its MeteringReceiptReq as the signed data."""
    data = base64.b64encode(receipt.exi).decode("ascii")
    if len(data) > SIGNED_DATA_LIMIT:
        return []
    signed = {
        "signedMeterData": data,
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "ISO 15118-2 MeteringReceiptReq (EXI)",
        "publicKey": "",
    }
    return [{**_register(receipt.register_wh, "Other"), "signedMeterValue": signed}]


_END: dict[tuple[str, str], tuple[str, str]] = {
    ("ended", "vehicle"): ("StopAuthorized", "StoppedByEV"),
    ("ended", "station"): ("StopAuthorized", "Local"),
    ("failed", "vehicle"): ("EVCommunicationLost", "Other"),
    ("failed", "station"): ("AbnormalCondition", "Other"),
    ("failed", "silence"): ("EVCommunicationLost", "Timeout"),
}
"""How the session ended, who ended it -> triggerReason, stoppedReason."""

_HANDLERS: dict[type, Callable[[TransactionBook, Any], list[Payload]]] = {
    notices.PluggedIn: TransactionBook._plugged_in,
    notices.SessionStarted: TransactionBook._session_started,
    notices.Authorized: TransactionBook._authorized,
    notices.AuthorizationRefused: TransactionBook._refused,
    notices.ChargingStarted: TransactionBook._charging_started,
    notices.MeterSample: TransactionBook._meter_sample,
    notices.ReceiptVerified: TransactionBook._receipt_verified,
    notices.ChargingStopped: TransactionBook._charging_stopped,
    notices.SessionEnded: TransactionBook._session_ended,
}
