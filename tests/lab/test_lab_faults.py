"""Every fault meets the standard's answer, a sentence, a non-zero exit code, and leaves nothing half-done."""

from __future__ import annotations

import itertools
import re

import pytest
from lab_runs import Run, leaks, run, texts

from pncsim.simulator.faults.fault import Fault
from pncsim.simulator.faults.table import FAULTS, find_fault
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, HttpExchange, Judged, Problem, Secured, ServiceCall, Story, Tolerated, V2gMessage

PASSES = {
    "contract-shuffled",
    "csms-away",
    "joined-records",
    "raw-value",
    "split-records",
    "trailing",
}
"""Faults a run gets over: everything expected is seen in the end."""

UNDELIVERED = {"dead-csms", "csms-dies"}
"""Faults after which the station still has something to tell a CSMS that never comes back."""

ELSEWHERE = [
    ("dead-pool", "update-contract"),
    ("slow-pool", "update-contract"),
    ("tampered-bundle", "update-contract"),
    ("wrong-bundle-signature", "update-contract"),
    ("foreign-cps", "update-contract"),
    ("wrong-signature", "pnc-dc"),
    ("wrong-receipt", "pnc-dc"),
    ("contract-blocked", "pause-resume"),
    ("dead-csms", "eim-dc"),
    ("dead-csms", "install-contract"),
    ("csms-dies", "renegotiate"),
    ("csms-away", "pnc-dc"),
    ("garbled-csms", "eim-ac"),
    ("no-staple", "eim-ac"),
    ("silent-station", "eim-dc"),
]
"""Faults in other scenarios than their own."""

ON_LOOPBACK = [
    "wrong-challenge",
    "garbled-vehicle",
    "garbled-station",
    "no-staple",
    "foreign-root",
    "expired-station",
    "tampered-bundle",
    "dead-pool",
    "provisioning-revoked",
    "contract-revoked",
    "dead-responder",
    "dead-csms",
    "csms-dies",
    "malformed-csms",
]


def sentences(events: list[Event]) -> list[str]:
    """What people read."""
    found = []
    for event in events:
        match event:
            case Problem(text=text, advice=advice):
                found += [text, advice]
            case Story(text=text) | ServiceCall(text=text) | Tolerated(what=text):
                found.append(text)
            case Judged(reason=text) | Secured(reason=text):
                found.append(text)
    return [text for text in found if text]


def assert_met(done: Run, name: str) -> None:
    fault, result = FAULTS[name], done.result
    assert result.error is None
    missing = [str(answer) for answer in fault.chosen().answer if not any(map(answer.met, done.events))]
    assert missing == []
    told = (Tolerated, HttpExchange)
    assert done.problems() or any(isinstance(e, told) for e in done.events) or name in PASSES
    badly_put = [s for s in sentences(done.events) if re.search(r"\.\.|\s[.,:;](\s|$)|: *$|\bNone\b|object at 0x", s)]
    assert badly_put == []
    assert leaks(texts(done.events), done.keys, done.password) == []


def assert_nothing_half_done(done: Run, name: str) -> None:
    assert done.before is not None and done.after is not None
    assert not done.after.session, "the station still serves a session"
    assert not done.after.transaction_of_station, "the station still has a transaction open"
    assert done.after.waiting == (name in UNDELIVERED)
    if name not in UNDELIVERED:
        assert all(complete for _, complete in done.after.transactions)


@pytest.mark.parametrize("name", FAULTS)
def test_in_memory(name: str) -> None:
    fault = FAULTS[name]
    done = run(fault.chosen().scenario, faults=[name])
    assert_met(done, name)
    assert_nothing_half_done(done, name)
    assert done.before is not None and done.after is not None
    assert done.after.contracts == done.before.contracts
    if name in PASSES:
        assert done.result.verdict is Verdict.PASS, done.result.cause
    else:
        assert done.result.exit_code == 1
        assert done.result.cause
    ended = [check.ok for check in done.result.checks if check.id == "ends-in-order"]
    assert set(ended) <= {fault.survived}


