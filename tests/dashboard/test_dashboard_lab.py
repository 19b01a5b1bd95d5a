"""The lab behind a dashboard runs in a process of its own and does what it is asked."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from watched import Watched

from pncsim.simulator.dashboard.form import event_of
from pncsim.simulator.dashboard.operations import Operations
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    EventsTold,
    HoldRun,
    LabHello,
    RequestDone,
    RunBegan,
    RunHeld,
    StartRun,
    StepRun,
    StopRun,
)
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.result import Verdict
from pncsim.wire.errors import LocalError


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.lab.close()


def test_runs_follow_each_other_and_every_event_is_told_once(watched: Watched) -> None:
    for scenario in ("pnc-ac", "install-contract"):
        watched.seen.clear()
        watched.lab.ask(StartRun(scenario=scenario, seed="7", id=1))
        assert watched.ended().result.verdict is Verdict.PASS
        assert [one.error for one in watched.seen if isinstance(one, RequestDone)] == [""]
        [began] = [one for one in watched.seen if isinstance(one, RunBegan)]
        assert (began.scenario, began.transport, began.seed) == (scenario, "memory", "7")
        told = [event_of(r).seq for one in watched.seen if isinstance(one, EventsTold) for r in one.records]
        assert told == list(range(1, len(told) + 1)) and len(told) > 100


def test_options_and_faults_are_taken_as_a_person_types_them(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", options={"kwh": "0.5"}, faults=("contract-revoked",), id=1))
    result = watched.ended().result
    assert result.verdict is Verdict.FAIL and list(result.faults) == ["contract-revoked"]
    for wrong, why in (
        (StartRun(scenario="pnc-ac", options={"kwh": "many"}, id=2), "cannot have that kwh"),
        (StartRun(scenario="pnc-ac", options={"kw": "1"}, id=3), "Did you mean kwh"),
        (StartRun(scenario="pnc-acc", id=4), "There is no scenario"),
        (StartRun(scenario="pnc-ac", faults=("gremlins",), id=5), "There is no fault"),
        (StartRun(scenario="pnc-ac", lab="/nowhere/lab.toml", id=6), "/nowhere/lab.toml"),
    ):
        watched.lab.ask(wrong)
        assert why in watched.done(wrong.id).error


def test_a_run_is_held_stepped_and_let_go(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    for number in range(2, 6):
        watched.lab.ask(StepRun(id=number))
        assert not watched.done(number).error
    watched.lab.ask(DoInLab("move-clock", {"hours": "2"}, id=9))
    assert "UTC in the lab" in str(watched.done(9).brought)
    assert watched.sent()[:2] == ["SupportedAppProtocolReq", "SupportedAppProtocolRes"] and len(watched.sent()) == 4
    watched.lab.ask(HoldRun(False, id=10))
    assert watched.ended().result.verdict is not Verdict.ERROR


def test_a_contract_that_is_revoked_by_hand_is_refused_by_the_responder(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StepRun(id=2))
    assert not watched.done(2).error
    watched.lab.ask(DoInLab("revoke", {"whose": "EV-9"}, id=3))
    assert "Nobody here is called 'EV-9'. Did you mean EV-1" in watched.done(3).error
    watched.lab.ask(DoInLab("revoke", {"reason": "boredom"}, id=4))
    assert "revoke cannot have that reason" in watched.done(4).error
    watched.lab.ask(DoInLab("revoke", {"whose": "EV-1", "reason": "superseded"}, id=5))
    assert "is revoked: superseded. The responder says so" in str(watched.done(5).brought)
    watched.lab.ask(HoldRun(False, id=6))
    result = watched.ended().result
    assert result.verdict is Verdict.FAIL and "revoked" in result.cause


def test_an_operator_has_a_station_report_its_device_model_and_calls_it_by_hand(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StepRun(id=2))
    assert not watched.done(2).error
    watched.lab.ask(DoInLab("report-variables", id=3))
    assert watched.done(3).brought == "CS001 is asked for its device model: Accepted."
    trigger = {"action": "TriggerMessage", "payload": '{"requestedMessage": "Heartbeat"}', "station": "CS001"}
    watched.lab.ask(DoInLab("call-station", trigger, id=4))
    assert watched.done(4).brought == 'CS001 answers TriggerMessage: {"status":"Accepted"}'
    watched.lab.ask(DoInLab("call-station", {"action": "Reset", "payload": "{"}, id=5))
    assert "The payload of Reset is no JSON object" in watched.done(5).error
    watched.lab.ask(DoInLab("report-variables", {"station": "CS002"}, id=6))
    assert "This lab has no station 'CS002' now. Did you mean CS001" in watched.done(6).error
    watched.lab.ask(HoldRun(False, id=7))
    watched.ended()
    store = EventStore()
    for report in watched.seen:
        if isinstance(report, EventsTold):
            store.take(report.records)
    operations = Operations(store)
    operations.look(60.0)
    [station] = operations.stations.values()
    assert len(station.variables) > 30
    assert station.variables["SecurityCtrlr", "Identity"].value == "CS001"
    assert any(call.name == "Heartbeat" for call in operations.calls)


@pytest.mark.parametrize(("whose", "named"), [("CS001", "DEPNCE100001"), ("mo_sub2", "MO Sub-CA 2")])
def test_stations_and_authorities_can_be_revoked_and_renewed_by_name(watched: Watched, whose: str, named: str) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StepRun(id=2))
    assert not watched.done(2).error
    watched.lab.ask(DoInLab("revoke", {"whose": whose}, id=3))
    assert named in str(watched.done(3).brought)
    watched.lab.ask(DoInLab("ocsp-status", {"whose": whose}, id=5))
    assert str(watched.done(5).brought).endswith(": revoked.")
    watched.lab.ask(DoInLab("ocsp-status", {"whose": "cps_leaf"}, id=6))
    assert str(watched.done(6).brought).endswith(": good."), "nobody else is"
    watched.lab.ask(DoInLab("renew-authorities", id=4))
    assert "renewed" in str(watched.done(4).brought)


def test_a_lab_says_which_fields_its_commands_have(watched: Watched) -> None:
    watched.lab.start()
    told = watched.until(lambda one: isinstance(one, LabHello))
    assert isinstance(told, LabHello)
    assert [(one.name, one.default) for one in told.fields["move-clock"]] == [("hours", "1")]
    assert [one.name for one in told.fields["revoke"]] == ["whose", "reason"]
    assert "key_compromise" in told.fields["revoke"][1].choices
    assert set(told.fields) < set(told.commands), "some need no arguments"


def test_a_run_that_is_stopped_lets_the_vehicle_end_its_session_in_order(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", options={"kwh": "20"}, held=True, id=1))
    number = 2
    while "ChargingStatusReq" not in watched.sent():
        watched.lab.ask(StepRun(id=number))
        watched.done(number)
        number += 1
    watched.lab.ask(StopRun(id=number))
    watched.ended()
    assert "Asked to stop: CS001/1." in [one.brought for one in watched.seen if isinstance(one, RequestDone)]
    assert watched.sent()[-2:] == ["SessionStopReq", "SessionStopRes"]
    assert watched.sent().count("ChargingStatusReq") < 5, "it was told to stop, and did"


def test_a_run_that_is_broken_off_says_so_and_the_next_one_runs(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StopRun(now=True, id=2))
    assert "broken off" in str(watched.ended().result.error)
    watched.lab.ask(StartRun(scenario="pnc-ac", id=3))
    assert watched.ended().result.verdict is Verdict.PASS


def test_what_needs_a_run_is_refused_without_one_and_so_is_a_second_run(watched: Watched) -> None:
    watched.lab.ask(StepRun(id=1))
    assert watched.done(1).error == "No run is going on."
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=2))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StartRun(scenario="pnc-ac", id=3))
    assert "stop it first" in watched.done(3).error
    watched.lab.ask(DoInLab("dance", id=4))
    assert "knows a command 'dance'" in watched.done(4).error


def test_a_lab_that_dies_is_a_sentence_and_the_next_request_starts_another(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    assert watched.lab.pid is not None
    os.kill(watched.lab.pid, signal.SIGKILL)
    with pytest.raises(LocalError, match="process has ended"):
        watched.until(lambda one: False)
    watched.lab.ask(StartRun(scenario="pnc-ac", id=2))
    assert watched.ended().result.verdict is Verdict.PASS


def test_whoever_leaves_ends_the_run_and_the_process_and_its_evidence_is_whole(tmp_path: Path) -> None:
    watched = Watched()
    watched.lab.ask(StartRun(scenario="pnc-ac", held=True, evidence=str(tmp_path), id=1))
    watched.until(lambda one: one == RunHeld(True))
    watched.lab.ask(StepRun(id=2))
    watched.done(2)
    pid = watched.lab.pid
    watched.lab.close()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    [folder] = tmp_path.iterdir()
    assert (folder / "manifest.json").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "reports"]
