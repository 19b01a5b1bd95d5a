"""Profiles of cars: our station charges each, and what a profile says of a car is read back from the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from cars import Charged, charge, run_as

from pncsim.ev.habits import Offer
from pncsim.ev.negotiation import chosen
from pncsim.simulator.cars.profile import FACTS, find_profile, names, profiles, read_profile
from pncsim.simulator.cars.traits import OURS, declared, seen
from pncsim.simulator.commands.main import main
from pncsim.simulator.scenario import Energy
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.gate import Tolerance, told_before
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g.iso2.dialect import ISO2
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

CARS: list[tuple[str, Energy]] = [(name, current) for name, car in profiles() for current in car.seen]
ENOUGH = 5
"""Traits at least in which a profile differs from a vehicle of ours."""

LIBERTIES = {
    ("seres-3", "dc"): {Tolerance.EXI_RANGE, Tolerance.PROFILE_NEGATIVE},
    ("vw-id3", "ac"): {Tolerance.EARLY_STOP},
    ("vw-id4", "ac"): {Tolerance.EARLY_STOP},
}
"""What our station lets pass; nothing where it is not listed."""


@cache
def usual(current: Energy) -> Charged:
    """A vehicle of ours, which is like no car."""
    return charge("", current, kwh=1.0)


@pytest.mark.parametrize(("name", "current"), CARS)
def test_a_car_is_charged_and_shows_its_traits_on_the_wire(name: str, current: Energy) -> None:
    charged = charge(name, current)
    assert charged.result.verdict == "pass", charged.result.checks
    told, claimed = seen(charged.requests), declared(find_profile(name), current)
    assert {trait: told.get(trait) for trait in claimed} == claimed
    ours = seen(usual(current).requests)
    differing = [trait for trait in claimed if told[trait] != ours.get(trait)]
    assert len(differing) >= ENOUGH, differing
    assert charged.liberties == LIBERTIES.get((name, current), set())


@pytest.mark.parametrize(("name", "current"), CARS)
def test_a_car_may_pay_by_contract_as_no_recorded_one_did(name: str, current: Energy) -> None:
    charged = charge(name, current, contract=True)
    assert charged.result.verdict == "pass", charged.result.checks
    assert charged.outcomes[0].receipts_signed > 0 and charged.requests.asks_tls


@pytest.mark.parametrize("current", ["ac", "dc"])
def test_a_vehicle_of_ours_is_as_the_tables_say(current: Energy) -> None:
    told, claimed = seen(usual(current).requests), declared(OURS, current)
    del claimed["SDP asks for TLS"], told["SDP asks for TLS"]  # with a card a scenario says that
    assert {trait: told.get(trait) for trait in claimed} == claimed
    assert len(claimed) >= 10


@pytest.mark.parametrize(("name", "more"), [("audi-q4", 1), ("mercedes-eqe", 1), ("subaru-solterra", 0)])
def test_some_cars_go_round_once_more_when_the_station_asks_to_stop(name: str, more: int) -> None:
    charged = charge(name, "dc", stopped=True)
    assert charged.after_stop.count("CurrentDemandReq") == more
    assert charged.after_stop[more] == "PowerDeliveryReq"
    assert charged.outcomes[0].ok and charged.outcomes[0].reason == "the station asked to stop"


def test_a_car_that_pauses_joins_its_session_again_by_the_old_number() -> None:
    first, second = charge("audi-q4", "ac", visits=2).outcomes
    assert first.paused is not None and second.resumed
    assert second.session_id == first.session_id


@pytest.mark.parametrize("name", ["install-contract", "update-contract", "pause-resume", "renegotiate", "two-at-once"])
@pytest.mark.parametrize("profile", ["bmw-ix", "seres-3", "vw-id3"])
def test_what_a_scenario_wants_comes_before_the_habits_of_a_car(profile: str, name: str) -> None:
    """A filter would hide the certificate service; who leaves at once could not pause."""
    result = run_as(profile, name)
    assert result.verdict == "pass", result.checks


# ---- profiles as files ----------------------------------------------------------------------------------------------


def test_every_profile_is_what_the_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    import tomllib

    import jsonschema_rs

    with pytest.raises(SystemExit):
        main(["schema", "vehicle"])
    judge = jsonschema_rs.validator_for(json.loads(capsys.readouterr().out))
    files = sorted(FACTS.glob("*.toml"))
    assert len(files) == 17
    for file in files:
        held = tomllib.loads(file.read_text())
        judge.validate(held)
        assert not judge.is_valid({**held, "speed": 200}), "a word nobody reads is a mistake"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("model = 1", "Expected `str`, got `int`"),
        ("model =", "is no vehicle profile"),
        ('model = "X"\nseen = ["dc"]\n[habits]\nthink = 0.1\nthinks = 1\n', "unknown field `thinks`"),
        ('model = "X"\nseen = ["dc"]\n[habits]\n', "every vehicle needs some time"),
        ('model = "X"\nseen = ["dc"]\n[habits]\nthink = 0.1\nfirst_session = "xyz"\n', "up to 8 octets"),
        ('model = "X"\nseen = ["dc"]\n[habits]\nthink = 0.1\nfirst_session = "001122334455667788"\n', "up to 8 octets"),
    ],
)
def test_a_file_that_is_no_profile_is_refused_in_a_sentence(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(LocalError, match=why) as refused:
        read_profile(file)
    assert str(file) in refused.value.sentence


def test_a_habit_that_names_no_member_ends_the_session_with_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'model = "X"\nseen = ["dc"]\n[habits]\nthink = 0.1\n[habits.leaves_out]\nSessionSetupReq = ["EVCC"]\n'
    )
    error = charge(str(file), "dc").outcomes[0].error
    assert error is not None and "SessionSetupReq has no member EVCC; it has EVCCID" in error.sentence


def test_a_profile_of_ones_own_is_run_by_the_command(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text((FACTS / "citroen-e-c4.toml").read_text().replace("Citroën e-C4", "Car of mine"))
    pnc = [
        sys.executable,
        "-m",
        "pncsim",
        "run",
        "eim-dc",
        "--transport",
        "memory",
        "--evidence",
        str(tmp_path / "runs"),
        "-v",
    ]
    done = subprocess.run([*pnc, "--vehicle-profile", str(file)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "speaks as a Car of mine" in done.stdout
    assert "WeldingDetectionReq" not in done.stdout
    (bundle,) = (tmp_path / "runs").iterdir()
    assert json.loads((bundle / "manifest.json").read_text())["options"]["vehicle_profile"] == str(file)


@pytest.mark.parametrize("command", [["run", "eim-ac"], ["ev"]])
def test_a_car_nobody_knows_is_wrong_usage(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command, "--vehicle-profile", "vw-id33"])
    assert left.value.code == 2
    assert "There is no vehicle profile 'vw-id33'. Did you mean vw-id3" in capsys.readouterr().err


def test_the_cars_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["list", "--vehicles"])
    told = capsys.readouterr().out.splitlines()
    assert left.value.code == 0
    assert [line.split()[0] for line in told] == names()
    assert "VW ID.3: AC and DC" in told[names().index("vw-id3")]


# ---- what a car offers and a vehicle of ours does not speak ----------------------------------------------------------

OFFERED = (Offer("urn:din:70121:2012:MsgDef", 2, 0, 7, 1), Offer(ISO2_NAMESPACE, 2, 0, 3, 5))


def answer(schema_id: int | None) -> app.SupportedAppProtocolRes:
    return app.SupportedAppProtocolRes(ResponseCode=app.ResponseCodeType.OK_SuccessfulNegotiation, SchemaID=schema_id)


def test_the_stations_choice_is_looked_up_among_what_the_car_offers() -> None:
    assert chosen(answer(3), OFFERED, (ISO2,), told_before) is ISO2


@pytest.mark.parametrize(
    ("schema_id", "why"), [(7, "took urn:din:70121"), (1, "only 7 and 3 were offered"), (None, "none")]
)
def test_a_choice_that_cannot_be_followed_ends_in_a_sentence(schema_id: int | None, why: str) -> None:
    with pytest.raises(PeerError, match=why) as refused:
        chosen(answer(schema_id), OFFERED, (ISO2,), told_before)
    assert refused.value.kind == "no common protocol"
