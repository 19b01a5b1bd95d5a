"""`pnc serve ecosystem --peers FILE`: contracts that another operator's services have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from vehicle_requests import installation_request

from pncsim.backend.ccp.kept_peers import MOST
from pncsim.backend.ccp.peer import Peer
from pncsim.simulator.serving.peers import read_peers
from pncsim.simulator.serving.standing import Served, ServeOptions, served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace
from pncsim.wire.web import aiohttp

PCID = "PNCSIMVEHICLE00001"


async def admin(house: Served, method: str, path: str, body: object = None, who: str = "demo-admin") -> tuple[int, Any]:
    """A request of a demo client; status and JSON."""
    client = next(one for one in house.clients if one.id == who)
    asked = {"client_id": client.id, "client_secret": client.secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as session:
        async with session.post(house.services["token"], json=asked) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        async with session.request(method, house.services["admin"] + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.mark.rule("POOL-2")
async def test_contracts_of_another_operators_services_are_handed_out_also_when_the_token_has_ended(
    tmp_path: Path,
) -> None:
    clock, file = Clock(), tmp_path / "peers.json"
    async with served(ServeOptions(port=0, data=tmp_path / "theirs"), clock, Trace()) as theirs:
        cpo = next(client for client in theirs.clients if client.id == "demo-cpo")
        peer = {
            "name": "theirs",
            "ccp": theirs.services["ccp"],
            "token": theirs.services["token"],
            "client_id": cpo.id,
            "client_secret": cpo.secret,
        }
        file.write_text(json.dumps([peer]))
        pki, eco = theirs.ecosystem.pki, theirs.ecosystem
        vehicle = pki.credentials("oem_leaf")
        await eco.vehicles.publish(vehicle.chain_der)
        contract = await eco.mo.subscribe("Ada", "PNCSIMVEHICLE00001")
        exi = installation_request(vehicle, pki.anchors("v2g_root"))
        async with served(ServeOptions(port=0, data=tmp_path / "ours", peers=file), clock, Trace()) as ours:
            assert (await ours.ecosystem.pool.provide(exi)).emaid == contract.emaid
            clock.jump(25 * 3_600)
            assert (await ours.ecosystem.pool.provide(exi)).emaid == contract.emaid
            assert (await ours.ecosystem.pool.provide(exi, local=True)).emaid is None


@pytest.mark.rule("POOL-2", "ACC-2")
async def test_an_administrator_names_a_pool_while_the_services_run_and_takes_it_back(tmp_path: Path) -> None:
    clock = Clock()
    async with (
        served(ServeOptions(port=0, data=tmp_path / "theirs"), clock, Trace()) as theirs,
        served(ServeOptions(port=0, data=tmp_path / "ours"), clock, Trace()) as ours,
    ):
        cpo = next(client for client in theirs.clients if client.id == "demo-cpo")
        there = {"name": "theirs", "ccp": theirs.services["ccp"], "token": theirs.services["token"]}
        peer = {**there, "client_id": cpo.id, "client_secret": cpo.secret}
        pki, eco = theirs.ecosystem.pki, theirs.ecosystem
        vehicle = pki.credentials("oem_leaf")
        await eco.vehicles.publish(vehicle.chain_der)
        contract = await eco.mo.subscribe("Ada", PCID)
        exi = installation_request(vehicle, pki.anchors("v2g_root"))

        wrong = [{**peer, "ccp": "ftp://127.0.0.1"}, {**peer, "name": ""}, {**peer, "client_secret": 1}, there]
        assert [(await admin(ours, "POST", "/admin/peers", one))[0] for one in wrong] == [400] * 4
        assert (await admin(ours, "POST", "/admin/peers", peer, who="demo-cpo"))[0] == 403
        assert (await ours.ecosystem.pool.provide(exi)).emaid is None
        status, said = await admin(ours, "POST", "/admin/peers", peer)
        assert (status, said) == (201, {**there, "client_id": cpo.id})
        assert (await ours.ecosystem.pool.provide(exi)).emaid == contract.emaid
        assert (await admin(ours, "GET", f"/admin/holders/{PCID}"))[1] == {"holder": "theirs"}
        assert (await admin(ours, "GET", "/admin/peers"))[1] == {"peers": [said]}
        # Under its name there is another one now: what does not answer gives none.
        silent = {**peer, "ccp": "http://127.0.0.1:9", "token": "http://127.0.0.1:9/oauth/token"}
        assert (await admin(ours, "POST", "/admin/peers", silent))[0] == 201
        assert (await ours.ecosystem.pool.provide(exi)).emaid is None
        assert (await admin(ours, "DELETE", "/admin/peers/theirs"))[0] == 200
        assert (await admin(ours, "DELETE", "/admin/peers/theirs"))[0] == 404
        assert (await admin(ours, "GET", f"/admin/holders/{PCID}"))[1] == {"holder": ""}
        for number in range(MOST):
            await ours.ecosystem.peers.add(Peer(**{**peer, "name": f"{number}"}))
        assert (await admin(ours, "POST", "/admin/peers", peer))[0] == 409


@pytest.mark.parametrize("text", ["{}", "[", '[{"name": "x"}]', '[{"name": "x", "secret": "s"}]'])
def test_a_file_of_peers_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "peers.json"
    file.write_text(text)
    with pytest.raises(LocalError, match="peers"):
        read_peers(file)
    with pytest.raises(LocalError, match="cannot be read"):
        read_peers(tmp_path / "none.json")
