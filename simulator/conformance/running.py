"""Running cases: each in a process that is warm, with as many attempts as it may have."""

from __future__ import annotations

import os
import time
import traceback

from msgspec import Struct

from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.record import BAD, Tried
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.terminated import Terminated
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.values import replace


class CaseWork(Struct, frozen=True):
    """What the processes of a crew do (:class:`simulator.every.workers.Work`): ``suite`` against ``bench``.

    ``retries``: further attempts for what did not pass.
    """

    suite: Suite
    bench: Bench
    retries: int = 0

    @property
    def kind(self) -> type[Tried]:
        """What comes of a case."""
        return Tried

    def warm(self) -> None:
        """Run something once, so that each process finds everything imported; nothing of somebody else's device."""
        if not self.bench.target:
            first = next((one for one in self.suite.cases if not self.bench.pics.against(one)), None)
            if first is not None:
                attempt(self.suite, first, Bench(pics=self.bench.pics, options=self.bench.options))

    def run(self, case: Case) -> Tried:
        """What a case comes to."""
        return tried(self.suite, case, self.bench, self.retries)

    def lost(self, case: Case, why: str) -> Tried:
        """The process it ran in has gone."""
        return Tried(id=case.id, verdict=CaseVerdict.ERROR, why=why, attempts=1)


def tried(suite: Suite, case: Case, bench: Bench, retries: int = 0) -> Tried:
    """Run a case here: not at all if it does not apply, and up to ``retries`` times more unless it passes."""
    why = bench.pics.against(case)
    if why:
        return Tried(id=case.id, verdict=CaseVerdict.NOT_APPLICABLE, why=why)
    wall, cpu = time.perf_counter(), time.process_time()
    (found, defect), attempts = attempt(suite, case, bench), 1
    first = found.why
    while found.verdict in BAD and not found.unreached and attempts <= retries:
        (again, broken), attempts = attempt(suite, case, bench), attempts + 1
        if again.unreached:
            # What has been found stands; that the device has gone is what the next case comes to.
            found = replace(found, why=f"{found.why} At attempt {attempts} the device did not answer at all.")
            break
        found, defect = again, broken
    verdict, why = found.verdict, found.why
    if verdict is CaseVerdict.PASS and attempts > 1:
        verdict, why = CaseVerdict.FLAKY, f"It passed at attempt {attempts}; at first: {first}"
    reason = bench.pics.reasons.get(case.id)
    if reason is not None and verdict is CaseVerdict.FAIL:
        verdict, why = CaseVerdict.EXPECTED, f"{reason.rstrip('.')}. {why}"
    elif reason is not None and verdict is CaseVerdict.PASS:
        why = "It was expected to fail and does not: the PICS file need not say so any more."
    return Tried(
        id=case.id,
        verdict=verdict,
        why=why,
        attempts=attempts,
        wall_seconds=round(time.perf_counter() - wall, 6),
        cpu_seconds=round(time.process_time() - cpu, 6),
        evidence=found.evidence,
        unreached=found.unreached,
        defect=defect,
        said=found.said,
    )


def attempt(suite: Suite, case: Case, bench: Bench) -> tuple[Finding, bool]:
    """One attempt, on a loop of its own; and whether it broke off because of a defect of ours."""

    async def main() -> Finding:
        return await suite.drive(case, bench)

    try:
        return run_on_loop(suite.transport(bench), main), False
    except Terminated:
        raise
    except PncError as error:
        verdict = CaseVerdict.ERROR if isinstance(error, LocalError) else CaseVerdict.INCONCLUSIVE
        return Finding(verdict, str(error)), False
    except Exception as error:
        if os.environ.get("PNC_DEBUG"):
            traceback.print_exc()
        return Finding(CaseVerdict.ERROR, f"The case broke off: {type(error).__name__}: {error}."), True
