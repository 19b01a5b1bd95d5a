"""A run as JUnit XML, for the reports of CI systems: one suite, one case for each thing that was expected."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape

from pncsim.simulator.evidence.manifest import Manifest
from pncsim.simulator.result import Check, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ATTACHED = ("manifest.json", "report.html", "trace.pcapng")
BROKEN_OFF = "the run comes to its end"
NOT_COUNTED = "NA: only the answer to the fault counts"
"""How a failed check is skipped that could not hold in a run with a fault (``--expect-fault``)."""


def junit_of(manifest: Manifest) -> str:
    """The document. A failed check is a failure, a run that broke off an error; what did not count is skipped."""
    checks = manifest.checks or (
        [] if manifest.error else [Check("something is checked", False, "nothing was", id="checked")]
    )
    cases = [_case(manifest, check) for check in checks]
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    if manifest.error is not None:
        cases.append(_element(manifest, BROKEN_OFF, f'<error message="{_text(manifest.error)}"/>'))
    errors = int(manifest.error is not None)
    begun = datetime.fromisoformat(manifest.wall_started).replace(tzinfo=None).isoformat(timespec="seconds")
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    suite = f'name="{_text(manifest.scenario)}" {counts} skipped="{skipped}" time="{manifest.wall_seconds:.3f}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="pncsim" {counts} time="{manifest.wall_seconds:.3f}">',
        f'<testsuite {suite} timestamp="{begun}" hostname="pncsim">',
        "<properties>",
        *(f'<property name="{_text(name)}" value="{_text(value)}"/>' for name, value in _properties(manifest)),
        "</properties>",
        *cases,
        "<system-out>" + _text("\n".join(f"[[ATTACHMENT|{name}]]" for name in _ATTACHED)) + "</system-out>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(manifest: Manifest, check: Check) -> str:
    about = {"id": check.id, "clause": check.clause, "actor": check.actor, "seen": check.seen}
    inside = "".join(f'<property name="{name}" value="{_text(value)}"/>' for name, value in about.items() if value)
    inside = f"<properties>{inside}</properties>" if inside else ""
    if not check.ok:
        seen = _text(check.seen or "no")
        if manifest.expect_fault and not check.fault:
            inside += f'<skipped message="{_text(NOT_COUNTED)}: {seen}"/>'
        else:
            first = manifest.first_problem and f"first problem: {manifest.first_problem}"
            inside += f'<failure message="{seen}">{_text(first)}</failure>'
    return _element(manifest, check.expected, inside)


def _element(manifest: Manifest, name: str, inside: str) -> str:
    head = f'<testcase classname="pncsim.{_text(manifest.scenario)}" name="{_text(name)}" time="0"'
    return f"{head}>{inside}</testcase>" if inside else f"{head}/>"


def _properties(manifest: Manifest) -> list[tuple[str, str]]:
    verdict = "inconclusive" if manifest.verdict is Verdict.SHORT else manifest.verdict.value
    told = {
        "run": manifest.run,
        "verdict": verdict,
        "transport": manifest.transport,
        "seed": manifest.seed or "",
        "clauses": ", ".join(manifest.clauses),
        "faults": ", ".join(fault.name for fault in manifest.faults),
        "command": manifest.command,
    }
    told |= {f"option {name}": str(value) for name, value in manifest.options.items()}
    return [*told.items(), *((f"version {name}", value) for name, value in manifest.versions.items())]


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
