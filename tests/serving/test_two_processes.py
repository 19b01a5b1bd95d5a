"""Two processes on one PostgreSQL are one service: what one has acknowledged, the other answers at once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from serving_world import call, options, token, token_for

from pncsim.simulator.serving.standing import Served, served
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

PCID = "PNCSIMVEHICLE00001"


@asynccontextmanager
async def two(folder: Path, url: str) -> AsyncIterator[tuple[Served, Served]]:
    """Each with a store, an ecosystem and a port of its own; the folder of the PKI and the secrets is one."""
    given = options(folder, database=url)
    async with served(given, Clock(), Trace()) as one, served(given, Clock(), Trace()) as other:
        yield one, other


def vehicle(house: Served) -> dict[str, str]:
    chain = house.ecosystem.pki.credentials("oem_leaf").chain_der
    names = ("vehicleCertificate", "subCA2Certificate", "subCA1Certificate")
    return {name: base64.b64encode(der).decode() for name, der in zip(names, chain, strict=True)}


async def held_by(house: Served, client: str) -> str:
    return str((await token(house, client))[1]["access_token"])


async def ask(house: Served, service: str, method: str, path: str, held: str, body: object = None) -> tuple[int, Any]:
    return await call(method, house.services[service] + path, held, body)


async def test_what_one_has_acknowledged_the_other_answers(tmp_path: Path, postgresql_url: str) -> None:
    async with two(tmp_path, postgresql_url) as (one, other):
        assert one.ready()["clients"] == other.ready()["clients"]
        oem, operator = await held_by(one, "demo-oem"), await held_by(other, "demo-mo")
        lookup = f"/v1/oem/provCerts/lookupVehicle/{PCID}"
        assert (await ask(other, "pcp", "GET", lookup, operator))[0] == 404
        assert (await ask(one, "pcp", "PUT", "/v1/oem/provCerts", oem, vehicle(one)))[0] == 200
        assert (await ask(other, "pcp", "GET", lookup, operator))[0] == 200
        assert (await ask(other, "pcp", "DELETE", f"/v1/oem/provCerts/{PCID}", oem))[0] == 200
        assert (await ask(one, "pcp", "GET", lookup, operator))[0] == 404


@pytest.mark.rule("ACC-1", "ACC-7")
async def test_who_is_taken_in_by_one_and_let_go_by_the_other_is_so_at_both(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with two(tmp_path, postgresql_url) as (one, other):
        admin, roots = await held_by(one, "demo-admin"), "/v1/root/rootCerts"
        status, made = await ask(one, "admin", "POST", "/admin/clients", admin, {"id": "acme", "role": "CPO"})
        assert status == 201
        held = (await token_for(other, "acme", made["secret"]))[1]["access_token"]
        assert (await ask(one, "rcp", "GET", roots, held))[0] == 200
        assert (await ask(other, "admin", "DELETE", "/admin/clients/acme", admin))[0] == 200
        assert (await ask(one, "rcp", "GET", roots, held))[0] == 401
        assert (await token_for(one, "acme", made["secret"]))[0] == 401


@pytest.mark.rule("PKI-5")
async def test_what_one_has_revoked_both_responders_say_is_revoked(tmp_path: Path, postgresql_url: str) -> None:
    async with two(tmp_path, postgresql_url) as (one, other):
        admin = await held_by(one, "demo-admin")
        pki = one.ecosystem.pki
        body = {"certificate": vehicle(one)["vehicleCertificate"], "reason": "key_compromise"}
        assert (await ask(one, "admin", "POST", "/admin/certificates/revoke", admin, body))[0] == 200
        for house in (one, other):
            state = await house.ecosystem.ocsp.of(pki.certificate("oem_leaf"), pki.certificate("oem_sub2"))
            assert state.status == "revoked"


async def test_writers_of_one_key_at_both_get_one_result(tmp_path: Path, postgresql_url: str) -> None:
    async with two(tmp_path, postgresql_url) as houses:
        admin = await held_by(houses[0], "demo-admin")
        asked = {"id": "acme", "role": "CPO"}
        answers = await asyncio.gather(
            *(ask(house, "admin", "POST", "/admin/clients", admin, asked) for house in houses * 5)
        )
        assert sorted(status for status, _ in answers) == [201] + [409] * 9
        (secret,) = [made["secret"] for status, made in answers if status == 201]
        for house in houses:
            assert (await token_for(house, "acme", secret))[0] == 200
        oem = await held_by(houses[0], "demo-oem")
        published = await asyncio.gather(
            *(ask(house, "pcp", "PUT", "/v1/oem/provCerts", oem, vehicle(house)) for house in houses * 5)
        )
        assert {status for status, _ in published} == {200}
        assert await houses[1].ecosystem.vehicles.find(PCID) == await houses[0].ecosystem.vehicles.find(PCID)


@pytest.mark.rule("MO-4")
async def test_both_told_to_do_what_is_done_each_day_renew_a_contract_once(tmp_path: Path, postgresql_url: str) -> None:
    async with two(tmp_path, postgresql_url) as houses:
        oem, operator, admin = [await held_by(houses[0], f"demo-{who}") for who in ("oem", "mo", "admin")]
        assert (await ask(houses[0], "pcp", "PUT", "/v1/oem/provCerts", oem, vehicle(houses[0])))[0] == 200
        soon = {"certificateEnds": f"{Clock().utc() + timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"}
        wish = {"customer": "Ada", "pcid": PCID, "automaticRenewal": True, **soon}
        status, made = await ask(houses[0], "mo", "POST", "/v1/mo/contracts", operator, wish)
        assert status == 201
        answers = await asyncio.gather(*(ask(house, "admin", "POST", "/admin/duties", admin) for house in houses * 2))
        assert {status for status, _ in answers} == {200}
        kept = await houses[1].ecosystem.mo.subscription(made["emaid"])
        assert len(kept.earlier) == 1
        _, told = await ask(houses[1], "mo", "GET", "/v1/mo/customers/Ada/notices", operator)
        assert [notice["subject"] for notice in told["notices"]] == ["concluded", "renewed"]
