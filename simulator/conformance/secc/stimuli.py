"""The kinds of steps most cases are made of, each a row's worth: the right request, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.simulator.conformance.secc.step import (
    SEQUENCE_TIMEOUT,
    SILENCE,
    Also,
    AtStep,
    CaseStep,
    Other,
    Prepared,
    Setting,
)
from pncsim.simulator.conformance.secc.tester import CLOSES
from pncsim.simulator.faults.changes import finished, on, other_session
from pncsim.wire.session.outputs import Alter
from pncsim.wire.v2g import iso2

OK = ("OK",)


def name_of(at: str) -> str:
    """The message a step is about, without its mode."""
    return at.partition("(")[0]


def response(at: str) -> str:
    """The name of what answers it."""
    return f"{name_of(at)[:-3]}Res"


def good(
    at: str,
    *settings: Setting,
    says: str = "",
    codes: tuple[str, ...] = OK,
    also: tuple[Also, ...] = (),
    nth: int = 1,
    ongoing: bool = False,
    change: Callable[[Any], Any] | None = None,
) -> CaseStep:
    """The request as it has to be is answered with ``codes``, and the exchange goes on. ``says``: what is in it."""
    sends: Alter | None = None if change is None else on(name_of(at), change)
    return CaseStep(
        at=at,
        nth=nth,
        stimulus=f"{at}{f' ({says})' if says else ''}",
        sends=sends,
        goes_on=True,
        answer=response(at),
        codes=codes,
        ongoing=ongoing,
        also=also,
    ).within(*settings)


def wrong(
    at: str,
    stimulus: str,
    change: Callable[[Any], Any] | Prepared | AtStep,
    code: str | tuple[str, ...],
    *settings: Setting,
) -> CaseStep:
    """The request, changed (:mod:`simulator.faults.changes`) before or after it is signed, is refused: the end."""
    return CaseStep(
        at=at,
        stimulus=stimulus,
        sends=change if isinstance(change, Prepared | AtStep) else on(name_of(at), change),
        answer=response(at),
        codes=(code,) if isinstance(code, str) else code,
        closes=True,
    ).within(*settings)


def out_of_turn(at: str, *settings: Setting, comes: Callable[[], Any] = iso2.ServiceDiscoveryReq) -> CaseStep:
    """Another request than the one that is due is a sequence error, answered with its own response."""
    name = comes.__name__
    return CaseStep(
        at=at,
        stimulus=f"{name} where {at} is due",
        sends=Other(comes),
        answer=response(name),
        codes=("FAILED_SequenceError",),
        closes=True,
    ).within(*settings)


def foreign_session(at: str, *settings: Setting) -> CaseStep:
    """The request names a session that is not this one."""
    return wrong(at, f"{at} with another SessionID", finished(other_session(None)), "FAILED_UnknownSession", *settings)


def silence(at: str, *settings: Setting, after: float = SEQUENCE_TIMEOUT) -> CaseStep:
    """Nothing comes where the request is due: the station gives up after ``after`` seconds."""
    return CaseStep(
        at=at,
        stimulus=f"nothing where {at} is due",
        sends=SILENCE,
        patience=SEQUENCE_TIMEOUT + CLOSES,
        closes=True,
        not_before=after,
    ).within(*settings)


def ignored(at: str, stimulus: str, change: Callable[[Any], Any], *settings: Setting, seconds: float) -> CaseStep:
    """What is sent in place of the request is no message: nothing answers it for so many seconds."""
    sends = on(name_of(at), change)
    return CaseStep(at=at, stimulus=stimulus, sends=sends, patience=seconds).within(*settings)
