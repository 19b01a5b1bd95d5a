"""The contract pool over HTTP: the client against the face, and the face against raw requests of foreign clients."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from backend_world import PCID, SCHEMA, World, leaf_of
from vehicle_requests import SESSION, installation_request, received, tampered, update_request

from pncsim.backend.bundle import ContractData
from pncsim.backend.ccp.client import ContractPoolClient
from pncsim.backend.ccp.http import ccp_app
from pncsim.backend.cps import xml_form
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import EVERYTHING, Grant, Grants, fixed
from pncsim.wire.errors import PeerError, PeerSilent
from pncsim.wire.listener import LIMITS, HttpListener
from pncsim.wire.trace import HttpExchange
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.registry import codec

PATH = "/v1/ccp/signedContractData"
TOKENS = {
    "cpo": Grant(frozenset({"CPO"})),
    "cps": Grant(frozenset({"CPS"})),
    "mo": Grant(frozenset({"MO_EXTERNAL_PKI"}), providers=frozenset({"depnc"})),
    "other-mo": Grant(frozenset({"MO_HUBJECT_PKI"}), providers=frozenset({"FRXYZ"})),
    "oem": Grant(frozenset({"OEM"}), wmis=frozenset({"pnc"})),
    "other-oem": Grant(frozenset({"OEM"}), wmis=frozenset({"WMI"})),
}


@asynccontextmanager
async def served(world: World, tokens: Grants | None = None) -> AsyncIterator[str]:
    server = HttpListener()
    await server.start(ccp_app(world.eco.pool, world.voice("CCP"), tokens=tokens))
    try:
        yield server.url
    finally:
        await server.stop()


@asynccontextmanager
async def client_of(world: World, url: str, *, deadline: float = 4.0) -> AsyncIterator[ContractPoolClient]:
    client = ContractPoolClient(world.clock, world.voice("CSMS"), url, deadline=deadline)
    try:
        yield client
    finally:
        await client.close()


async def call(
    url: str, method: str, path: str, token: str | None = None, body: object = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """A raw request; the answer is always a JSON object."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, data=data, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def signed(world: World, emaid: str = "DEPNCC12345678") -> Any:
    contract = leaf_of(world, "contract_leaf", emaid)
    wrapped = wrap(contract.key, world.vehicle.key.public_key())
    return await world.eco.signing.sign(ContractData(emaid=emaid, chain=contract.chain_der, wrapped=wrapped))


def request_of(world: World) -> bytes:
    return installation_request(world.vehicle, world.pki.anchors("v2g_root"))


def body_of(exi: bytes, schema: str = SCHEMA) -> dict[str, str]:
    return {"certificateInstallationReq": base64.b64encode(exi).decode(), "xsdMsgDefNamespace": schema}


async def test_the_client_says_what_the_service_says(world: World) -> None:
    await world.published()
    async with served(world) as url, client_of(world, url) as client:
        await client.add(PCID, await signed(world))
        assert await client.lookup("DEPNCC12345678") == await world.eco.pool.lookup("DEPNCC12345678")
        assert await client.contracts(PCID) == await world.eco.pool.contracts(PCID)
        await client.add(PCID, await signed(world, "DEPNCC87654321"))
        await client.set_default(PCID, "DEPNCC87654321")
        assert [(one.emaid, one.default) for one in await client.contracts(PCID)] == [
            ("DEPNCC12345678", False),
            ("DEPNCC87654321", True),
        ]
        remote = await client.provide(request_of(world))
        assert remote == await world.eco.pool.provide(request_of(world))
        assert received(remote).code == "OK"
        direct = await client.provide_to_oem("DEPNCC12345678", PCID, SESSION)
        assert direct.exi == (await world.eco.pool.provide_to_oem("DEPNCC12345678", PCID, SESSION)).exi
        await client.delete("DEPNCC12345678")
        with pytest.raises(Refused) as caught:
            await client.lookup("DEPNCC12345678")
        assert (caught.value.http_status, caught.value.message) == (404, "The contract for the given EMAID not found.")


