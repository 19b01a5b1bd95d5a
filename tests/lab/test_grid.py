"""Every actor killed, and silenced, at every message of the main job: what comes of it is what the tables say."""

from __future__ import annotations

import pytest
from lab_runs import run

from pncsim.backend.csms.csms import Csms
from pncsim.backend.store import MemoryStore
from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.station.station import Station
from pncsim.simulator.faults.table import find_fault
from pncsim.simulator.grid.expected import ACTORS, HOWS, cells, expected
from pncsim.simulator.grid.job import Seen, see
from pncsim.simulator.grid.judge import judge
from pncsim.simulator.grid.tables import EXCHANGES, ORDER
from pncsim.simulator.lab.lives.borders import ServiceDoor
from pncsim.simulator.lab.lives.life import How, Life, Mortal
from pncsim.simulator.lab.lives.lives import Lives
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.wire.v2g.iso2.timing import MESSAGES

BY_REQUEST = {exchange.request: exchange for exchange in EXCHANGES}


def cell(message: str, actor: Mortal, how: How) -> Seen:
    return run_on_loop("memory", lambda: see(message, actor, how))


def wrong(message: str, actor: Mortal, how: How) -> list[str]:
    return judge(cell(message, actor, how), expected(message, actor, how), message)


def test_the_job_consists_of_the_messages_of_the_table() -> None:
    seen = run_on_loop("memory", see)
    assert seen.messages == ORDER
    assert (seen.vehicle, seen.again, seen.stopped, seen.invariants) == ("ok", "ok", ["StoppedByEV"] * 2, [])


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("actor", ACTORS)
def test_what_comes_of_it_is_what_the_tables_say(actor: Mortal, how: How) -> None:
    """All messages of one actor; at the end of each everybody is back, charges once more, and nothing is half there."""
    found = {message: wrong(message, actor, how) for message, who, so in cells() if (who, so) == (actor, how)}
    assert len(found) == len(ORDER)
    assert {message: sentences for message, sentences in found.items() if sentences} == {}


def test_every_message_of_the_link_has_somebody_who_waits_for_its_answer() -> None:
    requests = {message for message in ORDER if message.partition(".")[0].endswith("Req")}
    assert requests == {exchange.request for exchange in EXCHANGES if exchange.asks == "EV"}
    for request in requests:
        assert BY_REQUEST[request].limit == MESSAGES[request.partition(".")[0].removesuffix("Req")].timeout


def test_who_asks_within_a_request_gives_up_before_the_vehicle_does() -> None:
    inner = ("OCSP-request", "CCP-request", "Get15118EVCertificateRequest", "CertificateInstallationReq")
    limits = [BY_REQUEST[request].limit for request in inner]
    assert limits == sorted(limits) and len(set(limits)) == len(limits)
    assert BY_REQUEST["MO-request"].limit < BY_REQUEST["AuthorizeRequest"].limit


# The cells bite


def test_a_station_that_forgets_its_transaction_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Station, "stands_again", lambda self, evse, register_wh: None)
    assert any(
        "is open, and its station does not know it" in one for one in wrong("ChargingStatusRes", "SECC", "killed")
    )


def test_a_station_that_forgets_what_it_has_to_tell_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lose = ChargePoint.lose_power

    def forget(self: ChargePoint) -> object:
        self.station.delivery._waiting.clear()
        return lose(self)

    monkeypatch.setattr(ChargePoint, "lose_power", forget)
    assert wrong("TransactionEventRequest.Ended", "SECC", "killed")


def test_a_csms_that_forgets_its_store_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kill = Lives._kill_csms

    def forget(self: Lives) -> object:
        back = self._back
        assert back is not None and isinstance(back.own, Csms)
        back.own.store = MemoryStore()
        return kill(self)

    monkeypatch.setattr(Lives, "_kill_csms", forget)
    assert wrong("ChargingStatusRes", "CSMS", "killed")


def test_a_contract_that_is_handed_out_untold_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def untold(*_: object) -> None:
        return None

    monkeypatch.setattr("pncsim.backend.ccp.steps.delivered", untold)
    assert any("told" in one for one in wrong("TransactionEventRequest.Ended", "CCP", "killed"))


def test_who_is_not_really_killed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceDoor, "die", lambda self: None)
    monkeypatch.setattr(Life, "dead", False)
    assert wrong("CCP-request", "CCP", "killed")


def test_who_is_not_really_silent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Life, "take", lambda self, how: None)
    assert wrong("AuthorizeResponse", "CSMS", "silent")
    assert wrong("ChargingStatusReq", "EV", "silent")


# As faults of any scenario


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("actor", ACTORS)
def test_any_actor_can_be_taken_away_by_a_fault(actor: Mortal, how: How) -> None:
    fault = find_fault(f"{how}:{actor},CertificateInstallationReq")
    done = run("install-contract", faults=[str(fault)])
    assert fault.scenario == "install-contract"
    assert [check.ok for check in done.result.checks if check.id.startswith(f"{how}/")] == [True]
    assert done.result.exit_code == 1


def test_a_session_that_takes_no_harm_passes() -> None:
    assert run("pnc-ac", faults=["killed:CSMS,ChargingStatusRes"]).result.exit_code == 0


@pytest.mark.parametrize(
    ("fault", "transport", "said"),
    [
        ("killed:EV,SessionSetupRec", "memory", "SessionSetupReq"),
        ("killed@CS001", "memory", "no address"),
        ("silent:EV", "loopback", "memory"),
    ],
)
def test_what_cannot_be_done_is_said(fault: str, transport: str, said: str) -> None:
    done = run("pnc-ac", faults=[fault], transport=transport)  # type: ignore[arg-type]
    assert said in (done.result.error or "")
