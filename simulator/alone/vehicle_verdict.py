"""What the run of a lone vehicle came to: whether it got what was asked for, why not, and how patient it had to be."""

from __future__ import annotations

from pncsim.ev.outcome import SessionOutcome
from pncsim.simulator.result import Verdict
from pncsim.wire.errors import LocalError

WORTH_A_WORD = 1.0
"""Wh: a meter shows whole ones, so less than this is not missing."""
_BEGINNINGS = ("The ", "A ", "An ", "No ", "Nobody ", "Before ", "There ")
"""First words of sentences that are small in the middle of one."""


def vehicle_verdict(outcome: SessionOutcome, cause: str, *, kwh: float | None, patience: float) -> tuple[Verdict, str]:
    """Verdict and line. ``cause`` says how the session ended, ``kwh`` what was asked for, None for nothing certain.

    A session that failed is a FAIL (ERROR if that was our side) however much has flowed; one that ended in order
    without having brought what was asked for is SHORT.
    """
    verdict = Verdict.PASS if outcome.ok else Verdict.FAIL
    if isinstance(outcome.error, LocalError):
        verdict = Verdict.ERROR
    taken = outcome.energy_wh / 1000
    line = f"{cause}; {taken:.3f} kWh taken"
    if kwh is not None and kwh * 1000 - outcome.energy_wh >= WORTH_A_WORD:
        because = cause[0].lower() + cause[1:] if cause.startswith(_BEGINNINGS) else cause
        line = f"asked {kwh:g} kWh, delivered {round(taken, 3):g} kWh, because {because}"
        verdict = Verdict.SHORT if verdict is Verdict.PASS else verdict
    return verdict, line + _patience_told(outcome, patience)


def _patience_told(outcome: SessionOutcome, patience: float) -> str:
    """What a vehicle that waits longer than the standard says has waited for."""
    if patience == 1:
        return ""
    late = ", ".join(
        f"{what} took {took:.3g} s (the standard's limit is {limit:g} s)"
        for what, (took, limit) in outcome.overdue.items()
    )
    return f"; with patience {patience:g}{f': {late}' if late else ', which nothing needed'}"
