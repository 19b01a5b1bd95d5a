"""The suites for pools and PKI: ours pass them, wrong ones do not, and somebody's are held against them at a URL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rules import PARTS

from pncsim.simulator.conformance.case import Case, CaseVerdict
from pncsim.simulator.conformance.page import page
from pncsim.simulator.conformance.pools.mutants import UNKILLED, WRONG
from pncsim.simulator.conformance.pools.options import ServicesUnderTest
from pncsim.simulator.conformance.pools.suite import PKI, POOLS
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.serving.standing import ServeOptions, served
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

CASES: dict[str, tuple[Suite, Case]] = {case.id: (suite, case) for suite in (POOLS, PKI) for case in suite.cases}
SOME = (
    "ACC-4",
    "ACC-8",
    "RCP-9",
    "PCP-PUB-4",
    "PCP-UPD-2",
    "PCP-DEL-2",
    "CPS-4",
    "CPS-12",
    "CCP-PUB-2",
    "CCP-GET-2",
    "CCP-CLEAN-1",
    "EVT-3",
    "PKI-1",
    "PKI-6",
)
"""One of each kind; `pnc conformance pools` and `pki` run all."""


def test_every_requirement_is_a_case_or_says_why_it_cannot_be_one() -> None:
    required = {id for part in PARTS.values() for id in part}
    assert len(POOLS.cases) + len(PKI.cases) == len(CASES), "an id stands for two cases"
    assert required - CASES.keys() == set()
    assert CASES.keys() - required == set()
    unsuited = [case for _, case in CASES.values() if case.how is None]
    assert all(case.unsuited.endswith(".") for case in unsuited) and len(unsuited) < len(CASES) / 3


@pytest.mark.parametrize("id", SOME)
def test_services_of_ours_pass(id: str) -> None:
    suite, case = CASES[id]
    found = tried(suite, case, suite.own_bench())
    assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_seen(name: str) -> None:
    suite, case = CASES[WRONG[name].kills[0]]
    found = tried(suite, case, suite.own_bench(mutant=name))
    assert found.verdict is CaseVerdict.FAIL and found.why.endswith("."), found


def test_every_mutant_is_seen_by_cases_there_are_and_every_case_sees_one_or_says_why_none() -> None:
    seen = {id for mutant in WRONG.values() for id in mutant.kills}
    assert seen <= CASES.keys() and not seen & UNKILLED.keys()
    assert {id for id, (_, case) in CASES.items() if not case.unsuited} == seen | UNKILLED.keys()


@pytest.mark.parametrize("suite", (POOLS, PKI), ids=lambda suite: suite.name)
def test_the_page_names_each_case_and_what_fails_it(suite: Suite) -> None:
    printed = Path(__file__).parents[2] / "docs" / f"conformance-{suite.name}.md"
    assert printed.read_text() == page(suite), f"run: pnc conformance {suite.name} --page > {printed.name}"


async def test_somebodys_services_are_held_against_a_case_and_keep_nothing_of_it(tmp_path: Path) -> None:
    async with served(ServeOptions(data=tmp_path, port=0), Clock(), Trace()) as house:
        ready = tmp_path / "ready.json"
        ready.write_text(json.dumps(house.ready()))
        suite, case = CASES["CCP-DEF-1"]
        bench = Bench(target=str(ready), pics=suite.usual, options=ServicesUnderTest())
        found = await suite.drive(case, bench)
        assert (found.verdict, found.why) == (CaseVerdict.PASS, "")
        from pncsim.backend.ccp import CONTRACTS
        from pncsim.backend.pcp import VEHICLES
        from pncsim.backend.store import every

        for kind in (VEHICLES, CONTRACTS):
            assert [one async for one in every(house.ecosystem.store.of(kind))] == []


def test_what_was_said_in_a_case_is_kept_without_secrets(tmp_path: Path) -> None:
    suite, case = CASES["CCP-GET-1"]
    found = tried(suite, case, Bench(pics=suite.usual, options=suite.options(), evidence=tmp_path))
    assert found.verdict is CaseVerdict.PASS
    folder = Path(found.evidence)
    rows = [json.loads(line) for line in (folder / "http.jsonl").read_text().splitlines()]
    assert {"/oauth/token", "/v1/oem/provCerts", "/v1/ccp/signedContractData"} <= {row["url"] for row in rows}
    heads = [line for row in rows for line in row["request"]["head"].splitlines() if line.startswith("Authorization")]
    assert heads and set(heads) == {"Authorization: Bearer ***"}
    summary = json.loads((folder / "manifest.json").read_text())
    assert summary["scenario"] == "CCP-GET-1" and [check["ok"] for check in summary["checks"]] == [True]


def test_services_that_do_not_answer_are_no_failure_and_no_pass(tmp_path: Path) -> None:
    clients = tmp_path / "clients.json"
    clients.write_text(json.dumps([{"id": "admin", "role": "ADMIN", "secret": "s"}]))
    suite, case = CASES["RCP-1"]
    options = ServicesUnderTest(credentials=clients)
    found = tried(suite, case, Bench(target="http://127.0.0.1:9", pics=suite.usual, options=options))
    assert found.verdict is CaseVerdict.ERROR and found.unreached and "127.0.0.1:9" in found.why


async def test_services_are_held_against_the_cases_at_their_base_url_whoever_says_where_they_answer(
    tmp_path: Path,
) -> None:
    """OCSP and revocation lists have no published path: the certificates say where they are."""
    async with served(ServeOptions(data=tmp_path, port=0), Clock(), Trace()) as house:
        options = ServicesUnderTest(credentials=tmp_path / "clients.json")
        base = house.ready()["services"]["rcp"]
        for id in ("PKI-5", "PKI-6"):
            suite, case = CASES[id]
            found = await suite.drive(case, Bench(target=base, pics=suite.usual, options=options))
            assert (found.verdict, found.why) == (CaseVerdict.PASS, "")


async def test_whom_services_do_not_let_in_is_told_so_once(tmp_path: Path) -> None:
    async with served(ServeOptions(data=tmp_path, port=0), Clock(), Trace()) as house:
        clients = json.loads((tmp_path / "clients.json").read_text())
        wrong = tmp_path / "wrong.json"
        wrong.write_text(json.dumps([{**client, "secret": "another"} for client in clients]))
        suite, case = CASES["RCP-1"]
        bench = Bench(
            target=house.ready()["services"]["rcp"], pics=suite.usual, options=ServicesUnderTest(credentials=wrong)
        )
        found = await suite.drive(case, bench)
        assert found.verdict is CaseVerdict.ERROR and found.unreached
        assert "HTTP 401" in found.why and found.why.endswith("Are the address and --credentials right?")


async def test_services_whose_time_stands_say_what_to_declare(tmp_path: Path) -> None:
    async with served(ServeOptions(data=tmp_path, port=0), Clock(), Trace()) as house:
        ready = tmp_path / "ready.json"
        ready.write_text(json.dumps(house.ready()))
        suite, case = CASES["CCP-OEM-1"]
        found = await suite.drive(case, Bench(target=str(ready), pics=suite.usual, options=ServicesUnderTest()))
        assert found.verdict is CaseVerdict.INCONCLUSIVE and 'Declare Clock = "fixed"' in found.why
