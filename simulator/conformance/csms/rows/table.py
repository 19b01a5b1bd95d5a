"""Rows of cases that are a course: their words follow from their steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import (
    Begun,
    CoursePlay,
    CourseStep,
    EventSent,
    Plugged,
    SetsOff,
    Swiped,
    told,
)
from pncsim.simulator.conformance.csms.declared import AT_ONCE
from pncsim.simulator.conformance.octt import OcttCases

CourseRow = tuple[str, str, str, Sequence[CourseStep]]
"""Number, title, use case, steps."""


def add_rows(
    cases: OcttCases,
    *rows: CourseRow,
    when: Iterable[Condition] = AT_ONCE,
    given: str = "The station is registered.",
    registration: str = "Accepted",
) -> None:
    """A case for each row; it applies ``when`` that holds and the CSMS can be let send what the steps need.

    ``registration``: what the station's boot is answered before the first step.
    """
    when = tuple(when)
    for number, title, use_case, steps in rows:
        begun = dict.fromkeys(one.action for one in steps if isinstance(one, Begun))
        cases.add(
            number,
            title,
            CoursePlay(tuple(steps), registration),
            use_case=use_case,
            given=given,
            does=told(steps),
            expects=_expected(steps),
            when=(*when, *(Condition("Sends", action) for action in begun)),
        )


def _expected(steps: Sequence[CourseStep]) -> str:
    said = ["what the station sends is answered"]
    if any(isinstance(one, Begun | SetsOff) for one in steps):
        said.insert(0, "each call of the CSMS has these members")
    cards = {one.card for one in steps if isinstance(one, EventSent | Swiped) and one.card}
    if cards:
        said.append(f"about {'each card' if len(cards) > 1 else 'the card'} it says what is so")
    return "; ".join(said)


def begins(reason: str, state: str = "", **more: Any) -> EventSent:
    """TransactionEvent Started."""
    return EventSent(type="Started", reason=reason, state=state, **more)


def goes_on(reason: str, state: str = "", **more: Any) -> EventSent:
    """TransactionEvent Updated."""
    return EventSent(type="Updated", reason=reason, state=state, **more)


def ends(reason: str, stopped: str, state: str = "", **more: Any) -> EventSent:
    """TransactionEvent Ended."""
    return EventSent(type="Ended", reason=reason, stopped=stopped, state=state, **more)


PLUGGED_IN: tuple[CourseStep, ...] = (Plugged("Occupied"), begins("CablePluggedIn", "EVConnected"))
ALLOWED: tuple[CourseStep, ...] = (Swiped(), goes_on("Authorized", "EVConnected", card="card"))
FLOWS = goes_on("ChargingStateChanged", "Charging")
CHARGING: tuple[CourseStep, ...] = (*PLUGGED_IN, *ALLOWED, FLOWS)
STOPPED = goes_on("StopAuthorized", "EVConnected", card="card")
UNPLUGGED = goes_on("EVCommunicationLost", "Idle")
FREE = Plugged("Available")
OVER = ends("StopAuthorized", "Local", "EVConnected", card="card")
