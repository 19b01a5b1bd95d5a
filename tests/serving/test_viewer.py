"""The page over what the services hold, in a browser: an administrator sees lists, another client what it may read."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from browser import PROGRAM, Browser, browsing
from serving_world import call, token

from pncsim.backend.rest.guessing import MISSES
from pncsim.backend.rest.viewer import POLICY
from pncsim.simulator.serving.parts import PKI, POOLS
from pncsim.simulator.serving.standing import PkiOptions, PoolsOptions, Served, ServeOptions, served
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace
from pncsim.wire.web import aiohttp

PCID = "PNCSIMVEHICLE00001"
NEEDED = pytest.mark.skipif(PROGRAM is None, reason="needs chromium")


async def log_in(browser: Browser, house: Served, client: str) -> None:
    secret = next(one.secret for one in house.clients if one.id == client)
    await browser.type("[name=id_]", client)
    await browser.type("[name=secret]", secret)
    await browser.evaluate("document.querySelector('#client button').click()")
    await browser.until("document.body.dataset.shown")


async def titles(browser: Browser) -> list[str]:
    """Of the sections that are shown."""
    script = "JSON.stringify([...document.querySelectorAll('h2')].map(title => title.textContent))"
    found: list[str] = json.loads(await browser.evaluate(script))
    return found


async def rows(browser: Browser, section: str) -> list[list[str]]:
    """The cells of a section's table."""
    script = f"""JSON.stringify([...document.querySelectorAll('#{section} tbody tr')].map(
        row => [...row.cells].map(cell => cell.textContent)))"""
    found: list[list[str]] = json.loads(await browser.evaluate(script))
    return found


