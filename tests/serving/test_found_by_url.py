"""Parts in processes of their own that find each other by a base URL: what is read there, and what is no such URL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_world import call, options

from pncsim.backend.rest.routes import Route, application
from pncsim.backend.rest.services_http import routes
from pncsim.simulator.serving.found import find_services
from pncsim.simulator.serving.parts import PKI, POOLS
from pncsim.simulator.serving.standing import served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice
from pncsim.wire.web import aiohttp


@contextmanager
def started(folder: Path, *words: str) -> Iterator[dict[str, Any]]:
    """``pnc serve`` in a process of its own; its ready file. It ends in order."""
    ready = folder / f"{words[0]}.json"
    told = ["--port", "0", "--data", str(folder / words[0]), "--ready-file", str(ready)]
    command = [sys.executable, "-m", "pncsim", "serve", *words, *told]
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "share")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        shown = ""
        for line in process.stdout:
            shown += line
            if line.startswith("Ready."):
                break
        assert ready.exists(), shown
        yield json.loads(ready.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    finally:
        process.kill()
        process.communicate()


async def token(ready: dict[str, Any], client: str) -> str:
    secret = next(one["secret"] for one in ready["clients"] if one["id"] == client)
    asked = {"client_id": client, "client_secret": secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as session, session.post(ready["services"]["token"], json=asked) as answer:
        held: str = (await answer.json())["access_token"]
        return held


async def test_processes_that_know_a_url_of_each_other_are_one_ecosystem(tmp_path: Path) -> None:
    secrets, root = ("--credentials", str(tmp_path / "pki" / "clients.json")), tmp_path / "pools" / "rcp_root.pem"
    # The URL of whichever service: each names all.
    with (
        started(tmp_path, "pki", "--port-per-service") as pki,
        started(tmp_path, "pools", "--pki-services", pki["services"]["est"], *secrets) as pools,
    ):
        assert pools["services"].keys() == {*PKI.names, *POOLS.names}
        assert pools["services"]["ocsp"] == pki["services"]["ocsp"]
        assert pools["clients"] == pki["clients"]
        held = await token(pools, "demo-cpo")
        status, said = await call("GET", pools["services"]["rcp"] + "/v1/root/rootCerts", held)
        assert status == 200 and len(said["RootCertificateCollection"]["rootCertificates"]) == 3
        there = ("--ecosystem", pools["services"]["rcp"] + "/", *secrets, "--operator-root", str(root))
        with started(tmp_path, "manufacturer", *there) as maker:
            url = maker["services"]["oem"] + "/v1/manufacturer/vehicles/PNC00000000000001"
            made = await call("PUT", url, await token(maker, "demo-oem"), {"pcid": "PNCFLEET0000000001"})
            assert made[0] == 201, made
        with started(tmp_path, "operator", *there) as operator:
            url = operator["services"]["mo"] + "/v1/mo/contracts"
            order = {"customer": "Ada", "pcid": "PNCSIMVEHICLE00009"}
            status, said = await call("POST", url, await token(operator, "demo-mo-v2g"), order)
            # The pool was asked, and its answer is what is said.
            assert status == 404 and "no provisioning certificate for PNCSIMVEHICLE00009" in said["errorMessages"][0], (
                said
            )


async def test_the_list_of_services_is_for_everybody_and_holds_no_secret(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house, aiohttp.ClientSession() as session:
        async with session.get(house.services["rcp"] + "/services.json") as answer:
            assert (answer.status, await answer.json()) == (200, {"services": house.services})
        known = await find_services(
            house.services["rcp"], Clock(), needed=PKI.names, credentials=tmp_path / "clients.json"
        )
        assert known.services == house.services and known.of("demo-admin").secret


async def test_services_behind_tls_are_found_by_their_root(tmp_path: Path) -> None:
    async with served(options(tmp_path, transport="tls"), Clock(), Trace()) as house:
        url, secrets = house.services["rcp"], tmp_path / "clients.json"
        known = await find_services(url, Clock(), needed=PKI.names, credentials=secrets, ca=tmp_path / "tls_root.pem")
        assert known.services == house.services
        with pytest.raises(LocalError, match="certificate does not pass") as refused:
            await find_services(url, Clock(), needed=PKI.names, credentials=secrets)
        assert "--ca" in refused.value.advice


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ((), "does not say where its services are: HTTP 404"),
        (routes({"token": "http://127.0.0.1:1/oauth/token"}), "names no est, ocsp, crl, admin"),
        (routes({"token": "file:///etc/passwd"}), "service token is at file:///etc/passwd"),
    ],
)
async def test_what_is_not_at_a_url_is_a_sentence(tmp_path: Path, answered: tuple[Route, ...], expected: str) -> None:
    (tmp_path / "clients.json").write_text("[]")
    voice = Voice.on(Clock(), Trace(), "LAB")
    listener = HttpListener()
    await listener.start(application(answered, voice, tokens=None))
    try:
        with pytest.raises(LocalError, match=expected):
            await find_services(listener.url, Clock(), needed=PKI.names, credentials=tmp_path / "clients.json")
    finally:
        await listener.stop()


async def test_a_url_needs_secrets_a_scheme_and_somebody_there(tmp_path: Path) -> None:
    secrets = tmp_path / "clients.json"
    secrets.write_text("[]")
    with pytest.raises(LocalError, match="with which secret") as refused:
        await find_services("http://127.0.0.1:8280", Clock(), needed=())
    assert "--credentials" in refused.value.advice
    with pytest.raises(LocalError, match=r"^ftp://\*\*\*@example is no address of services"):
        await find_services("ftp://me:secret@example", Clock(), needed=(), credentials=secrets)
    nobody = HttpListener()
    await nobody.stop()
    with pytest.raises(LocalError, match="cannot be reached"):
        await find_services(nobody.url, Clock(), needed=(), credentials=secrets)
