"""The catalogue of faults: what a row may be made of, how a person names one, and that it is met once in a run."""

from __future__ import annotations

import asyncio
import functools
from typing import Annotated, Any

import pytest
from lab_runs import run, run_of

from pncsim.simulator.every.cases import every_choice
from pncsim.simulator.faults.answers import Alerts, Http, Ocpp, OcppRefuses, Reports, Responds, Tolerates
from pncsim.simulator.faults.demands import goes_on
from pncsim.simulator.faults.fault import Chosen
from pncsim.simulator.faults.table import FAULTS, find_fault
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.parameters import Bounds
from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.scenario import Scenario
from pncsim.wire.errors import KINDS, LocalError
from pncsim.wire.gate import Tolerance
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.tls import ALERTS
from pncsim.wire.trace import ROLES, Story, V2gMessage
from pncsim.wire.v2g import appprotocol, iso2
from pncsim.wire.values import replace

# Judged by codes and kinds


def is_code(answer: object) -> bool:
    """Whether every field of an answer is a word of a closed vocabulary or a number."""
    match answer:
        case Responds(code=code):
            codes = {*iso2.ResponseCodeType, *appprotocol.ResponseCodeType}
            return code in codes and all(hasattr(iso2, name) or hasattr(appprotocol, name) for name in answer.names)
        case Alerts(number=number):
            return number in ALERTS
        case Ocpp(action=action, field=field, value=value):
            return all(word.isascii() and word.isalnum() for word in (action, field, value))
        case OcppRefuses(code=code):
            return code in V201.codes
        case Http(role=role, status=status):
            return role in ROLES and 400 <= status < 600
        case Reports(role=role, kind=kind):
            return role in ROLES and kind in KINDS
        case Tolerates(role=role, codes=codes):
            return role in ROLES and set(codes) <= set(Tolerance)
    return False


@pytest.mark.parametrize("chosen", every_choice(), ids=str)
def test_an_answer_is_made_of_codes_and_kinds(chosen: Chosen) -> None:
    assert chosen.answer
    assert all(map(is_code, chosen.answer))


def test_an_english_sentence_is_no_code() -> None:
    assert not is_code(Reports("SECC", "It went wrong."))  # type: ignore[arg-type]
    assert not is_code(Ocpp("Authorize", "status", "It is unknown."))


def test_other_words_for_the_same_make_no_difference() -> None:
    """An event whose sentences are empty is judged like any other."""
    done = run("pnc-ac", faults=["contract-blocked"])
    names = ("text", "reason", "advice", "what")
    for event in done.events:
        mute: dict[str, Any] = {name: "" for name in event.__struct_fields__ if name in names}
        assert all(
            answer.met(replace(event, **mute)) == answer.met(event)
            for answer in FAULTS["contract-blocked"].chosen().answer
        )


CHOSEN = [chosen for chosen in every_choice() if chosen.fault.parameters and any(map(bool, chosen.values.values()))]


@pytest.mark.parametrize("chosen", [one for one in CHOSEN if str(one) != one.fault.name], ids=str)
def test_every_choice_meets_the_answer_the_table_demands(chosen: Chosen) -> None:
    done = run(chosen.scenario, faults=[str(chosen)])
    assert done.result.error is None
    missing = [str(answer) for answer in chosen.answer if not any(map(answer.met, done.events))]
    assert missing == []
    assert done.result.exit_code == (0 if chosen.fault.survived or _in_time(chosen) else 1)
    assert done.before is not None and done.after is not None
    assert done.after.contracts == done.before.contracts
    assert not (done.after.session or done.after.transaction_of_station or done.after.waiting)


def _in_time(chosen: Chosen) -> bool:
    """Whether what is late is not too late."""
    return any(isinstance(answer, Tolerates) for answer in chosen.answer[:1]) and goes_on() in chosen.answer


def test_every_bad_certificate_and_staple_is_reached() -> None:
    from pncsim.tls_certs.bad.certificates import FLAWS as CERTIFICATES
    from pncsim.tls_certs.bad.staples import STAPLE_FLAWS

    reached = {(chosen.fault.name, chosen.values.get("name")) for chosen in CHOSEN}
    assert {("bad-certificate", name) for name in CERTIFICATES} <= reached
    assert {("bad-staple", name) for name in STAPLE_FLAWS} <= reached


def test_what_cannot_be_wrong_with_a_certificate_is_a_sentence() -> None:
    done = run("pnc-ac", faults=["bad-certificate:no-domain,of=contract"])
    assert done.result.error is not None
    assert done.result.error.startswith("The contract certificate cannot be bad in the way no-domain.")


