"""Expectations and facts belong to a session: a lab may see several, paid, refused and paused, one after the other."""

from __future__ import annotations

import asyncio

import pytest
from acting import came_to, failed

from pncsim.ev.outcome import SessionOutcome
from pncsim.secc.config import ReceiptPolicy, SeccConfig
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.result import RunResult, Verdict
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import LocalError

KWH = 0.5


async def pays(lab: Lab, **where: str) -> SessionOutcome:
    """A vehicle of its own pays a session by contract, as expected."""
    vehicle = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
    outcome = await lab.plug_in(vehicle, **where)  # type: ignore[arg-type]
    lab.expect.session(outcome)
    lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=KWH)
    return outcome


# Each session is judged by its own transaction and receipts


def test_a_second_session_in_one_lab_can_be_expected_to_pay() -> None:
    async def act(lab: Lab) -> None:
        vehicle = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        for _ in range(3):
            outcome = await lab.plug_in(vehicle)
            lab.expect.session(outcome)
            lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=KWH)
        assert len(lab.transactions()) == 3

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause
    facts = [name for name in result.facts if name.endswith("transaction")]
    assert facts == ["transaction", "session 2 (EV-1): transaction", "session 3 (EV-1): transaction"]
    assert len({result.facts[name] for name in facts}) == 3


def test_sessions_at_the_same_time_are_told_apart_by_vehicle() -> None:
    async def act(lab: Lab) -> None:
        await asyncio.gather(pays(lab, at="CS001/1"), pays(lab, at="CS001/2"))

    result = came_to(act, plan=Plan(stations=(StationPlan(evses=2),)))
    assert result.verdict is Verdict.PASS, result.cause
    assert {name.partition(":")[0] for name in result.facts} == {"session 1 (EV-1)", "session 2 (EV-2)"}


def test_a_session_that_failed_silences_no_other() -> None:
    async def act(lab: Lab) -> None:
        await pays(lab)
        broke = await lab.vehicle(kwh=KWH, payment="contract")
        outcome = await lab.plug_in(broke)
        lab.expect.session(outcome)
        lab.expect.charged(outcome, kwh=KWH, token=lab.card)
        lab.expect.that("it is a lab", True)
        await pays(lab)

    result = came_to(act)
    [(expected, seen)] = failed(result)
    assert expected == "session 2 (EV-2): the session ends in order" and "contract" in seen
    told = [check.expected for check in result.checks]
    assert told.count("it is a lab") == 1 and "session 3 (EV-3): it is complete and closed" in told
    assert not [one for one in told if one.startswith("session 2") and "charged" in one]


def test_a_transaction_of_another_session_pays_for_none() -> None:
    """The energy is right, the transaction is not this vehicle's: that is seen."""

    async def act(lab: Lab) -> None:
        await pays(lab)
        card = await lab.vehicle(kwh=KWH, payment="external")
        outcome = await lab.plug_in(card)
        lab.expect.session(outcome)
        lab.expect.charged(outcome, kwh=KWH, token=lab.vehicles["EV-1"].contracts.all[0].emaid)

    result = came_to(act)
    [(expected, seen)] = failed(result)
    assert "it is paid by DE" in expected and seen == "04A2B3C4D5E680"


def test_a_session_that_is_joined_again_stays_one_and_the_next_is_another() -> None:
    async def act(lab: Lab) -> None:
        sleeper = await lab.vehicle(kwh=1.0, contract=True, payment="contract", pause_after_loops=4)
        first = await lab.plug_in(sleeper, keep_plugged=True)
        lab.expect.paused(first)
        second = await lab.plug_in(sleeper)
        lab.expect.session(second)
        lab.expect.resumed(first, second)
        lab.expect.paid(second, sleeper.contracts.all[0].emaid, kwh=1.0, before=first)
        await pays(lab)

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause
    assert list(result.facts)[-1].startswith("session 2 (EV-2): ")


