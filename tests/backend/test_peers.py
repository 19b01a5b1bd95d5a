"""`pnc serve ecosystem --peers FILE`: contracts that another operator's services have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vehicle_requests import installation_request

from pncsim.simulator.serving.peers import read_peers
from pncsim.simulator.serving.standing import ServeOptions, served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace


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


@pytest.mark.parametrize("text", ["{}", "[", '[{"name": "x"}]', '[{"name": "x", "secret": "s"}]'])
def test_a_file_of_peers_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "peers.json"
    file.write_text(text)
    with pytest.raises(LocalError, match="peers"):
        read_peers(file)
    with pytest.raises(LocalError, match="cannot be read"):
        read_peers(tmp_path / "none.json")
