"""What travels over the broker besides events: how a feed is, runs that begin and end, commands and their answers.

Payloads are JSON; docs/feed.schema.json describes them (``pnc schema feed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from pncsim.simulator.result import Check, Verdict

EventNumber = Annotated[int, Meta(ge=1, description="counts what a stream says, without gaps")]
Stream = Annotated[str, Meta(description="names one process for as long as it lives; its numbers begin with 1")]
State = Literal["online", "over", "lost"]

LONGEST_COMMAND = 1 << 16
"""Octets of a command; longer ones are refused unread."""


class FeedStatus(Struct, frozen=True, kw_only=True):
    """How a feed is: the retained message of ``TOPIC/status``.

    ``state``: online; over, once it has ended and all is told; lost, as the broker says it of who has gone without a
    word. ``number``: the last that was given; ``oldest``: the first that can be had again. ``commands``: what
    can be asked now, with its arguments.
    """

    stream: Stream
    side: Annotated[str, Meta(description="run, secc, ev, serve-ecosystem …")]
    state: State
    version: str
    number: int = 0
    oldest: int = 1
    commands: dict[str, CommandTold] = field(default_factory=dict)


class CommandTold(Struct, frozen=True):
    """A command in words, and its arguments."""

    title: str
    arguments: tuple[ArgumentTold, ...] = ()


class ArgumentTold(Struct, frozen=True):
    """An argument, what it is if it is left out, and the words that are allowed (none: any)."""

    name: str
    help: str
    default: str
    choices: tuple[str, ...]


class RunOpened(Struct, frozen=True, kw_only=True):
    """A run begins; what it was told. In the place of an event."""

    run: str
    scenario: str
    transport: str
    options: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    seed: str | None = None


class RunClosed(Struct, frozen=True, kw_only=True):
    """A run is over; what it came to. In the place of an event. ``evidence``: the folder where it lies, if anywhere."""

    run: str
    scenario: str
    verdict: Verdict
    cause: str
    checks: list[Check]
    evidence: str | None = None


class Untold(Struct, frozen=True):
    """An event of which no line could be made, so that its number is not missing: its kind, and why."""

    of: str
    why: str


class Order(Struct, frozen=True, kw_only=True):
    """What is asked at ``TOPIC/commands``.

    ``id`` is the asker's: it comes back with the answer, and an id that was there already is answered as before and
    done no second time.
    """

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    command: Annotated[str, Meta(max_length=64)]
    arguments: dict[str, str | int | float | bool | list[str] | dict[str, str | int | float | bool]] = field(
        default_factory=dict
    )


class OrderAnswer(Struct, frozen=True, kw_only=True):
    """What became of a command, at ``TOPIC/answers``.

    ``said``: what it brought, for people. ``error``: why it was not done. ``number``: the last that was given until
    then, so that who has seen that has seen what came of it.
    """

    stream: Stream
    id: str
    done: bool
    said: str = ""
    error: str = ""
    number: int = 0


def typed(value: Any) -> str:
    """A JSON value as it would be typed on a command line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def typed_all(values: Mapping[str, Any]) -> dict[str, str]:
    """Each of ``values`` as it would be typed."""
    return {name: typed(value) for name, value in values.items()}
