"""``pytest ./my_scenario.py``: each scenario of a file that is named to pytest is a test, in each of its variants.

They run in memory. Files that pytest takes for tests by their name (``test_….py``) are left to it; of the others only
those are looked at that are named on the command line and speak of pncsim.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pncsim.simulator.every.cases import RunCase


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of scenarios, beside what pytest itself finds in it."""
    if file_path.suffix != ".py" or not parent.session.isinitpath(file_path):
        return None
    if any(file_path.match(pattern) for pattern in parent.config.getini("python_files")):
        return None
    if "pncsim" not in file_path.read_text(encoding="utf-8", errors="replace"):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """What a file declares, loaded as ``pnc run`` loads it: its assertions are left as they are written."""

    def collect(self) -> Iterator[pytest.Item]:
        """Each scenario as it is, and with each other word one can choose for it."""
        from pncsim.simulator.every.cases import RunCase, variants
        from pncsim.simulator.runs.discovery import scenarios_in
        from pncsim.wire.errors import LocalError

        try:
            declared = scenarios_in(self.path)
        except LocalError as error:
            raise self.CollectError(str(error)) from None
        for one in declared:
            for options in variants(one):
                case = RunCase(one, options)
                yield ScenarioItem.from_parent(self, name=case.name, case=case)


class ScenarioItem(pytest.Item):
    """One run of a scenario."""

    def __init__(self, *, case: RunCase, **told: Any) -> None:
        super().__init__(**told)
        self._case = case

    def runtest(self) -> None:
        """Run it; raises ScenarioFailed unless everything expected was observed."""
        from pncsim.simulator.every.workers import ran
        from pncsim.simulator.result import Verdict
        from pncsim.simulator.settings import RunSettings

        told = ran(self._case, RunSettings(transport="memory")).manifest
        if told.verdict is not Verdict.PASS:
            failed = [f"{check.expected}: {check.seen or 'no'}" for check in told.checks if not check.ok]
            raise ScenarioFailed("\n".join(failed or [told.cause]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What did not hold, a line for each; a traceback for what is a defect."""
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is declared."""
        return self.path, self._case.scenario.run.__code__.co_firstlineno - 1, self.name


class ScenarioFailed(Exception):
    """A run was not as expected."""
