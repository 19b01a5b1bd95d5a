"""Scenarios whose pools, PKI and operators are running services come to what they come to in one process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from runs_at import base_in, checks, in_process, run_at, serving

from pncsim.simulator.commands.main import main
from pncsim.simulator.lab.elsewhere.callers import open_callers
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import ManufacturerPlan, OperatorPlan, Plan
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.discovery import built_in, find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario, scenario
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.reading import common_name, parsed
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.trace import Event, HttpExchange, Story, Trace, Warned

ROOT = Path(__file__).parents[2]
COMPLETE = frozenset(
    [
        "bundle-signed",
        "contract-authenticated",
        "contract-in-another-pool",
        "contract-of-another-vehicle",
        "cross-certified",
        "eim-ac",
        "eim-dc",
        "emaid-authorised",
        "install-contract",
        "no-roaming",
        "pause-resume",
        "pnc-ac",
        "pnc-dc",
        "renegotiate",
        "rented-vehicle",
        "root-set-up",
        "sales-tariff",
        "several-of-each",
        "tls-session",
        "two-at-once",
        "wrong-pcid",
        "update-contract",
        "vehicle-made",
        "vehicle-published",
        "vehicle-renewed-early",
    ]
)
"""Scenarios that need nothing but what is published."""
SAID = re.compile("inside cannot be seen|behind the lab's time|in certificates; the services|others need it, too")
TOKENS = re.compile(rb"(?:Bearer |access_token\W{3,9}?)([A-Za-z0-9._~+/*-]+)")
"""What stands in evidence where a token would."""
MONTH = 30 * 86_400.0


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("services")
    with serving(folder):
        yield folder / "ready.json"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Services that nobody has asked yet for what is not there: who asks too often is let wait (429)."""
    folder = tmp_path_factory.mktemp("calm")
    with serving(folder):
        yield folder / "ready.json"


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Services on HTTPS whose time is a month ahead, and may be moved; they take another algorithm, too."""
    folder = tmp_path_factory.mktemp("ahead")
    with serving(folder, "--tls", "--test-controls", "--clock-offset", "30d", "--also-take", "P-521"):
        yield folder / "ready.json"


@pytest.mark.parametrize("name", sorted(COMPLETE.union(built_in())))
def test_a_scenario_comes_to_the_same_at_running_services(ready: Path, name: str) -> None:
    found = find_scenario(name)
    here, there = in_process(found), run_at(found, ready)
    if name not in COMPLETE and there.error is not None:
        # It looks into the services, has keys or PKIs of its own, or jumps for months: that is said.
        assert there.exit_code == 3 and SAID.search(there.error)
        return
    assert (there.verdict, there.error) == (Verdict.PASS, None), there.line
    assert (here.verdict, checks(here)) == (there.verdict, checks(there))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("pnc-ac", "contract-revoked"),
        ("pnc-ac", "contract-blocked"),
        ("install-contract", "provisioning-revoked"),
        ("install-contract", "no-bundle"),
        ("install-contract", "tampered-bundle"),
        ("install-contract", "bad-certificate:name=wrong-signature,of=signer"),
        ("pnc-ac", "dead-responder"),
        ("pnc-ac", "bad-status:name=revoked"),
        ("pnc-ac", "bad-status:name=wrong-signature"),
    ],
)
def test_what_is_disturbed_is_answered_the_same(ready: Path, name: str, fault: str) -> None:
    found = find_scenario(name)
    here, there = in_process(found, [fault]), run_at(found, ready, faults=(fault,))
    assert (here.verdict, checks(here)) == (there.verdict, checks(there))
    assert [check.ok for check in there.checks if check.fault] == [True] * len([1 for one in here.checks if one.fault])


def test_a_lab_file_names_the_services_and_the_car(
    ready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of the documentation, with the address that the services have here."""
    text = (ROOT / "docs" / "examples" / "own-services.toml").read_text()
    url = json.loads(ready.read_text())["services"]["rcp"]
    lab = tmp_path / "lab.toml"
    lab.write_text(text.replace("http://127.0.0.1:8180", url).replace('"ready.json"', f'"{ready}"'))
    for words, code in ((["--transport", "loopback"], 0), (["--transport", "memory"], 3), (["--ecosystem", url], 3)):
        with pytest.raises(SystemExit) as left:
            main(["run", "install-contract", "--lab", str(lab), "--no-evidence", *words])
        said = capsys.readouterr()
        assert left.value.code == code, said
        if code == 0:
            assert f"operators are the services at {url}" in said.out.replace("\n", " ").replace("  ", "")
            assert "This vehicle speaks as a" in said.out