# Named by a person


def test_parameters_are_named_or_the_first_one_given_alone() -> None:
    assert find_fault("slow-pool:seconds=2.5").values == {"seconds": 2.5}
    assert find_fault("csms-away:10").values == {"seconds": 10.0, "loop": 4}
    assert find_fault("csms-away@CSMS:10,loop=2").values == {"seconds": 10.0, "loop": 2}
    assert find_fault("csms-away@CSMS:10").where == "CSMS"
    assert "after 2.5 s" in find_fault("slow-pool:2.5").title


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "There is no fault 'nonsense'. `pnc list --faults` names them."),
        ("slow-pool:speed=1", "The fault slow-pool has no parameter 'speed'; it has seconds."),
        ("slow-pool:soon", "The fault slow-pool cannot have that seconds: 'soon' is no number from 0 to 86400."),
        ("csms-away:loop=0", "The fault csms-away cannot have that loop: '0' is no whole number from 1 to 1000."),
        ("no-staple:1", "The fault no-staple has no parameter '1'; it has none."),
        ("lost-request:Nonsense", "The fault lost-request cannot have that request: 'Nonsense' is none of "),
    ],
)
def test_what_cannot_be_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LocalError) as refused:
        find_fault(text)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("chosen", every_choice(), ids=str)
def test_what_a_fault_says_of_itself_names_it_again(chosen: Chosen) -> None:
    assert find_fault(str(chosen)) == chosen


def test_parameters_have_types_defaults_and_bounds() -> None:
    numbers = [p for fault in FAULTS.values() for p in fault.parameters if p.type in (int, float)]
    assert numbers and all(isinstance(p.bounds, Bounds) and p.help and p.default is not None for p in numbers)
    assert all(p.read(str(p.default)) == p.default for fault in FAULTS.values() for p in fault.parameters)


# Met once, at whom it is meant for


async def twice(lab: Lab, *, energy: Annotated[str, "."] = "ac") -> None:
    """The same vehicle, and then another one, is plugged in after the fault was met."""
    for _ in range(2):
        vehicle = await lab.vehicle(kwh=0.5, contract=energy != "install")
        if energy == "install":
            await lab.subscribe(vehicle)
        for number in range(2):
            outcome = await lab.plug_in(vehicle)
            lab.expect.that(f"{vehicle.name} {number}", outcome.ok, outcome.reason)


SURVIVED = {
    "contract-shuffled": [True] * 4,
    "csms-away": [True] * 4,
    "csms-dies": [True, False, False, False],
    "joined-records": [True] * 4,
    "killed": [False, True, True, True],
    "raw-value": [True] * 4,
    "replayed-authorization": [True, False] * 2,
    "silent": [False, True, True, True],
    "split-records": [True] * 4,
    "trailing": [True] * 4,
}
"""Faults that a session survives, and how those after it end."""

NO_CONTRACT = {"card-refused", "payment-not-offered", "wrong-update-signature", "bad-caller"}
"""Faults that a vehicle with a contract does not meet, where it neither renews it nor is published."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_met_once_in_a_run_and_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its deed is registered once; what it does to an instance happens once; a second plug-in undoes nothing."""
    from pncsim.simulator.lab.hooks import Deed

    applied: list[str] = []
    fault = FAULTS[name]

    @functools.wraps(fault.deed)
    def deed(*where: object, **chosen: object) -> None:
        applied.append(name)
        fault.deed(*where, **chosen)

    monkeypatch.setitem(FAULTS, name, replace(fault, deed=deed))
    done_to: list[tuple[str, str]] = []
    due = Deed.due

    def watched(self: Deed, plug_in: object, loop: int) -> bool:
        now = due(self, plug_in, loop)  # type: ignore[arg-type]
        if now:
            done_to.append((self.subject, plug_in.unit(self.subject)))  # type: ignore[attr-defined]
        return now

    monkeypatch.setattr(Deed, "due", watched)
    kind = "install" if fault.chosen().scenario == "install-contract" else "ac"
    done = run_of(Scenario("twice", "plug in twice", (), twice, kind == "install"), {"energy": kind}, faults=[name])
    assert applied == [name]
    assert len(done_to) == len(set(done_to))
    ended = [check.ok for check in done.result.checks if check.expected.startswith("EV")]
    assert len(ended) >= 2
    assert ended == (SURVIVED.get(name) or [name in NO_CONTRACT] * 4)[: len(ended)]


