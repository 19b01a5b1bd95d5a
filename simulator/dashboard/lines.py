"""A row of the message table and a line of the log in words: who, to whom, what, how it went. No screen in it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pncsim.simulator.dashboard.form import Level, level_of, read_value
from pncsim.simulator.dashboard.loops import frame_name
from pncsim.simulator.dashboard.rows import MessageRow
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.evidence.fields import key_fields
from pncsim.simulator.evidence.story import describe, printable
from pncsim.simulator.evidence.wire_told import told_datagram, told_frame, told_message
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.ocpp.frames import Call, Error, Result
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    OcppFrame,
    OcppSecured,
    PilotChanged,
    Problem,
    SdpDatagram,
    Secured,
    ServiceCall,
    V2gMessage,
)
from pncsim.wire.values import replace

Sign = Literal["", "!", "x", "T"]
Carriage = Literal["v2g", "tls", "ocpp", "http", "note"]
LANES = ("EV", "SECC", "CSMS", "pools")
"""The lifelines of the chart; everybody stands at one."""

_LANE = {"EV": 0, "SECC": 1, "CS": 1, "CSMS": 2}
_UNREMARKABLE = frozenset({"OK", "OK_SuccessfulNegotiation"})
_FRIENDLY = frozenset(
    {
        "OK_NewSessionEstablished",
        "OK_OldSessionJoined",
        "OK_CertificateExpiresSoon",
        "OK_SuccessfulNegotiationWithMinorDeviation",
    }
)
REFUSALS = frozenset(
    {"Rejected", "Failed", "Invalid", "Unknown", "Blocked", "Expired", "NoCredit", "NotSupported", "InvalidCertificate"}
)
"""Answers of OCPP that say no (Part 2, enumerations)."""


class MessageLine(Struct, frozen=True):
    """What a row says. ``source`` and ``target`` are places in :data:`LANES`, the same for what nobody else hears.

    ``way``: what it travelled by. ``code``: how it was answered. ``sign``: one sign for how it went, empty if well.
    ``detail``: what of its content a person looks for.
    """

    time: float
    who: str
    source: int
    target: int
    way: Carriage
    name: str
    code: str = ""
    sign: Sign = ""
    size: int = 0
    detail: str = ""


def lane_of(role: str) -> int:
    """Where a role stands in the chart."""
    return _LANE.get(role, 3)


def line_of(store: EventStore, row: MessageRow) -> MessageLine:
    """The row in words; its time is that of the first event, its answer that of the last."""
    at = store.times[row.first]
    try:
        told = _line(store.event(row.last))
    except LocalError as error:
        return MessageLine(at, "", 0, 0, "note", str(error), sign="!")
    return replace(told, time=at, sign="T" if row.late else told.sign)


def _line(event: Event) -> MessageLine:
    match event:
        case V2gMessage():
            return _message(event)
        case OcppFrame():
            return _frame(event)
        case SdpDatagram():
            return _datagram(event)
        case Secured():
            return _handshake(event)
        case OcppSecured():
            return _back_end_handshake(event)
        case HttpExchange(method=method, url=url, status=status):
            sign: Sign = "x" if status >= 400 else ""
            source = min(lane_of(event.role), 2)
            return MessageLine(event.time, event.unit, source, 3, "http", f"{method} {url}", str(status), sign)
        case ServiceCall(service=service, operation=operation, ok=ok, text=text):
            to, code, sign = lane_of(service), "" if ok else "no", "" if ok else "x"
            source = 2 if to == 3 else lane_of(event.role)
            return MessageLine(
                event.time, event.unit, source, to, "http", f"{service} {operation}", code, sign, detail=printable(text)
            )
        case Problem(text=text, kind=kind, response_code=response):
            here = lane_of(event.role)
            return MessageLine(event.time, event.unit, here, here, "note", printable(text), response or str(kind), "x")
    here = lane_of(event.role)
    return MessageLine(event.time, event.unit, here, here, "note", words(event))


def _message(event: V2gMessage) -> MessageLine:
    """A request goes to the station, an answer to the vehicle; of what is neither, the end that tells it decides."""
    sent, here = event.direction == "sent", min(lane_of(event.role), 1)
    source = here if sent else 1 - here
    body = body_of(event)
    code = getattr(body, "ResponseCode", None)
    plain = code is None or code in _UNREMARKABLE
    return MessageLine(
        event.time,
        event.unit if sent else LANES[source],
        source,
        1 - source,
        "v2g",
        event.name,
        "" if plain else str(code),
        "" if plain or str(code) in _FRIENDLY else "x",
        len(event.payload),
        key_fields(event.name, body),
    )


def _frame(event: OcppFrame) -> MessageLine:
    up = (event.direction == "sent") == (event.role != "CSMS")
    who = event.unit if event.direction == "sent" else event.peer
    name, code, bad, detail = _content(event)
    source, target = (1, 2) if up else (2, 1)
    return MessageLine(
        event.time, who, source, target, "ocpp", name, code, "x" if bad else "", len(event.frame), detail
    )


def detail_of(event: OcppFrame) -> str:
    """What of a frame a person looks for besides its name and its status."""
    return _content(event)[3]


def _content(event: OcppFrame) -> tuple[str, str, bool, str]:
    """What a frame is called, how it answers, whether that is a refusal, and what else it says."""
    match event.content:
        case Call():
            return frame_name(event), "", False, printable(told_frame(event)).removeprefix(event.action).strip()
        case Result(payload=payload):
            status = _status(payload)
            return f"{event.action} answered", status, status in REFUSALS, ""
        case Error(code=code, description=text):
            return f"{event.action} refused", code, True, printable(text)
    return f"{event.action or 'a frame'}: no OCPP-J", "", True, ""


def _datagram(event: SdpDatagram) -> MessageLine:
    here = min(lane_of(event.role), 1)
    sent = event.direction == "sent"
    source = here if sent else 1 - here
    who = event.unit if sent else LANES[source]
    return MessageLine(event.time, who, source, 1 - source, "v2g", told_datagram(event), size=len(event.data))


def _handshake(event: Secured) -> MessageLine:
    here = min(lane_of(event.role), 1)
    if event.ok:
        staple = ", OCSP response stapled" if event.stapled else ""
        return MessageLine(
            event.time, event.unit, here, 1 - here, "tls", event.version, detail=f"{event.cipher}{staple}"
        )
    code = "" if event.alert is None else f"alert {event.alert}"
    return MessageLine(
        event.time, event.unit, here, 1 - here, "tls", "TLS refused", code, "x", detail=printable(event.reason)
    )


def _back_end_handshake(event: OcppSecured) -> MessageLine:
    source, target = (2, 1) if event.role == "CSMS" else (1, 2)
    if event.ok:
        shown = f", {event.shown} has shown itself" if event.shown else ""
        detail = printable(f"{event.cipher}{shown}")
        return MessageLine(event.time, event.unit, source, target, "tls", f"OCPP {event.version}", detail=detail)
    code, why = "" if event.alert is None else f"alert {event.alert}", printable(event.reason)
    return MessageLine(event.time, event.unit, source, target, "tls", "OCPP TLS refused", code, "x", detail=why)


def body_of(event: V2gMessage) -> object:
    """The body of a message, or what it says where it has none; None where its octets say nothing."""
    value = read_value(event).value
    return getattr(getattr(value, "Body", None), "BodyElement", value)


def _status(payload: object) -> str:
    if not isinstance(payload, dict):
        return ""
    token = payload.get("idTokenInfo")
    found = payload.get("status") or (token.get("status") if isinstance(token, dict) else None)
    return found if isinstance(found, str) else ""


def words(event: Event) -> str:
    """An event in one line of the log."""
    if isinstance(event, V2gMessage):
        read = read_value(event)
        try:
            return printable(f"{'>>' if event.direction == 'sent' else '<<'} {told_message(read)}")
        except (PncError, AttributeError):
            return event.name
    if isinstance(event, PilotChanged):
        return f"control pilot {event.state}, duty cycle {event.duty:g} %"
    told = describe(event)
    return printable(told[1]).replace("\n", " ") if told is not None else type(event).__name__


def sign_of(event: Event) -> str:
    """One sign for the level of an event, which says the same without colour."""
    return {Level.PROBLEM: "x", Level.NOTICE: "!", Level.STORY: "*", Level.MESSAGE: "-"}.get(level_of(event), " ")


def clock(seconds: float) -> str:
    """Lab time since the start: 0.412, 62.100, 1:02:03.100."""
    if seconds < 1000:
        return f"{seconds:.3f}"
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{int(seconds * 1000) % 1000:03}"


def took(row: MessageRow) -> str:
    """How long it took against what is allowed, in milliseconds: ``12/1500``; of a loop the fastest and slowest."""
    if not row.limit and not row.took:
        return ""
    slow, fast = row.took * 1000, row.fastest * 1000
    told = f"{slow:.0f}" if row.count == 1 or round(slow) == round(fast) else f"{fast:.0f}-{slow:.0f}"
    return f"{told}/{row.limit * 1000:.0f}" if row.limit else told
