"""Cases about what our station lacks, each at one that has it: the right one passes, and one that is wrong fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from able_desk import held_in_memory
from able_station import AbleStation
from able_wrong import WRONG

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.station.suite import STATION

Declared = Mapping[str, tuple[str, ...]]


def has(*names: str, **values: str) -> Declared:
    """True of each name; of each other one these values, with spaces between."""
    return {**dict.fromkeys(names, ("true",)), **{name: tuple(said.split()) for name, said in values.items()}}


MESSAGES = "MeterValues LogStatusNotification FirmwareStatusNotification"
LISTED = has("LocalList", "Groups", "ListDisablePostAuthorize")

ROWS: tuple[tuple[str, Declared, Mapping[str, Any]], ...] = (
    (
        "G_03 G_04 G_05 G_06 G_07 G_08 G_09 G_10 G_11 G_12 G_13 G_14 G_15 G_16 G_17 G_18 G_19 G_21 B_23",
        has("Availability"),
        {},
    ),
    (
        "K_01 K_03 K_04 K_05 K_06 K_07 K_08 K_09 K_10 K_13 K_19 K_21 K_22 K_23 K_24 K_28 K_29 K_30 K_31 K_32 K_33 K_34 "
        "K_35 K_36 K_37 K_60",
        has("ChargingProfiles"),
        {},
    ),
    ("K_39 K_40 K_41 K_42 K_47", has("CompositeSchedule", "ChargingProfiles"), {}),
    ("F_16 N_25 N_26 N_35 N_36", has("Logs", Triggers=MESSAGES), {}),
    ("L_05", has("Firmware"), {}),
    ("N_27 N_28 N_30 N_31 N_32 N_62 N_63", has("CustomerInformation"), {}),
    ("A_22 B_43", has("NetworkProfiles"), {}),
    ("F_11 F_12 F_15 F_17 F_18", has(Triggers=MESSAGES), {}),
    ("B_28 B_29", has(EvseReset="false"), {}),
    ("A_11 A_13 M_09", has("StationCertificate", "CombinedCertificate", "AdditionalRootCheck"), {}),
    ("D_01 D_02 D_03 D_04 D_05 D_06 D_07 D_08 D_10", LISTED, {}),
    ("C_21 C_22 C_23 C_24 C_25 C_27 C_28 C_29 C_30 C_31 C_40 C_43 C_58", LISTED, {}),
    ("C_39 C_41 C_44 C_45 C_47 C_48 C_49 E_45", has("Groups", "MasterPass"), {}),
    ("C_15 C_18", has("MaxEnergyOnInvalidId"), {}),
    ("C_34 C_57 E_52", has("CacheFromEvents", "CacheDisablePostAuthorize", "DisableRemoteAuthorization"), {}),
    ("E_06 E_15", has("LocalStop"), {}),
    ("E_10 E_13 J_08", has(TxStartPoint="Authorized"), {"starts": {"Authorized"}}),
    ("E_01", has(TxStartPoint="PowerPathClosed"), {"starts": {"PowerPathClosed"}}),
    ("E_02", has(TxStartPoint="EnergyTransfer"), {"starts": {"EnergyTransfer"}}),
    ("E_11", has(TxStartPoint="DataSigned"), {"starts": {"DataSigned"}}),
    ("E_12", has(TxStartPoint="ParkingBayOccupancy"), {"starts": {"ParkingBayOccupancy"}}),
    ("E_07 E_35 E_37", has("LocalStop", TxStopPoint="PowerPathClosed"), {"stops": {"PowerPathClosed"}}),
    ("E_08 E_22", has("LocalStop", TxStopPoint="EnergyTransfer"), {"stops": {"EnergyTransfer"}}),
    ("E_14 E_24", has("CableLock"), {}),
    ("E_26 E_27", has("FixedCable", StopsOnUnplug="false"), {"ends_with_cable": False}),
    ("E_38", has("TellsSuspendedEV"), {"takes_energy": False}),
    ("J_04", has("SignedAlignedData"), {}),
)
"""Cases, what the station is declared to be, and what it is like."""

CASES = {number: (declared, like) for numbers, declared, like in ROWS for number in numbers.split()}


@pytest.mark.parametrize("number", CASES)
def test_a_station_that_has_it_passes(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    declared, like = CASES[number]
    found = held_in_memory(number, declared, like, monkeypatch)
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


PAIRS = [(name, number) for name, (_, _, numbers) in WRONG.items() for number in numbers.split()]


@pytest.mark.parametrize(("name", "number"), PAIRS, ids=[f"{number}-{name}" for name, number in PAIRS])
def test_one_that_is_wrong_there_fails(name: str, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at, instead, _ = WRONG[name]
    monkeypatch.setattr(AbleStation, at, instead)
    found = held_in_memory(number, *CASES[number], monkeypatch)
    assert found.verdict is CaseVerdict.FAIL and found.why.endswith("."), found


def test_each_of_them_is_failed_by_a_wrong_one() -> None:
    assert {number for _, number in PAIRS} == set(CASES)


def test_every_case_that_can_be_run_has_met_a_station() -> None:
    runnable = {case.id for case in STATION.cases if not case.unsuited}
    met = {case.id for case in STATION.cases if not STATION.usual.against(case)}
    assert runnable - met == {f"TC_{number}_CS" for number in CASES} == STATION.unkilled.keys()
