"""The kinds of steps most cases are made of, each a row's worth: the right answer, and what may be wrong with one."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.evcc.step import AnswerChange, AnswerStep, Look, Remade
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import EIM
from pncsim.simulator.faults.changes import NOISE, finished, in_body, other_session
from pncsim.simulator.faults.demands import message_timeout
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

ONGOING = 60.0
CABLE_CHECK = 40.0
PRECHARGE = 7.0
"""V2G_EVCC_Ongoing_Timeout, V2G_EVCC_CableCheck_Timeout, V2G_EVCC_PreCharge_Timeout (ISO 15118-2, Table 111)."""


def goes_on(
    at: str,
    *follows: str,
    says: str = "",
    change: AnswerChange | Remade | None = None,
    look: Look | None = None,
    looks: str = "",
    ready: bool = False,
    nth: int = 1,
) -> AnswerStep:
    """After the right answer one of these requests comes. ``says``: what is in it."""
    return AnswerStep(
        at=at,
        nth=nth,
        stimulus=f"a right {at}{f' ({says})' if says else ''}",
        change=change,
        follows=follows,
        look=look,
        looks=looks,
        ready=ready,
    )


def failed(at: str, code: str = "FAILED") -> AnswerStep:
    """The answer says that the request is refused."""
    response = iso2.ResponseCodeType(code)
    change = in_body(lambda body: replace(body, ResponseCode=response))
    return AnswerStep(at=at, stimulus=f"{at} with {code}", change=change, fault="refusal")


def another(at: str) -> AnswerStep:
    """Another answer than the one that is due."""
    if at == "PaymentServiceSelectionRes":
        instead: Any = iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK)
    else:
        instead = iso2.PaymentServiceSelectionRes(ResponseCode=iso2.ResponseCodeType.OK)
    stimulus = f"{type(instead).__name__} in place of {at}"
    return AnswerStep(at=at, stimulus=stimulus, change=in_body(lambda _: instead), fault="other message")


def foreign(at: str) -> AnswerStep:
    """The answer names a session that is not this one."""
    change = finished(other_session(None))
    return AnswerStep(at=at, stimulus=f"{at} with another SessionID", change=change, fault="foreign session")


def unreadable(at: str) -> AnswerStep:
    """What comes in place of the answer is no message."""
    stimulus = f"octets in place of {at} that are no message"
    return AnswerStep(at=at, stimulus=stimulus, change=lambda _: NOISE, fault="unreadable")


def nothing(at: str) -> AnswerStep:
    """No answer comes within the message's timeout."""
    return AnswerStep(
        at=at,
        stimulus=f"nothing in place of {at}",
        change=lambda _: None,
        fault="silence",
        not_before=message_timeout(at.removesuffix("Res")),
    )


def wrong(at: str, says: str, change: AnswerChange | Remade) -> AnswerStep:
    """The answer is what it should be, but for something in it."""
    return AnswerStep(at=at, stimulus=f"{at} {says}", change=change, fault="content")


def endless(at: str, limit: float, says: str, *settings: Setting, change: AnswerChange | None = None) -> AnswerStep:
    """The answer is never the last one."""
    step = AnswerStep(
        at=at,
        stimulus=f"{at} {says}, again and again",
        change=change,
        fault="endless",
        not_before=limit,
        repeats=f"{at.removesuffix('Res')}Req",
        again=change is not None,
    )
    return step.within(*settings)


BUSY = in_body(lambda body: replace(body, EVSEProcessing=iso2.EVSEProcessingType.Ongoing))
"""The station is not done yet."""


def undecided() -> AnswerStep:
    """The station is busy: it does not say that it waits for the driver, for whom a vehicle would wait, too."""
    waits = Setting(station={"external_wait": None})
    return replace(endless("AuthorizationRes", ONGOING, "that says Ongoing", EIM, waits, change=BUSY), card=False)


def silenced(step: AnswerStep) -> AnswerStep:
    """The oscillator stops before the answer is sent."""
    return replace(step, stimulus=f"the oscillator off, then {step.stimulus}", pilot="off")


def unavailable(at: str) -> AnswerStep:
    """The pilot goes to state F, and half a second later the right answer comes."""
    return AnswerStep(at=at, stimulus=f"the pilot in state F, 0.5 s later a right {at}", fault="pilot", pilot="F")
