"""Vehicles that charged at real stations charge at ours, and go as far as they went there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from playing import Played, play
from script import VehicleScript, scripts

from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.wire.gate import STRICT, Tolerance
from pncsim.wire.trace import Power, StateEntered
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.values import replace

MODES = ("AC_three_phase_core", "AC_single_phase_core", "DC_extended")
FALLING: PowerSchedule = ((0, 22_000.0), (43_200, 4_000.0))
SCRIPTS = scripts()

EARLY, STEPS = Tolerance.EARLY_STOP, Tolerance.PROFILE_STEPS
ONE_ENTRY = ("audi-q4-dc", "audi-q4-dc-short", "skoda-enyaq-ac", "vw-id3-ac", "vw-id3-ac-2", "vw-id3-dc")
"""Whose ChargingProfile is one entry whatever the schedule."""
LIBERTIES: dict[tuple[str, str], set[Tolerance]] = {
    ("vw-id3-ac", "full power"): {EARLY},  # the station of the recording refused that
    ("skoda-enyaq-ac", "as recorded"): {STEPS},
    **{(name, "falling"): {STEPS} for name in ONE_ENTRY},
    ("vw-id3-ac", "falling"): {STEPS, EARLY},
}
"""What each vehicle is let pass under which schedule; nothing where it is not listed."""

CASES = [
    *((name, offer) for name in SCRIPTS for offer in ("full power", "falling")),
    *((name, "as recorded") for name, script in SCRIPTS.items() if len(script.schedule) > 1),
]


def station(script: VehicleScript, offer: str, refuses: frozenset[Tolerance] = frozenset()) -> SeccConfig:
    """An EVSE with AC and DC that offers the schedule called ``offer``."""
    schedules = {"full power": (), "falling": FALLING, "as recorded": tuple(script.schedule)}
    return SeccConfig(energy_modes=MODES, schedule=schedules[offer], refuses=refuses)


def walk(names: Iterable[str]) -> list[str]:
    """The way through a session: each kind of request once for any number in a row."""
    return [name for name, _ in itertools.groupby(names)]


def went(script: VehicleScript) -> list[str]:
    """The vehicle's way at the station of the recording, as far as it was let go."""
    way = [step.name for step in script.steps if step.answer and not step.answer.startswith("FAILED")]
    return walk(way)


def explained(played: Played) -> str:
    """For whoever reads a failed test."""
    return f"{walk(name for name, _ in played.answers)}: {' '.join(played.problems)}"


@pytest.mark.parametrize(("name", "offer"), CASES)
def test_a_recorded_vehicle_goes_as_far_as_at_its_own_station(name: str, offer: str) -> None:
    script = SCRIPTS[name]
    played = play(script, station(script, offer))
    assert not played.refused, explained(played)
    way = walk(name for name, _ in played.answers)
    assert way[: len(went(script))] == went(script), explained(played)
    if way[-1] == "SessionStopReq":
        assert played.end.error is None
    else:  # the recording ends in mid-session
        assert played.end.error is not None and played.end.error.kind == "closed"


@pytest.mark.parametrize(("name", "offer"), CASES)
def test_the_liberties_of_a_recorded_vehicle_are_told_and_refused_by_a_strict_station(name: str, offer: str) -> None:
    script = SCRIPTS[name]
    wanted = LIBERTIES.get((name, offer), set())
    assert play(script, station(script, offer)).liberties == wanted
    strict = play(script, station(script, offer, STRICT))
    assert not strict.liberties
    if STEPS in wanted:
        assert strict.refused == [("PowerDeliveryReq", "FAILED_ChargingProfileInvalid")]
    elif EARLY in wanted:
        assert strict.refused == [("SessionStopReq", "FAILED_SequenceError")], "as the station of the recording did"
    else:
        assert not strict.refused, explained(strict)


@pytest.mark.parametrize("name", ["audi-q4-dc", "skoda-enyaq-ac"])
def test_the_step_a_recorded_vehicle_overlooks_holds(name: str) -> None:
    begun = 8
    early = replace(SCRIPTS[name], schedule=[(0, 11_000.0), (begun, 2_000.0)])
    played = play(early, station(early, "as recorded"))
    states = {event.state: event.time for event in played.events if isinstance(event, StateEntered)}
    step = states.get(State.READY_AC, states.get(State.READY_DC, 0.0)) + begun
    samples = [(event.time - step, event.watts) for event in played.events if isinstance(event, Power)]
    after = [watts for time, watts in samples if time > 0]
    assert len(after) > 3
    assert max(after) <= 2_000.001 < max(watts for time, watts in samples if time < 0)


def test_every_recorded_session_is_played() -> None:
    modes = [
        values["RequestedEnergyTransferMode"][:2]
        for script in SCRIPTS.values()
        for step, values in script.requests()
        if step.name == "ChargeParameterDiscoveryReq"
    ]
    assert (len(SCRIPTS), modes.count("DC"), modes.count("AC")) == (9, 5, 4)


def test_no_script_names_a_car_a_station_or_a_session() -> None:
    for name, script in SCRIPTS.items():
        assert set(script.first_session) <= {"0"}, name
        setup = next(values for step, values in script.requests() if step.name == "SessionSetupReq")
        assert setup == {"EVCCID": "020000000001"}, name
        told = {key for _, values in script.requests() for key in keys(values)}
        assert not told & {"EVSEID", "MeterID", "MeterInfo", "eMAID", "Certificate", "SessionID", "GenChallenge"}, name


def keys(value: object) -> set[str]:
    """All keys in a value, at any depth."""
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys(one)}
    return {key for one in value for key in keys(one)} if isinstance(value, list) else set()
