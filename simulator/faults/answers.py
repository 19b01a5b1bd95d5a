"""What the standard answers to a fault: each answer says itself to a person and finds itself in the event stream.

Answers are codes and kinds alone. What actors say in sentences is for people and may change; nothing is judged by it.
"""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from pncsim.wire.errors import Kind
from pncsim.wire.gate import Tolerance
from pncsim.wire.ocpp.frames import Error, Result
from pncsim.wire.trace import Event, HttpExchange, OcppFrame, Problem, Secured, Tolerated, V2gMessage


class Observation(Protocol):
    """One observation a fault must lead to; ``str()`` of it is the text for people, ``clause`` what demands it."""

    @property
    def clause(self) -> str: ...

    def met(self, event: Event) -> bool:
        """Whether ``event`` is it."""


class Responds(Struct, frozen=True):
    """The station answers with this message (or one of these) and ResponseCode."""

    response: str | tuple[str, ...]
    code: str
    clause: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The messages that may carry the code."""
        return (self.response,) if isinstance(self.response, str) else self.response

    def __str__(self) -> str:
        return f"{' or '.join(self.names)} {self.code}"

    def met(self, event: Event) -> bool:
        return isinstance(event, V2gMessage) and event.name in self.names and _code(event.value) == self.code


class Alerts(Struct, frozen=True):
    """TLS is refused with this alert."""

    number: int
    clause: str = ""

    def __str__(self) -> str:
        from pncsim.wire.tls import ALERTS

        return f"TLS alert {self.number} {ALERTS[self.number]}"

    def met(self, event: Event) -> bool:
        return isinstance(event, Secured) and not event.ok and event.alert == self.number


class Ocpp(Struct, frozen=True):
    """The CSMS answers ``action`` with ``field`` set to ``value``, at any depth."""

    action: str
    field: str
    value: str
    clause: str = ""

    def __str__(self) -> str:
        return f"OCPP {self.action}: {self.field} {self.value}"

    def met(self, event: Event) -> bool:
        return (
            isinstance(event, OcppFrame)
            and event.action == self.action
            and isinstance(event.content, Result)
            and _holds(event.content.payload, self.field, self.value)
        )


class OcppRefuses(Struct, frozen=True):
    """The CSMS answers a call with CALLERROR and this code."""

    code: str
    clause: str = ""

    def __str__(self) -> str:
        return f"OCPP CALLERROR {self.code}"

    def met(self, event: Event) -> bool:
        if not isinstance(event, OcppFrame) or (event.role, event.direction) != ("CSMS", "sent"):
            return False
        return isinstance(event.content, Error) and event.content.code == self.code


class Http(Struct, frozen=True):
    """A service answers ``role``'s request with this status."""

    role: str
    status: int
    clause: str = ""

    def __str__(self) -> str:
        return f"HTTP {self.status} to {self.role}"

    def met(self, event: Event) -> bool:
        return isinstance(event, HttpExchange) and (event.role, event.status) == (self.role, self.status)


class Reports(Struct, frozen=True):
    """An actor reports a problem of this kind (:data:`wire.errors.KINDS`)."""

    role: str
    kind: Kind
    clause: str = ""

    def __str__(self) -> str:
        return f"{self.role} reports: {self.kind}"

    def met(self, event: Event) -> bool:
        return isinstance(event, Problem) and (event.role, event.kind) == (self.role, self.kind)


class Tolerates(Struct, frozen=True):
    """An actor lets something pass and tells it with one of these codes (:class:`wire.gate.Tolerance`)."""

    role: str
    codes: tuple[Tolerance, ...]
    clause: str = ""

    def __str__(self) -> str:
        return f"{self.role} tolerates: {' or '.join(self.codes)}"

    def met(self, event: Event) -> bool:
        return isinstance(event, Tolerated) and event.role == self.role and event.code in self.codes


def _code(message: object) -> str | None:
    body = getattr(message, "Body", None)
    code = getattr(body.BodyElement if body is not None else message, "ResponseCode", None)
    return None if code is None else str(code)


def _holds(value: Any, field: str, wanted: str) -> bool:
    if isinstance(value, dict):
        return value.get(field) == wanted or any(_holds(part, field, wanted) for part in value.values())
    return isinstance(value, list) and any(_holds(part, field, wanted) for part in value)