@pytest.mark.rule("CCP-GET-1")
async def test_a_negative_answer_travels_as_exi(world: World) -> None:
    await world.published()
    async with served(world) as url, client_of(world, url) as client:
        answer = await client.provide(request_of(world))
        assert (answer.status, answer.response_code) == ("Accepted", "FAILED_NoCertificateAvailable")
        assert received(answer).code == "FAILED_NoCertificateAvailable"
        status, body = await call(url, "POST", PATH, body=body_of(request_of(world)))
        assert status == 404
        (item,) = body["CCPResponse"]["emaidContent"]
        assert set(item["messageDef"]) == {"certificateInstallationRes"}
        status, body = await call(url, "POST", PATH, body=body_of(request_of(world)), alwaysReturnEXI="false")
        assert (status, body["errorMessages"][0]) == (404, "Contract or Vehicle not found.")


async def test_an_update_request_is_answered_on_the_same_path(world: World) -> None:
    old = world.pki.credentials("contract_leaf")
    contract = await world.eco.mo.register("Bob", old.leaf)
    async with served(world) as url, client_of(world, url) as client:
        answer = await client.provide(update_request(old, contract.emaid, world.pki.anchors("v2g_root")))
        assert received(answer).contract(old.key)


async def test_the_answer_has_the_published_shape(world: World) -> None:
    contract = await world.subscribed()
    async with served(world) as url:
        status, body = await call(url, "POST", PATH, body=body_of(request_of(world)), **{"Content-Type": "text/plain"})
        assert status == 200
        (item,) = body["CCPResponse"]["emaidContent"]
        assert item["messageDef"]["emaid"] == contract.emaid
        assert len(item["messageDef"]["cpsV2GRootCertificateFingerprint"]) == 64
        exi = base64.b64decode(item["messageDef"]["certificateInstallationRes"], validate=True)
        assert codec("iso2").decode(exi).Header.SessionID == SESSION
        status, body = await call(url, "GET", f"/v1/ccp/lookupContract/{contract.emaid}")
        (entry,) = body["XMLContracts"]
        assert entry["pcid"] == PCID
        assert entry["xsdMsgDefNamespace"] == SCHEMA
        assert entry["defaultContract"] is True
        assert entry["certValidFrom"].endswith("Z")
        status, body = await call(url, "GET", f"/v1/ccp/provideSignedContractData/{contract.emaid}/{PCID}?sessionID=")
        exi = base64.b64decode(body["certificateInstallationRes"])
        assert codec("iso2").decode(exi).Header.SessionID == b"\x00"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"[" * 50_000, "not a JSON object"),
        ({}, "certificateInstallationReq : must not be null"),
        ({"certificateInstallationReq": 1, "xsdMsgDefNamespace": SCHEMA}, "must not be null"),
        ({"certificateInstallationReq": "@@", "xsdMsgDefNamespace": SCHEMA}, "EXI format is invalid!"),
        ({"certificateInstallationReq": "AAAA", "xsdMsgDefNamespace": SCHEMA}, "EXI format is invalid!"),
        ({"certificateInstallationReq": "gJgA", "xsdMsgDefNamespace": "urn:other"}, "not served here"),
    ],
    ids=["empty", "list", "deep", "members", "number", "no base64", "no EXI", "schema"],
)
async def test_bad_bodies_get_the_error_body(world: World, body: object, message: str) -> None:
    async with served(world) as url:
        status, answer = await call(url, "POST", PATH, body=body)
    assert status == 400
    assert message in answer["errorMessages"][0]
    assert len(answer["traceId"]) == 36
    assert len(set(answer["errorMessages"])) == len(answer["errorMessages"])


