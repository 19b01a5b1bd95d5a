"""The frame of every message: V2G_Message, its header and its body (8.3)."""

from __future__ import annotations

import pncsim.wire.v2g.iso2.body_common as body
from pncsim.wire.exi.declare import ComplexType, Ref
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.iso2.datatypes import (
    NotificationType,
)
from pncsim.wire.v2g.iso2.simple import (
    MSG_BODY,
    MSG_DEF,
    MSG_HEADER,
    sessionIDType,
)


class MessageHeaderType(ComplexType, namespace=MSG_HEADER):
    """Session identifier, perhaps a complaint about the message before, perhaps a signature over parts of the body."""

    SessionID: sessionIDType
    Notification: NotificationType | None = None
    Signature: Ref[ds.SignatureType] | None = None


class BodyType(ComplexType, namespace=MSG_BODY):
    """Holds exactly one message; the schema also allows none."""

    BodyElement: Ref[body.BodyElement] | None = None


class V2G_Message(ComplexType, namespace=MSG_DEF, element="V2G_Message"):
    """One message: what it belongs to (header) and what it says (body)."""

    Header: MessageHeaderType
    Body: BodyType
