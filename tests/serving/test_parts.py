"""Pools beside a PKI in another process: they find it by its ready file, and behave with it as one ecosystem."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from serving_world import call, token, token_for

from pncsim.backend.auth import CLIENTS
from pncsim.simulator.commands.main import main
from pncsim.simulator.serving.parts import PKI, POOLS
from pncsim.simulator.serving.standing import PkiOptions, PoolsOptions, Served, served
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace

PCID = "PNCSIMVEHICLE00001"
NAMESPACE = "urn:iso:15118:2:2013:MsgDef"


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[tuple[Served, Served]]:
    """The PKI and the pools, each with its own database."""
    clock, ready = Clock(), folder / "pki.json"
    async with served(PkiOptions(data=folder / "pki", port=0), clock, Trace(), PKI) as pki:
        ready.write_text(json.dumps(pki.ready()))
        asked = PoolsOptions(data=folder / "pools", port=0, pki_services=str(ready))
        async with served(asked, clock, Trace(), POOLS) as pools:
            yield pki, pools


async def publish(pki: Served, pools: Served, held: str) -> tuple[int, Any]:
    leaf, sub2, sub1 = (b64(der) for der in pki.ecosystem.pki.credentials("oem_leaf").chain_der)
    body = {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}
    return await call("PUT", pools.services["pcp"] + "/v1/oem/provCerts", held, body)


async def held_by(pki: Served, client: str) -> str:
    return str((await token(pki, client))[1]["access_token"])


async def test_each_part_serves_its_own_and_the_pools_name_all(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        assert set(pki.services) == set(PKI.names) and set(pools.services) == set(POOLS.names)
        ready = pools.ready()
        assert ready["services"]["token"] == pki.services["token"] and ready["services"]["est"] == pki.services["est"]
        assert {client["id"] for client in ready["clients"]} == {client.id for client in pki.clients}
        assert "pki" not in ready and pools.clients == ()


async def test_a_contract_is_made_by_both_and_ends_at_both(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        oem, operator = await held_by(pki, "demo-oem"), await held_by(pki, "demo-mo-v2g")
        roots = (await call("GET", pools.services["rcp"] + "/v1/root/rootCerts", oem))[1]
        assert len(roots["RootCertificateCollection"]["rootCertificates"]) == 3
        status, said = await publish(pki, pools, oem)
        assert status == 200, said
        wanted = {
            "emaid": "DEV2GC000000011",
            "pcid": PCID,
            "contractBegins": "2026-01-01T00:00:00Z",
            "contractEnds": "2099-01-01T00:00:00Z",
            "xsdMsgDefNamespace": NAMESPACE,
        }
        status, said = await call(
            "PUT", pools.services["cps"] + "/v1/cps/generate/signedContractData", operator, wanted
        )
        assert status == 201, said
        (contract,) = await pools.ecosystem.pool.contracts(PCID)
        issuer = next(
            one
            for role in ("mo_sub2", "v2g_mo_sub2")
            for one in pki.ecosystem.pki.certificates.get(role, ())
            if reading.issued_by(contract.certificate, one)
        )
        assert (await pki.ecosystem.ocsp.of(contract.certificate, issuer)).status == "good"
        url = pools.services["ccp"] + "/v1/ccp/signedContractData/DEV2GC000000011"
        assert (await call("DELETE", url, operator))[0] == 200
        assert (await pki.ecosystem.ocsp.of(contract.certificate, issuer)).status == "revoked"
        assert await pools.ecosystem.pool.contracts(PCID) == []


@pytest.mark.rule("PCP-PUB-3")
async def test_pools_ask_the_responder_of_the_pki(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        await pki.ecosystem.ca.revoke("oem_leaf")
        status, said = await publish(pki, pools, await held_by(pki, "demo-oem"))
        assert (status, said["errorCode"]) == (400, "PCP-PUB-3")


@pytest.mark.rule("ACC-1", "ACC-2")
async def test_who_is_shut_out_at_the_pki_is_refused_by_the_pools_at_once(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        cpo, admin = await held_by(pki, "demo-cpo"), await held_by(pki, "demo-admin")
        url = pools.services["rcp"] + "/v1/root/rootCerts"
        assert (await call("GET", url, cpo))[0] == 200
        assert (await call("GET", pools.services["pcp"] + f"/v1/oem/provCerts/{PCID}", cpo))[0] == 403
        assert (await call("GET", url, "not.a.token"))[0] == 401
        assert (await call("POST", pki.services["admin"] + "/admin/clients/demo-cpo/disable", admin))[0] == 200
        assert (await call("GET", url, cpo))[0] == 401


@pytest.mark.rule("ACC-3", "ACC-7")
async def test_who_is_taken_in_at_the_pki_publishes_at_the_pools(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        admin = await held_by(pki, "demo-admin")
        asked = {"id": "acme", "role": "OEM", "wmi": ["XYZ"]}
        made = (await call("POST", pki.services["admin"] + "/admin/clients", admin, asked))[1]
        held = (await token_for(pki, "acme", made["secret"]))[1]["access_token"]
        status, said = await publish(pki, pools, held)
        assert (status, said["errorCode"]) == (403, "PCP-PUB-1")
        assert (await call("POST", pools.services["admin"] + "/admin/clients", admin, asked))[0] == 404
        # Events concern who takes part there: known here without secrets.
        mirrored = (await pools.ecosystem.store.of(CLIENTS).page()).values
        assert {client.id for client in mirrored} == {client.id for client in pki.clients}
        assert not any(client.has("") or client.digest for client in mirrored)


async def test_who_asks_the_pools_for_participants_is_told_where_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with both(tmp_path) as (pki, pools):
        for name, part in (("pki", pki), ("pools", pools)):
            (tmp_path / f"{name}.json").write_text(json.dumps(part.ready()))

        async def typed(*words: str) -> tuple[object, str]:
            with pytest.raises(SystemExit) as left:
                await asyncio.to_thread(main, ["pool", "clients", *words])
            return left.value.code, capsys.readouterr().err

        for action in (("list",), ("disable", "demo-cpo")):
            code, said = await typed(*action, "--credentials", str(tmp_path / "pools.json"))
            assert code == 1 and f"No participants are kept at {pools.services['admin']}" in said
            assert "pnc serve pki" in said and "404" not in said
        code, said = await typed("disable", "nobody", "--credentials", str(tmp_path / "pki.json"))
        assert code == 1 and "There is no client nobody" in said
        assert (await typed("list", "--credentials", str(tmp_path / "pki.json")))[0] == 0


async def test_a_second_start_keeps_the_signer_and_what_was_published(tmp_path: Path) -> None:
    async with both(tmp_path) as (pki, pools):
        assert (await publish(pki, pools, await held_by(pki, "demo-oem")))[0] == 200
        signer = pools.ecosystem.pki.certificate("cps_leaf")
    async with both(tmp_path) as (pki, pools):
        assert pools.ecosystem.pki.certificate("cps_leaf") == signer
        assert await pools.ecosystem.vehicles.find(PCID) is not None


async def test_pools_without_a_pki_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="Pools need a PKI") as refused:
        async with served(PoolsOptions(data=tmp_path / "pools", port=0), Clock(), Trace(), POOLS):
            pass
    assert "--pki-services" in refused.value.advice
    async with both(tmp_path):
        pass
    asked = PoolsOptions(data=tmp_path / "pools", port=0, pki_services=str(tmp_path / "pki.json"))
    with pytest.raises(LocalError, match="cannot be reached") as refused:
        async with served(asked, Clock(), Trace(), POOLS):
            pass
    assert "pnc serve pki" in refused.value.advice
    other = json.loads((tmp_path / "pki.json").read_text())
    del other["services"]["est"]
    (tmp_path / "pki.json").write_text(json.dumps(other))
    with pytest.raises(LocalError, match="names no est"):
        async with served(asked, Clock(), Trace(), POOLS):
            pass


async def test_a_pki_that_has_gone_is_a_sentence_of_the_pools(tmp_path: Path) -> None:
    clock, ready = Clock(), tmp_path / "pki.json"
    async with served(PkiOptions(data=tmp_path / "pki", port=0), clock, Trace(), PKI) as pki:
        ready.write_text(json.dumps(pki.ready()))
        held = await held_by(pki, "demo-cpo")
        opened = served(PoolsOptions(data=tmp_path / "pools", port=0, pki_services=str(ready)), clock, Trace(), POOLS)
        pools = await opened.__aenter__()
    try:
        status, said = await call("GET", pools.services["rcp"] + "/v1/root/rootCerts", held)
        assert status == 502 and "token service" in said["errorMessages"][0]
    finally:
        await opened.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 201),
        ({"role": "v2g_root"}, 400),
        ({"commonName": "n" * 65}, 400),
        ({"publicKey": b64(b"no key")}, 400),
        ({"notAfter": "tomorrow"}, 400),
        ({"issuer": "nobody"}, 404),
    ],
)
async def test_the_pki_issues_for_other_parts_what_they_may_have(
    tmp_path: Path, change: dict[str, Any], status: int
) -> None:
    async with served(PkiOptions(data=tmp_path, port=0), Clock(), Trace(), PKI) as pki:
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        key = b64(pki.ecosystem.pki.certificate("oem_leaf").public_key().public_bytes(*form))
        body = {"role": "oem_leaf", "commonName": "PNCSIMVEHICLE00009", "publicKey": key, **change}
        url = pki.services["admin"] + "/admin/pki/issue"
        answer = await call("POST", url, await held_by(pki, "demo-admin"), body)
        assert answer[0] == status, answer[1]
        assert (await call("POST", url, await held_by(pki, "demo-oem"), body))[0] == 403
