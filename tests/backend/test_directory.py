"""Pools of two operators: what one does not have it asks the other for, by the same interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from backend_world import PCID, SCHEMA, World, open_world
from vehicle_requests import installation_request, received

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.ccp.client import ContractPoolClient
from pncsim.backend.ccp.http import ccp_app
from pncsim.tls_certs.pki import Pki
from pncsim.wire.errors import PeerError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import HttpExchange, ServiceCall, Warned


@asynccontextmanager
async def pools() -> AsyncIterator[tuple[World, World]]:
    """Two operators with pools of their own; the first has the second in its directory, over HTTP, and it the first."""
    one, other = await open_world(), await open_world()
    async with (
        served(one) as url_of_one,
        served(other) as url_of_other,
        asking(one, url_of_other) as to_other,
        asking(other, url_of_one) as to_one,
    ):
        one.eco.directory.add("other", to_other)
        other.eco.directory.add("one", to_one)
        yield one, other


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    server = HttpListener()
    await server.start(ccp_app(world.eco.pool, world.voice("CCP")))
    try:
        yield server.url
    finally:
        await server.stop()


@asynccontextmanager
async def asking(world: World, url: str) -> AsyncIterator[ContractPoolClient]:
    client = ContractPoolClient(world.clock, world.voice("CCP"), url)
    try:
        yield client
    finally:
        await client.close()


def asked_for(pki: Pki) -> bytes:
    """What the vehicle of ``pki`` sends."""
    return installation_request(pki.credentials("oem_leaf"), pki.anchors("v2g_root"))


def requests_at(world: World) -> int:
    """How many requests came to the pool over HTTP."""
    return len([e for e in world.events if isinstance(e, HttpExchange) and e.url.startswith("/v1/ccp")])


@pytest.mark.rule("POOL-2")
async def test_a_contract_that_another_pool_has_is_handed_out_and_its_pool_remembered() -> None:
    async with pools() as (one, other):
        contract = await other.subscribed()
        answer = await one.eco.pool.provide(asked_for(other.pki), SCHEMA)
        assert answer.emaid == contract.emaid
        assert received(answer).contract(other.vehicle.key).leaf == contract.certificate
        assert one.eco.directory.holder(PCID.lower()) == "other"
        calls = [e for e in one.events if isinstance(e, ServiceCall) and e.operation == "provide contract"]
        assert calls[-1].ok and "another pool" in calls[-1].text


@pytest.mark.rule("POOL-2")
async def test_what_is_here_is_asked_for_nowhere_else() -> None:
    async with pools() as (one, other):
        contract = await one.subscribed()
        assert (await one.eco.pool.provide(asked_for(one.pki), SCHEMA)).emaid == contract.emaid
        assert requests_at(other) == 0 and one.eco.directory.holder(PCID) == ""


@pytest.mark.rule("POOL-2")
async def test_two_pools_that_know_each_other_ask_each_other_once() -> None:
    """What is asked on behalf of another pool is for this one alone: the ``broadcast`` header says so, and is told."""
    async with pools() as (one, other):
        answer = await one.eco.pool.provide(asked_for(one.pki), SCHEMA)
        assert answer.response_code == "FAILED_NoCertificateAvailable"
        assert (requests_at(other), requests_at(one)) == (1, 0)
        calls = [e for e in other.events if isinstance(e, ServiceCall) and e.operation == "provide contract"]
        assert "broadcast" in calls[-1].text


@pytest.mark.rule("POOL-2")
async def test_a_caller_may_forbid_to_ask_elsewhere() -> None:
    async with pools() as (one, other), served(one) as url, asking(one, url) as csms:
        await other.subscribed()
        exi = asked_for(other.pki)
        assert (await csms.provide(exi, SCHEMA, local=True)).emaid is None
        assert requests_at(other) == 0
        assert (await csms.provide(exi, SCHEMA)).emaid is not None


@pytest.mark.rule("POOL-2")
@pytest.mark.parametrize("said", [True, False])
async def test_whether_others_may_be_asked_for_a_vehicle_is_told_by_its_pool(world: World, said: bool) -> None:
    await world.published()
    await world.eco.vehicles.get_below(PCID, local=said)
    told = [e.text for e in world.events if isinstance(e, ServiceCall) and e.service == "PCP"]
    assert ("broadcast" in told[-1]) is said


class Silent:
    """A pool that never answers."""

    async def provide(self, exi: bytes, schema: str, *, local: bool) -> PoolAnswer:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")


class Dead:
    """A pool nobody reaches."""

    async def provide(self, exi: bytes, schema: str, *, local: bool) -> PoolAnswer:
        raise PeerError("Nobody answers there.", kind="unreachable")


@pytest.mark.rule("POOL-2")
async def test_a_silent_and_a_dead_pool_keep_nobody_from_the_contract_a_third_one_has() -> None:
    async with pools() as (one, other):
        contract = await other.subscribed()
        one.eco.directory.add("silent", Silent())
        one.eco.directory.add("dead", Dead())
        answer = await one.eco.pool.provide(asked_for(other.pki), SCHEMA)
        assert answer.emaid == contract.emaid
        assert any("dead" in e.text for e in one.events if isinstance(e, Warned))


async def test_a_request_the_vehicle_has_not_signed_is_passed_on_to_nobody() -> None:
    async with pools() as (one, other):
        await other.subscribed()
        key = other.pki.key("contract_leaf")
        forged = installation_request(other.vehicle, other.pki.anchors("v2g_root"), key=key)
        assert (await one.eco.pool.provide(forged, SCHEMA)).response_code == "FAILED_SignatureError"
        assert requests_at(other) == 0
