"""The kinds of steps most cases are made of, each a row's worth: the right request, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.simulator.conformance.secc.step import (
    SEQUENCE_TIMEOUT,
    SILENCE,
    Also,
    CaseStep,
    Other,
    Setting,
)
from pncsim.simulator.conformance.secc.tester import CLOSES
from pncsim.simulator.faults.changes import finished, on, other_session
from pncsim.wire.v2g import iso2

OK = ("OK",)


def response(request: str) -> str:
    """The name of what answers a request."""
    return f"{request.partition('(')[0][:-3]}Res"


def good(
    at: str, *settings: Setting, says: str = "", codes: tuple[str, ...] = OK, also: tuple[Also, ...] = (), nth: int = 1
) -> CaseStep:
    """The request as it has to be is answered with ``codes``, and the exchange goes on. ``says``: what is in it."""
    stimulus = f"{at}{f' ({says})' if says else ''}"
    step = CaseStep(at=at, nth=nth, stimulus=stimulus, goes_on=True, answer=response(at), codes=codes, also=also)
    return step.within(*settings)


def wrong(
    at: str,
    stimulus: str,
    change: Callable[[Any], Any],
    code: str | tuple[str, ...],
    *settings: Setting,
    nth: int = 1,
) -> CaseStep:
    """The request, changed (:mod:`simulator.faults.changes`) before or after it is signed, is refused: the end."""
    codes = (code,) if isinstance(code, str) else code
    sends, name = on(at.partition("(")[0], change), response(at)
    return CaseStep(at=at, nth=nth, stimulus=stimulus, sends=sends, answer=name, codes=codes, closes=True).within(
        *settings
    )


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
