"""What a step has shown: whether the vehicle did what the case expects, and otherwise what it did."""

from __future__ import annotations

from pncsim.simulator.conformance.case import CaseVerdict, Finding
from pncsim.simulator.conformance.evcc.step import ANSWERS_WITHIN, CLOSES_WITHIN, NextRequest
from pncsim.simulator.conformance.evcc.tester import HandshakeWatch, TestingStation
from pncsim.wire.pilot import READY

ROUNDING = 0.5
"""Seconds by which a vehicle may be early or late with what it does at a limit, the tester's own way being part."""

STOPS = frozenset({"WeldingDetectionReq", "SessionStopReq"})
"""What may come after a fault, besides PowerDeliveryReq that says Stop."""


def judged(tester: TestingStation, reason: str) -> Finding:
    """The verdict about a step that was taken, or not, in a session that ended for ``reason``."""
    if tester.struck_at is None:
        why = tester.refused or f"It did not come to {tester.step.at}: {reason}"
        return Finding(CaseVerdict.INCONCLUSIVE, why)
    wrong = _followed(tester) if tester.step.follows else _ended(tester)
    verdict = CaseVerdict.FAIL if wrong else CaseVerdict.PASS
    return Finding(verdict, wrong or _seen(tester), since=tester.since)


def _followed(tester: TestingStation) -> str:
    """What is wrong with how the vehicle went on."""
    step, struck = tester.step, tester.struck_at
    assert struck is not None
    if not tester.asked:
        return f"Nothing came after {step.at}; {step.expectation}"
    first = tester.asked[0]
    if first.name not in step.follows:
        return f"{first.name} came after {step.at}; {step.expectation}"
    if first.at - struck > ANSWERS_WITHIN + ROUNDING:
        return f"{first.name} came after {first.at - struck:.1f} s; it has {ANSWERS_WITHIN:g} s."
    wrong = step.look(first, tester.answer) if step.look is not None else ""
    if not wrong and step.leaves:
        wrong = _left(tester)
    return wrong or (_readied(tester) if step.ready and tester.pilot is not None else "")


def _left(tester: TestingStation) -> str:
    """What is wrong with how the vehicle stopped the session in order."""
    surplus = [one.name for one in tester.asked if one.name not in STOPS]
    if surplus:
        return f"{surplus[0]} came where the session was to be stopped."
    if tester.asked[-1].name != "SessionStopReq":
        return "SessionStopReq did not come."
    if tester.pilot is not None and tester.pilot.state in READY:
        return f"The pilot stayed in state {tester.pilot.state}."
    return ""


def _readied(tester: TestingStation) -> str:
    loop = next((one.at for one in tester.asked if one.name in ("ChargingStatusReq", "CurrentDemandReq")), None)
    if tester.ready_at is None or (loop is not None and tester.ready_at > loop):
        return "The pilot was not in state C or D before the charging loop."
    return ""


def _ended(tester: TestingStation) -> str:
    """What is wrong with how the vehicle ended the session."""
    step, struck = tester.step, tester.struck_at
    assert struck is not None
    if tester.asked and tester.asked[0].name in step.or_else:
        return step.look(tester.asked[0], tester.answer) if step.look is not None else ""
    stopped = False
    for one in tester.asked:
        took = one.at - struck
        if one.name == step.repeats and took <= step.not_before + ROUNDING:
            continue
        if not _stops(one):
            return f"{one.name} came {took:.1f} s after {step.stimulus}; {step.expectation}"
        stopped = stopped or one.name == "SessionStopReq"
    if tester.pilot is not None and tester.pilot.state in READY:
        return f"The pilot stayed in state {tester.pilot.state}; {step.expectation}"
    if tester.closed_at is None:
        # Once SessionStopRes is sent it is the tester who closes, so that the vehicle cannot be seen to.
        return "" if stopped else f"It did not close the connection; {step.expectation}"
    # Some limits begin with the request, others with its answer: early is by the former, late by the latter.
    took = tester.closed_at - tester.since
    if took < step.not_before - ROUNDING and not stopped:
        return f"It closed the connection after {took:.1f} s already; it has to wait {step.not_before:g} s."
    took = tester.closed_at - struck
    if took > step.latest + ROUNDING:
        return f"It closed the connection after {took:.1f} s only; {step.expectation}"
    return ""


def _stops(one: NextRequest) -> bool:
    return one.name in STOPS or (one.name == "PowerDeliveryReq" and str(one.body.ChargeProgress) == "Stop")


def _seen(tester: TestingStation) -> str:
    step = tester.step
    if step.follows or (tester.asked and tester.asked[0].name in step.or_else):
        return tester.asked[0].name
    if tester.closed_at is None:
        return "stopped in order"
    return f"closed {tester.closed_at - tester.since:.2f} s after its request"


def judged_handshake(seen: HandshakeWatch, reason: str) -> Finding:
    """The verdict about a handshake that must not have come to anything, in a session that ended for ``reason``."""
    secured = seen.secured
    if secured is None:
        return Finding(CaseVerdict.INCONCLUSIVE, f"It did not come to TLS: {reason}")
    wrong = ""
    if seen.asked:
        wrong = f"{seen.asked} came over the connection, which was to be closed."
    elif secured.ok and (seen.closed_at is None or seen.closed_at - secured.time > CLOSES_WITHIN + ROUNDING):
        wrong = f"The connection was not closed within {CLOSES_WITHIN:g} s."
    if wrong:
        return Finding(CaseVerdict.FAIL, wrong, since=secured.time)
    said = f"alert {secured.alert}" if secured.alert is not None else "the connection closed"
    return Finding(CaseVerdict.PASS, said, since=secured.time)
