"""Runs at services that are not there, are others, or stop: each says so in a sentence, and how it ended."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs_at import base_in, free_port, run_at, serving

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import ManufacturerPlan, OperatorPlan, PkiPlan, Plan, ProvisioningPlan
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("services")
    with serving(folder):
        yield folder / "ready.json"


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(pkis=(PkiPlan("other"),)), "makes the first PKI, too"),
        (Plan(pkis=(PkiPlan(), PkiPlan("other"))), "the secret of no client that has the role ADMIN"),
        (Plan(provisioning=(ProvisioningPlan("CPS-A"),)), "makes provisioning services of its own (CPS-A)"),
        (Plan(pool_url="http://127.0.0.1:1"), "names a contract pool"),
        (Plan(operators=(OperatorPlan("FRXYZ"),)), "the secret of no client that owns the provider id FRXYZ"),
        (Plan(manufacturers=(ManufacturerPlan("VWX"),)), "the secret of no client that owns the WMI VWX"),
    ],
)
def test_who_is_not_among_the_services_is_a_sentence(ready: Path, tmp_path: Path, plan: Plan, said: str) -> None:
    @scenario("planned", title="a contract is sold", plan=plan)
    async def planned(lab: Lab) -> None:
        """Whoever the plan names."""
        await lab.subscribe(await lab.vehicle())

    known = json.loads(ready.read_text())
    nobody = [one for one in known["clients"] if one["role"] != "ADMIN"]
    (tmp_path / "ready.json").write_text(json.dumps({**known, "clients": nobody}))
    result = run_at(planned, tmp_path / "ready.json")
    assert result.verdict is Verdict.ERROR and said in str(result.error)


def test_services_that_stop_in_the_middle_end_the_run_in_a_sentence(tmp_path: Path) -> None:
    told: list[Event] = []
    with serving(tmp_path) as process:

        @scenario("stopped", title="the services go away before the vehicle is plugged in")
        async def stopped(lab: Lab) -> None:
            """What was opened before stays open; what has to be asked has no answer."""
            vehicle = await lab.vehicle(contract=True, payment="contract")
            await lab.station()
            process.terminate()
            await asyncio.to_thread(process.wait)
            lab.expect.session(await lab.plug_in(vehicle))

        async def main() -> RunResult:
            run = Run(stopped, {}, RunSettings(ecosystem=str(tmp_path / "ready.json")), readers=(told.append,))
            return await run.done()

        access = (tmp_path / "ready.json").read_text()
        result = run_on_loop("loopback", main)
    assert (result.verdict, result.exit_code) == (Verdict.FAIL, 1), result.line
    assert "cannot be reached" in result.line
    assert any("stay where they are" in str(getattr(event, "text", "")) for event in told)
    # A run that begins now, and one when they are back, on another port than certificates name.
    (tmp_path / "ready.json").write_text(access)
    result = run_at(find_scenario("eim-ac"), tmp_path / "ready.json")
    assert (result.verdict, result.exit_code) == (Verdict.ERROR, 3) and "cannot be reached" in result.line
    with serving(tmp_path):
        assert (tmp_path / "ready.json").read_text() != access
        for ecosystem, credentials in (
            (tmp_path / "ready.json", None),
            (base_in(tmp_path / "ready.json"), tmp_path / "clients.json"),
        ):
            assert run_at(find_scenario("install-contract"), ecosystem, credentials).line == "PASS install-contract"


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ('[{"id": "demo-cpo", "role": "CPO", "secret": "wrong"}]', "answered HTTP 401 to demo-cpo"),
        (
            '[{"id": "demo-oem", "role": "OEM", "secret": "wrong"}]',
            "holds the secret of no client that has the role CPO",
        ),
        ("{", "is neither a ready file nor a clients.json"),
        (None, "cannot be read"),
    ],
)
def test_wrong_credentials_are_a_sentence(ready: Path, tmp_path: Path, credentials: str | None, said: str) -> None:
    url = base_in(ready)
    file = tmp_path / "clients.json"
    if credentials is not None:
        file.write_text(credentials)
    result = run_at(find_scenario("eim-ac"), url, file)
    assert (result.verdict, result.exit_code) == (Verdict.ERROR, 3)
    assert said in str(result.error)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("http://127.0.0.1:{port}", "cannot be reached"),
        ("ftp://127.0.0.1", "is no address of services"),
        ("nowhere.json", "cannot be read"),
    ],
)
def test_a_wrong_address_is_a_sentence(ready: Path, where: str, said: str) -> None:
    result = run_at(find_scenario("eim-ac"), where.format(port=free_port()), ready)
    assert (result.verdict, result.exit_code) == (Verdict.ERROR, 3)
    assert said in str(result.error)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"transport": "memory"}, "In memory there are no sockets"),
        ({"pki": Path("pki")}, "a PKI folder has no part in it"),
        ({"seed": "7"}, "cannot be repeated from a seed"),
        ({"ecosystem": None, "credentials": Path("ready.json")}, "Credentials are for services"),
    ],
)
def test_what_cannot_be_had_together_is_a_sentence(settings: dict[str, Any], said: str) -> None:
    chosen = RunSettings(**{"ecosystem": "http://127.0.0.1:8180", **settings})
    with pytest.raises(LocalError, match=said):
        run_on_loop(chosen.transport, lambda: Run(find_scenario("eim-ac"), {}, chosen).done())
    words = {"transport": ["--transport", "memory"], "pki": ["--pki", "pki"], "seed": ["--seed", "7"]}
    options = next((words[name] for name in settings if name in words), ["--credentials", "ready.json"])
    at = [] if settings.get("ecosystem", "") is None else ["--ecosystem", "http://127.0.0.1:8180"]
    done = subprocess.run(
        [sys.executable, "-m", "pncsim", "run", "eim-ac", *at, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and said in " ".join(done.stderr.split())
