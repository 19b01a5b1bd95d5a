"""What a conformance case costs beside the bare session it drives, in memory, and how long whole suites take.

    python -m bench.conformance_bench [mutants]

Bare is the run of a scenario that pays, charges and gets its contract as the case does. Case and scenario take turns,
and each is first every second time; every fifth case of a suite is measured, so that it takes half a minute at most.
Cases of SDP and of the V2GTP header drive no session and are left aside. ``mutants`` has the wrong devices of both
suites run as well, which takes a minute more. What is printed last are medians over a suite's cases, one line each:

    ratio conformance-SUITE VALUE
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from msgspec import Struct

from pncsim.simulator.conformance.case import Case, CaseVerdict
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Suite
from pncsim.simulator.conformance.suites import SUITES
from pncsim.simulator.entry import COLLECTOR
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings

PNC = Path(sys.executable).with_name("pnc")
HELD = ("secc", "evcc")
EVERY = 5
"""Of so many cases one is measured; no table has its rows in fives."""
ASIDE = ("SDP", "V2GTP")
"""What stands in the ids of cases without a session."""
MOST_SHARE = 1.3
"""CPU time of a case beside the bare session's."""
MOST_SECONDS, MOST_MUTANT_SECONDS = 60.0, 180.0
"""Of wall time on two processors for both suites, and for their mutants."""


class CaseCost(Struct, frozen=True):
    """Of one suite: medians over its cases, in milliseconds of CPU time; ``share`` is that of the cases' shares."""

    cases: int
    case: float
    bare: float
    share: float
    over: int


def scenario(case: Case) -> str:
    """The one whose session is that of ``case``."""
    setting = case.how.setting
    if setting.delivery:
        return "install-contract" if setting.delivery == "install" else "update-contract"
    return f"{'eim' if setting.payment == 'external' else 'pnc'}-{setting.energy or 'ac'}"


def session_cases(suite: Suite) -> list[Case]:
    """Those that apply to our own device and have a session with it."""
    pics = suite.usual
    return [one for one in suite.cases if not pics.against(one) and not any(word in one.id for word in ASIDE)]


def measure(suite: Suite, every: int = EVERY) -> CaseCost:
    """Cases and their sessions in turns, after each kind of session and one case to warm up."""
    chosen = session_cases(suite)[::every]
    for name in {scenario(case) for case in chosen}:
        _bare(name)
    _case(suite, chosen[0])
    taken: list[tuple[float, float]] = []
    for number, case in enumerate(chosen):
        if number % 2:
            own = _case(suite, case)
            bare = _bare(scenario(case))
        else:
            bare = _bare(scenario(case))
            own = _case(suite, case)
        taken.append((own, bare))
        if number % 20 == 0:
            gc.collect()  # not on the clock of what happens to be going on
    owns, bares = zip(*taken, strict=True)
    shares = [own / bare for own, bare in taken]
    over = sum(share > MOST_SHARE for share in shares)
    return CaseCost(len(taken), median(owns) * 1000, median(bares) * 1000, median(shares), over)


def _case(suite: Suite, case: Case) -> float:
    result = tried(suite, case, suite.own_bench())
    if result.verdict is not CaseVerdict.PASS:
        raise RuntimeError(f"a case of the bench did not pass: {result.line}")
    return result.cpu_seconds


def _bare(name: str) -> float:
    began = time.process_time()
    run_on_loop("memory", lambda: Run(find_scenario(name), {}, settings=RunSettings(transport="memory")).done())
    return time.process_time() - began


def suites_take(*words: str) -> float:
    """Seconds of wall time for the commands, one after the other, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for name in HELD:
            command = [str(PNC), "conformance", name, "--quiet", *words]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


def main(words: list[str] | None = None) -> None:
    """Print the table and the ratios."""
    gc.set_threshold(*COLLECTOR)
    costs = {name: measure(SUITES[name][1]()) for name in HELD}
    print(f"{'a conformance case in memory, CPU ms':<40}{'cases':>7}{'case':>8}{'bare':>8}{'share':>8}{'at most':>9}")
    for name, cost in costs.items():
        figures = f"{cost.cases:>7}{cost.case:>8.1f}{cost.bare:>8.1f}{cost.share:>8.2f}{MOST_SHARE:>9.1f}"
        print(f"{f'pnc conformance {name} ({cost.over} cases above)':<40}{figures}")
    print(f"{'whole suites, seconds of wall time':<63}{'':>8}{'at most':>9}")
    print(f"{'secc and evcc':<63}{suites_take():>8.1f}{MOST_SECONDS:>9.0f}")
    if "mutants" in (words or ()):
        print(f"{'their mutants':<63}{suites_take('--mutants'):>8.1f}{MOST_MUTANT_SECONDS:>9.0f}")
    for name, cost in costs.items():
        print(f"ratio conformance-{name} {cost.share:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
