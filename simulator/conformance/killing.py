"""The suites tried themselves: each wrong device of ours has to fail the cases that it is wrong for, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from pncsim.simulator.conformance.case import Case, CaseVerdict, Mutant
from pncsim.simulator.conformance.pics import Pics
from pncsim.simulator.conformance.record import Tried
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Suite
from pncsim.wire.values import replace


class Trial(Struct, frozen=True):
    """A mutant, and a case that it has to fail, or that it has nothing to do with."""

    mutant: Mutant
    case: Case

    @property
    def name(self) -> str:
        """What it is told by."""
        return f"{self.case.id} ({self.mutant.name})"

    @property
    def fails(self) -> bool:
        """Whether the mutant has to fail the case."""
        return self.case.id in self.mutant.kills


def trials(suite: Suite, cases: Iterable[Case], pics: Pics, *, every: bool = False) -> Iterator[Trial]:
    """Every mutant with each of ``cases`` that it has to fail and that applies; ``every``: with all that apply."""
    chosen = {case.id: case for case in cases if not pics.against(case)}
    for mutant in suite.mutants.values():
        yield from (Trial(mutant, chosen[id]) for id in (chosen if every else mutant.kills) if id in chosen)


class TrialWork(Struct, frozen=True):
    """What the processes of a crew do with trials (:class:`simulator.every.workers.Work`): a case that fails passes."""

    suite: Suite

    @property
    def kind(self) -> type[Tried]:
        """What comes of a trial."""
        return Tried

    def warm(self) -> None:
        """Nothing: the first trial of each process imports what is missing."""

    def run(self, trial: Trial) -> Tried:
        """What a trial comes to: a case that has to fail fails, neither breaking off nor not coming so far; any other
        case neither fails nor breaks off."""
        found = tried(self.suite, trial.case, self.suite.own_bench(mutant=trial.mutant.name))
        why = _survives(found) if trial.fails else _goes_too_far(found)
        verdict = CaseVerdict.FAIL if why else CaseVerdict.PASS
        return replace(found, id=trial.name, verdict=verdict, why=why or found.why)

    def lost(self, trial: Trial, why: str) -> Tried:
        """The process it ran in has gone."""
        return Tried(id=trial.name, verdict=CaseVerdict.ERROR, why=why, attempts=1)


def _survives(found: Tried) -> str:
    return "" if found.verdict is CaseVerdict.FAIL else f"It survives with {found.verdict}: {found.why}"


def _goes_too_far(found: Tried) -> str:
    """Who is not to be reached at all fails nothing: that is an error, as it has to be."""
    if found.verdict is not CaseVerdict.FAIL and not found.defect:
        return ""
    return f"It is not listed for this case, which comes to {found.verdict} with it: {found.why}"
