"""The suite for management systems: cases of the OCPP Compliance Testing Tool that a station can hold a CSMS to."""

from __future__ import annotations

from functools import partial

from pncsim.simulator.conformance.at_desk import at_desk
from pncsim.simulator.conformance.case import Case, Condition, Finding
from pncsim.simulator.conformance.csms.declared import CERTIFIED, DECLARATIONS, PENDING, PROVISIONING, SECURED, UPGRADED
from pncsim.simulator.conformance.csms.mutants import mutants
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.reach import DeskSetting, check_files, operator_of, sockets_at, stationed
from pncsim.simulator.conformance.csms.rows import (
    certificates,
    contracts,
    control,
    door,
    lists,
    messages,
    needs,
    profiles,
    provisioning,
    security,
    transactions,
    upgrade,
    upkeep,
)
from pncsim.simulator.conformance.suite import Bench, Suite, ahead_for_ours, made_wrong
from pncsim.wire.source import SYSTEM, Seeded


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, CsmsUnderTest)
    # Ours can be set to anything; somebody's is as its operator has set it.
    setting = DeskSetting(
        pending=_demands(case, PENDING),
        pools=_demands(case, PROVISIONING),
        profile=_profile(case),
        upgrades=_demands(case, UPGRADED),
    )
    source = SYSTEM if bench.seed is None or bench.target else Seeded(bench.seed)
    with made_wrong(bench, CSMS.mutants):
        async with stationed(bench.target, bench.options, setting, source) as desk:
            return await at_desk(case, bench, desk.clock, desk.trace, ahead_for_ours(bench), partial(case.how, desk))


def _demands(case: Case, when: tuple[Condition, ...]) -> bool:
    return set(when) <= set(case.when)


def _profile(case: Case) -> int:
    return 3 if _demands(case, CERTIFIED) else 2 if _demands(case, SECURED) else 1


def check(bench: Bench) -> None:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, CsmsUnderTest)
    if bench.target:
        sockets_at(bench.target, bench.options)
        operator_of(bench.options)
        check_files(bench.target, bench.options)


ROWS = (
    door,
    security,
    provisioning,
    messages,
    transactions,
    control,
    lists,
    profiles,
    needs,
    upkeep,
    certificates,
    contracts,
    upgrade,  # the last one: who has come in over TLS cannot go back
)
_CASES = tuple(case for rows in ROWS for case in rows.CASES)
CSMS = Suite(
    name="csms",
    title="OCPP 2.0.1: management systems, as the OCPP Compliance Testing Tool holds them to it",
    cases=_CASES,
    declarations=DECLARATIONS,
    drive=drive,
    own="a CSMS of ours, in memory",
    targets="ws(s)://HOST[:PORT]/PATH/ID, where ID is the station the tester plays",
    options=CsmsUnderTest,
    check=check,
    mutants=mutants(_CASES),
)
