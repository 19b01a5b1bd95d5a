"""Services on ports of their own: each answers its own paths, and a token of one is good at all."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from serving_world import call, options, token, token_for

from pncsim.backend.faces import FACES
from pncsim.simulator.serving.standing import served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def test_each_service_has_a_port_and_one_token_is_good_at_all(tmp_path: Path) -> None:
    async with served(options(tmp_path, port_per_service=True), Clock(), Trace()) as house:
        ports = {url.split("/")[2] for url in house.services.values()}
        assert set(house.services) == set(FACES) and len(ports) == len(FACES)
        held = (await token(house, "demo-cpo"))[1]["access_token"]
        assert (await call("GET", house.services["rcp"] + "/v1/root/rootCerts", held))[0] == 200
        assert (await call("GET", house.services["pcp"] + "/v1/root/rootCerts", held))[0] == 404
        assert (await call("GET", house.services["est"] + "/cpo/cacerts", held))[0] == 200


@pytest.mark.rule("ACC-8")
async def test_the_audience_of_a_token_is_the_service_its_client_names(tmp_path: Path) -> None:
    async with served(options(tmp_path, port_per_service=True), Clock(), Trace()) as house:
        secret = next(client for client in house.clients if client.id == "demo-cpo").secret
        pools = house.services["ccp"]
        status, made = await token_for(house, "demo-cpo", secret, audience=pools + "/")
        assert status == 200
        said = claims(made["access_token"])
        assert said["aud"] == pools and said[f"{pools}/role"] == ["CPO"]
        assert (await call("GET", house.services["rcp"] + "/v1/root/rootCerts", made["access_token"]))[0] == 200
        assert (await token_for(house, "demo-cpo", secret, audience="http://elsewhere.example"))[0] == 400


async def test_a_client_may_name_the_services_as_it_reaches_them(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        secret = next(client for client in house.clients if client.id == "demo-cpo").secret
        port = house.services["token"].split(":")[2].split("/")[0]
        reached = f"http://localhost:{port}"
        house.services["token"] = f"{reached}/oauth/token"
        status, made = await token_for(house, "demo-cpo", secret, audience=reached)
        assert status == 200
        assert (await call("GET", house.services["rcp"] + "/v1/root/rootCerts", made["access_token"]))[0] == 200


async def test_a_token_outlives_a_start_on_another_port(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        held = (await token(house, "demo-cpo"))[1]["access_token"]
    async with served(options(tmp_path), Clock(), Trace()) as house:
        assert (await call("GET", house.services["rcp"] + "/v1/root/rootCerts", held))[0] == 200


async def test_one_taken_port_of_several_leaves_none_open(tmp_path: Path) -> None:
    with socket.socket() as first, socket.socket() as second:
        # Two free ports that follow each other: the first for us, the second taken.
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        second.bind(("127.0.0.1", port + 1))
        second.listen()
        first.close()
        with pytest.raises(LocalError, match=str(port + 1)):
            async with served(options(tmp_path / "new", port=port, port_per_service=True), Clock(), Trace()):
                pass
        await HttpListener(port=port).stop()
    assert not (tmp_path / "new").exists()


async def test_ports_beyond_the_last_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="none above 65535"):
        async with served(options(tmp_path, port=65_533, port_per_service=True), Clock(), Trace()):
            pass