async def test_too_large_bodies_unknown_paths_and_methods_get_the_error_body(world: World) -> None:
    async with served(world) as url:
        status, answer = await call(url, "POST", PATH, body=b"x" * (LIMITS.body + 1))
        assert (status, len(answer["errorMessages"])) == (413, 1)
        status, answer = await call(url, "GET", "/v1/ccp/nothing")
        assert (status, len(answer["errorMessages"])) == (404, 1)
        status, answer = await call(url, "PATCH", PATH, body=b"")
        assert (status, len(answer["errorMessages"])) == (405, 1)


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", PATH, {"cpo"}),
        ("PUT", PATH, {"cps", "mo", "other-mo"}),
        ("DELETE", PATH + "/DEPNCC00000011", {"mo"}),
        ("GET", PATH + f"/{PCID}", {"oem"}),
        ("POST", PATH + f"/{PCID}/DEPNCC00000011/default", {"oem"}),
        ("GET", "/v1/ccp/lookupContract/DEPNCC00000011", {"cpo", "mo", "oem", "other-oem"}),
        ("GET", f"/v1/ccp/provideSignedContractData/DEPNCC00000011/{PCID}", {"oem"}),
    ],
)
async def test_rights(world: World, method: str, path: str, allowed: set[str]) -> None:
    async with served(world, fixed(TOKENS)) as url:
        for token in (None, "wrong", "", "cpo "):
            headers = {} if token is None else {"Authorization": f"Basic {token}"}
            assert (await call(url, method, path, body=b"", **headers))[0] == 401
        assert (await call(url, method, path, token="wrong", body=b""))[0] == 401
        through = {token for token in TOKENS if (await call(url, method, path, token=token, body=b""))[0] != 403}
    assert through == allowed


@pytest.mark.rule("CCP-ISO-1", "ACC-4", "ACC-5")
async def test_owners_only_see_and_change_their_own(world: World) -> None:
    contract = await world.subscribed()
    async with served(world, fixed(TOKENS)) as url:
        lookup = f"/v1/ccp/lookupContract/{contract.emaid}"
        seen = {token: (await call(url, "GET", lookup, token=token))[0] for token in TOKENS}
        assert seen == {"cpo": 200, "cps": 403, "mo": 200, "other-mo": 403, "oem": 200, "other-oem": 404}
        bundle = await signed(world)
        body = {
            "xsdMsgDefNamespace": SCHEMA,
            "emaid": "DEPNCC12345678",
            "pcid": PCID,
            "signedContractDataXML": base64.b64encode(xml_form.to_xml(bundle).encode()).decode(),
            "metadata": "members nobody asked for are ignored",
        }
        assert (await call(url, "PUT", PATH, token="other-mo", body=body))[0] == 403
        assert (await call(url, "PUT", PATH, token="mo", body=body))[0] == 201
        assert (await call(url, "PUT", PATH, token="cps", body=body))[0] == 201
        deletion = f"{PATH}/DEPNCC12345678"
        assert (await call(url, "DELETE", deletion, token="other-mo"))[0] == 403
        assert (await call(url, "DELETE", deletion, token="mo"))[0] == 200
        assert (await call(url, "DELETE", deletion, token="mo"))[0] == 404


@pytest.mark.rule("CCP-DEL-1")
async def test_a_deletion_is_checked_for_right_form_and_existence_in_this_order(world: World) -> None:
    await world.published()
    async with served(world, fixed(TOKENS)) as url:
        for emaid, expected, first in (
            ("FRXYZC1234", 403, None),
            ("DEPNCC1234", 400, 'emaid : must match "^[A-Za-z]{2}[-]?\\w{3}[-]?\\w{9}[-]?(\\w{1})?$"'),
            ("DEPNCC99999999", 404, "The contract for the given EMAID not found."),
        ):
            status, answer = await call(url, "DELETE", f"{PATH}/{emaid}", token="mo")
            assert status == expected, emaid
            assert first is None or answer["errorMessages"][0] == first


@pytest.mark.rule("CCP-PUB-2")
async def test_a_tampered_bundle_is_refused_and_not_stored(world: World) -> None:
    await world.published()
    body = {
        "xsdMsgDefNamespace": SCHEMA,
        "emaid": "DEPNCC12345678",
        "pcid": PCID,
        "signedContractDataXML": base64.b64encode(
            xml_form.to_xml(tampered(await signed(world), "key")).encode()
        ).decode(),
    }
    async with served(world) as url:
        status, answer = await call(url, "PUT", PATH, body=body)
        assert (status, answer["errorCode"]) == (400, "CCP-PUB-2")
        status, answer = await call(url, "PUT", PATH, body={**body, "emaid": "DEPNCC00000011"})
        assert (status, answer["errorCode"]) == (400, "CPS-5")
        status, answer = await call(url, "PUT", PATH, body={**body, "signedContractDataXML": "/w=="})
        assert status == 400
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("CCP-GET-5")
@pytest.mark.parametrize("digits", ["zz", "0", "00" * 9])
async def test_session_ids_are_up_to_eight_octets_in_hex(world: World, digits: str) -> None:
    contract = await world.subscribed()
    async with served(world) as url:
        path = f"/v1/ccp/provideSignedContractData/{contract.emaid}/{PCID}?sessionID={digits}"
        status, answer = await call(url, "GET", path)
    assert status == 400
    assert answer["errorMessages"][0].startswith("Invalid SessionID format")


