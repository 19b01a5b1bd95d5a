"""The story: the event stream as lines for a person, actor by actor with times, and the summary at the end."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any, TextIO

from pncsim.simulator.evidence.wire_told import Once, told_datagram, told_frame, told_message, whole_message
from pncsim.simulator.result import Check, RunResult, Verdict
from pncsim.wire.amounts import shown_energy
from pncsim.wire.tcp import address_text
from pncsim.wire.tls.hello import client_offer
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    Judged,
    OcppFrame,
    OcppSecured,
    Power,
    Problem,
    SdpDatagram,
    Secured,
    ServiceCall,
    StateEntered,
    Story,
    Tolerated,
    V2gMessage,
    Warned,
)

COLOURS = {"EV": 36, "SECC": 32, "CS": 33, "CSMS": 35, "LAB": 90}
DEFAULT_COLOUR = 34
RED, GREEN, YELLOW, GREY = 31, 32, 33, 90
WIDTH = 120
"""Columns of a line where no narrower terminal says otherwise."""
WHOLE = 3
"""The level at which all of each message is told."""
KEPT = 1000
"""What is told once is remembered up to so many times: a flood of it must not fill the memory."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}
"""What peers wrote must not steer the terminal it is told on."""

_REPEATED = frozenset({Secured, SdpDatagram})
"""What may have been told already by other words, or at its other end."""

_LINK = frozenset({"EV", "SECC"})
"""Who judges on the link itself also reports the problem that follows from it: once is enough."""


class StoryTeller:
    """A reader of the trace that writes lines to ``out``, broken at ``width`` columns (None: never).

    Level 0 tells milestones and problems; 1 adds every V2G message with its key fields, OCPP frame and judgement; 2
    adds states and power; 3 the whole of each message, as octets and as JSON. A message is told once, see
    :class:`simulator.evidence.wire_told.Once`. ``units``: say which of several vehicles, stations and EVSEs speaks, not
    only what it is. ``wall``: the time of day where the machine is, instead of seconds since ``started``. ``colour``:
    None where ``out`` and the environment decide. ``once``: shared with another reader that asks the same.
    """

    def __init__(
        self,
        started: float,
        *,
        level: int = 0,
        out: TextIO | None = None,
        width: int | None = WIDTH,
        units: bool = False,
        wall: bool = False,
        colour: bool | None = None,
        once: Once | None = None,
    ) -> None:
        self._out = out or sys.stdout
        self._started = started
        self._level = level
        self._units, self._column = units, 8 if units else 5
        self._once = once or Once()
        self._actors: dict[str, str] = {}
        self._wall = wall
        self._offers: set[bytes] = set()
        self._askers: set[tuple[str, bytes]] = set()
        self._colour = wants_colour(self._out) if colour is None else colour
        self._width = width
        if width is not None and self._out.isatty():
            self._width = max(40, min(width, shutil.get_terminal_size((width, 24)).columns))

    def __call__(self, event: Event) -> None:
        tell = _TOLD.get(type(event))
        if tell is None:
            return
        if (type(event) is V2gMessage or type(event) is OcppFrame) and not (self._level and self._once.tell(event)):
            return
        level, text, colour = tell(event)
        if level > self._level or (type(event) in _REPEATED and self._again(event)):
            return
        name = event.unit if self._units else event.role
        actor = self._actors.get(name)
        if actor is None:
            actor = paint(f"{name:<{self._column}}", COLOURS.get(event.role, DEFAULT_COLOUR), self._colour)
            self._actors[name] = actor
        lead = f"{self._when(event.time)} {actor} "
        if self._width is None and not self._colour:
            self._out.write(f"{lead}{printable(text)}\n")
        else:
            self._write(lead, text, colour)
        if self._level >= WHOLE:
            self._tell_whole(event, " " * (14 + self._column))
        self._out.flush()

    def _write(self, lead: str, text: str, colour: int) -> None:
        indent = 14 + self._column
        for line in self._lines(text, indent):
            self._out.write(f"{lead}{paint(line, colour, self._colour) if colour else line}\n")
            lead = " " * indent

    def _when(self, moment: float) -> str:
        """Twelve columns."""
        if not self._wall:
            return f"{moment - self._started:9.3f} s "
        return f"{time.strftime('%H:%M:%S', time.localtime(moment))}.{int(moment * 1000) % 1000:03}"

    def _again(self, event: Event) -> bool:
        """Whether it was told already: the same ClientHello at its other end, a vehicle that goes on asking for SDP."""
        match event:
            case Secured(ok=False, hello=hello) if hello:
                seen: set[Any] = self._offers
                key: Any = hello
            case SdpDatagram(direction="received", role="SECC", peer=(host, _), data=data) if not self._level:
                seen, key = self._askers, (host, data)
            case _:
                return False
        again = key in seen
        if len(seen) < KEPT:
            seen.add(key)
        return again

    def _tell_whole(self, event: Event, lead: str) -> None:
        """All of a message, cut where a line is full."""
        if isinstance(event, V2gMessage):
            parts = whole_message(event)
        elif isinstance(event, OcppFrame):
            parts = [event.frame]
        else:
            return
        for part in map(printable, parts):
            room = len(part) or 1 if self._width is None else max(20, self._width - len(lead))
            for at in range(0, len(part), room):
                print(lead + paint(part[at : at + room], GREY, self._colour), file=self._out)

    def summary(self, result: RunResult, *, timed: bool = True) -> None:
        """Print what the run came to; ``timed``: and how long it really took, which is never the same twice."""
        self._print()
        facts = {f"fault {name}": title for name, (title, _) in result.faults.items()} | result.facts
        width = max((len(name) for name in facts), default=0)
        for name, value in facts.items():
            self._print(f"  {name:<{width}}  ", value, width + 4)
        if facts:
            self._print()
        for check in result.checks:
            self._print(f"  {self._mark(check, result)}  ", check.expected, 8)
            if not check.ok and check.seen:
                self._print(" " * 8 + "seen: ", check.seen, 14)
        if result.first_problem and not any(
            check.seen and check.seen in result.first_problem for check in result.checks
        ):
            self._print("  first problem: ", result.first_problem, 17)
        for problem in result.problems:
            self._print(f"  {paint('!', YELLOW, self._colour)}     ", problem, 8)
        if result.error:
            self._print(f"  {paint('error', RED, self._colour)}  ", result.error, 9)
        if result.evidence is not None:
            self._print(f"\n  evidence: {result.evidence}")
        colour = GREEN if result.verdict is Verdict.PASS else RED
        self._print(
            f"\n{paint(result.verdict.upper(), colour, self._colour)} {result.scenario} ({result.transport})"
            f"{f', {result.disturbed}' if result.disturbed else ''}: "
            f"{result.lab_seconds:.1f} s of lab time" + (f" in {result.wall_seconds:.2f} s" if timed else "")
        )
        self._out.flush()

    def _mark(self, check: Check, result: RunResult) -> str:
        """``ok``, ``FAIL``, or a dash where a failure is no more than the fault that was asked for."""
        if check.ok:
            return paint("ok  ", GREEN, self._colour)
        counts = any(check is one for one in result.counting)
        return paint("FAIL", RED, self._colour) if counts else paint("-   ", YELLOW, self._colour)

    def _print(self, lead: str = "", text: str = "", indent: int = 0) -> None:
        """``lead`` (``indent`` columns wide) and ``text``, whose further lines are indented as far."""
        print(lead + ("\n" + " " * indent).join(self._lines(text, indent)) if text else lead, file=self._out)

    def _lines(self, text: str, indent: int) -> list[str]:
        text = printable(text)
        if self._width is None:
            return [text]
        room = max(20, self._width - indent)
        return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def wants_colour(stream: TextIO) -> bool:
    """Whether lines on ``stream`` shall be coloured.

    NO_COLOR says no, FORCE_COLOR yes (each if it is not empty, in this order), TERM=dumb no; else a terminal does.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def printable(text: str) -> str:
    """``text`` with control characters spelled out (``\\x1b``); tab and line feed stay."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def paint(text: str, colour: int, wanted: bool) -> str:
    """``text`` in an ANSI colour, if wanted."""
    return f"\x1b[{colour}m{text}\x1b[0m" if wanted else text


