"""A run as JUnit XML, for the reports of CI systems: a suite, with one case for each thing that was expected."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

from pncsim.simulator.evidence.manifest import Manifest
from pncsim.simulator.result import Check, Verdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COUNTED = ("tests", "failures", "errors")
_ATTACHED = ("manifest.json", "report.html", "trace.pcapng")
BROKEN_OFF = "the run comes to its end"
NOT_COUNTED = "NA: only the answer to the fault counts"
"""How a failed check is skipped that could not hold in a run with a fault (``--expect-fault``)."""


def junit_of(manifest: Manifest) -> str:
    """The document about one run."""
    return junit_of_several([(manifest.scenario, manifest, "")])


def junit_of_several(runs: Iterable[tuple[str, Manifest, str | None]]) -> str:
    """The document about runs: the name of each, its manifest, and the folder of its bundle (None: there is none).

    A failed check is a failure, a run that broke off an error; what did not count is skipped.
    """
    suites = [_Suite(name, manifest, folder) for name, manifest, folder in runs]
    counts = " ".join(f'{what}="{sum(suite.counts[what] for suite in suites)}"' for what in _COUNTED)
    seconds = sum(suite.manifest.wall_seconds for suite in suites)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="pncsim" {counts} time="{seconds:.3f}">',
        *(line for suite in suites for line in suite.lines()),
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


class _Suite:
    """The cases of one run, and how many there are of which kind."""

    def __init__(self, name: str, manifest: Manifest, folder: str | None) -> None:
        self.name, self.manifest = name, manifest
        self._attached = () if folder is None else tuple(os.path.join(folder, file) for file in _ATTACHED)
        checks = manifest.checks or (
            [] if manifest.error else [Check("something is checked", False, "nothing was", id="checked")]
        )
        self._cases = [_case(name, manifest, check) for check in checks]
        failures, self._skipped = (sum(mark in case for case in self._cases) for mark in ("<failure", "<skipped"))
        if manifest.error is not None:
            self._cases.append(_element(name, BROKEN_OFF, f'<error message="{escaped(manifest.error)}"/>'))
        errors = int(manifest.error is not None)
        self.counts = dict(zip(_COUNTED, (len(self._cases), failures, errors), strict=True))

    def lines(self) -> Iterator[str]:
        """The element."""
        told = self.manifest
        begun = datetime.fromisoformat(told.wall_started).replace(tzinfo=None).isoformat(timespec="seconds")
        counts = " ".join(f'{what}="{count}"' for what, count in self.counts.items())
        suite = f'name="{escaped(self.name)}" {counts} skipped="{self._skipped}" time="{told.wall_seconds:.3f}"'
        yield f'<testsuite {suite} timestamp="{begun}" hostname="pncsim">'
        yield "<properties>"
        yield from (f'<property name="{escaped(name)}" value="{escaped(value)}"/>' for name, value in _properties(told))
        yield "</properties>"
        yield from self._cases
        if self._attached:
            yield (
                "<system-out>"
                + escaped("\n".join(f"[[ATTACHMENT|{file}]]" for file in self._attached))
                + "</system-out>"
            )
        yield "</testsuite>"


def _case(name: str, manifest: Manifest, check: Check) -> str:
    about = {"id": check.id, "clause": check.clause, "actor": check.actor, "seen": check.seen}
    inside = "".join(f'<property name="{name}" value="{escaped(value)}"/>' for name, value in about.items() if value)
    inside = f"<properties>{inside}</properties>" if inside else ""
    if not check.ok:
        seen = escaped(check.seen or "no")
        if manifest.expect_fault and not check.fault:
            inside += f'<skipped message="{escaped(NOT_COUNTED)}: {seen}"/>'
        else:
            first = manifest.first_problem and f"first problem: {manifest.first_problem}"
            inside += f'<failure message="{seen}">{escaped(first)}</failure>'
    return _element(name, check.expected, inside)


def _element(suite: str, name: str, inside: str) -> str:
    head = f'<testcase classname="pncsim.{escaped(suite)}" name="{escaped(name)}" time="0"'
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


def escaped(text: str) -> str:
    """``text`` as it may stand in XML, in an attribute, too; what no XML can hold is replaced."""
    return escape(_NOT_XML.sub("\ufffd", text))