def test_a_paused_session_that_nobody_joins_leaves_its_transaction_to_itself() -> None:
    """Another vehicle comes to the same plug: what was open there is not its own."""

    async def act(lab: Lab) -> None:
        sleeper = await lab.vehicle(kwh=1.0, contract=True, payment="contract", pause_after_loops=4)
        first = await lab.plug_in(sleeper, keep_plugged=True)
        lab.expect.paused(first)
        sleeper.memory.paused = None
        second = await lab.plug_in(sleeper)
        assert not second.resumed
        mine, theirs = (set(lab.sessions.of(one).transactions) for one in (first, second))
        assert len(mine) == len(theirs) == 1 and mine != theirs, (mine, theirs)

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


# A refusal that is expected


def test_a_refusal_that_was_expected_is_a_pass_and_the_next_session_pays() -> None:
    async def act(lab: Lab) -> None:
        outcome = await pays(lab)
        red = lab.vehicles["EV-1"]
        await lab.revoke(red)
        refused = await lab.plug_in(red)
        lab.expect.refused(refused, "FAILED_CertificateRevoked")
        lab.expect.refused(outcome, "FAILED_CertificateRevoked")
        await pays(lab)

    result = came_to(act)
    [(expected, seen)] = failed(result)
    assert expected == "the session is refused with FAILED_CertificateRevoked"
    assert "ends" in seen or "wished" in seen, "the first session was not refused: it says how it ended"


def test_a_refusal_with_another_code_is_a_failure() -> None:
    async def act(lab: Lab) -> None:
        red = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        await lab.revoke(red)
        lab.expect.refused(await lab.plug_in(red), "FAILED_CertificateExpired")

    [(_, seen)] = failed(came_to(act))
    assert "FAILED_CertificateRevoked" in seen


@pytest.mark.parametrize("code", ["certificate_expired", "expired"])
def test_what_the_vehicle_itself_refuses_is_named_by_alert_or_kind(code: str) -> None:
    async def act(lab: Lab) -> None:
        red = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        lab.expect.refused(await lab.plug_in(red), code)

    result = came_to(act, faults=("expired-station",))
    assert not failed(result) and "refused" in result.checks[0].expected


def test_a_code_that_nobody_answers_is_said_to_be_none() -> None:
    async def act(lab: Lab) -> None:
        red = await lab.vehicle(kwh=KWH, contract=True)
        lab.expect.refused(await lab.plug_in(red), "FAILED_CertificateRevokd")

    result = came_to(act)
    assert result.verdict is Verdict.ERROR and "FAILED_CertificateRevoked" in result.cause


# What a scenario can have revoked


@pytest.mark.parametrize(
    "of",
    [lambda v: v, lambda v: v.contracts.all[0], lambda v: v.contracts.all[0].credentials.leaf],
    ids=["vehicle", "contract", "certificate"],
)
def test_a_contract_is_revoked_by_whatever_names_it(of: object) -> None:
    async def act(lab: Lab) -> None:
        red = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        await lab.revoke(of(red))  # type: ignore[operator]
        lab.expect.refused(await lab.plug_in(red), "FAILED_CertificateRevoked")

    assert not failed(came_to(act))


def test_a_station_and_a_provisioning_certificate_can_be_revoked() -> None:
    async def act(lab: Lab) -> None:
        red = await lab.vehicle(kwh=KWH)
        await lab.subscribe(red)
        assert red.provisioning is not None
        await lab.revoke(red.provisioning)
        lab.expect.refused(await lab.plug_in(red), "FAILED_CertificateRevoked")
        station = await lab.station()
        await lab.revoke(station, "superseded")
        assert station.station.credentials is not None
        assert lab.back.pki.authority("cpo_sub2").status(station.station.credentials.leaf) is Status.REVOKED

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_what_is_not_there_or_of_somebody_else_cannot_be_revoked() -> None:
    async def act(lab: Lab) -> None:
        from pncsim.tls_certs.pki import create_pki

        with pytest.raises(LocalError, match="EV-1 has no contract"):
            await lab.revoke(await lab.vehicle(kwh=KWH))
        with pytest.raises(LocalError, match="somebody else"):
            await lab.revoke(create_pki(lab.clock.now()).credentials("secc_leaf"))
        lab.expect.that("both are refused", True)

    assert came_to(act).verdict is Verdict.PASS


