"""The suite for charging stations' OCPP side: cases of the OCPP Compliance Testing Tool that a CSMS can hold one to."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Case, Finding
from pncsim.simulator.conformance.in_lab import check_lab, untrusted
from pncsim.simulator.conformance.pics import usual
from pncsim.simulator.conformance.station.declared import DECLARATIONS
from pncsim.simulator.conformance.station.hands import SomebodysHand
from pncsim.simulator.conformance.station.mutants import WRONG
from pncsim.simulator.conformance.station.options import StationAtCsms, listening_at
from pncsim.simulator.conformance.station.rows import (
    authorization,
    availability,
    certificates,
    contracts,
    delivery,
    groups,
    information,
    lists,
    metering,
    profiles,
    registration,
    remote,
    resetting,
    security,
    transactions,
    variables,
)
from pncsim.simulator.conformance.station.stage import run_at_desk
from pncsim.simulator.conformance.suite import Bench, Suite, made_wrong
from pncsim.wire.errors import LocalError


async def drive(case: Case, bench: Bench) -> Finding:
    """As :class:`simulator.conformance.suite.Suite`."""
    with made_wrong(bench, WRONG):
        return await run_at_desk(case, bench)


def check(bench: Bench) -> None:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, StationAtCsms)
    if bench.target:
        listening_at(bench.target)
        SomebodysHand(bench.options)
        if bench.options.secret == "":
            raise LocalError(f"The password in {bench.options.password} is empty.")
    check_lab(None, bench.options.pki)


def foretells(bench: Bench) -> str:
    """As :class:`simulator.conformance.suite.Suite`."""
    assert isinstance(bench.options, StationAtCsms)
    at, wait = listening_at(bench.target), bench.options.wait
    trusts = untrusted("station") if at.secured and bench.options.pki is None else ""
    return f"The station {at.identity!a} is waited for at {bench.target}, in each case for {wait:g} s.{trusts}"


_ROWS = (
    registration,
    security,
    variables,
    resetting,
    remote,
    authorization,
    groups,
    lists,
    transactions,
    delivery,
    availability,
    metering,
    contracts,
    certificates,
    profiles,
    information,
)

_CASES = tuple(case for rows in _ROWS for case in rows.CASES)
_OURS = usual(DECLARATIONS)
_OF_ANOTHER_MAKE = "wrong stations of another make (`tests/conformance/able_wrong.py`): ours does not have this"

STATION = Suite(
    name="station",
    title="OCPP 2.0.1: charging stations, as the OCPP Compliance Testing Tool holds them to it",
    cases=_CASES,
    declarations=DECLARATIONS,
    drive=drive,
    own="a station of ours, in memory",
    targets="ws(s)://ADDRESS:PORT/PATH/ID, where the tester waits for the station ID",
    options=StationAtCsms,
    check=check,
    foretells=foretells,
    mutants=WRONG,
    unkilled={case.id: _OF_ANOTHER_MAKE for case in _CASES if not case.unsuited and _OURS.against(case)},
)
