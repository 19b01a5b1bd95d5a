"""The suite for management systems: ours passes, wrong ones do not, and somebody's is held against it at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pncsim.backend.csms.server import serve_csms
from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.csms import reach
from pncsim.simulator.conformance.csms.operator import OperatorHere
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.own import (
    IDENTITY,
    PASSWORD,
    SecuredDoor,
    own_csms,
    server_credentials,
    with_tls,
)
from pncsim.simulator.conformance.csms.suite import CSMS
from pncsim.simulator.conformance.page import page
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Bench
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock

IDS = [case.id for case in CSMS.cases]
CHOSEN = list({(case.group, case.source): case.id for case in CSMS.cases}.values())
"""One for each use case of a group; make conformance runs all, and all that is wrong against each."""


def test_each_id_stands_for_one_case_that_can_be_run() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(case.how is not None and case.id.startswith("TC_") and case.id.endswith("_CSMS") for case in CSMS.cases)


@pytest.mark.parametrize("id", CHOSEN)
def test_our_csms_passes(id: str) -> None:
    found = tried(CSMS, CSMS.case(id), CSMS.own_bench())
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


@pytest.mark.parametrize(("name", "id"), [(name, mutant.kills[0]) for name, mutant in CSMS.mutants.items()])
def test_what_is_wrong_is_seen(name: str, id: str) -> None:
    found = tried(CSMS, CSMS.case(id), CSMS.own_bench(mutant=name))
    assert found.verdict is CaseVerdict.FAIL and found.why.endswith("."), found


def test_each_case_is_failed_by_something_wrong_or_says_why_not() -> None:
    assert all(len(set(one.kills)) == len(one.kills) > 0 for one in CSMS.mutants.values())
    killed = {id for mutant in CSMS.mutants.values() for id in mutant.kills}
    assert killed.isdisjoint(CSMS.unkilled) and killed | CSMS.unkilled.keys() == set(IDS)


def test_the_page_of_the_suite_is_the_one_that_is_kept() -> None:
    printed = Path(__file__).parents[2] / "docs" / "conformance-csms.md"
    assert printed.read_text() == page(CSMS), "run: pnc conformance csms --page > docs/conformance-csms.md"


@pytest.mark.parametrize("id", ["TC_A_01_CSMS", "TC_A_02_CSMS", "TC_A_03_CSMS", "TC_E_03_CSMS"])
async def test_a_csms_at_a_url_is_held_against_the_cases(id: str, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    csms, _ = await own_csms(Clock(), CsmsUnderTest())
    server = await serve_csms(csms, None)
    try:
        bench = Bench(target=f"{server.url}/{IDENTITY}", pics=CSMS.usual, options=CsmsUnderTest(password=secret))
        found = await CSMS.drive(CSMS.case(id), bench)
    finally:
        await server.close()
        await csms.close()
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


def written(door: SecuredDoor, folder: Path) -> dict[str, Any]:
    """What a station has that comes in there with TLS, as options of the tester."""
    root, shown, station = folder / "root.pem", folder / "station.pem", door.station()
    root.write_text(reading.pem([door.root]))
    key = station.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    shown.write_bytes(key + reading.pem(station.chain).encode())
    return {"trust": root, "station_credentials": shown}


@pytest.mark.parametrize("id", ["TC_A_04_CSMS", "TC_A_06_CSMS", "TC_A_07_CSMS", "TC_A_08_CSMS", "TC_A_11_CSMS"])
async def test_a_csms_with_tls_at_a_url_is_held_against_the_cases(
    id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    csms, pki = await own_csms(clock, CsmsUnderTest())
    door = await with_tls(csms, pki, clock, profiles=(3,))
    monkeypatch.setattr(reach, "operator_of", lambda options: OperatorHere(csms))
    server = await serve_csms(csms, server_credentials(door.pki), stations_below=[door.root])
    target = f"{server.url.replace('127.0.0.1', 'localhost')}/{IDENTITY}"
    try:
        options = CsmsUnderTest(**written(door, tmp_path))
        found = await CSMS.drive(CSMS.case(id), Bench(target=target, pics=CSMS.usual, options=options))
    finally:
        await server.close()
        await csms.close()
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


@pytest.mark.parametrize("begins", [1, 2])
async def test_a_station_of_a_csms_at_a_url_comes_in_by_higher_profiles_and_then_by_no_lower_one(
    begins: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    csms, pki = await own_csms(clock, CsmsUnderTest())
    door = await with_tls(csms, pki, clock, profiles=(2, 3))
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    shown = server_credentials(pki)
    doors = {
        1: await serve_csms(csms, None),
        2: await serve_csms(csms, shown),
        3: await serve_csms(csms, shown, stations_below=[door.root]),
    }
    urls = {profile: server.url.replace("127.0.0.1", "localhost") for profile, server in doors.items()}

    class Upgrading(OperatorHere):
        async def let(self, identity: str, action: str, payload: Any, words: str) -> None:
            if action == "SetNetworkProfile":
                payload["connectionData"]["ocppCsmsUrl"] = urls[payload["connectionData"]["securityProfile"]]
            await super().let(identity, action, payload, words)

    monkeypatch.setattr(reach, "operator_of", lambda options: Upgrading(csms))
    try:
        options = CsmsUnderTest(password=secret, **written(door, tmp_path))
        bench = Bench(target=f"{urls[begins]}/{IDENTITY}", pics=CSMS.usual, options=options)
        found = await CSMS.drive(CSMS.case("TC_A_19_CSMS"), bench)
        kept = await csms.register.find(IDENTITY)
        again = await CSMS.drive(CSMS.case("TC_A_19_CSMS"), bench)
    finally:
        for server in doors.values():
            await server.close()
        await csms.close()
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")
    assert kept is not None and kept.lowest == 3
    assert again.verdict is CaseVerdict.INCONCLUSIVE and "HTTP 401" in again.why


@pytest.mark.parametrize(
    ("id", "why"),
    [
        ("C_50", "no such contract"),
        ("A_02", "no password"),
        ("A_07", "reached without TLS"),
        ("A_08", "reached without TLS"),
        ("A_19", "whom to trust"),
    ],
)
def test_what_the_tester_was_not_given_is_no_failure_of_the_csms(id: str, why: str) -> None:
    bench = Bench(target="ws://127.0.0.1:9/CS1", pics=CSMS.usual, options=CsmsUnderTest())
    found = tried(CSMS, CSMS.case(f"TC_{id}_CSMS"), bench)
    assert found.verdict is CaseVerdict.ERROR and why in found.why and not found.unreached, found


def test_a_csms_that_does_not_answer_is_no_failure_and_no_pass() -> None:
    bench = Bench(target="ws://127.0.0.1:9/CS1", pics=CSMS.usual, options=CsmsUnderTest())
    found = tried(CSMS, CSMS.case("TC_B_01_CSMS"), bench)
    assert found.verdict is CaseVerdict.ERROR and found.unreached and "127.0.0.1:9" in found.why
