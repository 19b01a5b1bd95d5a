"""CALLERROR: the codes of OCPP-J 2.0.1 (Part 4, 4.3) and the exception that stands for one."""

from __future__ import annotations

from typing import Any

from pncsim.wire.errors import LocalError, PeerError

CODES = {
    "FormatViolation": "the payload's structure is wrong: a property that does not belong there",
    "GenericError": "any other error",
    "InternalError": "the receiver failed inside",
    "MessageTypeNotSupported": "the message type number is not known",
    "NotImplemented": "the action is not known to the receiver",
    "NotSupported": "the action is known, but not supported by the receiver",
    "OccurrenceConstraintViolation": "a required field is missing, or there are too many or too few items",
    "PropertyConstraintViolation": "a value is not allowed: not listed, too long, out of range",
    "ProtocolError": "the payload is incomplete",
    "RpcFrameworkError": "the frame is not a valid RPC request",
    "SecurityError": "the call is not allowed now",
    "TypeConstraintViolation": "a value has the wrong type",
}
ALIASES = {"OccurenceConstraintViolation": "OccurrenceConstraintViolation", "FormationViolation": "FormatViolation"}
"""Spellings of earlier OCPP versions that peers still send."""


class CallError(PeerError):
    """A CALL that ended, or must end, in a CALLERROR.

    Raised by a handler it becomes the answer; raised by a call it is the peer's answer. ``description`` (at most 255
    characters) never repeats values of the payload, which may be secrets.
    """

    def __init__(
        self, code: str, description: str = "", details: dict[str, Any] | None = None, *, sentence: str = ""
    ) -> None:
        super().__init__(
            sentence or f"{code}: {description or CODES.get(code, 'a code OCPP 2.0.1 does not list')}", ocpp_status=code
        )
        self.code = code
        self.description = description[:255]
        self.details = details or {}


class PayloadError(LocalError):
    """A payload of ours that OCPP's own schema refuses: it was not sent."""
