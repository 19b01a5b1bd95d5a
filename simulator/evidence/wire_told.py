"""One short line per message on the wire: what it is, and what it says that a person looks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from pncsim.simulator.evidence.fields import key_fields
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.ocpp.frames import Call, Error, Result
from pncsim.wire.tcp import address_text
from pncsim.wire.trace import Event, OcppFrame, SdpDatagram, V2gMessage
from pncsim.wire.v2g import sdp

_UNREMARKABLE = frozenset({"OK", "OK_SuccessfulNegotiation"})


def _values(*dotted: str) -> Callable[[Mapping[str, Any]], str]:
    """The values at ``dotted`` paths, those that are there."""
    paths = [path.split(".") for path in dotted]

    def tell(payload: Mapping[str, Any]) -> str:
        found = []
        for path in paths:
            value: Any = payload
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str | int | float):
                found.append(str(value))
        return " ".join(found)

    return tell


_nothing, _token = _values(), _values("idToken.type", "idToken.idToken")
_kind, _state = (
    _values("eventType"),
    _values("triggerReason", "transactionInfo.chargingState", "transactionInfo.stoppedReason"),
)
_variable = _values("component.name", "variable.name", "attributeStatus")
_status, _certificate = _values("status", "idTokenInfo.status"), _values("certificateStatus")
_information, _code = _values("statusInfo.additionalInfo"), _values("statusInfo.reasonCode")


def _transaction(payload: Mapping[str, Any]) -> str:
    told = [_kind(payload), f"seq {payload.get('seqNo', '?')}", _state(payload), _token(payload)]
    return " ".join(filter(None, (*told, "offline" if payload.get("offline") else "")))


def _variables(payload: Mapping[str, Any]) -> str:
    rows = next((value for value in payload.values() if isinstance(value, list)), [])
    return ", ".join(map(_variable, rows[:2])) + (f" and {len(rows) - 2} more" if len(rows) > 2 else "")


_CALLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Authorize": _token,
    "BootNotification": _values("reason", "chargingStation.vendorName", "chargingStation.model"),
    "CertificateSigned": _values("certificateType"),
    "DataTransfer": _values("vendorId", "messageId"),
    "DeleteCertificate": _values("certificateHashData.serialNumber"),
    "Get15118EVCertificate": _values("action"),
    "GetCertificateStatus": _values("ocspRequestData.serialNumber"),
    "GetTransactionStatus": _values("transactionId"),
    "GetVariables": _variables,
    "InstallCertificate": _values("certificateType"),
    "RequestStartTransaction": _token,
    "RequestStopTransaction": _values("transactionId"),
    "Reset": _values("type"),
    "SecurityEventNotification": _values("type"),
    "SetVariables": _variables,
    "SignCertificate": _values("certificateType"),
    "StatusNotification": _values("connectorStatus"),
    "TransactionEvent": _transaction,
    "TriggerMessage": _values("requestedMessage"),
}
"""What to tell of a call; of others only the name."""


def _answer(payload: Mapping[str, Any]) -> str:
    if not payload:
        return ""
    certificate, why = _certificate(payload), _information(payload) or _code(payload)
    return ", ".join(filter(None, (_status(payload), f"certificate {certificate}" if certificate else "", why)))


_ANSWERS: dict[str, Callable[[Mapping[str, Any]], str]] = {"GetVariables": _variables, "SetVariables": _variables}


def told_frame(event: OcppFrame) -> str:
    """An OCPP-J frame: ``Authorize eMAID DE…``, ``Authorize answered: Accepted``, ``Authorize refused: …``."""
    match event.content:
        case Call(payload=dict(payload)):
            return f"{event.action} {_CALLS.get(event.action, _nothing)(payload)}".rstrip()
        case Result(payload=dict(payload)):
            said = _ANSWERS.get(event.action, _answer)(payload)
            return f"{event.action} answered{f': {said}' if said else ''}"
        case Error(code=code, description=text):
            return f"{event.action} refused: {' '.join(filter(None, (code, text)))}"
    return f"{event.action or 'a frame'}: no frame of OCPP-J ({len(event.frame)} characters)"


def told_message(event: V2gMessage) -> str:
    """A V2G message: its name, the ResponseCode unless it is a plain OK, its key fields and its size."""
    document = getattr(event.value, "Body", None)
    body = document.BodyElement if document is not None else event.value
    code = getattr(body, "ResponseCode", None)
    said = f" {code}" if code is not None and code not in _UNREMARKABLE else ""
    fields = key_fields(event.name, body)
    return f"{event.name}{said} ({len(event.payload)} bytes)" + (f": {fields}" if fields else "")


def whole_message(event: V2gMessage) -> list[str]:
    """All of a V2G message: its EXI as hex, and what it says as JSON where it says anything."""
    value = readable(event)
    return [f"EXI {event.payload.hex()}", *([] if value is None else [json.dumps(value, ensure_ascii=False)])]


def readable(event: V2gMessage) -> Any:
    """What a V2G message says, as JSON has it; None for octets that are no message, whoever sent them on purpose."""
    value: Any = event.value
    if value is None or isinstance(value, bytes):
        return None
    try:
        return _viewer(value.__class__)(value)
    except (PncError, AttributeError, TypeError, ValueError):
        # A fault may put anything into a message: its octets are what was sent.
        return None


@lru_cache(maxsize=64)
def _viewer(kind: type) -> Callable[[Any], Any]:
    """What makes JSON of messages of this class. Raises LocalError for a class that is in no message set."""
    from pncsim.wire.exi.views import to_json
    from pncsim.wire.v2g.registry import codec_of_class

    return partial(to_json, codec_of_class(kind))


def told_datagram(event: SdpDatagram) -> str:
    """An SDP request (what is asked for) or answer (where the station listens)."""
    try:
        asked = sdp.decode_request(event.data)
    except PeerError:
        answer = sdp.decode_response(event.data)
        return f"SDP answer: {address_text(answer.host, answer.port)} {_secured(answer.security)}"
    return f"SDP request for a station {_secured(asked.security)}"


def _secured(security: sdp.Security) -> str:
    return "with TLS" if security is sdp.Security.TLS else "without TLS"


class Once:
    """Which of the two reports of a message is told when both its ends are in one trace.

    A V2G message is told where it is sent. An OCPP frame is told where it is received: the connection may be lost in
    between, and what arrived is what counts. With one end alone in the trace both directions are told, and so is a
    message that arrives other than it was sent.
    """

    def __init__(self) -> None:
        self._roles: set[str] = set()
        self._told: dict[str, bytes | str] = {}
        self._teller: dict[bytes | str, str] = {}
        self._last: tuple[Event | None, bool] = None, False

    def tell(self, event: V2gMessage | OcppFrame) -> bool:
        """Whether to tell ``event``; to be asked about each message in order, by as many as want to know."""
        if self._last[0] is not event:
            self._last = event, self._decided(event)
        return self._last[1]

    def _decided(self, event: V2gMessage | OcppFrame) -> bool:
        self._roles.add(event.role)
        content = event.payload if isinstance(event, V2gMessage) else event.frame
        unit = event.unit
        if event.direction == "received":
            return self._teller.get(content, unit) == unit
        if isinstance(event, OcppFrame) and ("CS" if event.role == "CSMS" else "CSMS") in self._roles:
            return False
        before = self._told.get(unit)
        if before is not None and self._teller.get(before) == unit:
            del self._teller[before]
        self._told[unit], self._teller[content] = content, unit
        return True
