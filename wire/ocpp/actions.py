"""Actions and who answers them: a row ties an action's request and response types to its handler.

The actions of each version are constants in the module beside this one that is named like the version's schemas; a type
checker knows from them what a call carries and what comes back, on either side.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeAlias, TypeVar, final

from msgspec import Struct

C = TypeVar("C")
Q = TypeVar("Q")
A = TypeVar("A")


class Request(Struct, Generic[A], frozen=True):
    """What a call asks: an action and its payload; ``A`` is the type of the answer."""

    action: str
    payload: Any


class Action(Generic[Q, A]):
    """The name of an action, with the types of its request and its response."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def __call__(self, payload: Q) -> Request[A]:
        """A request of this action: ``Authorize({"idToken": …})``."""
        return Request(self.name, payload)


@final
class AndThen(Struct, Generic[A], frozen=True):
    """An answer with something to do once it is on its way (TriggerMessage: answer first, then send)."""

    payload: A
    work: Callable[[], Coroutine[Any, Any, object]]


Reply: TypeAlias = A | AndThen[A] | Awaitable[A | AndThen[A]]
"""What a handler gives back: the response, at once or when it is there."""

Handler: TypeAlias = Callable[[Any], Reply[Any]]
"""Answers a request. Raises CallError for a CALLERROR; another PncError or exception becomes InternalError."""

Row: TypeAlias = tuple[str, Callable[[C, Any], Reply[Any]]]
"""An action and what answers it, given who is asked (a link, a station) and the request."""


def row(action: Action[Q, A], handler: Callable[[C, Q], Reply[A]]) -> Row[C]:
    """A row of a table of handlers; the type checker compares the handler's types with the action's."""
    return action.name, handler
