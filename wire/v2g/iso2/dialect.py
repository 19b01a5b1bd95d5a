"""ISO 15118-2 as a dialect: what both sides of a conversation share."""

from __future__ import annotations

from typing import Any

from pncsim.wire.credentials import Signer
from pncsim.wire.session.dialect import Dialect, Envelope
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import codes, timing
from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE
from pncsim.wire.v2g.iso2.secc_sequence import SECC_SEQUENCE
from pncsim.wire.v2g.registry import EXI, ISO2_NAMESPACE
from pncsim.wire.v2g.signature import ISO2_BY_KEY, sign
from pncsim.wire.v2g.xmldsig import SignatureType


def wrap(session_id: bytes, body: Any, signer: Signer | SignatureType | None) -> iso2.V2G_Message:
    """A V2G_Message; with ``signer`` its header carries a signature over the whole body (8.3, 7.9.2), or the signature
    of somebody else over parts of it."""
    if signer is None or isinstance(signer, SignatureType):
        signature = signer
    else:
        signature = sign([(type(body).__name__, body)], signer, rules=ISO2_BY_KEY)
    header = iso2.MessageHeaderType(SessionID=session_id, Signature=signature)
    return iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body))


def unwrap(document: Any) -> Envelope | None:
    """What is in a V2G_Message; the name is empty if the body is."""
    if not isinstance(document, iso2.V2G_Message):
        return None
    header, body = document.Header, document.Body.BodyElement
    name = type(body).__name__ if body is not None else ""
    notification = header.Notification
    if notification is None:
        return Envelope(name, body, header.SessionID, header.Signature)
    said = (notification.FaultMsg or "").rstrip(" .")
    complaint = f"{notification.FaultCode}: {said}" if said else str(notification.FaultCode)
    return Envelope(name, body, header.SessionID, header.Signature, complaint)


def asked(body: Any) -> str:
    """A request as the vehicle's table writes it: with its mode where it has one."""
    kind = type(body)
    mode = _MODES.get(kind)
    return kind.__name__ if mode is None else f"{kind.__name__}({getattr(body, mode)})"


_MODES: dict[type, str] = {iso2.PowerDeliveryReq: "ChargeProgress", iso2.SessionStopReq: "ChargingSession"}
"""Requests that mean different things, by the field that says which."""


ISO2 = Dialect(
    name="ISO 15118-2",
    namespace=ISO2_NAMESPACE,
    version=(2, 0),
    sets={EXI: "iso2"},
    wrap=wrap,
    unwrap=unwrap,
    asked=asked,
    opening="SessionSetup",
    station=SECC_SEQUENCE,
    vehicle=EVCC_SEQUENCE,
    times=timing.TIMES,
    answer=codes.answer,
    clauses={
        "sequence": "V2G2-538, V2G2-539, V2G2-459",
        "out of turn": "V2G2-538",
        "unknown session": "V2G2-460",
        "unexpected answer": "V2G2-034",
        "no common protocol": "V2G2-172",
    },
)
"""The facts of the wire; ``secc.iso2`` and ``ev.iso2`` add what a station and a vehicle do."""
