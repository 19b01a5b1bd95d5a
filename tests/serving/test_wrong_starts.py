"""A start that cannot be is a sentence with advice and exit code 3, whatever the reason; an end finishes its work."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from serving_world import options

from pncsim.backend.auth import CLIENTS
from pncsim.simulator.serving.standing import served
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace, Warned
from pncsim.wire.web import aiohttp


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not the URL of a database"),
        ("mysql://localhost/x", "mysql:// cannot be used"),
        ("sqlite+aiosqlite://", "names no file"),
        ("postgresql+asyncpg://pnc:hidden@127.0.0.1:9/x", r"pnc:\*\*\*@127\.0\.0\.1:9/x failed"),
    ],
)
async def test_a_database_that_cannot_be_used_is_a_sentence_with_advice(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(LocalError, match=said) as refused:
        async with served(options(tmp_path, database=url), Clock(), Trace()):
            pass
    assert refused.value.advice and "hidden" not in str(refused.value)


async def test_a_file_that_another_process_has_is_a_sentence(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()):
        with pytest.raises(LocalError, match="in use by another process"):
            async with served(options(tmp_path), Clock(), Trace()):
                pass


async def test_a_pki_folder_that_names_keys_it_does_not_hold_is_refused(tmp_path: Path) -> None:
    write_pki(create_pki(Clock().now()), tmp_path / "pki")
    (tmp_path / "pki" / "cpo_sub2_key.pem").unlink()
    trace, notes = Trace(), list[str]()
    trace.subscribe(lambda event: notes.append(event.text) if isinstance(event, Warned) else None)
    with pytest.raises(LocalError, match=r"cpo_sub2_key.*cannot be read"):
        async with served(options(tmp_path / "data", pki=tmp_path / "pki"), Clock(), trace):
            pass
    assert notes == []  # it is said once


@pytest.mark.parametrize("host", ["203.0.113.7", "nosuchhost.invalid"])
def test_an_address_that_is_not_of_this_machine_is_not_taken_for_a_port_that_is(host: str) -> None:
    with pytest.raises(LocalError, match=f"of {host} cannot be bound") as refused:
        HttpListener(host, 8180)
    assert "address of this machine" in refused.value.advice


async def test_a_pki_folder_without_keys_serves_and_says_what_it_cannot(tmp_path: Path) -> None:
    place, trace, notes = tmp_path / "pki", Trace(), list[str]()
    trace.subscribe(lambda event: notes.append(event.text) if isinstance(event, Warned) else None)
    write_pki(create_pki(Clock().now()), place)
    manifest = json.loads((place / "pki.json").read_text())
    kept = {role: file for role, file in manifest.items() if not role.endswith("_key")}
    (place / "pki.json").write_text(json.dumps(kept))
    async with served(options(tmp_path / "data", pki=place), Clock(), trace) as house:
        assert len(await house.ecosystem.roots.roots()) == 3
    assert any("holds no key of cpo_sub2, oem_sub2, mo_sub2, cps_sub2, cps_leaf" in note for note in notes)


async def test_a_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot be made: File exists") as refused:
        async with served(options(tmp_path / "file"), Clock(), Trace()):
            pass
    assert "--data" in refused.value.advice


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}


async def test_a_wrong_start_on_the_command_line_ends_with_exit_code_3(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    taken = HttpListener()
    command = (sys.executable, "-m", "pncsim", "serve", "ecosystem", "--port", str(taken.port))
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    said = (await process.communicate())[1].decode()
    await taken.stop()
    assert process.returncode == 3
    assert said == f"pnc: Port {taken.port} of 127.0.0.1 cannot be bound: Address already in use. " + (
        "Choose another port, or 0 for any.\n"
    )


IN_THE_IMPORTS = """
import os, signal, sys
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGTERM)
sys.meta_path.insert(0, Stop())
sys.argv = ["pnc", "serve", "ecosystem", "--port", "0"]
from pncsim.simulator.entry import main
main()
"""


@pytest.mark.parametrize(
    "name", ["pncsim.simulator.commands.main", "pncsim.simulator.serving.standing", "pncsim.simulator.runs.told"]
)
def test_an_end_that_is_asked_for_during_the_start_is_one_as_any_other(environment: dict[str, str], name: str) -> None:
    command = [sys.executable, "-c", IN_THE_IMPORTS.format(name=name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "terminated\n")


async def test_a_request_that_was_begun_when_the_end_was_asked_for_is_answered(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    ready = tmp_path / "ready.json"
    command = (sys.executable, "-m", "pncsim", "serve", "ecosystem", "--port", "0", "--ready-file", str(ready))
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        while not (await process.stdout.readline()).startswith(b"Ready."):
            pass
        house = json.loads(ready.read_text())
        admin = next(client for client in house["clients"] if client["role"] == "ADMIN")
        asked = {"grant_type": "client_credentials", "client_id": admin["id"], "client_secret": admin["secret"]}
        ended = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b'{"id": "acme", '
            process.send_signal(signal.SIGTERM)
            ended.set()
            yield b'"role": "CPO"}'

        async with aiohttp.ClientSession() as session:
            async with session.post(house["services"]["token"], json=asked) as answer:
                held = (await answer.json())["access_token"]
            headers = {"Authorization": f"Bearer {held}"}
            url = house["services"]["admin"] + "/admin/clients"
            # The body is asked for (100), so the request has begun before the end comes.
            async with session.post(url, data=body(), headers=headers, expect100=True) as answer:
                assert (answer.status, (await answer.json())["id"]) == (201, "acme")
        assert ended.is_set() and await process.wait() == 143
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    async with served(options(tmp_path / "share" / "pncsim" / "ecosystem"), Clock(), Trace()) as again:
        kept = (await again.ecosystem.store.of(CLIENTS).page()).values
        assert "acme" in {client.id for client in kept}
