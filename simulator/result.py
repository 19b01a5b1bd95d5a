"""What a run came to: checks, facts, problems and one verdict."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field


class Verdict(StrEnum):
    """``PASS``: everything expected was observed. ``FAIL``: something was not. ``ERROR``: the run could not be done.

    ``SHORT``: a lone vehicle's session ended in order, but did not bring what was asked for.
    """

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SHORT = "short"


EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.ERROR: 3, Verdict.SHORT: 4}
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_DEFECT = 70
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141
EXIT_TERMINATED = 143


class OutputLost(OSError):
    """Standard output takes no more: closed, full, or its reader has gone."""


class Check(Struct, frozen=True):
    """One expectation: what was expected, whether it held, and what was seen.

    ``fault``: the fault of the run that had to be answered so, if it is about one. ``id`` names it in every run of the
    scenario (``2.1.1.1.1/logged``), ``clause`` is what demands it, ``actor`` whose doing it is (``RCP``).
    """

    expected: str
    ok: bool
    seen: str
    fault: str = ""
    id: str = ""
    clause: str = ""
    actor: str = ""


def check_name(text: str) -> str:
    """What a check is called that was given no id: its words, without what is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80]


class RunResult(Struct):
    """The outcome of one scenario run. ``facts`` are the lines of the summary, in order; times are in seconds.

    ``faults``: what was disturbed on purpose, name -> (what it is, what the standard answers). ``expect_fault``: that
    they are answered so is what is asked for, and the run may end as they make it end. ``judged``: the verdict
    of a lone side, which says its own. ``first_problem``: what an actor reported first, where others only saw the
    consequences. ``error_kind``: what kind of error ``error`` tells of (:data:`wire.errors.KINDS`). ``use_case``: the
    id of the use case that is shown, by which its checks are named.
    """

    scenario: str
    transport: str
    use_case: str = ""
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    expect_fault: bool = False
    judged: Verdict | None = None
    first_problem: str = ""
    problems: list[str] = field(default_factory=list)
    error: str | None = None
    error_kind: str = ""
    evidence: Path | None = None
    lab_seconds: float = 0.0
    wall_seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """ERROR if the run broke off on our side, FAIL if a check that counts failed (or there is none), else PASS."""
        if self.error is not None:
            return Verdict.ERROR
        if self.judged is not None:
            return self.judged
        return Verdict.PASS if self.counting and all(check.ok for check in self.counting) else Verdict.FAIL

    @property
    def counting(self) -> list[Check]:
        """The checks that decide: all of them, or where a fault is expected, those about its answer."""
        return [check for check in self.checks if check.fault] if self.expect_fault else self.checks

    @property
    def cause(self) -> str:
        """The check that failed first, with what was seen, or why there is no result; empty for a PASS."""
        if self.error is not None:
            return self.error
        failed = next((check for check in self.counting if not check.ok), None)
        if failed is None:
            return "" if self.counting else "Nothing was checked."
        return f"{failed.expected}: {failed.seen or 'no'}"

    @property
    def disturbed(self) -> str:
        """What was disturbed and whether the standard's answer was seen, to go on a verdict line; empty if nothing."""
        if not self.faults or self.error is not None:
            return ""
        answers = [check.ok for check in self.checks if check.fault]
        met = ", answered as the standard says" if answers and all(answers) else ", not answered as the standard says"
        return f"disturbed by {' and '.join(self.faults)}{met}"

    @property
    def line(self) -> str:
        """The whole result in one line: verdict, scenario, what was disturbed, the cause and what came before it."""
        parts = [f"{self.verdict.upper()} {self.scenario}", self.disturbed]
        line = ", ".join(filter(None, parts)) + (f": {self.cause}" if self.cause else "")
        first = self.first_problem
        return f"{line} (first problem: {first})" if self.cause and first and first not in line else line

    @property
    def exit_code(self) -> int:
        """The process exit code that belongs to the verdict."""
        return EXIT_CODES[self.verdict]
