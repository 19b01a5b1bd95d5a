"""The story: the event stream as lines for a person, actor by actor with times, and the summary at the end."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from simulator.result import RunResult, Verdict
from wire.trace import (
    Event,
    HttpExchange,
    Judged,
    OcppFrame,
    Power,
    Problem,
    Secured,
    ServiceCall,
    StateEntered,
    Story,
    Tolerated,
    V2gMessage,
)

COLOURS = {"EV": 36, "SECC": 32, "CS": 33, "CSMS": 35, "LAB": 90}
DEFAULT_COLOUR = 34
RED, GREEN, YELLOW, GREY, BOLD = 31, 32, 33, 90, 1


class StoryTeller:
    """A reader of the trace that writes lines to ``out``.

    Level 0 tells milestones and problems, 1 adds every V2G message, OCPP call and judgement, 2 adds states and power.
    """

    def __init__(self, started: float, *, level: int = 0, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._started = started
        self._level = level
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ

    def __call__(self, event: Event) -> None:
        told = describe(event)
        if told is None or told[0] > self._level:
            return
        _, text, colour = told
        actor = paint(f"{event.actor:<5}", COLOURS.get(event.actor, DEFAULT_COLOUR), self._colour)
        if colour:
            text = paint(text, colour, self._colour)
        print(f"{event.time - self._started:9.3f} s  {actor} {text}", file=self._out, flush=True)

    def summary(self, result: RunResult) -> None:
        """Print what the run came to."""
        print(file=self._out)
        width = max((len(name) for name in result.facts), default=0)
        for name, value in result.facts.items():
            print(f"  {name:<{width}}  {value}", file=self._out)
        if result.facts:
            print(file=self._out)
        for check in result.checks:
            mark = paint("ok  ", GREEN, self._colour) if check.ok else paint("FAIL", RED, self._colour)
            seen = "" if check.ok else f" (seen: {check.seen})"
            print(f"  {mark}  {check.expected}{seen}", file=self._out)
        for problem in result.problems:
            print(f"  {paint('!', YELLOW, self._colour)}     {problem}", file=self._out)
        if result.error:
            print(f"  {paint('error', RED, self._colour)}  {result.error}", file=self._out)
        if result.evidence is not None:
            print(f"\n  evidence: {result.evidence}", file=self._out)
        colour = GREEN if result.verdict is Verdict.PASS else RED
        print(
            f"\n{paint(result.verdict.upper(), colour, self._colour)} {result.scenario} ({result.transport}): "
            f"{result.lab_seconds:.1f} s of lab time in {result.wall_seconds:.2f} s",
            file=self._out,
            flush=True,
        )


def paint(text: str, colour: int, wanted: bool) -> str:
    """``text`` in an ANSI colour, if wanted."""
    return f"\x1b[{colour}m{text}\x1b[0m" if wanted else text


def describe(event: Event) -> tuple[int, str, int] | None:
    """Level, text and colour (0 = none) of an event; None for events that are not told."""
    match event:
        case Story(text=text):
            return 0, text, 0
        case Problem(text=text, clause=clause, advice=advice):
            return 0, " ".join(filter(None, [text, f"[{clause}]" if clause else "", advice])), RED
        case Tolerated(what=what, clause=clause):
            return 0, f"tolerated: {what}" + (f" [{clause}]" if clause else ""), YELLOW
        case Judged(what=what, ok=ok, reason=reason, clause=clause):
            text = f"{what}: {reason}" + (f" [{clause}]" if clause and not ok else "")
            return (1, text, GREY) if ok else (0, text, RED)
        case Secured(ok=True, version=version, cipher=cipher, stapled=stapled):
            return 1, f"{version} with {cipher}{', OCSP response stapled' if stapled else ''}", GREY
        case Secured(ok=False, reason=reason):
            return 0, f"TLS refused: {reason}", RED
        case V2gMessage(direction=direction, name=name, payload=payload):
            return 1, f"{'>>' if direction == 'sent' else '<<'} {name} ({len(payload)} bytes)", GREY
        case OcppFrame(direction=direction, action=action, frame=frame):
            return 1, f"{'->' if direction == 'sent' else '<-'} {action} ({len(frame)} characters)", GREY
        case ServiceCall(service=service, operation=operation, ok=ok, text=text):
            return (1 if ok else 0), f"{service}.{operation}: {text}", GREY if ok else RED
        case HttpExchange(method=method, url=url, status=status):
            return 1, f"{method} {url}: {status}", GREY
        case StateEntered(state=state):
            return 2, f"state {state}", GREY
        case Power(watts=watts, energy_wh=energy):
            return 2, f"{watts / 1000:.2f} kW, {energy / 1000:.3f} kWh", GREY
    return None