def test_a_tampered_bundle_stays_tampered_at_the_second_plug_in() -> None:
    async def again(lab: Lab) -> None:
        vehicle = await lab.vehicle(kwh=0.5, install="if-needed")
        await lab.subscribe(vehicle)
        for _ in range(2):
            outcome = await lab.plug_in(vehicle)
            lab.expect.that("nothing is installed", outcome.installed is None, outcome.installed)
            assert vehicle.contracts.default is None

    done = run_of(Scenario("again", "install twice", (), again, True), faults=["tampered-bundle"])
    assert [check.ok for check in done.result.checks if check.expected == "nothing is installed"] == [True, True]
    refused = [event for event in done.events if Reports("EV", "signature").met(event)]
    assert len(refused) == 2


def test_a_fault_meets_the_vehicle_it_is_addressed_to() -> None:
    async def both(lab: Lab) -> None:
        for _ in range(2):
            vehicle = await lab.vehicle(kwh=0.5, contract=True, payment="contract")
            lab.expect.that(vehicle.name, (await lab.plug_in(vehicle)).ok, "refused")

    def ended(fault: str) -> dict[str, bool]:
        done = run_of(Scenario("both", "two vehicles", (), both), faults=[fault])
        return {check.expected: check.ok for check in done.result.checks if check.expected.startswith("EV")}

    for name in ("wrong-challenge", "contract-expired"):
        assert ended(f"{name}@EV-2") == {"EV-1": True, "EV-2": False}
        assert ended(name) == {"EV-1": False, "EV-2": False}


def test_what_a_station_sends_can_be_disturbed_at_one_evse_alone() -> None:
    async def both(lab: Lab) -> None:
        vehicles = [await lab.vehicle(kwh=0.5, contract=True, payment="contract") for _ in range(2)]
        outcomes = await asyncio.gather(*(lab.plug_in(v, at=f"CS001/{n}") for n, v in enumerate(vehicles, 1)))
        for vehicle, outcome in zip(vehicles, outcomes, strict=True):
            lab.expect.that(vehicle.name, outcome.ok, outcome.error)

    plan = Plan(stations=(StationPlan(evses=2),))
    for where, ended in (("CS001/2", [True, False]), ("CS001/1", [False, True]), ("CS001", [False, False])):
        done = run_of(Scenario("both", "two at once", (), both, plan=plan), faults=[f"silent-station@{where}"])
        assert [check.ok for check in done.result.checks if not check.fault] == ended
        assert all(check.ok for check in done.result.checks if check.fault)


def test_what_is_disturbed_is_told_once() -> None:
    done = run_of(Scenario("twice", "plug in twice", (), twice), faults=["wrong-challenge"])
    told = [event for event in done.events if isinstance(event, Story) and event.text.startswith("Disturbed")]
    assert [(event.role, event.text) for event in told] == [
        ("LAB", "Disturbed on purpose: the vehicle signs another challenge than the one it was given.")
    ]


# Values the schema forbids


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        ("message=PaymentDetailsReq,field=eMAID,value=DE-PNC-C00000001-A", "PaymentDetailsRes OK"),
        ("message=PaymentDetailsReq,field=eMAID,value=DE-PNC-C00000001-X", "PaymentDetailsRes FAILED_CertChainError"),
        ("message=ServiceDiscoveryRes,field=PaymentOptionList/PaymentOption,value=#1", "ServiceDiscoveryRes OK"),
        ("message=SessionSetupRes,field=EVSEID,value=DE*PNC*E12345678901234567890123456789012345", "SessionStopRes OK"),
    ],
)
def test_vehicle_and_station_can_be_made_to_send_what_no_valid_message_holds(chosen: str, answer: str) -> None:
    done = run("pnc-ac", faults=[f"raw-value:{chosen}"])
    name, code = answer.split()
    assert Responds(name, code) in [Responds(e.name, str(_code(e))) for e in done.events if isinstance(e, V2gMessage)]


def _code(event: V2gMessage) -> object:
    value: Any = event.value
    return getattr(value.Body.BodyElement, "ResponseCode", None) if isinstance(value, iso2.V2G_Message) else None


@pytest.mark.parametrize(
    "chosen", ["field=Nothing", "value=zz", "message=PaymentServiceSelectionReq,field=SelectedServiceList,value=1"]
)
def test_a_raw_value_that_has_no_place_is_an_error_of_ours(chosen: str) -> None:
    done = run("pnc-ac", faults=[f"raw-value:{chosen}"])
    assert done.result.verdict != "pass"
    assert "configuration" in [problem.kind for problem in done.problems()]
