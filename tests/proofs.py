"""What a run of the tests has shown of the numbered requirements (a pytest plug-in)."""

from __future__ import annotations

from pathlib import Path

import pytest
import rules

KEY = pytest.StashKey["Proofs"]()


class Proofs:
    """``collected`` and ``proven``: by requirement, the files whose tests claim it, and those where one has passed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rules_of: dict[str, set[str]] = {}
        self._failed = False
        self.collected: dict[str, set[str]] = {}
        self.proven: dict[str, set[str]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep those of ``--rule`` and put last who asks what the others have shown; an unknown id ends the run."""
        for item in items:
            claimed = {str(rule) for mark in item.iter_markers("rule") for rule in mark.args}
            if claimed - rules.RULES.keys():
                raise pytest.UsageError(f"{item.nodeid} proves {claimed - rules.RULES.keys()}: see tests/rules.py.")
            self._rules_of[item.nodeid] = claimed
            item.user_properties += (("rule", rule) for rule in sorted(claimed))
            _note(self.collected, claimed, item.nodeid)
        wanted = self._config.getoption("--rule")
        if wanted is not None:
            dropped = [item for item in items if wanted not in self._rules_of[item.nodeid]]
            items[:] = [item for item in items if wanted in self._rules_of[item.nodeid]]
            self._config.hook.pytest_deselected(items=dropped)
        items.sort(key=lambda item: "proofs" in getattr(item, "fixturenames", ()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what has passed."""
        self._failed |= report.failed
        claimed = {str(value) for name, value in report.user_properties if name == "rule"}
        if self._gathers:
            _note(self.collected, claimed, report.nodeid)
        if report.when == "call" and report.passed:
            _note(self.proven, claimed, report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """With ``--write-rules`` the table becomes what this run has shown, unless something failed."""
        if self._config.getoption("--write-rules") and not (self._failed or session.testsfailed):
            rules.write(self.proven)
        unproven = sorted(self.collected.keys() - self.proven.keys())
        if self._gathers and unproven and self.collected == rules.marked():
            print(f"\nNo test has proven {', '.join(unproven)} in this run.")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _gathers(self) -> bool:
        """Whether other processes run the tests, and this one hears how they ended."""
        return bool(self._config.getoption("numprocesses", None)) and not hasattr(self._config, "workerinput")


def _note(files: dict[str, set[str]], claimed: set[str], nodeid: str) -> None:
    file = Path(nodeid.partition("::")[0]).relative_to(rules.TESTS.name).as_posix()
    for rule in claimed:
        files.setdefault(rule, set()).add(file)
