"""CALLERROR as an exception; the codes are the version's (:attr:`wire.ocpp.versions.OcppVersion.codes`)."""

from __future__ import annotations

from typing import Any

from pncsim.wire.errors import Kind, LocalError, PeerError


class CallError(PeerError):
    """A CALL that ended, or must end, in a CALLERROR.

    Raised by a handler it becomes the answer; raised by a call it is the peer's answer. ``description`` (at most 255
    characters) never repeats values of the payload, which may be secrets.
    """

    kind: Kind = "refused"

    def __init__(
        self, code: str, description: str = "", details: dict[str, Any] | None = None, *, sentence: str = ""
    ) -> None:
        super().__init__(sentence or (f"{code}: {description}" if description else code), ocpp_status=code)
        self.code = code
        self.description = description[:255]
        self.details = details or {}


class PayloadError(LocalError):
    """A payload of ours that OCPP's own schema refuses: it was not sent."""

    kind: Kind = "defect"
