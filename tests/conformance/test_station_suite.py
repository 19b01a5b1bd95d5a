"""The suite for stations at a CSMS: ours passes, wrong ones do not, and one of another make is held against it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from foreign_station import call, foreign_station

from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance.case import CaseVerdict, Finding
from pncsim.simulator.conformance.page import page
from pncsim.simulator.conformance.pics import Pics
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.station import doing
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.options import StationAtCsms, listening_at
from pncsim.simulator.conformance.station.suite import STATION
from pncsim.simulator.conformance.suite import Bench
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.tls import client_context
from pncsim.wire.values import replace

CHOSEN = "A_01 A_05 A_06 A_07 A_09 A_12 A_23 B_02 B_03 B_41 B_51 B_57 C_16 C_32 C_52 E_31 E_43 E_51 F_03 J_11 K_53 M_28"
"""Of each kind the most demanding; `pnc conformance station` runs all."""
CHOSEN_MUTANTS = ("any-value", "old-fashioned", "only-once", "never-central", "queue-empty", "counts-twice", "at-once")
EMAID = "DEPNCC00000001A"
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "1",
    "responderURL": "http://ocsp.example",
}
OCTT = 313
"""Cases for a station of Core, Advanced Security, ISO 15118, Smart Charging and Local Authorization List Management."""


def test_each_id_stands_for_one_case_that_can_be_run_or_says_why_not() -> None:
    ids = [case.id for case in STATION.cases]
    assert len(set(ids)) == len(ids) == OCTT
    assert all(id.startswith("TC_") and id.endswith("_CS") for id in ids)
    assert all((case.how is None) == bool(case.unsuited) for case in STATION.cases)


def test_a_case_asks_for_nothing_but_what_is_declared() -> None:
    asked = {one.name: one.values for one in STATION.declarations}
    used = {one.name for case in STATION.cases for one in case.when}
    assert [str(one) for case in STATION.cases for one in case.when if one.value not in asked.get(one.name, ())] == []
    assert asked.keys() - used <= {"RateUnit", "ScheduleTold"}


def test_each_case_that_applies_to_our_station_is_failed_by_a_wrong_one() -> None:
    killed = {id for mutant in STATION.mutants.values() for id in mutant.kills}
    applies = {case.id for case in STATION.cases if not STATION.usual.against(case)}
    assert killed == applies and len(applies) >= 150


def test_the_page_of_the_suite_is_as_it_is_printed() -> None:
    printed = Path(__file__).parents[2] / "docs" / "conformance-station.md"
    assert printed.read_text() == page(STATION), "run: pnc conformance station --page > docs/conformance-station.md"


@pytest.mark.parametrize("number", CHOSEN.split())
def test_a_station_of_ours_passes(number: str) -> None:
    found = tried(STATION, STATION.case(f"TC_{number}_CS"), STATION.own_bench())
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


@pytest.mark.parametrize("name", CHOSEN_MUTANTS)
def test_a_wrong_station_fails(name: str) -> None:
    case = STATION.case(STATION.mutants[name].kills[0])
    found = tried(STATION, case, STATION.own_bench(mutant=name))
    assert found.verdict is CaseVerdict.FAIL and found.why.endswith("."), found


# Somebody else's


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def declaring(**device: tuple[str, ...]) -> Pics:
    """As our own, but for what it says."""
    return Pics({**STATION.usual.device, **device})


async def held(number: str, pics: Pics | None = None, **options: object) -> Finding:
    """What a case comes to at a station made with the package ocpp."""
    port = free_port()
    bench = Bench(
        target=f"ws://127.0.0.1:{port}/ocpp/CS-OF-PYPI",
        pics=pics or STATION.usual,
        options=StationAtCsms(wait=10.0, **options),  # type: ignore[arg-type]
    )
    async with foreign_station(f"ws://127.0.0.1:{port}/ocpp", "CS-OF-PYPI"):
        return await STATION.drive(STATION.case(f"TC_{number}_CS"), bench)


@pytest.mark.parametrize(
    "number", ["B_06", "B_10", "B_11", "B_20", "B_32", "B_36", "B_37", "B_39", "F_20", "F_27", "P_01", "P_03"]
)
async def test_a_station_made_with_another_package_passes_what_it_does_right(number: str) -> None:
    found = await held(number)
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


async def test_what_ours_lacks_is_tried_at_who_has_it() -> None:
    has = declaring(Availability=("true",), CompositeSchedule=("true",))
    for number in ("G_03", "G_06", "K_47"):
        assert STATION.usual.against(STATION.case(f"TC_{number}_CS"))
        found = await held(number, has)
        assert (found.verdict, found.why) == (CaseVerdict.PASS, ""), number


@pytest.mark.parametrize(
    ("number", "why"),
    [("F_23", "TriggerMessage is answered NotImplemented, not Accepted."), ("E_28", "GetTransactionStatus was not")],
)
async def test_what_it_does_not_do_is_a_failure_with_the_reason(number: str, why: str) -> None:
    found = await held(number)
    assert found.verdict is CaseVerdict.FAIL and found.why.startswith(why), found


async def test_a_station_shows_its_certificate_to_a_tester_that_knows_no_password(tmp_path: Path) -> None:
    now, port = Clock().now(), free_port()
    pki = create_pki(now)
    write_pki(pki, tmp_path)
    shown = pki.authority("csms_root").credentials(PROFILES["station_client"], "SN4711", now)
    bench = Bench(
        target=f"wss://127.0.0.1:{port}/ocpp/CS-OF-PYPI",
        pics=STATION.usual,
        options=StationAtCsms(wait=10.0, pki=tmp_path),
    )
    context = client_context([pki.root("csms_server")], shown)
    async with foreign_station(f"wss://127.0.0.1:{port}/ocpp", "CS-OF-PYPI", context):
        found = await STATION.drive(STATION.case("TC_A_07_CS"), bench)
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


@pytest.mark.parametrize("number", ["A_01", "A_04", "A_07"])
async def test_what_the_tester_was_not_given_does_not_speak_against_the_station(number: str) -> None:
    found = await held(number)
    assert found.verdict is CaseVerdict.NOT_APPLICABLE and "Give " in found.why


async def test_what_needs_somebody_at_the_station_does_not_apply_where_nobody_is() -> None:
    found = await held("G_01")
    assert found.verdict is CaseVerdict.NOT_APPLICABLE and "--manual or --cp-command" in found.why


async def test_a_command_stands_in_for_the_person_at_the_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "CHARGES_WITHIN", 0.2)
    done = tmp_path / "done"
    command = tmp_path / "hand"
    command.write_text(f'#!/bin/sh\necho "$@" >> {done}\n')
    command.chmod(0o755)
    found = await held("C_04", cp_command=str(command), card="04CAFE")
    assert found.verdict is CaseVerdict.INCONCLUSIVE and "No vehicle charges" in found.why
    assert done.read_text().split("\n") == ["C", "card 04CAFE", "A", ""]


async def test_the_tester_knows_the_card_it_was_told_and_every_contract() -> None:
    port = free_port()
    at = f"ws://127.0.0.1:{port}/ocpp"
    said: list[tuple[str, str | None]] = []

    async def shows(desk: CsmsDesk) -> None:
        station = there[-1]
        for token, kind, hashed in (
            ("04CAFE", "ISO14443", False),
            ("04BEEF", "ISO14443", False),
            (EMAID, "eMAID", True),
        ):
            data = [HASHES] if hashed else None
            asked = call.Authorize(id_token={"idToken": token, "type": kind}, iso15118_certificate_hash_data=data)
            answer = await station.call(asked, suppress=False)
            said.append((answer.id_token_info["status"], answer.certificate_status))

    case = replace(STATION.case("TC_B_06_CS"), how=shows)
    bench = Bench(target=f"{at}/CS-OF-PYPI", pics=STATION.usual, options=StationAtCsms(wait=10.0, card="04CAFE"))
    async with foreign_station(at, "CS-OF-PYPI") as there:
        found = await STATION.drive(case, bench)
    assert found.verdict is CaseVerdict.PASS
    assert said == [("Accepted", None), ("Unknown", None), ("Accepted", "Accepted")]


async def test_settings_of_somebody_elses_station_are_given_back() -> None:
    port = free_port()
    bench = Bench(target=f"ws://127.0.0.1:{port}/ocpp/CS-OF-PYPI", pics=STATION.usual, options=StationAtCsms(wait=10.0))
    async with foreign_station(f"ws://127.0.0.1:{port}/ocpp", "CS-OF-PYPI") as there:
        found = await STATION.drive(STATION.case("TC_B_09_CS"), bench)
        values = there[0].values
    assert found.verdict is CaseVerdict.PASS
    assert values["OCPPCommCtrlr", "OfflineThreshold"] == "60"


def test_a_station_that_does_not_come_is_no_failure_and_no_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"ws://127.0.0.1:{free_port()}/CS1"
    words = ["conformance", "station", "--target", target, "--wait", "0.3", "--record", str(tmp_path / "record")]
    with pytest.raises(SystemExit) as left:
        main([*words, "--select", "TC_B_06 or TC_B_07"])
    assert left.value.code == 3
    assert "has not connected within 0.3 s" in capsys.readouterr().out


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_whoever_connects_and_comes_no_further_is_told_with_what_to_look_for(scheme: str) -> None:
    """A station with another path in its address, or one that does not trust the tester, is not simply away."""
    port = free_port()
    bench = Bench(target=f"{scheme}://127.0.0.1:{port}/CS1", pics=STATION.usual, options=StationAtCsms(wait=1.5))
    trying = asyncio.ensure_future(STATION.drive(STATION.case("TC_B_06_CS"), bench))
    writer = None
    while writer is None:
        with suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0)
    writer.write(b"GET /elsewhere/CS1 HTTP/1.1\r\nHost: csms\r\n\r\n")
    found = await trying
    writer.close()
    assert found.verdict is CaseVerdict.ERROR and found.unreached
    assert "Somebody has connected once, without a WebSocket: are scheme and path right" in found.why
    assert ("does the station trust the tester's root" in found.why) is (scheme == "wss")


@pytest.mark.parametrize("target", ["eth0", "http://127.0.0.1:9000/CS1", "ws://127.0.0.1/CS1", "ws://127.0.0.1:9000/"])
def test_a_target_that_says_no_address_and_station_is_refused_in_a_sentence(target: str) -> None:
    with pytest.raises(LocalError, match=r"ADDRESS:PORT/PATH/ID"):
        listening_at(target)


def test_where_the_tester_waits_is_read_from_the_target() -> None:
    at = listening_at("wss://0.0.0.0:9000/ocpp/CS%201")
    assert (at.host, at.port, at.path, at.identity, at.secured) == ("0.0.0.0", 9000, "/ocpp", "CS 1", True)
