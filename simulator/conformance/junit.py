"""What a suite came to as JUnit XML: a test suite for each group of cases.

A failure is ``failure``; what was inconclusive or could not be run ``error``; what does not apply, or was expected to
fail, or is known to the baseline, ``skipped``. A case that passed at a later attempt is passed, with ``flakyFailure``,
as Maven Surefire writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pncsim.simulator.conformance.case import Case, CaseVerdict
from pncsim.simulator.conformance.record import Tried
from pncsim.simulator.evidence.junit import escaped

_ELEMENTS = {
    CaseVerdict.FAIL: "failure",
    CaseVerdict.INCONCLUSIVE: "error",
    CaseVerdict.ERROR: "error",
    CaseVerdict.NOT_APPLICABLE: "skipped",
    CaseVerdict.EXPECTED: "skipped",
    CaseVerdict.FLAKY: "flakyFailure",
}


def _not_run(id: str) -> Tried:
    """What is written of a case that somebody has broken off before: never a pass, and nothing that has failed."""
    return Tried(id=id, verdict=CaseVerdict.NOT_APPLICABLE, why="It was not run.")


def junit_of_suite(suite: str, cases: Mapping[str, Case], tried: Iterable[Tried]) -> str:
    """The document. ``cases``: by id, those that were to be run; one that has not ended is skipped."""
    groups: dict[str, list[Tried]] = {}
    ended = {one.id: one for one in tried}
    for one in (*ended.values(), *(_not_run(id) for id in cases if id not in ended)):
        groups.setdefault(cases[one.id].group, []).append(one)
    everything = [one for group in groups.values() for one in group]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="pncsim {escaped(suite)}" {_counts(everything)}>',
    ]
    for group, members in groups.items():
        lines.append(f'<testsuite name="{escaped(group)}" {_counts(members)}>')
        lines += [_element(suite, cases[one.id], one) for one in members]
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _counts(tried: list[Tried]) -> str:
    found = [_told_as(one) for one in tried]
    counts = {"tests": len(tried), "failures": found.count("failure"), "errors": found.count("error")}
    counts["skipped"] = found.count("skipped")
    told = " ".join(f'{name}="{count}"' for name, count in counts.items())
    return f'{told} time="{sum(one.wall_seconds for one in tried):.3f}"'


def _told_as(tried: Tried) -> str | None:
    return "skipped" if tried.known else _ELEMENTS.get(tried.verdict)


def _element(suite: str, case: Case, tried: Tried) -> str:
    about = {
        "title": case.title,
        "source": case.source,
        "verdict": tried.verdict.value,
        "attempts": str(tried.attempts),
    }
    about |= {"known": "yes"} if tried.known else {}
    inside = "".join(f'<property name="{name}" value="{escaped(value)}"/>' for name, value in about.items())
    inside = f"<properties>{inside}</properties>"
    element = _told_as(tried)
    if element is not None:
        kind = "" if element == "skipped" else f' type="{tried.verdict.value}"'
        known = f"known ({tried.verdict.value}): " if tried.known else ""
        # Some readers show the attribute, others the text alone (GitLab).
        told = f"{known}{tried.why}\nexpected: {case.expectation}\nsource: {case.source}"
        inside += f'<{element} message="{escaped(known + tried.why)}"{kind}>{escaped(told)}</{element}>'
    if tried.evidence:
        inside += f"<system-out>{escaped(f'[[ATTACHMENT|{tried.evidence}/report.html]]')}</system-out>"
    head = f'classname="pncsim.{escaped(suite)}.{escaped(case.group)}" name="{escaped(case.id)}"'
    return f'<testcase {head} time="{tried.wall_seconds:.3f}">{inside}</testcase>'