def test_a_fault_that_needs_a_key_of_an_authority_has_it_where_the_ready_file_says(ready: Path) -> None:
    result = run_at(find_scenario("pnc-ac"), ready, faults=("contract-expired",))
    answered = [check.ok for check in result.checks if check.fault]
    assert answered and all(answered)


def test_and_else_says_who_has_it(ready: Path, tmp_path: Path) -> None:
    away = tmp_path / "ready.json"
    known = json.loads(ready.read_text())
    away.write_text(json.dumps({**known, "pki": str(tmp_path / "on another machine")}))
    result = run_at(find_scenario("pnc-ac"), away, faults=("contract-expired",))
    assert result.verdict is Verdict.ERROR and result.exit_code == 3
    assert "its key is kept by the services at http://127.0.0.1:" in str(result.error)


@scenario("revoked", title="a contract is revoked between two charges")
async def revoked(lab: Lab) -> None:
    """The administrator of the services revokes it; the station hears of it at once."""
    vehicle = await lab.vehicle(contract=True, payment="contract")
    lab.expect.session(await lab.plug_in(vehicle))
    await lab.revoke(vehicle)
    lab.expect.refused(await lab.plug_in(vehicle), "FAILED_CertificateRevoked")


@scenario(
    "named-parties",
    title="operators and manufacturers are those of the services",
    plan=Plan(operators=(OperatorPlan("DEV2G"),), manufacturers=(ManufacturerPlan("WMI"),)),
)
async def named_parties(lab: Lab) -> None:
    """Whoever is named must be somebody whose secret is known."""
    vehicle = await lab.vehicle(install="if-needed")
    emaid = await lab.subscribe(vehicle)
    lab.expect.that("the operator's id is that of the plan", emaid.startswith("DEV2G"), emaid)
    lab.expect.installed(vehicle, await lab.plug_in(vehicle), emaid)


def test_time_leaps_over_no_exchange_with_services(ready: Path) -> None:
    async def main() -> dict[str, Any]:
        clock = Clock(leaps=True)
        callers = open_callers(clock, Trace(), str(ready), None)
        try:
            asked = callers.station_operator().call("rcp", "GET", "/v1/root/rootCerts")
            answer: dict[str, Any] = (await asyncio.gather(asked, clock.pass_time(3_600)))[0]
            return answer
        finally:
            await callers.close()

    assert "RootCertificateCollection" in run_on_loop("loopback", main)


@pytest.mark.parametrize("found", [revoked, named_parties], ids=lambda found: str(found.name))
def test_a_scenario_of_ones_own_runs_there_too(ready: Path, found: Scenario) -> None:
    assert run_at(found, ready).line == f"PASS {found.name}"


@scenario("signer-revoked", title="what contracts are signed with is revoked, or an authority")
async def signer_revoked(lab: Lab, *, authority: bool = False) -> None:
    (signer,) = (await (await lab.caller("MO")).get("/v1/cps/signer")).body["cpsCertificates"]
    vehicle = await lab.vehicle()
    assert vehicle.provisioning is not None
    above = vehicle.provisioning.chain[1]
    await lab.revoke(above if authority else parsed(base64.b64decode(signer["cpsCertificate"])))


@pytest.mark.parametrize("authority", [False, True])
def test_what_running_services_sign_with_is_not_revoked_by_a_run(ready: Path, authority: bool) -> None:
    chosen = RunSettings(ecosystem=str(ready))
    told = run_on_loop("loopback", lambda: Run(signer_revoked, {"authority": authority}, chosen).done())
    assert (told.exit_code, told.checks) == (3, []) and told.error is not None
    assert "by which the services at http://127.0.0.1:" in told.error and "pnc pool revoke" in told.error
    assert run_at(find_scenario("install-contract"), ready).verdict is Verdict.PASS


def test_what_a_run_has_brought_there_is_taken_away_at_its_end(calm: Path) -> None:
    assert run_at(find_scenario("install-contract"), calm).verdict is Verdict.PASS

    async def look() -> tuple[list[dict[str, Any]], list[int | None]]:
        callers = open_callers(Clock(), Trace(), str(calm), None)
        try:
            mo, _ = callers.operator()
            contracts = (await mo.call("mo", "GET", "/v1/mo/contracts"))["contracts"]
            answers: list[int | None] = []
            for contract in contracts:
                with pytest.raises(PeerError) as refused:
                    await mo.call("pcp", "GET", f"/v1/oem/provCerts/lookupVehicle/{contract['pcid']}")
                answers.append(refused.value.http_status)
            return contracts, answers
        finally:
            await callers.close()

    contracts, answers = run_on_loop("loopback", look)
    assert contracts and {one["state"] for one in contracts} == {"cancelled"}
    assert answers == [404] * len(contracts)


