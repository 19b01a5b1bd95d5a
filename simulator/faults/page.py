"""The catalogue of faults for people and programs: a page, and plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pncsim.simulator.faults.fault import Chosen, Fault, FaultGroup
from pncsim.simulator.faults.negatives import NEGATIVES
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.faults.waiting import WAITING
from pncsim.simulator.parameters import Parameter

HEADER = """# Faults

This page is printed by `pnc faults --format markdown`; do not edit it. [scenarios.md](scenarios.md#faults) says how
faults are used.

What has to be seen is looked up in tables of clauses (`simulator/faults/demands.py`), which know nothing of how an
actor here decides. Where a parameter decides it, the row shows what is demanded for the first choice.
"""


def data() -> dict[str, Any]:
    """Everything, as JSON has it."""
    return {
        "faults": [_fault(fault) for fault in FAULTS.values()],
        "waiting": [
            {"id": one.name, "group": one.group, "does": one.title, "clause": one.clause, "waitsFor": one.waits_for}
            for one in WAITING
        ],
        "negatives": [
            {
                "id": one.name,
                "scenario": one.scenario,
                "options": dict(one.options),
                "fault": one.fault,
                "must": _must(one.chosen),
                "defence": one.defence,
            }
            for one in NEGATIVES
        ],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    chosen = fault.chosen()
    return {
        "id": fault.name,
        "group": fault.group,
        "where": chosen.place,
        "does": fault.title,
        "parameters": [_parameter(one) for one in fault.parameters],
        "must": _must(chosen),
        "clause": chosen.clause,
        "scenario": chosen.scenario,
        "sessionSurvives": fault.survived,
    }


def _parameter(one: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "type": one.type.__name__, "default": one.default, "help": one.help}
    return told | ({"choices": list(one.choices)} if one.choices else {})


def _must(chosen: Chosen) -> list[dict[str, str]]:
    return [{"seen": str(answer), "clause": answer.clause} for answer in chosen.answer]


def page() -> str:
    """docs/faults.md."""
    return "\n".join(line.rstrip() for line in _lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEADER
    for group in get_args(FaultGroup):
        rows = [fault for fault in FAULTS.values() if fault.group == group]
        if not rows:
            continue
        yield f"## {group[0].upper()}{group[1:]}\n"
        yield "| fault | where | what is disturbed | parameters | what has to be seen | clause | met by |"
        yield "|---|---|---|---|---|---|---|"
        yield from map(_row, rows)
        yield ""
    yield "## Negative cases\n"
    yield f"{len(NEGATIVES)} runs that have to end as the sources demand, each by `pnc run SCENARIO --fault FAULT"
    yield "--expect-fault`. One that tries a defence fails where that is switched off, which is tested for each.\n"
    yield "| scenario | faults | defences tried |"
    yield "|---|---|---|"
    for scenario in dict.fromkeys(one.scenario for one in NEGATIVES):
        cases = [one for one in NEGATIVES if one.scenario == scenario]
        defences = dict.fromkeys(one.defence for one in cases if one.defence)
        yield f"| `{scenario}` | {len(cases)} | {', '.join(defences)} |"
    yield "\n## Waiting\n"
    yield "What the sources know and cannot be made here yet. None of it counts as covered.\n"
    yield "| fault | what would be disturbed | clause | waits for |"
    yield "|---|---|---|---|"
    for one in WAITING:
        yield f"| `{one.name}` | {one.title} | {one.clause} | {one.waits_for} |"


def _row(fault: Fault) -> str:
    chosen = fault.chosen()
    parameters = ", ".join(f"`{one.name}` ({_choices(one)})" for one in fault.parameters)
    cells = [
        f"`{fault.name}`",
        chosen.place,
        chosen.title,
        parameters,
        chosen.answer_text,
        chosen.clause,
        f"`{chosen.scenario}`",
    ]
    return f"| {' | '.join(cells)} |"


def _choices(one: Parameter) -> str:
    others = [choice for choice in one.choices if choice != one.default]
    return ", ".join(map(str, [one.default, *others]))