async def furnish(house: Served) -> str:
    """A vehicle, a contract, and an event on its way; returns the EMAID."""
    ecosystem = house.ecosystem
    await ecosystem.oem.publish(ecosystem.pki.credentials("oem_leaf"))
    token_url = house.services["token"]
    client = next(one for one in house.clients if one.id == "demo-oem")
    asked = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
    async with aiohttp.ClientSession() as session:
        async with session.post(token_url, json=asked) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        hook = {"url": "http://127.0.0.1:9/events", "enabledEvents": ["oem.contract.created"]}
        url = house.services["webhooks"] + "/v1/webhook/endpoints"
        async with session.post(url, json=hook, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
    return (await ecosystem.mo.subscribe("Ada", PCID)).emaid


@NEEDED
@pytest.mark.rule("PCP-ENUM-1")
async def test_an_administrator_sees_everything_and_a_mobility_operator_looks_up_what_it_can_name(
    tmp_path: Path,
) -> None:
    async with served(ServeOptions(data=tmp_path / "data", port=0), Clock(), Trace()) as house:
        emaid, base = await furnish(house), house.services["rcp"]
        async with browsing(tmp_path / "browser") as browser:
            await browser.open(base + "/")
            await browser.type("[name=id_]", "demo-admin")
            await browser.type("[name=secret]", "wrong")
            await browser.evaluate("document.querySelector('#client button').click()")
            assert "secret" in await browser.until("said.textContent")
            await browser.open(base + "/")
            await log_in(browser, house, "demo-admin")
            assert {row[0] for row in await rows(browser, "roots")} >= {"V2G", "MO", "OEM"}
            assert [row[0] for row in await rows(browser, "vehicles")] == [PCID]
            assert [row[:2] for row in await rows(browser, "contracts")] == [[emaid, PCID]]
            assert emaid in {row[0] for row in await rows(browser, "certificates")}
            assert [row[1] for row in await rows(browser, "event-deliveries")] == ["oem.contract.created"]
            assert (await browser.picture()).startswith(b"\x89PNG")
            await browser.open(base + "/")
            await log_in(browser, house, "demo-mo")
            assert await browser.evaluate("document.querySelector('#vehicles')") is None
            await browser.type("#vehicle input", PCID)
            await browser.evaluate("document.querySelector('#vehicle button').click()")
            await browser.until("document.querySelector('#vehicle td, #vehicle .said') !== null")
            assert len(await rows(browser, "vehicle")) == 1
            # Nothing was asked of anybody else, and nothing came in the way of the page's policy but the wrong secret.
            assert all(url.startswith(base) for url in browser.requested if url != "about:blank")
            assert [one for one in browser.complaints if "401" not in one and "favicon" not in one] == []


async def test_the_page_is_for_everybody_and_holds_nothing(tmp_path: Path) -> None:
    async with served(ServeOptions(data=tmp_path, port=0), Clock(), Trace()) as house:
        secrets = [client.secret for client in house.clients]
        async with aiohttp.ClientSession() as session, session.get(house.services["rcp"] + "/") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert answer.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY
    assert not [secret for secret in secrets if secret in text]
    assert "innerHTML" not in text


@pytest.mark.rule("PCP-ENUM-1")
async def test_each_port_has_its_document_and_the_page_is_at_the_administrators(tmp_path: Path) -> None:
    options = ServeOptions(data=tmp_path, port=0, port_per_service=True)
    async with served(options, Clock(), Trace()) as house, aiohttp.ClientSession() as session:
        rcp, pcp, page = (house.services[name] for name in ("rcp", "pcp", "admin"))
        for url, status in ((rcp + "/", 404), (page + "/", 200), (rcp + "/health", 200), (rcp + "/metrics", 200)):
            async with session.get(url) as answer:
                assert answer.status == status, url
        for base, begins in ((rcp, "/v1/root"), (page, "/admin")):
            async with session.get(base + "/openapi.json") as answer:
                assert all(path.startswith(begins) for path in (await answer.json())["paths"])
        held = str((await token(house, "demo-mo"))[1]["access_token"])
        assert (await call("GET", page + "/v1/root/rootCerts", held))[0] == 200
        assert (await call("DELETE", page + f"/v1/oem/provCerts/{PCID}", held))[0] == 405
        # What was guessed at one port was guessed at all.
        for number in range(MISSES):
            base = (pcp, page)[number % 2]
            assert (await call("GET", f"{base}/v1/oem/provCerts/PNCNOBODY{number:09}", held))[0] == 404
        assert [(await call("GET", f"{base}/v1/oem/provCerts/{PCID}", held))[0] for base in (pcp, page)] == [429, 429]


@NEEDED
async def test_pools_and_a_pki_apart_each_show_what_is_theirs(tmp_path: Path) -> None:
    clock, ready = Clock(), tmp_path / "pki.json"
    async with served(PkiOptions(data=tmp_path / "pki", port=0), clock, Trace(), PKI) as pki:
        ready.write_text(json.dumps(pki.ready()))
        asked = PoolsOptions(data=tmp_path / "pools", port=0, pki_services=str(ready), port_per_service=True)
        async with served(asked, clock, Trace(), POOLS) as pools, browsing(tmp_path / "browser") as browser:
            await browser.open(pools.services["admin"] + "/")
            await browser.type("[name=id_]", "demo-admin")
            await browser.type("[name=secret]", "wrong")
            await browser.evaluate("document.querySelector('#client button').click()")
            assert "secret" in await browser.until("said.textContent")
            await browser.open(pools.services["admin"] + "/")
            await log_in(browser, pki, "demo-admin")
            assert await titles(browser) == ["Roots", "Vehicles", "Contracts", "Event deliveries"]
            assert len(await rows(browser, "roots")) == 3
            await browser.open(pools.services["admin"] + "/")
            await log_in(browser, pki, "demo-mo")
            assert await titles(browser) == ["Roots", "Vehicle", "Contract"]
            await browser.open(pki.services["admin"] + "/")
            await log_in(browser, pki, "demo-admin")
            assert await titles(browser) == ["Certificates"]
            await browser.open(pki.services["admin"] + "/")
            await log_in(browser, pki, "demo-mo")
            assert await titles(browser) == []
            assert "only an administrator" in await browser.evaluate("document.querySelector('main').textContent")


async def test_a_page_whose_clients_are_known_elsewhere_says_so_when_nobody_is_there(tmp_path: Path) -> None:
    clock, ready = Clock(), tmp_path / "pki.json"
    async with AsyncExitStack() as stack:
        async with served(PkiOptions(data=tmp_path / "pki", port=0), clock, Trace(), PKI) as pki:
            ready.write_text(json.dumps(pki.ready()))
            asked = PoolsOptions(data=tmp_path / "pools", port=0, pki_services=str(ready))
            pools = await stack.enter_async_context(served(asked, clock, Trace(), POOLS))
        async with aiohttp.ClientSession() as session, session.post(pools.services["admin"] + "/oauth/token") as answer:
            assert answer.status == 502
            assert "token service" in (await answer.json())["errorMessages"][0]
