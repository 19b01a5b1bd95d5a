"""The runs of ``pnc run --all``: every scenario as it is, with each word one can choose for it, and disturbed.

Each is called what one types behind ``pnc run`` to have it alone.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from pncsim.simulator.faults.deeds import IMPOSSIBLE
from pncsim.simulator.faults.fault import Chosen
from pncsim.simulator.faults.negatives import NEGATIVES
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.scenario import CHARIN, Scenario


class RunCase(Struct, frozen=True):
    """A run of ``scenario``: which of its options are not as usual, and which fault has to be answered ("" none)."""

    scenario: Scenario
    options: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def name(self) -> str:
        """What one types for it."""
        return typed(self.scenario.name, self.options, [self.fault] if self.fault else [])

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can be selected by: its name, its use case, and what the scenario shows."""
        case = self.scenario.use_case
        named = [f"CharIN {case.id}"] if case is not None and case.source == CHARIN else []
        return (self.name, *named, *self.scenario.clauses)


def typed(scenario: str, options: Mapping[str, object], faults: Iterable[str] = ()) -> str:
    """The words behind ``pnc run``: ``install-contract --energy dc --fault slow-pool``."""
    words = [scenario]
    for name, value in options.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", str(value)]
    for fault in faults:
        words += ["--fault", fault]
    return shlex.join(words)


def cases(scenarios: Mapping[str, Scenario]) -> list[RunCase]:
    """All runs of these scenarios: undisturbed, then the negative cases, then what of the catalogue is not in those."""
    as_they_are = [RunCase(one, options) for one in scenarios.values() for options in variants(one)]
    negative = [(one.scenario, one.options, str(one.chosen)) for one in NEGATIVES]
    tried = {(scenario, fault) for scenario, _, fault in negative}
    others: list[tuple[str, Mapping[str, Any], str]] = [
        (one.scenario, {}, str(one)) for one in every_choice() if (one.scenario, str(one)) not in tried
    ]
    disturbed = [
        RunCase(scenarios[scenario], options, fault)
        for scenario, options, fault in (*negative, *others)
        if scenario in scenarios
    ]
    return as_they_are + disturbed


def variants(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """The defaults, and each other value an option with a fixed set of values can have."""
    yield {}
    for option in scenario.options:
        values = (True, False) if option.type is bool else option.choices
        yield from ({option.name: value} for value in values if value != option.default)


def every_choice() -> list[Chosen]:
    """Every fault with each word one can choose for it."""
    found = []
    for fault in FAULTS.values():
        worded = [parameter for parameter in fault.parameters if parameter.choices]
        for words in itertools.product(*(parameter.choices for parameter in worded)):
            values = dict(zip((parameter.name for parameter in worded), words, strict=True))
            if values.get("name") not in IMPOSSIBLE.get(values.get("of", ""), ()):
                found.append(fault.chosen(**values))
    return found