# What a scenario can say of its station and vehicles


def test_a_station_is_as_the_scenario_wishes() -> None:
    async def act(lab: Lab) -> None:
        await lab.station(receipts=ReceiptPolicy(first=1, every=1))
        outcome = await pays(lab)
        assert outcome.receipts_signed >= outcome.loops - 1 > 2

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_a_station_without_contracts_offers_none() -> None:
    async def act(lab: Lab) -> None:
        await lab.station(SeccConfig(contract=False))
        red = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        lab.expect.refused(await lab.plug_in(red), "payment selection")

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_stations_of_one_lab_differ() -> None:
    async def act(lab: Lab) -> None:
        await lab.station(identity="CS002", contract=False)
        await pays(lab, at="CS001")
        red = await lab.vehicle(kwh=KWH, contract=True, payment="contract")
        lab.expect.refused(await lab.plug_in(red, at="CS002"), "payment selection")

    result = came_to(act, plan=Plan(stations=(StationPlan("CS001"), StationPlan("CS002"))))
    assert result.verdict is Verdict.PASS, result.cause


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda lab: lab.station(recipts=1), "A station knows no 'recipts'. Did you mean receipts?"),
        (lambda lab: lab.station(evse_id="DE*X*E1"), "No station of a lab can wish for its evse_id"),
        (lambda lab: lab.station(contract="no"), "A station cannot have 'no' for contract."),
        (
            lambda lab: lab.vehicle(payment="contrakt"),
            "A vehicle cannot have 'contrakt' for payment. Did",
        ),
        (lambda lab: lab.vehicle(pause_after_loops="4"), "A vehicle cannot have '4' for pause_after_loops."),
        (lambda lab: lab.vehicle(kwh=-1), "No vehicle can wish for -1 kWh."),
        (lambda lab: lab.vehicle(kwh="1"), "No vehicle can wish for '1' kWh."),
        (lambda lab: lab.vehicle(kwh=1, contrat=True), "A vehicle knows no 'contrat'. Did you mean contract"),
        (lambda lab: lab.vehicle(energy="acdc"), "'acdc' is neither ac nor dc."),
        (lambda lab: lab.vehicle(name="../EV"), "'../EV' is no name for a vehicle"),
    ],
)
def test_a_word_that_is_none_is_a_sentence(wrong: object, sentence: str) -> None:
    async def act(lab: Lab) -> None:
        await wrong(lab)  # type: ignore[operator]

    result = came_to(act)
    assert result.verdict is Verdict.ERROR and result.error is not None and result.error.startswith(sentence)


def test_a_station_that_runs_is_not_made_anew() -> None:
    async def act(lab: Lab) -> None:
        running = await lab.station()
        assert await lab.station() is running
        with pytest.raises(LocalError, match="is running already"):
            await lab.station(contract=False)
        lab.expect.that("refused", True)

    assert came_to(act).verdict is Verdict.PASS


def test_vehicles_that_are_made_at_once_are_not_the_same() -> None:
    async def act(lab: Lab) -> None:
        made = await asyncio.gather(*(lab.vehicle(contract=True) for _ in range(4)))
        lab.expect.that("four names", [vehicle.name for vehicle in made] == ["EV-1", "EV-2", "EV-3", "EV-4"])
        lab.expect.that("four contracts", len({vehicle.contracts.all[0].emaid for vehicle in made}) == 4)

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_three_hundred_vehicles_have_three_hundred_addresses() -> None:
    """And one that is asked for is kept."""

    async def act(lab: Lab) -> None:
        made = [await lab.vehicle() for _ in range(300)]
        wanted = bytes.fromhex("0215180200ff")
        own = await lab.vehicle(evccid=wanted)
        lab.expect.that("each has its own", len({vehicle.config.evccid for vehicle in made}) == 300)
        lab.expect.that("one has the one that was wished for", own.config.evccid == wanted)

    result: RunResult = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause
