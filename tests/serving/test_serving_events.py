"""Events of services that stand alone: sent while they run, again when their time says so, and after they ended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from event_receivers import Receiver, receiver
from serving_world import options, token

from pncsim.backend.rcp import RootKind
from pncsim.backend.webhooks import DELIVERIES
from pncsim.simulator.serving.standing import Served, served
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace
from pncsim.wire.web import aiohttp


async def subscribe(house: Served, url: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {(await token(house, 'demo-cpo'))[1]['access_token']}"}
    place = house.services["webhooks"] + "/v1/webhook/endpoints"
    body = {"url": url, "enabledEvents": ["root.cert.added"]}
    async with aiohttp.ClientSession() as session, session.post(place, json=body, headers=headers) as response:
        return response.status, await response.json()


async def add_root(house: Served, clock: Clock) -> None:
    root = create_pki(clock.now()).certificate("v2g_root")
    await house.ecosystem.roots.add(reading.der(root), RootKind.V2G)


async def came(one: Receiver, count: int) -> None:
    while len(one.got) < count:
        one.came.clear()
        await asyncio.wait_for(one.came.wait(), 10)


@pytest.mark.rule("EVT-3")
async def test_an_event_is_sent_at_once_and_again_when_the_services_time_says_so(tmp_path: Path) -> None:
    clock = Clock()
    async with receiver(500, 200) as one, served(options(tmp_path, webhook_retry=600.0), clock, Trace()) as house:
        assert (await subscribe(house, one.url))[0] == 201
        await add_root(house, clock)
        await came(one, 1)
        # The answer is known there before it is kept here: time goes on until it is.
        table = house.ecosystem.store.of(DELIVERIES)
        while len(one.got) < 2:
            clock.jump(600)
            one.came.clear()
            waiting = asyncio.ensure_future(one.came.wait())
            await asyncio.wait([waiting], timeout=0.2)
            waiting.cancel()
        assert one.got[0].body == one.got[1].body
        assert len((await table.page()).values) == 1


async def test_what_could_not_be_sent_before_the_services_ended_is_sent_after_their_next_start(tmp_path: Path) -> None:
    clock = Clock()
    async with receiver(503, 200) as one:
        async with served(options(tmp_path), clock, Trace()) as house:
            assert (await subscribe(house, one.url))[0] == 201
            await add_root(house, clock)
            await came(one, 1)
        clock.jump(3_600)
        async with served(options(tmp_path), clock, Trace()) as house:
            await came(one, 2)
        assert one.got[0].body == one.got[1].body