_Told = tuple[int, str, int]
"""Level, text and colour (0 = none) of an event."""


def describe(event: Event) -> _Told | None:
    """How an event is told; None for events that are not."""
    tell = _TOLD.get(type(event))
    return None if tell is None else tell(event)


def _message(event: V2gMessage) -> _Told:
    return 1, f"{'>>' if event.direction == 'sent' else '<<'} {told_message(event)}", GREY


def _frame(event: OcppFrame) -> _Told:
    return 1, f"{'->' if event.direction == 'sent' else '<-'} {told_frame(event)}", GREY


def _judged(event: Judged) -> _Told:
    if event.ok:
        return 1, f"{event.what}: {event.reason}", GREY
    return (1 if event.role in _LINK else 0), f"{event.what}: {event.reason}{_cited(event.clause)}", RED


def _called(event: ServiceCall) -> _Told:
    what = event.operation if event.service == event.role else f"{event.service}.{event.operation}"
    return (1 if event.ok else 0), f"{what}: {event.text}", GREY if event.ok else RED


def _problem(event: Problem) -> _Told:
    return 0, " ".join(filter(None, [f"{event.text}{_cited(event.clause)}", event.advice])), RED


def _secured(event: Secured) -> _Told:
    if event.ok:
        stapled = ", OCSP response stapled" if event.stapled else ""
        return 1, f"{event.version} with {event.cipher}{stapled}", GREY
    if event.hello:
        return 0, f"The vehicle's ClientHello offered {client_offer(event.hello)}.", YELLOW
    return 1, f"TLS refused: {event.reason}", RED


def _ocpp_secured(event: OcppSecured) -> _Told:
    if not event.ok:
        return 1, f"TLS refused: {event.reason}", RED
    whom = f"{event.peer} has shown {event.shown}" if event.shown else f"{event.peer} shows no certificate"
    return 1, f"{event.version} with {event.cipher} to {event.peer}, {whom}", GREY


def _datagram(event: SdpDatagram) -> _Told:
    way = "from" if event.direction == "received" else "to"
    level = 0 if event.direction == "received" and event.role == "SECC" else 1
    return level, f"{told_datagram(event)}, {way} {address_text(*event.peer)}", GREY if level else 0


def _cited(clause: str) -> str:
    return f" [{clause}]" if clause else ""


_TOLD: dict[type[Event], Callable[[Any], _Told]] = {
    V2gMessage: _message,
    OcppFrame: _frame,
    StateEntered: lambda event: (2, f"state {event.state}", GREY),
    Power: lambda event: (2, f"{event.watts / 1000:.2f} kW, {shown_energy(event.energy_wh)}", GREY),
    Judged: _judged,
    Story: lambda event: (0, event.text, 0),
    ServiceCall: _called,
    Problem: _problem,
    Tolerated: lambda event: (0, f"tolerated: {event.what}{_cited(event.clause)}", YELLOW),
    Warned: lambda event: (0, f"note: {event.text}", YELLOW),
    Secured: _secured,
    OcppSecured: _ocpp_secured,
    SdpDatagram: _datagram,
    HttpExchange: lambda event: (1, f"{event.method} {event.url}: {event.status}", GREY),
}
