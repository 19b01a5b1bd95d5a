"""Runs against use cases: for each, which variants ran, what came of them, and which of its items were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from pncsim.simulator.coverage.use_cases import ITEMS, TITLES
from pncsim.simulator.every.ran import Ran
from pncsim.simulator.result import Check, Verdict


class Covered(Struct, frozen=True, kw_only=True):
    """A use case ("" what belongs to none): its runs, and by item the checks that show it, one for each run.

    Runs of the scenario that shows the use case as a whole come first.
    """

    id: str
    title: str
    runs: tuple[Ran, ...]
    shown: Mapping[str, tuple[tuple[Ran, Check], ...]]

    @property
    def missing(self) -> tuple[str, ...]:
        """The items that no run has shown."""
        return tuple(item for item, checks in self.shown.items() if not checks)

    @property
    def ok(self) -> bool:
        """Whether every item was seen, and nothing that ran went otherwise than expected."""
        return not self.missing and all(run.manifest.verdict is Verdict.PASS for run in self.runs)

    @property
    def verdict(self) -> str:
        """The result of the whole: PASS, FAIL, or that nothing has run."""
        if not self.runs:
            return "not run"
        return "PASS" if self.ok else "FAIL"

    def evidence(self, run: Ran) -> str:
        """What ``run`` has to show for it, in few words."""
        told = run.manifest
        if told.faults:
            return "; ".join(fault.answer for fault in told.faults)
        held = f"{sum(check.ok for check in told.checks)} of {len(told.checks)} checks"
        items = sum(any(one is run for one, _ in shown) for shown in self.shown.values())
        return f"{items} of {len(self.shown)} items, {held}" if items else held


def covered(runs: Iterable[Ran]) -> list[Covered]:
    """Every use case in the order of the guide, then what belongs to none. Of runs of one name the last one counts."""
    latest = {run.name: run for run in runs}
    by_case: dict[str, list[Ran]] = {id: [] for id in (*ITEMS, "")}
    for run in latest.values():
        by_case.setdefault(case_of(run), []).append(run)
    return [
        Covered(
            id=id,
            title=TITLES.get(id, "no published use case"),
            runs=tuple(sorted(found, key=_of_a_part)),
            shown=_shown(id, found),
        )
        for id, found in by_case.items()
        if found or id
    ]


def case_of(run: Ran) -> str:
    """The use case a run is of: the one its scenario declares, else the first that its clauses name, else ""."""
    told = run.manifest
    if told.use_case is not None and told.use_case.id in ITEMS:
        return told.use_case.id
    named = (clause.removeprefix("CharIN ") for clause in told.clauses if clause.startswith("CharIN "))
    return next((id for id in named if id in ITEMS), "")


def _of_a_part(run: Ran) -> bool:
    """Whether the run shows a part of a use case alone: its actors and preconditions are not those of the whole."""
    told = run.manifest.use_case
    return told is None or told.part


def _shown(id: str, runs: Iterable[Ran]) -> dict[str, tuple[tuple[Ran, Check], ...]]:
    """A check that held in a run that was not disturbed shows its item."""
    seen: dict[str, list[tuple[Ran, Check]]] = {item: [] for item in ITEMS.get(id, ())}
    for run, check in _held(runs):
        case, _, item = check.id.partition("/")
        if case == id and item in seen and not any(one is run for one, _ in seen[item]):
            seen[item].append((run, check))
    return {item: tuple(checks) for item, checks in seen.items()}


def _held(runs: Iterable[Ran]) -> Iterator[tuple[Ran, Check]]:
    for run in runs:
        if run.manifest.verdict is Verdict.PASS and not run.manifest.faults:
            yield from ((run, check) for check in run.manifest.checks if check.ok)
