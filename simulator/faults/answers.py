"""What the standard answers to a fault: each answer says itself to a person and finds itself in the event stream."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from pncsim.wire.trace import Event, OcppFrame, Problem, Secured, V2gMessage


class Answer(Protocol):
    """One observation a fault must lead to; ``str()`` of it is the text for people."""

    def seen(self, events: Iterable[Event]) -> bool:
        """Whether ``events`` hold it."""


@dataclass(frozen=True, slots=True)
class Responds:
    """The station answers with this message (or one of these) and ResponseCode."""

    response: str | tuple[str, ...]
    code: str

    @property
    def names(self) -> tuple[str, ...]:
        """The messages that may carry the code."""
        return (self.response,) if isinstance(self.response, str) else self.response

    def __str__(self) -> str:
        return f"{' or '.join(self.names)} {self.code}"

    def seen(self, events: Iterable[Event]) -> bool:
        return any(
            isinstance(event, V2gMessage) and event.name in self.names and _code(event.value) == self.code
            for event in events
        )


@dataclass(frozen=True, slots=True)
class Alerts:
    """TLS is refused with this alert."""

    number: int

    def __str__(self) -> str:
        from pncsim.wire.tls import ALERTS

        return f"TLS alert {self.number} {ALERTS[self.number]}"

    def seen(self, events: Iterable[Event]) -> bool:
        return any(isinstance(event, Secured) and not event.ok and event.alert == self.number for event in events)


@dataclass(frozen=True, slots=True)
class Ocpp:
    """The CSMS answers ``action`` with ``field`` set to ``value``, at any depth."""

    action: str
    field: str
    value: str

    def __str__(self) -> str:
        return f"OCPP {self.action}: {self.field} {self.value}"

    def seen(self, events: Iterable[Event]) -> bool:
        return any(
            isinstance(event, OcppFrame)
            and event.action == self.action
            and event.frame.startswith("[3")
            and _holds(json.loads(event.frame), self.field, self.value)
            for event in events
        )


@dataclass(frozen=True, slots=True)
class Says:
    """An actor reports a problem in these words."""

    actor: str
    words: str

    def __str__(self) -> str:
        return f"{self.actor} says “{self.words}”"

    def seen(self, events: Iterable[Event]) -> bool:
        return any(
            isinstance(event, Problem) and event.role == self.actor and self.words in event.text for event in events
        )


def _code(message: object) -> str | None:
    body = getattr(message, "Body", None)
    code = getattr(body.BodyElement if body is not None else message, "ResponseCode", None)
    return None if code is None else str(code)


def _holds(value: Any, field: str, wanted: str) -> bool:
    if isinstance(value, dict):
        return value.get(field) == wanted or any(_holds(part, field, wanted) for part in value.values())
    return isinstance(value, list) and any(_holds(part, field, wanted) for part in value)
