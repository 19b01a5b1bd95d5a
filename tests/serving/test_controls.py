"""A test's controls over services that stand alone: the time moves, and everything is as at the first start."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from serving_world import admin, options, token

from pncsim.backend.events.facts import VehicleDeleted
from pncsim.backend.refusal import Refused
from pncsim.simulator.commands.main import main
from pncsim.simulator.serving.standing import served
from pncsim.wire.clock import LATEST, Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace
from pncsim.wire.web import aiohttp

DAY = 86_400
YEAR = 365 * DAY
PCID = "PNCSIMVEHICLE00001"


@pytest.mark.rule("ACC-8")
async def test_time_that_is_advanced_ends_tokens_and_brings_the_cleansing(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def left(fact: VehicleDeleted) -> None:
        gone.set()

    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:
        house.ecosystem.bus.listen(VehicleDeleted, left)
        held = (await token(house, "demo-cpo"))[1]["access_token"]
        await house.ecosystem.vehicles.publish(house.ecosystem.pki.credentials("oem_leaf").chain_der)
        await house.ecosystem.ca.revoke("oem_leaf")
        before = (await admin(house, "GET", "/admin/clock"))[1]["seconds"]
        status, after = await admin(house, "POST", "/admin/clock/advance", {"seconds": DAY + 1})
        assert status == 200 and DAY < after["seconds"] - before < DAY + 60
        url, headers = house.services["rcp"] + "/v1/root/rootCerts", {"Authorization": f"Bearer {held}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 401
        await asyncio.wait_for(gone.wait(), 10)
        assert await house.ecosystem.vehicles.find(PCID) is None


@pytest.mark.parametrize("seconds", [-1, "60", None, True, 1e12, float("nan")])
async def test_a_clock_that_would_go_back_or_nowhere_stays(tmp_path: Path, seconds: object) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:
        assert (await admin(house, "POST", "/admin/clock/advance", {"seconds": seconds}))[0] == 400


async def test_a_clock_stays_where_dates_can_be_written(tmp_path: Path) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(LATEST - DAY), Trace()) as house:
        status, answer = await admin(house, "POST", "/admin/clock/advance", {"seconds": 2 * DAY})
        assert (status, "year 9000" in answer["errorMessages"][0]) == (400, True)
        assert (await admin(house, "POST", "/admin/clock/advance", {"seconds": DAY / 2}))[0] == 200
        assert (await token(house, "demo-cpo"))[0] == 200


@pytest.mark.parametrize("offset", ["8000y", "1e99", "-100y"])
def test_a_time_that_no_certificate_can_name_is_no_start(
    tmp_path: Path, offset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["serve", "ecosystem", "--data", str(tmp_path), "--port", "0", f"--clock-offset={offset}"])
    assert left.value.code == 3 and "from 1970 to 9000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "text"),
    [("clock-offset", "nan"), ("clock-offset", "infd"), ("webhook-retry", "-1h"), ("webhook-retry", "0")],
)
def test_a_duration_that_is_none_is_wrong_usage(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["serve", "ecosystem", f"--{option}={text}"])
    assert left.value.code == 2 and repr(text) in capsys.readouterr().err


async def test_after_a_reset_everything_is_as_at_the_first_start(tmp_path: Path) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:
        first = house.ready()
        roots = {root.fingerprint for root in await house.ecosystem.roots.roots()}
        vehicle = house.ecosystem.pki.credentials("oem_leaf")
        await house.ecosystem.vehicles.publish(vehicle.chain_der)
        await house.ecosystem.ca.revoke("oem_leaf")
        await admin(house, "POST", "/admin/clients", {"id": "acme", "role": "CPO"})
        with pytest.raises(Refused):
            await house.ecosystem.vehicles.get(PCID)
        assert await admin(house, "POST", "/admin/reset") == (200, {})
        assert house.ready() == first
        assert {root.fingerprint for root in await house.ecosystem.roots.roots()} == roots
        assert await house.ecosystem.vehicles.find(PCID) is None
        known = (await admin(house, "GET", "/admin/clients"))[1]["clients"]
        assert {client["id"] for client in known} == {client["id"] for client in first["clients"]}
        # Nothing is remembered in memory either: the certificate that was revoked is good again.
        await house.ecosystem.vehicles.publish(vehicle.chain_der)
        assert (await house.ecosystem.vehicles.get(PCID)).pcid == PCID


async def test_a_reset_of_the_time_brings_back_what_it_has_done_to_certificates(tmp_path: Path) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:

        async def shown() -> list[object]:
            files = {path: path.read_bytes() for path in sorted((tmp_path / "pki").rglob("*")) if path.is_file()}
            lists = await house.ecosystem.trust_lists.anchor()
            return [files, lists, {root.fingerprint for root in await house.ecosystem.roots.roots()}]

        before, began = await shown(), time.time()
        assert (await admin(house, "POST", "/admin/clock/advance", {"seconds": 40 * YEAR}))[0] == 200
        assert (await admin(house, "POST", "/admin/duties"))[0] == 200
        assert await shown() != before
        assert (await admin(house, "POST", "/admin/reset", {"time": 1}))[0] == 400
        assert await admin(house, "POST", "/admin/reset", {"time": True}) == (200, {})
        assert await shown() == before
        told = (await admin(house, "GET", "/admin/clock"))[1]["seconds"]
        assert 0 <= told - began < 600
        await house.ecosystem.vehicles.publish(house.ecosystem.pki.credentials("oem_leaf").chain_der)
        assert (await house.ecosystem.vehicles.get(PCID)).pcid == PCID


async def test_resets_at_once_end_in_one_state_that_answers(tmp_path: Path) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:
        answers = await asyncio.gather(*(admin(house, "POST", "/admin/reset") for _ in range(2)))
        # Who asks while another reset empties the store may be nobody there for a moment.
        assert {status for status, _ in answers} <= {200, 401} and (200, {}) in answers
        assert (await admin(house, "GET", "/admin/clients"))[0] == 200


async def test_a_reset_that_cannot_build_anew_says_so(tmp_path: Path) -> None:
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:
        (tmp_path / "clients.json").write_text("no JSON")
        status, said = await admin(house, "POST", "/admin/reset")
        assert status == 500 and "clients.json" in said["errorMessages"][0]


async def test_a_folder_of_clients_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "clients.json").write_text("no JSON")
    with pytest.raises(LocalError, match=r"clients\.json"):
        async with served(options(tmp_path), Clock(), Trace()):
            pass