def test_what_actors_of_a_use_case_have_put_there_is_taken_away_too(calm: Path) -> None:
    async def look() -> list[object]:
        callers = open_callers(Clock(), Trace(), str(calm), None)
        try:
            roots = await callers.station_operator().call("rcp", "GET", "/v1/root/rootCerts")
            endpoints = [await callers.of(role).list("webhooks", "/v1/webhook/endpoints") for role in ("ADMIN", "CPO")]
            return [roots, *endpoints]
        finally:
            await callers.close()

    before, told = run_on_loop("loopback", look), list[Event]()
    for name in ("root-set-up", "vehicle-made", "vehicle-published", "several-of-each", "contract-in-another-pool"):
        result = run_at(find_scenario(name), calm, readers=(told.append,))
        assert result.verdict is Verdict.PASS, result.line
    assert run_on_loop("loopback", look) == before
    assert not [event.text for event in told if isinstance(event, Warned) and "stay" in event.text]
    gone = [event for event in told if isinstance(event, HttpExchange) and event.method == "DELETE"]
    own = [
        event.status for event in gone if "several-of-each" not in event.run
    ]  # where some are refused what is others'
    assert len(own) >= 10 and set(own) == {200}


def test_a_run_that_is_broken_off_takes_away_what_it_has_brought_too(ready: Path) -> None:
    told: list[Event] = []

    @scenario("broken-off", title="somebody ends it")
    async def broken_off(lab: Lab) -> None:
        """It has sold a contract by then."""
        await lab.vehicle(contract=True)
        await asyncio.Event().wait()

    async def main() -> None:
        def end(event: Event) -> None:
            told.append(event)
            if isinstance(event, Story) and "is installed already" in event.text:
                run.cancel()

        run = Run(broken_off, {}, RunSettings(ecosystem=str(ready)), readers=(end,))
        with pytest.raises(asyncio.CancelledError):
            await run.done()

    run_on_loop("loopback", main)
    gone = [event for event in told if isinstance(event, HttpExchange) and event.method == "DELETE"]
    assert [(re.findall(r"/v1/(ccp|mo|oem)/", event.url), event.status) for event in gone] == [
        (["ccp"], 200),  # what it has sold is in the vehicle, and not in the pool
        (["mo"], 200),
        (["oem"], 200),
    ]


def test_services_may_be_named_by_their_address(ready: Path) -> None:
    url = base_in(ready)
    for credentials in (ready, ready.with_name("clients.json")):
        assert run_at(find_scenario("eim-ac"), url, credentials).line == "PASS eim-ac"


@pytest.mark.parametrize("name", ["install-contract", "update-contract"])
def test_services_on_https_that_are_ahead_take_the_lab_with_them(ahead: Path, name: str) -> None:
    assert run_at(find_scenario(name), ahead).line == f"PASS {name}"


def test_services_on_https_are_trusted_by_the_root_beside_the_credentials(ahead: Path) -> None:
    url = base_in(ahead)
    assert run_at(find_scenario("eim-ac"), url, ahead.with_name("clients.json")).line == "PASS eim-ac"


@scenario("much-later", title="a vehicle comes a month after the first one")
async def much_later(lab: Lab) -> None:
    """Time passes in the lab, where everything jumps."""
    lab.expect.session(await lab.plug_in(await lab.vehicle(contract=True, payment="contract")))
    await lab.clock.pass_time(MONTH)
    lab.expect.session(await lab.plug_in(await lab.vehicle(contract=True, payment="contract")))


def test_a_lab_that_jumps_takes_the_services_with_it_where_it_may(ready: Path, ahead: Path) -> None:
    assert run_at(much_later, ahead).line == "PASS much-later"
    result = run_at(much_later, ready)
    assert (result.verdict, result.exit_code) == (Verdict.ERROR, 3)
    assert "30.0 days behind the lab's time" in str(result.error) and "--test-controls" in str(result.error)


