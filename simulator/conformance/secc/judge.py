"""What a step has shown: whether the station did what the case expects, and otherwise what it did."""

from __future__ import annotations

from itertools import takewhile

from pncsim.simulator.conformance.case import CaseVerdict, Finding
from pncsim.simulator.conformance.secc.step import Heard
from pncsim.simulator.conformance.secc.tester import CLOSES, ROUNDING, TestingVehicle


def judge(tester: TestingVehicle) -> Finding:
    """The verdict about a step that was taken, or not, by a tester whose connection has ended."""
    if tester.struck_at is None:
        error = tester.outcome.error
        why = f": {error.sentence}" if error is not None else f": {tester.outcome.reason}"
        return Finding(CaseVerdict.INCONCLUSIVE, f"It did not come to {tester.step.at}{why}")
    wrong = _answered(tester) or (_closed(tester) if tester.step.closes else "")
    if wrong:
        return Finding(CaseVerdict.FAIL, wrong, since=tester.struck_at)
    if tester.step.ongoing and _processing(tester.answers[0]) == "Finished":
        undecided = f"{tester.answers[0].name} is Finished at once, never undecided."
        return Finding(CaseVerdict.INCONCLUSIVE, undecided, since=tester.struck_at)
    return Finding(CaseVerdict.PASS, _seen(tester), since=tester.struck_at)


def _answered(tester: TestingVehicle) -> str:
    """What is wrong with what was answered."""
    step, answers = tester.step, tester.answers
    if not step.answer:
        return "" if not answers else f"It answered with {_told(answers[0])}; {step.expectation}"
    if not answers:
        error = tester.outcome.error
        what = error.sentence if error is not None else "The station answered nothing."
        return f"{step.answer} was expected. {what}"
    here = list(takewhile(lambda heard: heard.name == step.answer, answers))
    if not here or here[-1].code not in step.codes:
        return f"It answered with {_told(answers[0] if not here else here[-1])}; expected was {step.expectation}"
    refused = next((heard for heard in here if heard.code not in step.codes), None)
    if refused is not None:
        return f"It answered with {_told(refused)}; expected was {step.expectation}"
    if not step.goes_on:
        return _of_this_session(tester, here[0]) or _looked_at(tester, here[-1])
    if not here[-1].accepted:
        error = tester.outcome.error
        return f"The vehicle does not accept {_told(here[-1])}{f': {error.sentence}' if error is not None else '.'}"
    return _unfinished(tester, here[-1]) or _looked_at(tester, here[-1])


def _of_this_session(tester: TestingVehicle, heard: Heard) -> str:
    """An answer names the session, as far as there is one (V2G2-751)."""
    own = tester.session.id
    if not any(own) or not heard.session_id or int.from_bytes(heard.session_id) == int.from_bytes(own):
        return ""
    return f"{heard.name} names session {heard.session_id.hex().upper()}, this one is {own.hex().upper()}."


def _unfinished(tester: TestingVehicle, heard: Heard) -> str:
    """What is asked again until it is done has to come to that."""
    processing = _processing(heard)
    if processing == "Finished":
        return ""
    error = tester.outcome.error
    return f"{heard.name} stays {processing}{f': {error.sentence}' if error is not None else '.'}"


def _processing(heard: Heard) -> str:
    return str(getattr(heard.body, "EVSEProcessing", "Finished"))


def _looked_at(tester: TestingVehicle, heard: Heard) -> str:
    """What the last answer does not say: a receipt need not be asked for at once."""
    return next((wrong for look in tester.step.also if (wrong := look(heard, tester.session))), "")


def _closed(tester: TestingVehicle) -> str:
    """What is wrong with how the connection ended."""
    step, struck = tester.step, tester.struck_at
    assert struck is not None
    if tester.closed_at is None:
        after, late = ("No answer", step.patience) if not tester.answers else (_told(tester.answers[-1]), CLOSES)
        return f"{after}, but the connection stays open for {late:g} s."
    took = tester.closed_at - struck
    if not step.answer and took < step.not_before - ROUNDING:
        return f"It closed the connection after {took:.1f} s already; it has to wait {step.not_before:g} s."
    return ""


def _seen(tester: TestingVehicle) -> str:
    answers, struck = tester.answers, tester.struck_at
    assert struck is not None
    seen = _told(answers[0]) if answers else "no answer"
    if tester.closed_at is None:
        return seen
    return f"{seen}, closed {tester.closed_at - struck:.1f} s after the step"


def _told(heard: Heard) -> str:
    return f"{heard.name} {heard.code}".strip()
