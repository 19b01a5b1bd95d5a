"""A lab that is played by hand: it stays open, vehicles and stations do what their drivers want, time is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from second_terminal import free_port, said, second_terminal
from watched import Watched

from pncsim.simulator.dashboard.reports import AroundTold, RequestDone, RunBegan, RunEnded, RunHeld, StartRun, StopRun
from pncsim.simulator.result import Verdict


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.lab.close()


@pytest.mark.rule("EV-5", "EV-6")
def test_a_vehicle_is_plugged_in_paused_and_unplugged_by_hand_and_the_lab_stays_open(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="by-hand", options={"kwh": "0.03"}, id=1))
    free = watched.hand(lambda seen: seen.stations)
    assert (free.stations[0].lamp, free.stations[0].text) == ("free", "Plug in, please.")
    [began] = [one for one in watched.seen if isinstance(one, RunBegan)]
    assert began.transport == "loopback", "whoever plays lives in real time"

    assert watched.do("plug-in").brought == "EV-1 is plugged in at CS001/1."
    charging = watched.hand(lambda seen: seen.vehicles[0].doing == "charging" and seen.stations[0].lamp == "charging")
    assert charging.stations[0].vehicle == "EV-1" and charging.stations[0].pilot == "C"
    assert "locked" in watched.do("unplug").error and "already" in watched.do("plug-in").error
    assert not watched.do("pause").error
    paused = watched.hand(lambda seen: not seen.vehicles[0].in_session)
    assert paused.vehicles[0].doing == "paused" and "pauses" in paused.stations[0].text

    assert not watched.do("plug-in").error
    watched.hand(lambda seen: seen.vehicles[0].doing == "charging")
    assert not watched.do("time-lapse", on="yes").error
    full = watched.hand(lambda seen: not seen.vehicles[0].in_session)
    assert "Done: 0.03" in full.stations[0].text and "energy wished for" in full.vehicles[0].doing
    assert watched.do("unplug").brought == "EV-1 is unplugged."

    watched.lab.ask(StopRun(id=9))
    result = watched.ended().result
    assert result.verdict is Verdict.PASS and "kWh, DEPNC" in result.facts["EV-1, session 1"]


@pytest.mark.rule("EV-7", "OEM-2")
def test_contracts_are_behind_the_pin_and_what_waits_is_approved_refused_or_asked_about(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="by-hand", options={"contract": "no"}, id=1))
    watched.hand(lambda seen: seen.vehicles)
    assert "the driver's PIN" in watched.do("uninstall", emaid="X").error
    assert "not the driver's PIN; 2 more guesses are heard" in watched.do("unlock", pin="0000").error
    assert "1 more guess is heard" in watched.do("unlock", pin="").error
    assert "none is heard for 60 s now" in watched.do("unlock", pin="4321").error
    assert "3 PINs were wrong: none is heard for another" in watched.do("unlock", pin="1234").error
    assert "wrong PINs" in watched.hand(lambda seen: seen.vehicles[0].notices).vehicles[0].notices[-1]
    assert not watched.do("move-clock", hours="0.02").error, "a driver waits, or lab time passes"
    assert not watched.hand(lambda seen: seen.vehicles).vehicles[0].open
    told = [one for one in watched.seen if isinstance(one, AroundTold)]
    [own] = [one for one in told[-1].certificates if one.role == "oem_leaf" and "EV-1" in one.holders]
    renewed = watched.do("renew", whose=own.name)
    assert str(renewed.brought).startswith("EV-1 has fetched a new provisioning certificate"), "by telematics"
    for word, where in (("install", ["in the vehicle"]), ("refuse", ["in the vehicle"])):
        assert not watched.do("unlock", pin="1234").error and not watched.do("subscribe").error
        waits = watched.hand(lambda seen: seen.vehicles[0].contracts).vehicles[0].contracts[-1]
        assert waits.where == "waits for approval"
        assert not watched.do(word, emaid=waits.emaid).error
        assert [one.where for one in watched.hand(lambda seen: True).vehicles[0].contracts] == where
    [held] = watched.hand(lambda seen: True).vehicles[0].contracts
    assert held.default and not watched.do("uninstall", emaid=held.emaid).error
    assert not watched.do("lock").error and not watched.hand(lambda seen: True).vehicles[0].contracts

    assert not watched.do("plug-in").error, "at a station it is the driver who is asked"
    assert watched.hand(lambda seen: seen.vehicles[0].asks).vehicles[0].asks == "DEPNC"
    assert not watched.do("answer", yes="no").error
    assert "does not want contract" in watched.hand(lambda seen: not seen.vehicles[0].in_session).vehicles[0].doing
    assert "asks nothing" in watched.do("answer").error


@pytest.mark.rule("EV-5")
def test_a_card_pays_and_an_emergency_is_no_failed_session_but_somebodys_hand(watched: Watched, tmp_path: Path) -> None:
    watched.lab.ask(StartRun(scenario="by-hand", evidence=str(tmp_path), id=1))
    watched.hand(lambda seen: seen.vehicles)
    assert not watched.do("plug-and-charge", on="no").error and not watched.do("plug-in").error
    watched.hand(lambda seen: seen.stations[0].text == "Show your card, please.")
    assert not watched.do("swipe").error
    watched.hand(lambda seen: seen.stations[0].lamp == "charging")
    assert not watched.do("emergency-button").error
    stopped = watched.hand(lambda seen: not seen.vehicles[0].in_session)
    assert stopped.stations[0].lamp == "error" and stopped.stations[0].emergency
    assert not watched.do("emergency-button", pressed="no").error and not watched.do("plug-in").error
    watched.hand(lambda seen: seen.stations[0].text == "Show your card, please.")
    assert not watched.do("stop").error, "a driver who has no card leaves"
    watched.hand(lambda seen: not seen.vehicles[0].in_session)
    watched.lab.ask(StopRun(id=9))
    result = watched.ended().result
    assert result.verdict is Verdict.PASS and "broken off by hand" in result.facts.values()
    assert result.evidence is not None and (result.evidence / "manifest.json").exists()


def test_what_is_done_by_hand_needs_a_lab_that_is_and_a_lab_that_is_left_lets_its_vehicles_stop(
    watched: Watched,
) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    assert "not played by hand" in watched.do("plug-in").error
    watched.lab.ask(StopRun(now=True, id=2))
    watched.ended()
    watched.lab.ask(StartRun(scenario="by-hand", options={"vehicles": "2"}, id=3))
    watched.hand(lambda seen: seen.vehicles)
    assert "Every EVSE" in (watched.do("plug-in", vehicle="EV-1").error + watched.do("plug-in", vehicle="EV-2").error)
    assert "no vehicle 'EV-9'" in watched.do("stop", vehicle="EV-9").error
    watched.hand(lambda seen: seen.vehicles[0].doing == "charging")
    watched.lab.ask(StopRun(id=4))
    result = watched.ended().result
    assert result.verdict is Verdict.PASS and watched.sent()[-2:] == ["SessionStopReq", "SessionStopRes"]


def test_a_vehicle_of_ours_is_played_at_somebody_elses_station(watched: Watched) -> None:
    port = free_port()
    there = {"theirs": "station", "sdp_port": port, "kwh": "50"}
    with second_terminal("secc", "--sdp-port", port, "--no-tls", "--eim", "--no-evidence", "--no-attach") as station:
        said(station, "Waiting for a vehicle")
        watched.lab.ask(StartRun(scenario="by-hand", options=there, id=1))
        assert not watched.hand(lambda seen: seen.stations).stations[0].ours
        assert watched.do("plug-in").brought == "EV-1 is plugged in at THEIRS."
        watched.hand(lambda seen: seen.vehicles[0].doing == "charging")
        assert "somebody else's" in watched.do("swipe").error and "leapt over" in watched.do("time-lapse").error
        assert not watched.do("stop").error
        assert watched.hand(lambda seen: not seen.vehicles[0].in_session).vehicles[0].doing == "the driver stops"
        assert "PASS secc" in station.communicate()[0]
    watched.lab.ask(StopRun(id=2))
    assert watched.ended().result.verdict is Verdict.PASS


def test_a_lab_that_cannot_be_opened_so_says_why(watched: Watched, tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text("title = 'mine'\n")
    for number, (options, why) in enumerate(
        (
            ({"theirs": "both"}, "cannot have that theirs"),
            ({"guests": "2"}, "has no parameter"),
            ({"pki": str(tmp_path / "nowhere")}, "nowhere"),
        )
    ):
        watched.lab.ask(StartRun(scenario="by-hand", options=options, id=number))
        report = watched.until(lambda one: isinstance(one, RequestDone | RunEnded))
        error = report.error if isinstance(report, RequestDone) else ""
        assert why in (error or str(watched.ended().result.error))
    watched.lab.ask(StartRun(scenario="by-hand", lab=str(lab), options={"theirs": "vehicle"}, id=9))
    assert "lab file says who takes part" in watched.done(9).error