@pytest.mark.parametrize(
    "names",
    [
        ("contract-renewed", "signer-changed", "station-certified", "customer-terminated", "station-renewed"),
        ("contract-concluded", "vehicle-renewed-at-expiry"),
    ],
)
def test_what_services_do_each_day_is_done_when_a_lab_says_so(tmp_path: Path, names: Sequence[str]) -> None:
    # Each lets the services' time go on, and the last ones by decades.
    with serving(tmp_path, "--test-controls"):
        for name in names:
            found = find_scenario(name)
            here, there = in_process(found), run_at(found, tmp_path / "ready.json")
            assert (there.verdict, there.error) == (Verdict.PASS, None), there.line
            assert checks(here) == checks(there)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("list-signer-compromised", {}),
        ("root-distrusted", {}),
        ("root-removed", {}),
        ("root-removed", {"cascade": "purge"}),
        ("root-renewed", {"key": "same"}),
        ("root-renewed", {}),
    ],
)
def test_roots_of_services_that_nobody_else_needs_go_and_are_back_at_the_end(
    ahead: Path, ready: Path, name: str, options: dict[str, object]
) -> None:
    found = find_scenario(name)
    before = run_on_loop("loopback", lambda: roots_at(ahead))
    here, there = in_process(found, options=options), run_at(found, ahead, options=options)
    assert (there.verdict, there.error) == (Verdict.PASS, None), there.line
    assert checks(here) == checks(there)
    assert run_on_loop("loopback", lambda: roots_at(ahead)) == before
    refused = run_at(found, ready, options=options)
    assert refused.exit_code == 3 and "since others need it, too" in str(refused.error)


@pytest.mark.rule("PKI-12")
def test_services_that_take_another_algorithm_do_what_a_scenario_wants_of_it_and_others_say_so(
    ahead: Path, ready: Path
) -> None:
    found = find_scenario("crypto-agility")
    here, there, refused = in_process(found), run_at(found, ahead), run_at(found, ready)
    assert (there.verdict, checks(there)) == (Verdict.PASS, checks(here)), there.line
    assert refused.exit_code == 3 and "pnc serve ecosystem --also-take P-521" in str(refused.error)


async def roots_at(ready: Path) -> set[str]:
    callers = open_callers(Clock(), Trace(), str(ready), None)
    try:
        answer = await callers.station_operator().call("rcp", "GET", "/v1/root/rootCerts")
        return {one["fingerprint"] for one in answer["RootCertificateCollection"]["rootCertificates"]}
    finally:
        await callers.close()


def test_who_a_plan_names_is_taken_in_by_the_administrator_and_removed_at_the_end(ready: Path) -> None:
    async def clients() -> list[str]:
        callers = open_callers(Clock(), Trace(), str(ready), None)
        try:
            return [
                one["id"] for one in (await callers.administrator().call("admin", "GET", "/admin/clients"))["clients"]
            ]
        finally:
            await callers.close()

    @scenario(
        "guests",
        title="a contract is sold",
        plan=Plan(operators=(OperatorPlan("FRXYZ"),), manufacturers=(ManufacturerPlan("VWX"),)),
    )
    async def guests(lab: Lab) -> None:
        """By an operator, for a vehicle of a manufacturer, neither of which the services know."""
        emaid = await lab.subscribe(vehicle := await lab.vehicle(install="if-needed"))
        assert vehicle.provisioning is not None
        whose = common_name(vehicle.provisioning.leaf)[:3], emaid[:5]
        lab.expect.that("both are whom the plan names", whose == ("VWX", "FRXYZ"), whose)
        lab.expect.installed(vehicle, await lab.plug_in(vehicle), emaid)

    before = run_on_loop("loopback", clients)
    assert run_at(guests, ready).line == "PASS guests"
    assert run_on_loop("loopback", clients) == before


@pytest.mark.parametrize("page", ["README.md", "docs/ecosystem.md", "docs/scenarios.md"])
def test_what_the_pages_show_is_run(ready: Path, tmp_path: Path, page: str) -> None:
    (command,) = re.findall(r"^\$ pnc (run .*--ecosystem ready\.json.*)$", (ROOT / page).read_text(), re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "pncsim", *shlex.split(command), "--evidence", str(tmp_path)],
        cwd=ready.parent,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    secrets = re.findall(r'"secret": "([^"]+)"', ready.read_text())
    written = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(secrets) >= 6 and len(written) >= 10
    assert not [secret for secret in secrets for octets in written if secret.encode() in octets]
    shown = [told for octets in written for told in TOKENS.findall(octets)]
    assert shown and set(shown) == {b"***"}
