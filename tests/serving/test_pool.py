"""`pnc pool`: a thin client of running services, by their published interface, and what it says of their answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from serving_world import options, token

from pncsim.backend.mo import SUBSCRIPTIONS
from pncsim.simulator.commands.main import main
from pncsim.simulator.serving.standing import Served, served
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

PCID = "PNCSIMVEHICLE00001"
Pool = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def pool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pool:
    """Types ``pnc pool`` with the credentials of the services in ``tmp_path``; exit code, and all that was said."""

    async def typed(*words: object, folder: Path = tmp_path) -> tuple[int, str]:
        given = [*map(str, words)]
        if "--credentials" not in given:
            given += ["--credentials", str(folder / "ready.json")]
        with pytest.raises(SystemExit) as left:
            await asyncio.to_thread(main, ["pool", *given])
        said = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, said.out + said.err

    return typed


def ready(house: Served, folder: Path) -> None:
    (folder / "ready.json").write_text(json.dumps(house.ready()))


@pytest.mark.rule("ACC-8")
async def test_services_behind_tls_are_trusted_by_the_root_their_ready_file_names(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path, transport="tls"), Clock(), Trace()) as house:
        ready(house, tmp_path)
        code, said = await pool("roots", "--type", "v2g")
        assert (code, said.split()[0]) == (0, "V2G")
        code, said = await pool("roots", "--ca", tmp_path / "pki" / "v2g_root.pem")
        assert code != 0 and "cannot be reached" in said


async def test_a_vehicle_is_published_looked_up_and_its_contracts_listed(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        chain = [tmp_path / "pki" / f"{role}.pem" for role in ("oem_leaf", "oem_sub2", "oem_sub1")]
        root = tmp_path / "pki" / "v2g_root.pem"
        assert (await pool("lookup", PCID)) == (1, f"{PCID} is not published.\n")
        code, said = await pool("publish", *chain, "--v2g-root", root)
        assert code == 0 and said.startswith(f"{PCID} is published, below ")
        vehicle = await house.ecosystem.vehicles.find(PCID)
        assert vehicle is not None and len(vehicle.chain) == 3 and len(vehicle.v2g_roots) == 1
        assert (await pool("lookup", PCID)) == (0, f"{PCID} is published.\n")
        assert (await pool("contracts", PCID)) == (0, f"No contract waits for {PCID}.\n")
        made = await house.ecosystem.mo.subscribe("Ada", PCID)
        assert (await pool("contracts", PCID))[1].startswith(f"{made.emaid}  until ")
        answer = json.loads((await pool("contracts", PCID, "--json"))[1])
        assert answer["XMLContracts"][0]["emaid"] == made.emaid


async def test_roots_are_listed_and_saved(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        assert [line[:3] for line in (await pool("roots"))[1].splitlines()] == ["V2G", "MO ", "OEM"]
        code, said = await pool("roots", "--type", "v2g", "--save", tmp_path / "roots")
        assert code == 0 and "1 roots are in" in said
        (saved,) = (tmp_path / "roots").iterdir()
        assert saved.read_text().split() == (tmp_path / "pki" / "v2g_root.pem").read_text().split()


async def test_what_is_revoked_is_not_published(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        leaf = tmp_path / "pki" / "oem_leaf.pem"
        code, said = await pool("revoke", leaf, "--reason", "key_compromise")
        assert code == 0 and "is revoked: key compromise" in said
        sub_cas = [tmp_path / "pki" / f"{role}.pem" for role in ("oem_sub2", "oem_sub1")]
        code, said = await pool("publish", leaf, *sub_cas)
        assert code == 1 and "PCP-PUB-3" in said and "HTTP 400 to demo-oem" in said


@pytest.mark.rule("ACC-7")
async def test_participants_come_and_go_by_the_command_line(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        code, said = await pool("clients", "add", "newmo", "MO_EXTERNAL_PKI", "--provider", "DENEW")
        assert code == 0 and "not confirmed" in said and "pnc pool clients confirm" in said
        code, said = await pool("clients", "enable", "newmo")
        assert code == 1 and "ACC-7" in said
        code, said = await pool("clients", "confirm", "newmo", "BDEW, by letter")
        assert (code, said) == (0, "newmo                MO_EXTERNAL_PKI   DENEW\n")
        code, said = await pool("clients", "disable", "newmo")
        assert code == 0 and said.endswith("shut out\n")
        assert (await pool("clients", "add", "newoem", "OEM", "--wmi", "NEW"))[0] == 0
        assert (await pool("clients", "disable", "newoem"))[1].endswith("NEW  shut out\n")
        assert "newmo" in (await pool("clients", "list"))[1]
        assert (await pool("clients", "remove", "newmo"))[0] == 0
        assert "newmo" not in (await pool("clients", "list"))[1]


async def test_nobody_there_is_no_answer_to_whether_a_vehicle_is_published(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        assert (await pool("lookup", PCID))[0] == 1
    code, said = await pool("lookup", PCID)
    assert code == 3 and "cannot be reached" in said


async def test_a_rotated_secret_is_used_from_the_environment(
    tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        answer = json.loads((await pool("clients", "rotate", "demo-cpo", "--json"))[1])
        code, said = await pool("roots")
        assert code == 1 and "HTTP 401" in said and "ready.json; another file is named with --credentials" in said
        monkeypatch.setenv("PNC_CLIENT_SECRET", answer["secret"])
        assert (await pool("roots"))[0] == 0
        assert (await pool("roots", "--url", house.services["rcp"]))[0] == 0
    async with served(options(tmp_path), Clock(), Trace()) as house:
        # The folder no longer knows that secret, and does not show the old one.
        assert next(client for client in house.clients if client.id == "demo-cpo").secret == ""
        assert (await token(house, "demo-oem"))[0] == 200


async def test_a_demo_client_that_was_removed_stays_away(tmp_path: Path, pool: Pool) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        await pool("clients", "remove", "demo-cps")
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        assert "demo-cps" not in {client.id for client in house.clients}
        assert "demo-cps" not in (await pool("clients", "list"))[1]
        ready(house, tmp_path)
        assert "demo-cps" not in (await pool("clients", "list"))[1]


async def test_a_backup_brings_everything_back_into_an_empty_ecosystem(tmp_path: Path, pool: Pool) -> None:
    saved, second = tmp_path / "saved.backup", tmp_path / "second"
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        eco = house.ecosystem
        await eco.vehicles.publish(eco.pki.credentials("oem_leaf").chain_der)
        made = [await eco.mo.subscribe("Ada", PCID) for _ in range(9)]
        await eco.ca.revoke("secc_leaf")
        await pool("clients", "add", "acme", "CPO")
        code, said = await pool("backup", saved)
        assert code == 0 and saved.stat().st_mode & 0o777 == 0o600
        assert "token_keys" not in saved.read_text() and "own_keys" not in saved.read_text()
    second.mkdir()
    async with served(options(second, pki=tmp_path / "pki"), Clock(), Trace()) as house:
        ready(house, second)
        code, said = await pool("restore", saved, folder=second)
        assert code == 0, said
        entries = await house.ecosystem.pool.contracts(PCID)
        assert [one.emaid for one in entries] == [one.emaid for one in made]
        assert (await house.ecosystem.store.of(SUBSCRIPTIONS).page()).values == tuple(made)
        pki = house.ecosystem.pki
        state = await house.ecosystem.ocsp.of(pki.certificate("secc_leaf"), pki.certificate("cpo_sub2"))
        assert state.status == "revoked"
        assert "acme" in (await pool("clients", "list", folder=second))[1]
        assert (await pool("restore", saved, folder=second))[0] == 0  # a second time changes nothing
        assert await house.ecosystem.pool.contracts(PCID) == entries


async def test_a_backup_that_was_cut_off_or_is_none_changes_nothing(tmp_path: Path, pool: Pool) -> None:
    saved, cut = tmp_path / "saved.backup", tmp_path / "cut.backup"
    async with served(options(tmp_path), Clock(), Trace()) as house:
        ready(house, tmp_path)
        await pool("backup", saved)
        lines = saved.read_text().splitlines(keepends=True)
        for text in ("".join(lines[:-1]), "".join(lines[1:]), "".join([*lines[:2], *lines[3:]]), "[1]\n", ""):
            cut.write_text(text)
            code, said = await pool("restore", cut)
            assert code == 3 and "no whole backup" in said
        old = json.dumps({"pncsim backup": 1, "schema": 0}) + "\n"
        cut.write_text("".join([old, *lines[1:]]))
        code, said = await pool("restore", cut)
        assert code == 1 and "schema 0" in said
        assert (await pool("backup", tmp_path / "nowhere" / "saved.backup"))[0] == 3


@pytest.mark.parametrize(
    ("words", "text", "code", "said"),
    [
        (["roots"], None, 3, "cannot be read"),
        (["roots"], "{}", 3, "neither a ready file nor a clients.json"),
        (["roots", "--as", "nobody"], '[{"id": "demo-cpo", "secret": "s"}]', 3, "only of demo-cpo"),
        (["roots", "--url", "http://127.0.0.1:9"], '[{"id": "demo-cpo", "secret": "s"}]', 3, "cannot be reached"),
        (
            ["publish", "nothing.pem", "--url", "http://127.0.0.1:9"],
            '[{"id": "demo-oem", "secret": "s"}]',
            3,
            "nothing.pem",
        ),
        (["roots", "--url", "nowhere"], '[{"id": "demo-cpo", "secret": "s"}]', 3, "no http:// or https:// address"),
        (
            ["lookup", PCID],
            '{"services": {"token": "http://x"}, "clients": [{"id": "demo-mo", "secret": "s"}]}',
            3,
            "pcp",
        ),
        (["publish", __file__], '[{"id": "demo-oem", "secret": "s"}]', 3, "holds no certificate"),
        (["roots", "--ca", "no.pem"], '[{"id": "demo-cpo", "secret": "s"}]', 3, "no.pem"),
    ],
)
async def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, pool: Pool, words: list[str], text: str | None, code: int, said: str
) -> None:
    if text is not None:
        (tmp_path / "ready.json").write_text(text)
    answer = await pool(*words)
    assert answer[0] == code and said in answer[1] and "Traceback" not in answer[1]
