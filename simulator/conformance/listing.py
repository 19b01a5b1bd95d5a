"""What a suite has, for a terminal: its cases, one of them with all there is to tell, and its wrong devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.pics import Pics
from pncsim.simulator.conformance.suite import Suite


def explained(case: Case, pics: Pics) -> str:
    """One case: whose it is, what it does and expects, and whether it applies."""
    told = {
        "source": case.source,
        "before": case.precondition,
        "stimulus": case.stimulus,
        "expected": case.expectation,
        "applies": "always" if not case.when else f"if {' and '.join(map(str, case.when))}",
        "here": pics.against(case) or "It applies.",
    }
    if case.id in pics.reasons:
        told["known"] = f"It is expected to fail: {pics.reasons[case.id]}"
    return "\n".join([case.id, f"  {case.title}", *(f"  {name:9} {text}" for name, text in told.items())])


def listed(cases: Sequence[Case], pics: Pics) -> Iterator[str]:
    """A line for each case, with the reason why it does not apply."""
    for one in cases:
        why = pics.against(one)
        yield f"{one.id}  {one.title}{f' (not applicable: {why})' if why else ''}"


def wrong_devices(suite: Suite, cases: Sequence[Case]) -> Iterator[str]:
    """A line for each mutant that has to fail one of ``cases``: its name, and what is wrong with it."""
    ids = {one.id for one in cases}
    for wrong in suite.mutants.values():
        if killed := [id for id in wrong.kills if id in ids]:
            more = f" and {len(killed) - 1} more" if len(killed) > 1 else ""
            yield f"{wrong.name}  {wrong.title} (fails {killed[0]}{more})"
