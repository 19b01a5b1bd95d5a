"""The suite for stations: our own station passes, and what does not do what a case expects fails it."""

from __future__ import annotations

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.secc.suite import SECC

CHOSEN = ("SupportedAppProtocol_002", "SessionSetup_003", "ServiceDiscovery_001", "ServiceDiscovery_003")


def test_a_station_of_ours_passes_a_right_a_wrong_a_foreign_and_a_silent_case() -> None:
    bench = SECC.own_bench()
    cases = [case for case in SECC.cases if case.id.endswith(CHOSEN)]
    found = {case.id: tried(SECC, case, bench) for case in cases}
    assert len(found) == len(CHOSEN)
    assert {id: one.why for id, one in found.items() if one.verdict is not CaseVerdict.PASS} == {}


def test_every_case_has_an_id_and_words_of_its_own() -> None:
    assert len({case.id for case in SECC.cases}) == len(SECC.cases)
    assert all(case.title and case.precondition and case.stimulus and case.expectation for case in SECC.cases)


def test_conditions_name_what_a_station_is_asked() -> None:
    asked = {one.name: one.values for one in SECC.declarations}
    wrong = [str(one) for case in SECC.cases for one in case.when if one.value not in asked.get(one.name, ())]
    assert wrong == []
