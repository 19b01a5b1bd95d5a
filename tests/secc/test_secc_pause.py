"""Paused sessions: what is kept, who may join, what is offered then, and when all of it is over."""

from __future__ import annotations

from typing import Any

import pytest
from secc_paths import EMAID, YES, at, details, signed_authorization
from secc_playbook import Playbook, ac_parameters, hello, power, select, setup, stop

from pncsim.secc.config import KeptSession, SeccConfig
from pncsim.wire import trace
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.values import replace

DAY = 86_400


def test_pause_and_resume() -> None:
    p = at(S.STOPPED_AC)
    settings = p.engine.config
    energy = p.power.energy(p.now)
    assert p.ev(stop("Pause")).ResponseCode == "OK"
    assert p.notices[-1].kind == "paused"
    (paused,) = settings.paused.values()
    assert (paused.payment, paused.tuple_id, paused.emaid) == ("Contract", 1, EMAID)
    q = Playbook(settings, power=p.power, now=p.now + 1000)
    q.ev(hello())
    assert q.ev(setup(), session=p.session).ResponseCode == "OK_OldSessionJoined"
    assert q.session == p.session
    assert q.ev(iso2.ServiceDiscoveryReq()).PaymentOptionList.PaymentOption == ["Contract"]
    q.ev(select("Contract"))
    challenge = q.ev(details()).GenChallenge
    signed_authorization(q, challenge)
    q.answer(YES)
    offered = q.ev(ac_parameters()).SASchedules.SAScheduleTuple[0]
    assert offered.SAScheduleTupleID == 1
    assert offered.PMaxSchedule.PMaxScheduleEntry[-1].TimeInterval.duration == 86_400 - 1000
    q.ev(power("Start"))
    q.wait(0.2)
    q.ev(iso2.ChargingStatusReq())
    q.ev(power("Stop"))
    q.ev(stop())
    assert q.notices[-1].energy_wh == pytest.approx(q.power.energy(q.now))
    assert q.power.energy(q.now) >= energy
    assert not settings.paused, "a session that was terminated is forgotten"


def test_a_resumed_session_keeps_its_payment() -> None:
    p = at(S.STOPPED_AC)
    p.ev(stop("Pause"))
    q = Playbook(p.engine.config, power=p.power)
    q.ev(hello())
    q.ev(setup(), session=p.session)
    q.ev(iso2.ServiceDiscoveryReq())
    assert q.ev(select("ExternalPayment")).ResponseCode == "FAILED_PaymentSelectionInvalid"


def test_a_contract_session_is_not_resumed_without_tls() -> None:
    p = at(S.STOPPED_AC)
    p.ev(stop("Pause"))
    q = Playbook(p.engine.config, tls=False)
    q.ev(hello())
    assert q.ev(setup(), session=p.session).ResponseCode == "OK_NewSessionEstablished"
    assert q.session != p.session


def paused(state: S = S.STOPPED_AC, **changes: Any) -> Playbook:
    """A vehicle that has paused."""
    p = at(state, **changes)
    assert p.ev(stop("Pause")).ResponseCode == "OK"
    return p


def joins(p: Playbook, after: float = 60.0, *, tls: bool = True, **changes: Any) -> Playbook:
    """A vehicle that asks for the session ``p`` has paused."""
    q = Playbook(replace(p.engine.config, **changes), power=p.power, now=p.now + after, tls=tls)
    q.ev(hello())
    q.ev(setup(), session=p.session)
    return q


def details_of(q: Playbook) -> iso2.PaymentDetailsRes:
    q.ev(iso2.ServiceDiscoveryReq())
    q.ev(select("Contract"))
    response = q.ev(details())
    assert isinstance(response, iso2.PaymentDetailsRes)
    return response


def offered(q: Playbook, request: iso2.ChargeParameterDiscoveryReq) -> list[tuple[int, int | None, float]]:
    """What the joined vehicle is offered, having paid: start, duration, watts."""
    signed_authorization(q, details_of(q).GenChallenge)
    q.answer(YES)
    (schedule,) = q.ev(request).SASchedules.SAScheduleTuple
    return [
        (entry.TimeInterval.start, entry.TimeInterval.duration, iso2.amount(entry.PMax))
        for entry in schedule.PMaxSchedule.PMaxScheduleEntry
    ]


def test_a_paused_session_is_joined_once() -> None:
    p = paused()
    first, second = joins(p), joins(p)
    assert first.responses[-1].ResponseCode == "OK_OldSessionJoined"
    assert second.responses[-1].ResponseCode == "OK_NewSessionEstablished"
    assert second.session != first.session
    assert not p.engine.config.paused


