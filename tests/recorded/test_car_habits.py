"""Habits of cars of which there is no recording here, only a count: each laid over a recorded session, which ends well.

Counted in public charging logs of 27 models (the same source as the scripts). A habit is what a car says otherwise than
the vehicle of the script, by request.
"""

from __future__ import annotations

from typing import Any

import pytest
from playing import Played, play
from script import VehicleScript, patched, scripts

from pncsim.secc.config import DcSupply, SeccConfig
from pncsim.wire.gate import Tolerance
from pncsim.wire.values import replace

MODES = ("AC_three_phase_core", "AC_single_phase_core", "DC_extended")
DIN, ISO2 = "urn:din:70121:2012:MsgDef", "urn:iso:15118:2:2013:MsgDef"
SCRIPTS = scripts()
DC, AC = SCRIPTS["subaru-solterra-dc"], SCRIPTS["skoda-enyaq-ac"]

Changes = dict[str, dict[str, Any]]


def offers(*offered: tuple[str, int, int, int, int]) -> Changes:
    """SupportedAppProtocolReq with these namespaces, versions, SchemaIDs and priorities."""
    names = ("ProtocolNamespace", "VersionNumberMajor", "VersionNumberMinor", "SchemaID", "Priority")
    return {"supportedAppProtocolReq": {"AppProtocol": [dict(zip(names, one, strict=True)) for one in offered]}}


def quantity(value: int, multiplier: int, unit: str) -> dict[str, Any]:
    return {"Value": value, "Multiplier": multiplier, "Unit": unit}


def limits(**changes: Any) -> Changes:
    return {"ChargeParameterDiscoveryReq": {"DC_EVChargeParameter": changes}}


IN_DC: dict[str, Changes] = {
    "a namespace of its own first, as a Tesla": offers(
        ("urn:example:own:2018:MsgDef", 0, 7, 0, 1), (DIN, 2, 0, 1, 2), (ISO2, 2, 0, 2, 3)
    ),
    "priorities 1 and 5, as BYD and XPENG": offers((DIN, 2, 0, 1, 1), (ISO2, 2, 0, 3, 5)),
    "SchemaIDs 10 and 20, as a Seres 3": offers((DIN, 2, 0, 10, 1), (ISO2, 2, 0, 20, 2)),
    "SchemaIDs 2 and 10, as an MG4": offers((DIN, 2, 0, 2, 1), (ISO2, 2, 0, 10, 2)),
    "a ServiceScope of 64 times U+0000, as a BMW iX": {"ServiceDiscoveryReq": {"ServiceScope": "\0" * 64}},
    "no filter in ServiceDiscovery, as most": {"ServiceDiscoveryReq": {"ServiceCategory": None}},
    "no schedule entries at all, as a BMW iX": {"ChargeParameterDiscoveryReq": {"MaxEntriesSAScheduleTuple": 0}},
    "12 schedule entries, as Hyundai and Kia": {"ChargeParameterDiscoveryReq": {"MaxEntriesSAScheduleTuple": 12}},
    "DepartureTime 0, as an ID.4": limits(DepartureTime=0),
    "DepartureTime 180, as an XPENG P7": limits(DepartureTime=180),
    "EVReady from the start, as Taycan and Tesla": limits(DC_EVStatus={"EVReady": True}),
    "FullSOC and BulkSOC 0, as an MG4": limits(FullSOC=0, BulkSOC=0),
    "a state of charge of 0, as a Seres 3": limits(DC_EVStatus={"EVRESSSOC": 0}),
    "thousandths, as a BMW iX": limits(EVMaximumCurrentLimit=quantity(31_000, -3, "A")),
    "exponents that change, as an MG4": {
        "PreChargeReq": {"EVTargetVoltage": quantity(3910, -1, "V")},
        "CurrentDemandReq": {"EVTargetVoltage": quantity(4080, -1, "V"), "EVTargetCurrent": {"Multiplier": -1}},
    },
    "pre-charging with 0 A, as a Tesla": {"PreChargeReq": {"EVTargetCurrent": quantity(0, 0, "A")}},
    "pre-charging with 0.1 A, as a BYD": {"PreChargeReq": {"EVTargetCurrent": quantity(1, -1, "A")}},
    "minutes, as BYD, MG and XPENG": {"CurrentDemandReq": {"RemainingTimeToFullSoC": quantity(45, 0, "m")}},
    "a pause at the end, as an EQE": {"SessionStopReq": {"ChargingSession": "Pause"}},
}

