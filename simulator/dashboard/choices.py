"""What can be run: the scenarios with their options and source text, and the faults. No screen in it."""

from __future__ import annotations

import inspect
from functools import lru_cache

from msgspec import Struct

from pncsim.simulator.dashboard.lab_commands import shown_default
from pncsim.simulator.faults.fault import Fault
from pncsim.simulator.faults.table import FAULTS, find_fault
from pncsim.simulator.parameters import Parameter
from pncsim.simulator.runs.discovery import discover
from pncsim.simulator.scenario import Scenario
from pncsim.wire.errors import LocalError


def everything() -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """The scenarios that were found, and why others were refused."""
    found = discover()
    return tuple(found.scenarios.values()), tuple(found.refused)


def matching(scenarios: tuple[Scenario, ...], text: str) -> list[Scenario]:
    """Those with all words in name, title, clauses or use case."""
    words = text.lower().split()
    found = []
    for one in scenarios:
        case = one.use_case.id if one.use_case is not None else ""
        told = " ".join((one.name, one.title, *one.clauses, case)).lower()
        if all(word in told for word in words):
            found.append(one)
    return found


def source_of(scenario: Scenario) -> list[str]:
    """The text of a scenario as it was written."""
    try:
        return inspect.getsource(scenario.run).splitlines()
    except (OSError, TypeError):
        return [scenario.story]


def wrong(parameter: Parameter, text: str) -> str:
    """Why a text is no value for a parameter; empty if it is one."""
    try:
        parameter.read(text)
    except ValueError as error:
        return f"{parameter.name}: {error}."
    return ""


class FaultRow(Struct, frozen=True):
    """A fault as a toggle: whether it is on, and as what it was typed."""

    fault: Fault
    typed: str = ""

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return bool(self.typed)

    @property
    def arguments(self) -> str:
        """Its parameters as typed, or as they are by default."""
        if ":" in self.typed:
            return self.typed.partition(":")[2]
        return _defaults(self.fault.name)

    @property
    def title(self) -> str:
        """What is disturbed."""
        return _title(self.fault.name, self.typed)


@lru_cache
def _defaults(name: str) -> str:
    return ", ".join(f"{p.name}={shown_default(p)}" for p in FAULTS[name].parameters)


@lru_cache(maxsize=1_000)
def _title(name: str, typed: str) -> str:
    """Asked for every row that is drawn, and what a fault can be given is read from its function each time."""
    try:
        return str(find_fault(typed or name).title)
    except LocalError:
        return str(FAULTS[name].title)


def fault_rows(typed: list[str], text: str = "") -> list[FaultRow]:
    """Every fault with all words of ``text`` in it, those that are on with what was typed."""
    on = {one.partition(":")[0].partition("@")[0]: one for one in typed}
    words = text.lower().split()
    rows = [FaultRow(fault, on.get(name, "")) for name, fault in FAULTS.items()]
    return [row for row in rows if all(word in f"{row.fault.name} {row.fault.title}".lower() for word in words)]
