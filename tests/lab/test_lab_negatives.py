"""Every negative case ends as the sources demand."""

from __future__ import annotations

import pytest
from lab_runs import run

from pncsim.simulator.faults.negatives import NEGATIVES, Negative


@pytest.mark.parametrize("negative", NEGATIVES, ids=lambda one: one.name)
def test_it_ends_as_the_sources_demand(negative: Negative) -> None:
    done = run(negative.scenario, negative.options, faults=[negative.fault])
    assert done.result.error is None
    assert [check.expected for check in done.result.checks if check.fault and not check.ok] == []


def test_each_is_there_once() -> None:
    assert len({negative.name for negative in NEGATIVES}) == len(NEGATIVES)
