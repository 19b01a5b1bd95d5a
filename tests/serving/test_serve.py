"""`pnc serve ecosystem`: what answers, what is kept between starts, and how it says that it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from serving_world import options, token

from pncsim.backend.cleansing import INTERVAL
from pncsim.backend.events.facts import VehicleDeleted
from pncsim.backend.faces import FACES
from pncsim.backend.store.sql import SqlStore
from pncsim.simulator.serving.durations import duration
from pncsim.simulator.serving.standing import served
from pncsim.tls_certs.crl import verify_crl
from pncsim.tls_certs.reading import list_addresses
from pncsim.tls_certs.revocation import Status
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace
from pncsim.wire.web import aiohttp


async def test_every_service_answers_on_one_port_and_every_demo_client_gets_a_token(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        assert set(house.services) == set(FACES)
        for client in house.clients:
            assert (await token(house, client.id))[0] == 200
        async with aiohttp.ClientSession() as session:
            path = "/v1/ccp/signedContractData/PNCSIMVEHICLE00001"
            headers = {"Authorization": f"Bearer {(await token(house, 'demo-oem'))[1]['access_token']}"}
            async with session.get(house.services["ccp"] + path, headers=headers) as response:
                assert (response.status, await response.json()) == (200, {"XMLContracts": []})
            async with session.get(house.services["ccp"] + path) as response:
                assert response.status == 401


async def test_a_second_start_finds_database_pki_and_secrets_again(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        first, root = house.ready()["clients"], house.ecosystem.pki.root("v2g_root")
    async with served(options(tmp_path), Clock(), Trace()) as house:
        assert house.ready()["clients"] == first
        assert house.ecosystem.pki.root("v2g_root") == root
        assert (await token(house, "demo-cpo"))[0] == 200


@pytest.mark.rule("CSO-2")
async def test_after_another_start_an_operator_knows_its_contracts(tmp_path: Path) -> None:
    clock = Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        await ecosystem.vehicles.publish(ecosystem.pki.credentials("oem_leaf").chain_der)
        contract = await ecosystem.desks.of("DEABC").conclude("Ada", "PNCSIMVEHICLE00001")
    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        assert ecosystem.operators.find("DEABC") is None
        assert (await ecosystem.desks.authorize(contract.emaid)).status == "Accepted"
        assert (await ecosystem.operators.authorize(contract.emaid)).status == "Accepted"
        assert (await ecosystem.operators.authorize("FRXYZC00000001")).status == "Unknown"
        renewed = await ecosystem.operators.renew(contract.emaid, contract.certificate)
        assert renewed.emaid.value == contract.emaid


@pytest.mark.rule("CPS-11", "CCP-DEL-2")
async def test_after_another_start_contracts_made_by_the_service_can_still_be_revoked(tmp_path: Path) -> None:
    emaid, clock = "DEV2GC12345678", Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        await ecosystem.vehicles.publish(ecosystem.pki.credentials("oem_leaf").chain_der)
        begins, ends = clock.now(), clock.now() + 86_400
        contract = await ecosystem.contracts.generate(emaid, "PNCSIMVEHICLE00001", begins=begins, ends=ends)
    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        issuer = ecosystem.pki.certificate("v2g_mo_sub2")
        assert contract.issuer == issuer.subject
        assert (await ecosystem.ocsp.of(contract, issuer)).status == "good"
        await ecosystem.pool.delete(emaid)
        assert (await ecosystem.ocsp.of(contract, issuer)).status == "revoked"


@pytest.mark.rule("PCP-CLEAN-1", "RCP-6")
async def test_what_is_revoked_leaves_once_a_day_of_the_services_time(tmp_path: Path) -> None:
    clock, gone = Clock(), asyncio.Event()

    async def left(fact: VehicleDeleted) -> None:
        gone.set()

    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        ecosystem.bus.listen(VehicleDeleted, left)
        vehicle = ecosystem.pki.credentials("oem_leaf")
        await ecosystem.vehicles.publish(vehicle.chain_der)
        await ecosystem.ca.revoke("oem_leaf")
        clock.jump(INTERVAL - 60)
        await asyncio.sleep(0)
        assert not gone.is_set()
        clock.jump(60)
        await asyncio.wait_for(gone.wait(), 10)
        assert await ecosystem.vehicles.find("PNCSIMVEHICLE00001") is None


@pytest.mark.rule("PKI-6")
async def test_certificates_name_revocation_lists_where_that_was_wished_and_the_lists_are_there(tmp_path: Path) -> None:
    async with served(options(tmp_path, crl=True), Clock(), Trace()):
        pass
    clock = Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        ca, key = house.ecosystem.ca, SYSTEM.key().public_key()
        chain = await ca.issue_contract("DEPNCC00000002", key, clock.now() + 9)
        assert len(list_addresses(chain[0])) == 1
        assert list_addresses(chain[0]) == list_addresses(house.ecosystem.pki.certificate("contract_leaf"))
        await ca.revoke_certificate(chain[0])
        async with aiohttp.ClientSession() as session, session.get(f"{house.services['crl']}/mo_sub2.crl") as response:
            listed = verify_crl(await response.read(), chain[0], chain[1], clock.now())
        assert listed.status is Status.REVOKED


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}


async def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    async with served(options(tmp_path / "new"), Clock(), Trace()):
        assert set(modes(tmp_path / "new").values()) == {0o600}


async def test_what_others_can_reach_needs_the_persons_word(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"Others can reach 0\.0\.0\.0"):
        async with served(options(tmp_path, host="0.0.0.0"), Clock(), Trace()):
            pass
    async with served(options(tmp_path, host="0.0.0.0", transport="no-tls"), Clock(), Trace()) as house:
        assert house.services


async def test_a_taken_port_is_a_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = HttpListener()
    with pytest.raises(LocalError, match=str(taken.port)):
        async with served(options(tmp_path / "new", port=taken.port), Clock(), Trace()):
            pass
    await taken.stop()
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("15m", 900), ("-2h", -7200), ("30d", 2_592_000), ("1y", 31_536_000), ("1.5h", 5400)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "1 week", "1x"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="for instance 30d"):
        duration(text)


def test_the_command_writes_its_ready_file_and_ends_in_order(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "pncsim", "serve", "ecosystem", "--port", "0", "--ready-file", str(ready)]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        shown = ""
        for line in process.stdout:
            shown += line
            if line.startswith("Ready."):
                break
        house = json.loads(ready.read_text())
        assert house["services"]["token"].endswith("/oauth/token")
        assert {client["role"] for client in house["clients"]} >= {"OEM", "CPO", "CPS", "ADMIN"}
        assert all(client["secret"] in shown for client in house["clients"])
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    finally:
        process.kill()
        process.communicate()
    assert not ready.exists()
    assert (tmp_path / "share" / "pncsim" / "ecosystem" / "pnc.db").exists()


async def test_the_store_closes_after_the_last_request_can_have_been_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering: list[bool] = []
    close = SqlStore.close

    async def watched(store: SqlStore) -> None:
        async with aiohttp.ClientSession() as session:
            try:
                await session.get(url)
                answering.append(True)
            except aiohttp.ClientConnectionError:
                answering.append(False)
        await close(store)

    monkeypatch.setattr(SqlStore, "close", watched)
    async with served(options(tmp_path), Clock(), Trace()) as house:
        url = house.services["ocsp"]
    assert answering == [False]
