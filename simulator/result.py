"""What a run came to: checks, facts, problems and one verdict."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field


class Verdict(StrEnum):
    """``PASS``: everything expected was observed. ``FAIL``: something was not. ``ERROR``: the run could not be done."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"


EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.ERROR: 3}
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_DEFECT = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(BaseException):
    """SIGTERM has come: what was open is closed by now. Like KeyboardInterrupt it is no error to be handled."""


class Check(Struct, frozen=True):
    """One expectation: what was expected, whether it held, and what was seen.

    ``fault``: the fault of the run that had to be answered so, if it is about one.
    """

    expected: str
    ok: bool
    seen: str
    fault: str = ""


class RunResult(Struct):
    """The outcome of one scenario run. ``facts`` are the lines of the summary, in order; times are in seconds.

    ``faults``: what was disturbed on purpose, name -> (what it is, what the standard answers). ``first_problem``: what
    an actor reported first, where others only saw the consequences.
    """

    scenario: str
    transport: str
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    first_problem: str = ""
    problems: list[str] = field(default_factory=list)
    error: str | None = None
    evidence: Path | None = None
    lab_seconds: float = 0.0
    wall_seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """ERROR if the run broke off on our side, FAIL if any check failed (or there was none), else PASS."""
        if self.error is not None:
            return Verdict.ERROR
        return Verdict.PASS if self.checks and all(check.ok for check in self.checks) else Verdict.FAIL

    @property
    def cause(self) -> str:
        """Why the verdict is not PASS, in one sentence; empty if it is."""
        if self.error is not None:
            return self.error
        failed = next((check for check in self.checks if not check.ok), None)
        if failed is None:
            return "" if self.checks else "Nothing was checked."
        return self.first_problem or f"{failed.expected}: {failed.seen or 'no'}"

    @property
    def exit_code(self) -> int:
        """The process exit code that belongs to the verdict."""
        return EXIT_CODES[self.verdict]
