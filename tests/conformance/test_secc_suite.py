"""The suite for stations: our own station passes, and what does not do what a case expects fails it.

CI runs all of it (`pnc conformance secc`); here every kind of step is run, and each way of failing one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pncsim.ev.config import AcLimits, DcLimits
from pncsim.secc.iso2 import ISO2
from pncsim.simulator.conformance.case import Case, CaseVerdict, Mutant
from pncsim.simulator.conformance.killing import Trial, TrialWork, trials
from pncsim.simulator.conformance.page import page
from pncsim.simulator.conformance.running import attempt, tried
from pncsim.simulator.conformance.secc import rig as rigs
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.pilot import CommandPilot
from pncsim.simulator.conformance.secc.step import CaseStep
from pncsim.simulator.conformance.secc.suite import SECC, unpiloted
from pncsim.simulator.conformance.suite import Bench
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.trace import V2gMessage
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

CHOSEN = [one for number, one in enumerate(SECC.cases) if number % 9 == 4]
BENCH = SECC.own_bench()


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.id.removeprefix("TC_SECC_"))
def test_a_station_of_ours_passes(case: Case) -> None:
    found = tried(SECC, case, BENCH)
    assert found.verdict in (CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE), found.why


def test_every_case_has_an_id_and_words_of_its_own() -> None:
    assert len({case.id for case in SECC.cases}) == len(SECC.cases) == 283
    assert all(case.title and case.precondition and case.stimulus and case.expectation for case in SECC.cases)


def test_conditions_name_what_a_station_is_asked() -> None:
    asked = {one.name: one.values for one in SECC.declarations}
    wrong = [str(one) for case in SECC.cases for one in case.when if one.value not in asked.get(one.name, ())]
    assert wrong == []


def test_everything_a_station_is_asked_decides_about_a_case() -> None:
    assert {one.name for one in SECC.declarations} == {one.name for case in SECC.cases for one in case.when}


# ---- what is not as a case expects -------------------------------------------------------------------------------


def speaking(monkeypatch: pytest.MonkeyPatch, change: Callable[[Dialect], Dialect], **config: Any) -> None:
    """Stations of ours speak a changed dialect, and are otherwise, too."""
    usual = rigs.station_under_test

    async def other(*given: Any) -> Any:
        rig = await usual(*given)
        assert rig.evse is not None
        plan = rig.evse.plan
        rig.evse.plan = replace(plan, dialects=(change(ISO2),), config=replace(plan.config, **config))
        return rig

    monkeypatch.setattr(rigs, "station_under_test", other)


def found(name: str) -> tuple[CaseVerdict, str]:
    one = SECC.case(f"TC_SECC_{name}")
    finding, defect = attempt(SECC, one, BENCH)
    assert not defect
    return finding.verdict, finding.why


def test_a_station_that_goes_on_after_a_refusal_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    speaking(monkeypatch, lambda dialect: dialect, after_failed="goodbye")
    assert found("CMN_VTB_ServiceDiscovery_003") == (
        CaseVerdict.FAIL,
        "ServiceDiscoveryRes FAILED_UnknownSession, but the connection stays open for 5 s.",
    )


def test_a_station_that_answers_out_of_turn_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ISO2.station.rows["session set up", "ServiceDiscoveryReq"]
    speaking(monkeypatch, lambda d: d.with_row("station", replace(row, state="protocol negotiated")))
    verdict, why = found("CMN_VTB_SessionSetup_002")
    assert verdict is CaseVerdict.FAIL and why.startswith("It answered with ServiceDiscoveryRes OK; expected was")


def test_a_station_that_gives_up_too_early_or_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def patient(seconds: float) -> Callable[[Dialect], Dialect]:
        return lambda d: replace(
            d, times=replace(d.times, sequence_timeout=replace(d.times.sequence_timeout, seconds=seconds))
        )

    speaking(monkeypatch, patient(20.0))
    assert found("CMN_VTB_ServiceDiscovery_004") == (
        CaseVerdict.FAIL,
        "It closed the connection after 20.0 s already; it has to wait 60 s.",
    )
    monkeypatch.undo()
    speaking(monkeypatch, patient(90.0))
    assert found("CMN_VTB_ServiceDiscovery_004") == (
        CaseVerdict.FAIL,
        "No answer, but the connection stays open for 65 s.",
    )


def test_a_station_that_refuses_what_is_right_fails_and_what_needs_it_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(s: Any, request: Any) -> Any:
        raise PeerError("not today", kind="service unknown")

    speaking(monkeypatch, lambda d: d.with_move("ServiceDetailReq", refuse))
    verdict, why = found("CMN_VTB_ServiceDetail_002")
    assert verdict is CaseVerdict.FAIL and "FAILED_ServiceIDInvalid" in why
    verdict, why = found("CMN_VTB_PaymentServiceSelection_003")
    assert verdict is CaseVerdict.INCONCLUSIVE and why.startswith("It did not come to PaymentServiceSelectionReq")


def test_a_station_that_is_never_undecided_is_inconclusive_where_the_case_is_about_that() -> None:
    one = SECC.case("TC_SECC_AC_VTB_ChargeParameterDiscovery_014")
    step: CaseStep = one.how
    quick = replace(one, how=replace(step, setting=replace(step.setting, station={})))
    finding, _ = attempt(SECC, quick, BENCH)
    assert finding.verdict is CaseVerdict.INCONCLUSIVE
    assert finding.why == "ChargeParameterDiscoveryRes is Finished at once, never undecided."


def test_a_station_without_tls_is_found_where_a_case_is_about_that() -> None:
    assert found("CMN_VTB_SDP_007") == (CaseVerdict.PASS, "The answer says no TLS.")


def test_the_choice_of_before_a_pause_has_to_be_offered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(s: Any, request: Any) -> Any:
        reply = ISO2.moves["ServiceDiscoveryReq"](s, request)
        both = [iso2.PaymentOptionType.ExternalPayment, iso2.PaymentOptionType.Contract]
        return replace(
            reply, message=replace(reply.message, PaymentOptionList=iso2.PaymentOptionListType(PaymentOption=both))
        )

    speaking(monkeypatch, lambda d: d.with_move("ServiceDiscoveryReq", forgetful))
    assert found("AC_VTB_ServiceDiscovery_001") == (
        CaseVerdict.FAIL,
        "ServiceDiscoveryRes offers ExternalPayment, Contract; the session was paused with Contract.",
    )


# ---- the suite itself --------------------------------------------------------------------------------------------


def test_every_case_that_applies_is_failed_by_a_mutant_or_says_why_none_can() -> None:
    failed = {id for one in SECC.mutants.values() for id in one.kills}
    applies = {case.id for case in SECC.cases if not BENCH.pics.against(case)}
    assert applies - failed == set(SECC.unkilled)
    assert all(one.kills for one in SECC.mutants.values())


@pytest.mark.parametrize("mutant", SECC.mutants.values(), ids=lambda mutant: mutant.name)
def test_each_mutant_fails_a_case_it_is_wrong_for(mutant: Mutant) -> None:
    [first, *_] = [one for one in trials(SECC, SECC.cases, BENCH.pics) if one.mutant is mutant]
    assert TrialWork(SECC).run(first).verdict is CaseVerdict.PASS


def test_what_passes_a_case_it_is_said_to_fail_survives() -> None:
    case = SECC.case("TC_SECC_CMN_VTB_ServiceDiscovery_001")
    found = TrialWork(SECC).run(Trial(replace(SECC.mutants["forgets"], kills=(case.id,)), case))
    assert (found.verdict, found.why) == (CaseVerdict.FAIL, "It survives with pass: ServiceDiscoveryRes OK")


def test_the_printed_page_is_current() -> None:
    printed = Path(__file__).parents[2] / "docs" / "conformance-secc.md"
    assert printed.read_text() == page(SECC), "run: pnc conformance secc --page > docs/conformance-secc.md"


# ---- a real station ----------------------------------------------------------------------------------------------


def test_what_a_tester_may_ask_for_is_bounded() -> None:
    bounded = StationUnderTest(max_current=10.0, max_power=2_000.0, max_voltage=300.0)
    config = bounded.limits(AcLimits(), DcLimits())
    ac, dc = config["ac"], config["dc"]
    assert ac.max_current * 3 * 230 == pytest.approx(2_000.0) and ac.min_current <= ac.max_current
    assert (ac.max_voltage, dc.max_voltage, dc.max_current, dc.max_power) == (300.0, 300.0, 10.0, 2_000.0)
    assert StationUnderTest().limits(AcLimits(), DcLimits()) == {"ac": AcLimits(), "dc": DcLimits()}


def test_no_message_of_a_bounded_tester_is_above_its_limits() -> None:
    sent: list[Any] = []
    usual = rigs.station_under_test

    async def watching(lab: Any, *given: Any) -> Any:
        lab.trace.subscribe(lambda event: sent.append(event) if isinstance(event, V2gMessage) else None)
        return await usual(lab, *given)

    bench = replace(BENCH, options=StationUnderTest(max_current=8.0, max_voltage=320.0, max_power=1_500.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rigs, "station_under_test", watching)
        finding, _ = attempt(SECC, SECC.case("TC_SECC_DC_VTB_CurrentDemand_001"), bench)
    assert finding.verdict is CaseVerdict.PASS, finding.why
    beyond, _ = attempt(SECC, SECC.case("TC_SECC_DC_VTB_PowerDelivery_007"), bench)
    assert beyond.verdict is CaseVerdict.NOT_APPLICABLE
    asked = [event.value.Body.BodyElement for event in sent if event.role == "EV" and event.name == "CurrentDemandReq"]
    volts = {iso2.amount(one.EVTargetVoltage) for one in asked}
    amperes = {iso2.amount(one.EVTargetCurrent) for one in asked}
    assert asked and max(volts) <= 320.0 and max(amperes) <= 8.0
    assert max(v * a for v in volts for a in amperes) <= 1_500.0 * 1.01


def test_a_pilot_is_moved_by_a_command_and_what_fails_is_a_sentence(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "cp"
    script.write_text(f'#!/bin/sh\necho "$1" >> {told}\n[ "$1" != D ] || {{ echo no relay >&2; exit 3; }}\n')
    script.chmod(0o755)
    pilot = CommandPilot(str(script))
    pilot.connect()
    pilot.connect()
    pilot.signal_ready()
    pilot.signal_not_ready()
    pilot.toggle()
    with pytest.raises(LocalError, match="has failed with 3 at 'D': no relay"):
        pilot.signal_ready(ventilation=True)
    pilot.disconnect()
    assert told.read_text().split() == ["B", "C", "B", "wake", "D", "A"] and not pilot.plugged
    with pytest.raises(LocalError, match="cannot be run: no such file"):
        CommandPilot(str(tmp_path / "none")).connect()


@pytest.mark.parametrize(
    ("id", "options", "apart"),
    [
        ("TC_SECC_DC_VTB_CableCheck_008", {}, True),
        ("TC_SECC_DC_VTB_CableCheck_008", {"manual": True}, True),
        ("TC_SECC_DC_VTB_CableCheck_008", {"cp_command": "cp"}, False),
        ("TC_SECC_CMN_VTB_SDP_004", {}, True),
        ("TC_SECC_CMN_VTB_SDP_004", {"manual": True}, False),
        ("TC_SECC_CMN_VTB_SDP_001", {}, False),
    ],
)
def test_no_station_fails_since_nobody_moves_its_pilot(id: str, options: dict[str, Any], apart: bool) -> None:
    there = Bench(target="eth0", pics=SECC.usual, options=StationUnderTest(**options))
    assert unpiloted(SECC.case(id), there) is apart
    if apart:
        told = tried(SECC, SECC.case(id), there)
        assert told.verdict is CaseVerdict.NOT_APPLICABLE and told.why.endswith("give --cp-command.")
    assert not unpiloted(SECC.case(id), SECC.own_bench())


def test_a_target_is_an_interface_or_a_port_on_loopback() -> None:
    assert StationUnderTest.link("eth0").interface == "eth0"
    assert StationUnderTest.link("loopback:15999").sdp_port == 15999
    with pytest.raises(LocalError, match="There is no target 'loopback:0'"):
        StationUnderTest.link("loopback:0")


def test_an_interface_that_is_not_there_is_an_error_and_never_a_pass() -> None:
    finding, defect = attempt(SECC, SECC.cases[0], replace(BENCH, target="nothere0"))
    assert (finding.verdict, defect) == (CaseVerdict.ERROR, False)
    assert "There is no network interface 'nothere0'" in finding.why


def test_a_station_with_which_no_connection_comes_about_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = rigs.station_under_test

    async def without_tls(*given: Any) -> Any:
        rig = await usual(*given)
        assert rig.evse is not None
        rig.evse.plan = replace(rig.evse.plan, secured=False)
        return rig

    monkeypatch.setattr(rigs, "station_under_test", without_tls)
    verdict, why = found("CMN_VTB_Authorization_002")
    assert verdict is CaseVerdict.INCONCLUSIVE and why.startswith("The vehicle asked for a station with TLS")