def test_a_joined_session_that_breaks_is_not_joined_again() -> None:
    p = paused()
    joins(p).hang_up()
    assert joins(p).responses[-1].ResponseCode == "OK_NewSessionEstablished"


def test_a_joined_session_may_pause_again() -> None:
    p = paused()
    q = joins(p)
    offered(q, ac_parameters())
    q.ev(power("Start"))
    q.wait(0.2)
    q.ev(power("Stop"))
    q.ev(stop("Pause"))
    assert joins(q).responses[-1].ResponseCode == "OK_OldSessionJoined"


@pytest.mark.parametrize(
    ("after", "code"), [(DAY, "OK_OldSessionJoined"), (DAY + 1, "OK_NewSessionEstablished")], ids=["in time", "late"]
)
def test_a_paused_session_expires(after: float, code: str) -> None:
    p = paused()
    q = joins(p, after)
    assert q.responses[-1].ResponseCode == code
    assert (q.session == p.session) is (code == "OK_OldSessionJoined")
    assert not p.engine.config.paused


def test_whoever_opens_another_session_ends_the_paused_one() -> None:
    p = paused()
    other = Playbook(p.engine.config, power=p.power, now=p.now + 60)
    other.ev(hello())
    assert other.ev(setup()).ResponseCode == "OK_NewSessionEstablished"
    assert joins(p).responses[-1].ResponseCode == "OK_NewSessionEstablished"


@pytest.mark.parametrize(
    ("state", "now"),
    [(S.STOPPED_AC, {"tls": False}), (S.STOPPED_AC, {"contract": False}), (S.EXTERNAL, {"external": False})],
    ids=["Contract without TLS", "Contract no longer offered", "ExternalPayment no longer offered"],
)
def test_a_session_whose_payment_is_not_offered_any_more_is_not_joined(state: S, now: dict[str, Any]) -> None:
    """V2G2-741, -756: a new session, and why the old one is over."""
    p = at(state)
    if state is S.EXTERNAL:
        p.ev(iso2.AuthorizationReq())
        p.answer(YES)
        p.ev(ac_parameters())
        p.ev(power("Start"))
        p.wait(0.2)
        p.ev(power("Stop"))
    p.ev(stop("Pause"))
    q = joins(p, **now)
    assert q.responses[-1].ResponseCode == "OK_NewSessionEstablished"
    assert q.seen(trace.Story)[0].text.startswith(f"Session {p.session.hex().upper()} cannot go on")
    assert q.ev(iso2.ServiceDiscoveryReq()).ResponseCode == "OK"


def test_a_joined_session_goes_on_for_its_own_contract_only() -> None:
    p = paused()
    (kept,) = p.engine.config.paused.values()
    kept.emaid = "DEPNCC000000025"
    q = joins(p)
    assert details_of(q).ResponseCode == "FAILED_CertificateNotAllowedAtThisEVSE"
    assert kept.emaid in q.problems and EMAID in q.problems
    assert q.end is not None and q.end.error is not None and q.end.error.clause == "V2G2-740, V2G2-741"


def _kept(config: SeccConfig, now: float, entries: tuple[tuple[int, float], ...], end: int) -> Playbook:
    """A vehicle that joins a session that was paused just now, with that much of its schedule left."""
    config.paused[7] = KeptSession(
        session_id=b"\7",
        payment="Contract",
        energy_mode="AC_three_phase_core",
        tuple_id=4,
        schedule=entries,
        schedule_end=end,
        paused_at=now,
        energy_wh=0.0,
        emaid=EMAID,
    )
    q = Playbook(config, now=now)
    q.ev(hello())
    assert q.ev(setup(), session=b"\7").ResponseCode == "OK_OldSessionJoined"
    return q


@pytest.mark.parametrize("most", [1, 2, 3, None])
def test_a_joined_vehicle_gets_no_more_entries_than_it_now_takes(most: int | None) -> None:
    p = at(S.CONNECTED)
    steps = ((0, 11_000.0), (600, 4_000.0), (1200, 7_000.0))
    q = _kept(p.engine.config, p.now, steps, 3600)
    entries = offered(q, ac_parameters(entries=most))
    assert len(entries) == min(most or 3, 3)
    assert entries[-1][0] + (entries[-1][1] or 0) == 3600, "all of the time is covered"
    assert min(watts for _, _, watts in entries) == 4_000


def test_what_is_left_of_a_schedule_stays_within_what_the_evse_now_gives() -> None:
    p = at(S.CONNECTED)
    q = _kept(p.engine.config, p.now, ((0, 50_000.0), (600, 4_000.0)), 3600)
    assert [watts for _, _, watts in offered(q, ac_parameters())] == [3 * 230 * 32, 4_000]
