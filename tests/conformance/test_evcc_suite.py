"""The suite for vehicles: our own vehicle passes, and what does not do what a case expects fails it.

CI runs all of it (`pnc conformance evcc`); here every kind of step is run, and each way of failing one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pncsim.ev.config import AC_MODES, DC_MODES
from pncsim.secc.config import SeccConfig
from pncsim.simulator.conformance.case import Case, CaseVerdict, Mutant
from pncsim.simulator.conformance.evcc import rig as rigs
from pncsim.simulator.conformance.evcc.options import VehicleUnderTest
from pncsim.simulator.conformance.evcc.step import HandshakeStep
from pncsim.simulator.conformance.evcc.suite import EVCC
from pncsim.simulator.conformance.killing import Trial, TrialWork, trials
from pncsim.simulator.conformance.page import page
from pncsim.simulator.conformance.running import attempt, tried
from pncsim.wire.errors import LocalError
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.trace import V2gMessage
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

BENCH = EVCC.own_bench()
CHOSEN = [
    *(one for number, one in enumerate(EVCC.cases) if number % 10 == 3 and not one.unsuited),
    *map(
        EVCC.case,
        (
            "TC_EVCC_CMN_VTB_SessionSetup_007",
            "TC_EVCC_CMN_VTB_Authorization_009",
            "TC_EVCC_DC_VTB_WeldingDetectionOrSessionStop_001",
            "LAB_EVCC_PNC_PD_02_repeated",
            "LAB_EVCC_Tariff_forged",
        ),
    ),
]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.id)
def test_a_vehicle_of_ours_passes(case: Case) -> None:
    found = tried(EVCC, case, BENCH)
    assert found.verdict is CaseVerdict.PASS, found.line


def test_every_public_id_for_a_vehicle_is_in_the_suite_and_those_of_which_nothing_else_is_known_say_so() -> None:
    public = [case for case in EVCC.cases if case.id.startswith("TC_EVCC_")]
    unknown = [case.id for case in public if case.unsuited]
    assert (len(public), len(unknown)) == (38, 13)
    assert all(case.how is None for case in public if case.unsuited)


@pytest.mark.parametrize(
    "number", ["01", "02_chain", "02_key", "02_point", "02_emaid", "03_expired", "04", "05_scalar", "06", "09"]
)
def test_what_is_installed_and_what_is_updated_are_held_against_the_same(number: str) -> None:
    installed, updated = (EVCC.case(f"LAB_EVCC_PNC_{way}_{number}") for way in ("CI", "CU"))
    assert installed.stimulus.replace("Installation", "Update") == updated.stimulus
    assert installed.expectation == updated.expectation


def test_every_case_has_an_id_and_words_of_its_own_and_asks_what_is_declared() -> None:
    assert len({case.id for case in EVCC.cases}) == len(EVCC.cases)
    assert all(case.title and case.precondition and case.stimulus and case.expectation for case in EVCC.cases)
    asked = {one.name: one.values for one in EVCC.declarations}
    assert [str(one) for case in EVCC.cases for one in case.when if one.value not in asked.get(one.name, ())] == []
    assert set(asked) == {one.name for case in EVCC.cases for one in case.when}


# ---- what is not as a case expects -------------------------------------------------------------------------------


def test_a_vehicle_that_does_not_come_to_the_step_is_no_failure() -> None:
    alternating = EVCC.case("TC_EVCC_AC_VTB_ChargingStatus_001").how.setting
    case = EVCC.case("TC_EVCC_DC_VTB_CableCheck_007")
    found = tried(EVCC, replace(case, how=replace(case.how, setting=alternating)), BENCH)
    assert (found.verdict, "CableCheckRes" in found.why) == (CaseVerdict.INCONCLUSIVE, True)


def test_a_vehicle_without_tls_is_no_failure_of_a_case_about_chains() -> None:
    case = EVCC.case("LAB_EVCC_TLS_01")
    plain = EVCC.case("TC_EVCC_CMN_VTB_Authorization_009").how.setting
    step: HandshakeStep = case.how
    found = tried(EVCC, replace(case, how=replace(step, setting=replace(plain, vehicle={"tls": "off"}))), BENCH)
    assert found.verdict is CaseVerdict.INCONCLUSIVE and found.why.startswith("It did not come to TLS")


def test_where_the_tester_itself_has_to_refuse_what_came_before_nothing_is_said_of_the_step() -> None:
    case = EVCC.case("LAB_EVCC_MeteringReceipt_silence")
    found = tried(EVCC, case, EVCC.own_bench(mutant="does-not-sign-MeteringReceiptReq"))
    assert found.verdict is CaseVerdict.INCONCLUSIVE
    assert found.why == "The tester had to answer MeteringReceiptReq with FAILED_MeteringSignatureNotValid."


@pytest.mark.parametrize(
    ("mutant", "id", "why"),
    [
        (
            "any-chain",
            "LAB_EVCC_TLS_04",
            "SupportedAppProtocolReq came over the connection, which was to be closed.",
        ),
        (
            "any-signature",
            "LAB_EVCC_PNC_CU_02_point",
            "PaymentDetailsReq shows the contract that was to be refused.",
        ),
        ("any-tariff", "LAB_EVCC_Tariff_forged", "PowerDeliveryReq names schedule 2, not 1."),
        (
            "does-not-sign-AuthorizationReq",
            "LAB_EVCC_PNC_AU_02",
            "AuthorizationReq came without a signature in the message header.",
        ),
    ],
)
def test_what_a_wrong_vehicle_did_is_said(mutant: str, id: str, why: str) -> None:
    found = tried(EVCC, EVCC.case(id), EVCC.own_bench(mutant=mutant))
    assert (found.verdict, found.why) == (CaseVerdict.FAIL, why)


def test_a_profile_above_the_schedule_is_told_with_its_numbers() -> None:
    case = EVCC.case("LAB_EVCC_ChargeParameterDiscovery_profile")
    found = tried(EVCC, case, EVCC.own_bench(mutant="greedy"))
    assert found.verdict is CaseVerdict.FAIL and "the schedule allows" in found.why


# ---- somebody else's vehicle -------------------------------------------------------------------------------------


def amounts(value: Any) -> Iterator[tuple[float, str]]:
    """Every physical value in a message, with its unit."""
    if isinstance(value, iso2.PhysicalValueType):
        yield iso2.amount(value), str(value.Unit)
    elif isinstance(value, list):
        for one in value:
            yield from amounts(one)
    elif isinstance(value, ComplexType):
        for name in type(value).__defaults__:
            yield from amounts(getattr(value, name))


@pytest.mark.parametrize(
    "id",
    [
        "LAB_EVCC_Tariff_signed",
        "LAB_EVCC_ChargeParameterDiscovery_current",
        "TC_EVCC_DC_VTB_PreCharge_006",
        "TC_EVCC_DC_VTB_WeldingDetectionOrSessionStop_001",
    ],
)
def test_a_bounded_tester_offers_no_more_than_it_may(id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    usual = rigs._vehicle

    async def watching(lab: Any, *given: Any) -> Any:
        lab.trace.subscribe(lambda event: sent.append(event) if isinstance(event, V2gMessage) else None)
        return await usual(lab, *given)

    monkeypatch.setattr(rigs, "_vehicle", watching)
    bounds = VehicleUnderTest(max_current=8.0, max_voltage=420.0, max_power=1_500.0)
    finding, _ = attempt(EVCC, EVCC.case(id), replace(BENCH, options=bounds))
    assert finding.verdict is CaseVerdict.PASS, finding.why
    offers = [
        one for event in sent if event.direction == "sent" and event.role == "SECC" for one in amounts(event.value)
    ]
    most = {unit: max(amount for amount, other in offers if other == unit) for unit in "VAW"}
    assert most["V"] <= 420.0 and most["A"] <= 8.0 and most["W"] <= 1_500.0


def test_a_tester_that_may_offer_nothing_says_so() -> None:
    with pytest.raises(LocalError, match="offers 100 V at most has nothing for a vehicle"):
        VehicleUnderTest(max_voltage=100.0).within(SeccConfig())
    only_ac = VehicleUnderTest(max_voltage=240.0, max_power=1_500.0).within(
        SeccConfig(energy_modes=(*AC_MODES, *DC_MODES))
    )
    assert only_ac.energy_modes == ("AC_single_phase_core", *DC_MODES)
    assert only_ac.ac.max_current == pytest.approx(1_500 / 230)
    assert VehicleUnderTest().within(SeccConfig()) == SeccConfig()


# ---- the suite itself --------------------------------------------------------------------------------------------


def test_every_case_that_applies_is_failed_by_a_mutant_or_says_why_none_can() -> None:
    failed = {id for one in EVCC.mutants.values() for id in one.kills}
    applies = {case.id for case in EVCC.cases if not BENCH.pics.against(case)}
    assert applies - failed == set(EVCC.unkilled)
    assert failed <= applies and all(one.kills for one in EVCC.mutants.values())


@pytest.mark.parametrize("mutant", EVCC.mutants.values(), ids=lambda mutant: mutant.name)
def test_each_mutant_fails_a_case_it_is_wrong_for(mutant: Mutant) -> None:
    first = next(one for one in trials(EVCC, EVCC.cases, BENCH.pics) if one.mutant is mutant)
    assert TrialWork(EVCC).run(first).verdict is CaseVerdict.PASS


def test_what_passes_a_case_it_is_said_to_fail_survives() -> None:
    case = EVCC.case("TC_EVCC_CMN_VTB_ServiceDiscovery_001")
    found = TrialWork(EVCC).run(Trial(replace(EVCC.mutants["greedy"], kills=(case.id,)), case))
    assert (found.verdict, found.why) == (CaseVerdict.FAIL, "It survives with pass: ServiceDiscoveryReq")


def test_the_printed_page_is_current() -> None:
    printed = Path(__file__).parents[2] / "docs" / "conformance-evcc.md"
    assert printed.read_text() == page(EVCC), "run: pnc conformance evcc --page > docs/conformance-evcc.md"