@pytest.mark.parametrize(("name", "scenario"), ELSEWHERE)
def test_in_another_scenario(name: str, scenario: str) -> None:
    done = run(scenario, faults=[name])
    assert done.result.error is None
    assert done.problems()
    assert_nothing_half_done(done, name)
    assert done.before is not None and done.after is not None
    assert done.after.contracts == done.before.contracts
    assert done.result.exit_code == (0 if name in PASSES else 1)


@pytest.mark.parametrize("name", ON_LOOPBACK)
def test_on_loopback(name: str) -> None:
    done = run(FAULTS[name].chosen().scenario, faults=[name], transport="loopback")
    assert_met(done, name)
    assert_nothing_half_done(done, name)
    assert done.result.exit_code == 1
    assert done.result.wall_seconds < 5


def test_a_refused_update_leaves_the_contract_it_was_to_replace() -> None:
    """The vehicle goes on with it, and the station lets it pay and charge (V2G2-557, -558)."""
    done = run("update-contract", faults=["dead-pool"])
    assert done.before is not None and done.after is not None
    assert done.after.contracts == done.before.contracts
    assert any(map(FAULTS["dead-pool"].chosen().answer[0].met, done.events))
    assert any("goes on with contract" in e.text for e in done.events if isinstance(e, Story))
    assert "did not accept the connection" in done.result.first_problem
    expected = {check.expected: check.ok for check in done.result.checks}
    assert expected["the vehicle pays by contract"] and expected["1 kWh are charged"]
    assert "contract updated" not in done.result.facts


@pytest.mark.parametrize(
    ("name", "limit"),
    [("silent-station", 2.0), ("slow-pool", 5.0), ("slow-responder", 3.5), ("silent-csms", 11.5)],
)
def test_the_answer_comes_in_time(name: str, limit: float) -> None:
    """Patience ends where Table 109 says, not where somebody's answer would have come."""
    done = run(FAULTS[name].chosen().scenario, faults=[name])
    assert done.result.lab_seconds <= limit + 0.1


def test_an_undecided_authorization_is_answered_as_ongoing_meanwhile() -> None:
    done = run("pnc-ac", faults=["silent-csms"])
    asked = [e for e in done.events if isinstance(e, V2gMessage) and e.name == "AuthorizationReq" and e.role == "EV"]
    assert len(asked) > 3
    gaps = [later.time - earlier.time for earlier, later in itertools.pairwise(asked)]
    assert max(gaps) < 2.0


def test_what_a_lost_csms_missed_it_gets_when_it_is_back() -> None:
    done = run("pnc-ac", faults=["csms-away"])
    assert done.after is not None
    assert [complete for _, complete in done.after.transactions] == [True]
    assert done.result.facts["transaction"].endswith("stopped: StoppedByEV")


def test_a_csms_that_stays_away_is_reported_with_what_waits_for_it() -> None:
    done = run("pnc-ac", faults=["csms-dies"])
    assert "still open in the CSMS" in done.result.facts["transaction"]
    assert any("TransactionEvents wait for the CSMS" in problem.text for problem in done.problems())


def test_a_fault_nobody_meets_is_a_failed_expectation() -> None:
    done = run("eim-ac", faults=["wrong-signature"])
    assert done.result.exit_code == 1
    assert "pnc-ac meets it" in done.result.cause


def test_a_fault_that_cannot_be_made_here_is_a_sentence() -> None:
    done = run("install-contract", faults=["contract-revoked"])
    assert done.result.verdict is Verdict.ERROR
    assert "no contract yet" in str(done.result.error)


def test_several_faults_at_once() -> None:
    done = run("pnc-ac", faults=["wrong-receipt", "csms-away"])
    assert done.result.exit_code == 1
    assert any(map(FAULTS["wrong-receipt"].chosen().answer[0].met, done.events))


def test_an_unknown_fault_names_where_to_look() -> None:
    with pytest.raises(LocalError, match=r"no fault 'nonsense'.*pnc list --faults") as caught:
        find_fault("nonsense")
    assert "nonsense" in caught.value.sentence


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_every_fault_is_declared_completely(fault: object) -> None:
    assert isinstance(fault, Fault)
    assert fault.chosen().scenario in all_scenarios()
    assert fault.chosen().answer
    assert not fault.title.endswith(".") and fault.title[0].islower()


def test_settings_name_no_fault_by_default() -> None:
    assert RunSettings().faults == ()
