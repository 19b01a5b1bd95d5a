"""Each negative case that tries a defence fails where that defence is switched off: it is the defence that bites.

Everything else still works then: the run goes through, and what had to be seen is not.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from defences import SWITCHES

from pncsim.simulator.faults.negatives import NEGATIVES, Negative
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs import ocsp, validation

TRYING = [negative for negative in NEGATIVES if negative.defence]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What was believed with a defence switched off is not believed later."""
    yield
    validation._REMEMBERED.clear()
    ocsp._BELIEVED.clear()


def came_to(negative: Negative) -> RunResult:
    """The case, judged by whether its fault was answered."""

    async def main() -> RunResult:
        settings = RunSettings(transport="memory", faults=(negative.fault,), expect_fault=True)
        return await Run(find_scenario(negative.scenario), dict(negative.options), settings).done()

    return run_on_loop("memory", main)


def test_each_defence_has_a_switch_and_is_tried() -> None:
    assert {negative.defence for negative in TRYING} == SWITCHES.keys()


@pytest.mark.parametrize("negative", TRYING, ids=lambda one: one.name)
def test_without_its_defence_a_case_fails(negative: Negative, monkeypatch: pytest.MonkeyPatch) -> None:
    for where, what, instead in SWITCHES[negative.defence]:
        monkeypatch.setattr(where, what, instead)
    result = came_to(negative)
    assert result.verdict is Verdict.FAIL, result.error
