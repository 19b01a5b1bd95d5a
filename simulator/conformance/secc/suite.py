"""The suite for charging stations: ISO 15118-4's cases for the SECC."""

from __future__ import annotations

from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.in_lab import check_lab, untrusted
from pncsim.simulator.conformance.secc.declared import DECLARATIONS
from pncsim.simulator.conformance.secc.mutants import UNKILLED, mutants
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.pilot import CommandPilot
from pncsim.simulator.conformance.secc.rig import Rig, run_case, take
from pncsim.simulator.conformance.secc.rows import charging, discovery, parameters, paying, setting_up, unsuited
from pncsim.simulator.conformance.secc.step import CaseStep
from pncsim.simulator.conformance.secc.table import WIRED, RowKind
from pncsim.simulator.conformance.suite import Bench, Suite


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    how: RowKind = case.how
    if unpiloted(case, bench):
        return Finding(CaseVerdict.NOT_APPLICABLE, "The tester moves no control pilot there: give --cp-command.")

    async def play(rig: Rig, vehicle: Vehicle) -> Finding:
        return await (take(how, rig, vehicle) if isinstance(how, CaseStep) else how.play(rig, vehicle))

    return await run_case(case, bench, how.setting, play, SECC.mutants.get(bench.mutant))


def unpiloted(case: Case, bench: Bench) -> bool:
    """Whether a case needs a control pilot, at somebody's station, that nobody moves.

    A person at the plug (--manual) is enough where no state counts.
    """
    assert isinstance(bench.options, StationUnderTest)
    if not bench.target or bench.options.cp_command is not None or not set(WIRED) <= set(case.when):
        return False
    return not bench.options.manual or isinstance(case.how, CaseStep)


def check(bench: Bench) -> None:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, StationUnderTest)
    if bench.options.cp_command is not None:
        CommandPilot(bench.options.cp_command)
    check_lab(StationUnderTest.link(bench.target) if bench.target else None, bench.options.pki)


def foretells(bench: Bench) -> str:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, StationUnderTest)
    trusts = bench.options.pki is not None or not bench.pics.has("TLS", "true")
    return "" if trusts else untrusted("station").strip()


_CASES = (
    *discovery.CASES,
    *setting_up.CASES,
    *paying.CASES,
    *parameters.CASES,
    *charging.CASES,
    *unsuited.CASES,
)

SECC = Suite(
    name="secc",
    title="ISO 15118-4, cases for the SECC",
    cases=_CASES,
    declarations=DECLARATIONS,
    drive=drive,
    own="a station of ours, in memory",
    targets="interface on which the station is, or loopback[:SDP PORT]",
    options=StationUnderTest,
    check=check,
    foretells=foretells,
    mutants=mutants(_CASES),
    unkilled=UNKILLED,
)
