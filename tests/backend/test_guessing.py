"""Nobody finds out by trying which EMAIDs there are: too many misses, and what is told of somebody else's."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import PCID, SCHEMA, World
from face_world import Answer, Faces, open_faces
from test_ccp_http import signed

from pncsim.backend.ccp.store import CONTRACTS
from pncsim.backend.cps import xml_form
from pncsim.backend.rest.guessing import MISSES, WINDOW

CCP = "/v1/ccp"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


def nth(number: int) -> str:
    return f"DEPNCC9{number:07}"


@pytest.mark.rule("PCP-ENUM-1")
@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("mo", "GET", "/lookupContract/{}"),
        ("cpo", "GET", "/lookupContract/{}"),
        ("oem", "GET", "/lookupContract/{}"),
        ("mo", "DELETE", "/signedContractData/{}"),
        ("oem", "GET", f"/provideSignedContractData/{{}}/{PCID}"),
        ("oem", "POST", f"/signedContractData/{PCID}/{{}}/default"),
    ],
)
async def test_who_guesses_emaids_at_the_pool_is_not_answered_until_the_labs_clock_has_gone_on(
    world: World, faces: Faces, who: str, method: str, path: str
) -> None:
    contract = await world.subscribed()
    asked = [nth(number) for number in range(MISSES)]
    for emaid in (asked[0], asked[0].lower(), f"{asked[0][:2]}-{asked[0][2:5]}-{asked[0][5:]}", *asked):
        assert (await faces.call(who, method, CCP + path.format(emaid))).status == 404
    answer = await faces.call(who, method, CCP + path.format(contract.emaid))
    assert (answer.status, answer.body["errorCode"]) == (429, "PCP-ENUM-1")
    assert await world.eco.pool.lookup(contract.emaid)
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).status == 200
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= WINDOW
    world.clock.jump(wait)
    assert (await faces.call(who, method, CCP + path.format(contract.emaid))).status == 200


@pytest.mark.rule("PCP-ENUM-1")
async def test_who_guesses_pcids_by_storing_contracts_is_not_answered_any_more(world: World, faces: Faces) -> None:
    await world.published()
    octets = xml_form.to_xml(await signed(world)).encode()
    body = {
        "xsdMsgDefNamespace": SCHEMA,
        "emaid": "DEPNCC12345678",
        "signedContractDataXML": base64.b64encode(octets).decode(),
    }

    async def stored(pcid: str) -> Answer:
        return await faces.call("mo", "PUT", f"{CCP}/signedContractData", {**body, "pcid": pcid})

    for number in range(MISSES):
        assert (await stored(f"PNCSIMVEHICLE8{number:04}")).status == 404
    assert (await stored(PCID)).status == 429
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("PCP-ENUM-1", "ACC-5")
@pytest.mark.parametrize("path", ["/lookupContract/{}", "/provideSignedContractData/{}/WMISIMVEHICLE00001"])
async def test_a_manufacturer_is_told_the_same_of_an_emaid_that_is_another_ones_and_of_none(
    world: World, faces: Faces, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, and the same steps: no value is read in either case, so neither takes longer."""
    contract = await world.subscribed()
    read: list[str] = []
    table = world.eco.store.of(CONTRACTS)
    get, page = type(table).get, type(table).page

    async def watched_get(self: Any, key: str) -> Any:
        value = await get(self, key)
        read.append(f"get {value is not None}")
        return value

    async def watched_page(self: Any, *given: Any, **named: Any) -> Any:
        found = await page(self, *given, **named)
        read.append(f"page {len(found.values)}")
        return found

    monkeypatch.setattr(type(table), "get", watched_get)
    monkeypatch.setattr(type(table), "page", watched_page)
    said = []
    for emaid in (contract.emaid, nth(1)):
        read.clear()
        answer = await faces.call("other-oem", "GET", CCP + path.format(emaid))
        body = {name: value for name, value in answer.body.items() if name != "traceId"}
        said.append((answer.status, str(body).replace(emaid, "..."), [one for one in read if one != "get True"]))
    assert said[0] == said[1]
    assert said[0][0] == 404
    assert "The contract for the given EMAID not found." in said[0][1]
    assert {"get False", "page 0"} & set(said[0][2])


@pytest.mark.rule("PCP-ENUM-1", "ACC-4")
async def test_an_operator_is_told_the_same_of_any_emaid_of_another_provider(world: World, faces: Faces) -> None:
    contract = await world.subscribed()
    for method, path in (("GET", "/lookupContract/{}"), ("DELETE", "/signedContractData/{}")):
        answers = [await faces.call("mo-v2g", method, CCP + path.format(emaid)) for emaid in (contract.emaid, nth(1))]
        first, second = (str(answer.body["errorMessages"]) for answer in answers)
        assert [answer.status for answer in answers] == [403, 403]
        assert first.replace(contract.emaid, "...") == second.replace(nth(1), "...")
