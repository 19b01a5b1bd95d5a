"""Management systems of ours that are wrong in one point: in a call they make, an answer they give, or a decision.

Which cases have to see it follows from their steps: those in which that call, answer or decision occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pncsim.simulator.conformance.case import Case, Mutant
from pncsim.simulator.conformance.csms.course import CoursePlay
from pncsim.simulator.conformance.csms.wrong import answers, calls, decisions
from pncsim.wire.values import replace


def mutants(cases: Iterable[Case]) -> dict[str, Mutant]:
    """All of them by name; which of ``cases`` each makes fail follows from their steps."""
    taken = {one.id: one.how.steps for one in cases if isinstance(one.how, CoursePlay)}
    found = (*calls.mutants(taken), *answers.mutants(taken), *decisions.mutants(taken))
    return {one.name: replace(one, kills=(*one.kills, *BESIDES.get(one.name, ()))) for one in found}


BESIDES: Mapping[str, tuple[str, ...]] = {
    "another-certificate": ("TC_A_07_CSMS", "TC_A_19_CSMS"),
    "any-password": ("TC_A_09_CSMS", "TC_A_10_CSMS"),
    "lists-other-certificates": ("TC_M_20_CSMS", "TC_M_21_CSMS"),
    "no-certificate": ("TC_A_19_CSMS",),
    "no-status": ("TC_C_51_CSMS", "TC_C_52_CSMS"),
    "nobody-known-later": ("TC_C_50_CSMS",),
    "nobody-known": ("TC_C_50_CSMS", "TC_C_51_CSMS", "TC_C_52_CSMS"),
    "prefers-another": ("TC_A_19_CSMS",),
    "profile-of-old": ("TC_A_19_CSMS",),
    "refuses-heartbeat": ("TC_A_09_CSMS", "TC_A_10_CSMS", "TC_B_01_CSMS"),
    "refuses-returns": ("TC_A_19_CSMS",),
    "refuses-status": ("TC_M_24_CSMS",),
    "refuses-statusnotification": ("TC_B_01_CSMS",),
    "resets-one": ("TC_A_19_CSMS",),
    "writes-another": ("TC_A_09_CSMS", "TC_A_10_CSMS", "TC_A_19_CSMS"),
}
"""Cases that are no course of steps, and need the same answer."""
