"""The suite for vehicles: our own vehicle passes, and what does not do what a case expects fails it."""

from __future__ import annotations

import pytest

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.evcc.mutants import MUTANTS
from pncsim.simulator.conformance.evcc.suite import EVCC
from pncsim.simulator.conformance.running import tried
from pncsim.wire.values import replace

PUBLISHED = [case for case in EVCC.cases if case.id.startswith("TC_EVCC_")]
SOME_OF_OURS = (
    "LAB_EVCC_SAP_01",
    "LAB_EVCC_PNC_MR_01",
    "LAB_EVCC_CertificateInstallation_silence",
    "LAB_EVCC_PaymentDetails_session",
    "LAB_EVCC_ChargingStatus_other",
)
"""One of each kind; `pnc conformance evcc` runs all."""


@pytest.mark.parametrize("id", [*(case.id for case in PUBLISHED), *SOME_OF_OURS])
def test_a_vehicle_of_ours_passes(id: str) -> None:
    found = tried(EVCC, EVCC.case(id), EVCC.own_bench())
    assert found.verdict is CaseVerdict.PASS, found.line


@pytest.mark.parametrize(("name", "id"), [(one.name, id) for one in MUTANTS.values() for id in one.kills])
def test_a_wrong_vehicle_fails(name: str, id: str) -> None:
    found = tried(EVCC, EVCC.case(id), EVCC.own_bench(mutant=name))
    assert found.verdict is CaseVerdict.FAIL, found.line


def test_a_vehicle_that_does_not_come_to_the_step_is_no_failure() -> None:
    alternating = EVCC.case("TC_EVCC_AC_VTB_ChargingStatus_001").how.setting
    case = EVCC.case("TC_EVCC_DC_VTB_CableCheck_007")
    found = tried(EVCC, replace(case, how=replace(case.how, setting=alternating)), EVCC.own_bench())
    assert (found.verdict, "CableCheckRes" in found.why) == (CaseVerdict.INCONCLUSIVE, True)


def test_every_case_has_an_id_and_words_of_its_own_and_asks_what_is_declared() -> None:
    assert len({case.id for case in EVCC.cases}) == len(EVCC.cases)
    assert all(case.title and case.precondition and case.stimulus and case.expectation for case in EVCC.cases)
    asked = {one.name: one.values for one in EVCC.declarations}
    assert [str(one) for case in EVCC.cases for one in case.when if one.value not in asked.get(one.name, ())] == []