IN_AC: dict[str, Changes] = {
    "one phase, as a Polestar 2": {
        "ChargeParameterDiscoveryReq": {"RequestedEnergyTransferMode": "AC_single_phase_core"},
        "PowerDeliveryReq": {"ChargingProfile": None},
    },
    "a pause at the end, as an Audi": {"SessionStopReq": {"ChargingSession": "Pause"}},
}


def with_habit(script: VehicleScript, changes: Changes) -> VehicleScript:
    """The script, with ``changes`` in each of these requests."""
    steps, last = [], dict[str, dict[str, Any]]()
    for step, values in script.requests():
        said = patched(values, changes.get(step.name, {}))
        gone = {name: None for name in last.get(step.name, {}) if name not in said}
        steps.append(replace(step, changes={**said, **gone}))
        last[step.name] = said
    return replace(script, steps=steps)


def charged(script: VehicleScript, **station: Any) -> Played:
    played = play(script, SeccConfig(**{"energy_modes": MODES, **station}))
    assert not played.refused, played.problems
    assert played.reached == "SessionStopReq" and played.end.error is None
    return played


@pytest.mark.parametrize("habit", IN_DC)
def test_a_habit_of_a_car_costs_no_session_in_dc(habit: str) -> None:
    assert not charged(with_habit(DC, IN_DC[habit])).liberties


@pytest.mark.parametrize("habit", IN_AC)
def test_a_habit_of_a_car_costs_no_session_in_ac(habit: str) -> None:
    assert not charged(with_habit(AC, IN_AC[habit])).liberties


@pytest.mark.parametrize("first", ["", "00", "00" * 6, "00" * 8, "5e" * 8])
def test_a_vehicle_may_begin_with_no_zero_or_an_older_session_id(first: str) -> None:
    charged(replace(AC, first_session=first))


def test_a_vehicle_that_never_looks_for_welded_contactors_ends_in_order() -> None:
    charged(replace(DC, steps=[step for step in DC.steps if step.name != "WeldingDetectionReq"]))


def test_cable_checks_as_long_as_the_longest_recorded_are_waited_for() -> None:
    """A Hyundai Kona asked 134 times in 56 s, a Tesla 383 times in 55 s; the station has 38 s (Table 111)."""
    played = charged(DC, dc=DcSupply(isolation_seconds=30.0))
    assert sum(name == "CableCheckReq" for name, _ in played.answers) > 20


def test_a_driver_who_takes_his_time_is_waited_for() -> None:
    """A Renault Zoe asked 14 times."""
    slow = [replace(step, pause=0.1) for step in DC.steps if step.name != "AuthorizationReq"]
    first = next(step for step in DC.steps if step.name == "AuthorizationReq")
    slow.insert(4, replace(first, times=14))
    charged(replace(DC, steps=slow))


def test_a_loop_of_another_pace_keeps_the_session() -> None:
    """An EQE asks every 1160 ms, a Tesla after 18."""
    for pause in (1.16, 0.018):
        charged(replace(AC, steps=[replace(step, pause=pause) for step in AC.steps]))


def test_a_profile_below_zero_on_four_phases_is_let_pass_in_dc_and_told() -> None:
    """As a Seres 3 sends it."""
    entry = {
        "ChargingProfileEntryStart": 0,
        "ChargingProfileEntryMaxPower": quantity(-24_136, -1, "W"),
        "ChargingProfileEntryMaxNumberOfPhasesInUse": 4,
    }
    habit: Changes = {"PowerDeliveryReq": {"ChargingProfile": {"ProfileEntry": [entry]}}}
    assert charged(with_habit(DC, habit)).liberties == {Tolerance.PROFILE_NEGATIVE, Tolerance.EXI_RANGE}


def test_dc_limits_in_an_ac_session_are_refused() -> None:
    """As a Seres 3 was by the real station; what it says after that is not answered any more."""
    parameters = next(values for step, values in DC.requests() if step.name == "ChargeParameterDiscoveryReq")
    wrong: Changes = {
        "ChargeParameterDiscoveryReq": {
            "AC_EVChargeParameter": None,
            "DC_EVChargeParameter": parameters["DC_EVChargeParameter"],
        }
    }
    played = play(with_habit(AC, wrong), SeccConfig(energy_modes=MODES))
    assert played.refused == [("ChargeParameterDiscoveryReq", "FAILED_WrongChargeParameter")]
    assert played.reached == "AuthorizationReq"