async def test_a_fault_of_ours_is_a_500_without_details(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(exi: bytes, schema: str) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(world.eco.pool, "provide", broken)
    async with served(world) as url:
        status, answer = await call(url, "POST", PATH, body=body_of(b"\x80"))
    assert (status, answer["errorMessages"]) == (500, ["Internal error."])
    assert "secret" not in repr(world.events)


async def test_every_exchange_is_reported_by_both_sides(world: World) -> None:
    await world.subscribed()
    async with served(world) as url, client_of(world, url) as client:
        await client.provide(request_of(world))
    exchanges = [event for event in world.events if isinstance(event, HttpExchange)]
    assert [(one.role, one.method, one.status) for one in exchanges] == [("CCP", "POST", 200), ("CSMS", "POST", 200)]


@asynccontextmanager
async def answering(answer: web.StreamResponse | None) -> AsyncIterator[str]:
    """A pool that answers one thing, or never."""
    released = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        if answer is None:
            await released.wait()
            return web.Response()
        return answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = HttpListener()
    await server.start(app)
    try:
        yield server.url
    finally:
        released.set()
        await server.stop()


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (200, "{}", "HTTP 200"),
        (200, "not json", "HTTP 200"),
        (200, '{"CCPResponse": {"emaidContent": [{"messageDef": {"certificateInstallationRes": "AAAA"}}]}}', "decoded"),
        (401, '{"errorMessages": ["who are you?"]}', "who are you"),
        (503, "", "HTTP 503"),
        (200, "x" * 300_000, "HTTP 200"),
    ],
    ids=["empty", "text", "no EXI", "401", "503", "flood"],
)
async def test_the_client_turns_wrong_answers_into_sentences(world: World, status: int, text: str, says: str) -> None:
    async with answering(web.Response(status=status, text=text)) as url, client_of(world, url) as client:
        with pytest.raises(PeerError, match=says):
            await client.provide(b"\x80")


async def test_a_response_with_a_contract_is_passed_on_unread(world: World) -> None:
    """Reading it is for the vehicle, and costs as much as making it."""
    definition = {"certificateInstallationRes": "AAAA", "emaid": "DEPNCC12345678"}
    answer = web.json_response({"CCPResponse": {"emaidContent": [{"messageDef": definition}]}})
    async with answering(answer) as url, client_of(world, url) as client:
        provided = await client.provide(b"\x80")
    assert (provided.exi, provided.status, provided.emaid) == (bytes(3), "Accepted", "DEPNCC12345678")


async def test_the_client_gives_up_on_a_silent_or_absent_pool(world: World) -> None:
    async with answering(None) as url, client_of(world, url, deadline=0.05) as client:
        with pytest.raises(PeerSilent, match=r"did not answer within 0\.05 s"):
            await client.provide(b"\x80")
    server = HttpListener()
    await server.stop()
    async with client_of(world, server.url) as client:
        with pytest.raises(PeerError, match="cannot be reached"):
            await client.provide(b"\x80")


async def test_a_404_without_exi_is_an_answer_without_exi(world: World) -> None:
    refusal = web.json_response({"errorMessages": ["Contract or Vehicle not found."]}, status=404)
    async with answering(refusal) as url, client_of(world, url) as client:
        answer = await client.provide(b"\x80")
    assert (answer.exi, answer.status, answer.text) == (None, "Failed", "Contract or Vehicle not found.")


def test_without_tokens_everything_is_allowed_and_says_so() -> None:
    assert EVERYTHING.owns_contract("FRXYZ123456789")
    assert EVERYTHING.owns_vehicle(PCID)
