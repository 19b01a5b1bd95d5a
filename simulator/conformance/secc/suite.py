"""The suite for charging stations: ISO 15118-4's cases for the SECC."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Case, Finding
from pncsim.simulator.conformance.secc.declared import DECLARATIONS
from pncsim.simulator.conformance.secc.judge import judge
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.rig import Rig, run_case
from pncsim.simulator.conformance.secc.rows import setting_up
from pncsim.simulator.conformance.secc.step import CaseStep
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.settings import Transport


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    step: CaseStep = case.how

    async def play(rig: Rig) -> Finding:
        return judge(await rig.session(await rig.vehicle(), step))

    return await run_case(case, bench, step.setting, play)


def transport(bench: Bench) -> Transport:
    """Time runs ahead for a station of ours; somebody else's takes its own."""
    return "loopback" if bench.target else "memory"


SECC = Suite(
    name="secc",
    title="ISO 15118-4, cases for the SECC",
    cases=tuple(setting_up.CASES),
    declarations=DECLARATIONS,
    drive=drive,
    transport=transport,
    own="a station of ours, in memory",
    targets="interface on which the station is, or loopback[:SDP PORT]",
    options=StationUnderTest,
)
