"""Whether what was seen of a cell is what must come of it."""

from __future__ import annotations

from pncsim.simulator.grid.expected import ANY, LAST_RESPONSE, PLUGGED_IN, STRUCK, Expected
from pncsim.simulator.grid.job import Seen

ROUNDING = 0.02
"""Seconds within which a time is the one expected: a contactor closes meanwhile (0.005 s)."""


def judge(seen: Seen, wanted: Expected, message: str) -> list[str]:
    """What is otherwise, as sentences; none: the cell is as it must be."""
    wrong = [seen.error] if seen.error else []
    if message not in seen.messages:
        return [*wrong, f"{message} was never about to be sent"]
    if wanted.problem is not None:
        since = _since(seen, wanted.since, message)
        times = [time - since for time, *problem in seen.problems if tuple(problem) == wanted.problem]
        if not any(abs(time - wanted.after) <= ROUNDING for time in times):
            role, kind = wanted.problem
            wrong.append(f"{role} should report {kind} after {wanted.after:g} s, and did so after {times}")
    if wanted.vehicle not in (ANY, seen.vehicle):
        wrong.append(f"the vehicle's session should end with {wanted.vehicle}, not {seen.vehicle}")
    stopped = [wanted.stopped, "StoppedByEV"] if wanted.stopped else ["StoppedByEV"]
    if seen.stopped != stopped:
        wrong.append(f"the transactions should end with {stopped}, not {seen.stopped}")
    if seen.held != ((seen.emaid,) if wanted.held else ()):
        wrong.append(f"the vehicle holds {seen.held} after the first session")
    if seen.again != "ok":
        wrong.append(f"once everybody is back the vehicle cannot charge: {seen.again}")
    return wrong + seen.invariants


def _since(seen: Seen, since: str, struck: str) -> float:
    if since == PLUGGED_IN:
        return 0.0
    if since == LAST_RESPONSE:
        return max(time for time, message in seen.told if message.partition(".")[0].endswith("Res"))
    return next(time for time, message in seen.told if message == (struck if since == STRUCK else since))
