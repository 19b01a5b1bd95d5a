"""Conformance cases as tests: those that a ``….conformance.toml`` selects, against the device it names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import Struct, field

from pncsim.simulator.conformance.suites import SUITES
from pncsim.simulator.parameters import did_you_mean, parameters_of
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.conformance.case import Case
    from pncsim.simulator.conformance.suite import Bench, Suite


class CasesChosen(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says; as the options of ``pnc conformance`` of the same names. Paths are beside the file."""

    suite: str
    target: str = ""
    pics: str = ""
    select: str = ""
    retry: int = 0
    evidence: str = ""
    options: dict[str, str | int | float | bool] = field(default_factory=dict)


class CasesFile(pytest.File):
    """Such a file. ``unreached``: how it was seen that its device is not there; no other case is tried then."""

    unreached = ""

    def collect(self) -> Iterator[pytest.Item]:
        """Each case that is selected."""
        try:
            suite, bench, cases, retries = read_cases(self.path)
        except LocalError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.id, suite=suite, case=case, bench=bench, retries=retries)


class CaseItem(pytest.Item):
    """A case."""

    def __init__(self, *, suite: Suite, case: Case, bench: Bench, retries: int, **told: Any) -> None:
        super().__init__(**told)
        self._suite, self._case, self._bench, self._retries = suite, case, bench, retries

    def runtest(self) -> None:
        """Run it. One that does not apply is skipped; one that is known to fail is an expected failure."""
        from pncsim.simulator.conformance.case import CaseVerdict
        from pncsim.simulator.conformance.running import tried

        asked = self.parent
        assert isinstance(asked, CasesFile)
        if asked.unreached:
            raise CaseFailed(f"It was not run, since nobody was there before: {asked.unreached}")
        told = tried(self._suite, self._case, self._bench, self._retries)
        asked.unreached = told.why if told.unreached else ""
        match told.verdict:
            case CaseVerdict.PASS | CaseVerdict.FLAKY:
                self.user_properties.append(("verdict", str(told.verdict)))
            case CaseVerdict.NOT_APPLICABLE:
                pytest.skip(told.why)
            case CaseVerdict.EXPECTED:
                pytest.xfail(told.why)
            case _:
                raise CaseFailed(f"{told.line}\n  expected: {self._case.expectation}\n  source:   {self._case.source}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What did not hold; a traceback for what is a defect."""
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file that has selected it."""
        return self.path, None, self.name


class CaseFailed(Exception):
    """A device does not behave as a case expects."""


def read_cases(path: Path) -> tuple[Suite, Bench, list[Case], int]:
    """The suite, what its cases are run against, those that are selected, and how often each is tried again.

    Raises LocalError.
    """
    from pncsim.simulator.conformance.pics import read_pics
    from pncsim.simulator.conformance.suite import Bench
    from pncsim.simulator.every.selection import selection

    try:
        chosen = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), CasesChosen)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LocalError(f"{path} says not which cases are meant: {error}.") from None
    if chosen.suite not in SUITES:
        raise LocalError(f"{path} names no suite: {chosen.suite!r}.", advice=did_you_mean(chosen.suite, SUITES))
    suite = SUITES[chosen.suite][1]()
    ids = [case.id for case in suite.cases]
    pics = read_pics(path.parent / chosen.pics, suite.declarations, ids) if chosen.pics else suite.usual
    selects = selection(chosen.select) if chosen.select else None
    bench = Bench(
        # That of services may be a ready file.
        target=str(path.parent / chosen.target) if (path.parent / chosen.target).is_file() else chosen.target,
        pics=pics,
        options=suite.options(**_options(suite, chosen.options, path.parent)),
        evidence=path.parent / chosen.evidence if chosen.evidence else None,
    )
    if told := suite.misuse(bench):
        raise LocalError(f"{path}: {told}")
    suite.check(bench)
    cases = [case for case in suite.cases if selects is None or selects(case.labels)]
    if not cases:
        raise LocalError(f"{path} selects no case of the suite {suite.name}.")
    return suite, bench, cases, chosen.retry


def _options(suite: Suite, written: Mapping[str, object], folder: Path) -> dict[str, Any]:
    from pncsim.simulator.dashboard.lab_commands import values_of

    texts = {
        name: ("yes" if value else "no") if isinstance(value, bool) else str(value) for name, value in written.items()
    }
    values = values_of(f"The suite {suite.name}", parameters_of(suite.options), texts)
    return {name: folder / value if isinstance(value, Path) else value for name, value in values.items()}
