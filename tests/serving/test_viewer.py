"""The page over what the services hold, in a browser: an administrator sees lists, another client what it may read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browser import PROGRAM, Browser, browsing

from pncsim.backend.rest.viewer import POLICY
from pncsim.simulator.serving import Served, ServeOptions, served
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


async def test_a_port_of_one_service_has_its_document_and_no_page_that_could_show_nothing(tmp_path: Path) -> None:
    options = ServeOptions(data=tmp_path, port=0, port_per_service=True)
    async with served(options, Clock(), Trace()) as house, aiohttp.ClientSession() as session:
        for name, path, status in (("rcp", "/", 404), ("rcp", "/health", 200), ("rcp", "/metrics", 200)):
            async with session.get(house.services[name] + path) as answer:
                assert answer.status == status, path
        async with session.get(house.services["rcp"] + "/openapi.json") as answer:
            assert {path.split("/")[2] for path in (await answer.json())["paths"]} == {"root"}
