"""The suite for vehicles: ISO 15118-4's cases for the EVCC, as far as they are public, and mirrored ones."""

from __future__ import annotations

from pncsim.simulator.conformance.beside import words_of
from pncsim.simulator.conformance.case import Case, Finding
from pncsim.simulator.conformance.evcc import rows
from pncsim.simulator.conformance.evcc.declared import DECLARATIONS
from pncsim.simulator.conformance.evcc.mutants import UNKILLED, mutants
from pncsim.simulator.conformance.evcc.options import VehicleUnderTest
from pncsim.simulator.conformance.evcc.rig import run_step
from pncsim.simulator.conformance.in_lab import check_lab, untrusted
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.suite import Bench, Suite, made_wrong


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    with made_wrong(bench, EVCC.mutants):
        return await run_step(case, bench, case.how)


def check(bench: Bench) -> None:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, VehicleUnderTest)
    if bench.options.ev_command is not None:
        words_of(bench.options.ev_command, "starts the vehicle")
    check_lab(StationUnderTest.link(bench.target) if bench.target else None, bench.options.pki)


def foretells(bench: Bench) -> str:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, VehicleUnderTest)
    comes = "It has to come" if bench.options.ev_command is None else "The command has it come"
    waits = f"A vehicle is waited for at {bench.target}, in each case for {bench.options.wait:g} s."
    trusts = "" if bench.options.pki is not None else untrusted("vehicle")
    return f"{waits} {comes} once for each.{trusts}"


EVCC = Suite(
    name="evcc",
    title="ISO 15118-4, cases for the EVCC",
    cases=rows.CASES,
    declarations=DECLARATIONS,
    drive=drive,
    own="a vehicle of ours, in memory",
    targets="interface to which the vehicle comes, or loopback[:SDP PORT]",
    options=VehicleUnderTest,
    check=check,
    foretells=foretells,
    mutants=mutants(rows.CASES),
    unkilled=UNKILLED,
)
