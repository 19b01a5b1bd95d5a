"""Administering the services over HTTP: participants come, are confirmed, shut out and go, with their rights."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from backend_world import PCID, World, open_world, unrelated
from face_world import Answer, Faces, b64, open_faces

from pncsim.tls_certs import reading

OTHERS = ("oem", "mo", "mo-v2g", "cpo", "cps")
OPERATIONS = (
    ("GET", "/admin/clients"),
    ("POST", "/admin/clients"),
    ("GET", "/admin/clients/oem"),
    ("DELETE", "/admin/clients/oem"),
    ("POST", "/admin/clients/oem/disable"),
    ("POST", "/admin/clients/oem/enable"),
    ("POST", "/admin/clients/oem/confirm"),
    ("POST", "/admin/clients/oem/rotate"),
    ("POST", "/admin/certificates/revoke"),
    ("POST", "/admin/cleansing"),
    ("POST", "/admin/duties"),
    ("GET", "/admin/clock"),
    ("POST", "/admin/clock/advance"),
    ("POST", "/admin/reset"),
    ("POST", "/admin/pki/root"),
)


@pytest_asyncio.fixture
async def world() -> World:
    return await open_world()


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as opened:
        yield opened


async def token(faces: Faces, id: str, secret: str) -> int:
    asked = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
    async with faces.session.post(faces.url + "/oauth/token", json=asked) as answer:
        if answer.status == 200:
            faces.tokens[id] = (await answer.json())["access_token"]
        return answer.status


async def add(faces: Faces, **asked: object) -> Answer:
    return await faces.call("admin", "POST", "/admin/clients", asked)


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_administering_is_for_administrators(faces: Faces, method: str, path: str) -> None:
    assert (await faces.call(None, method, path, {})).status == 401
    for who in OTHERS:
        assert (await faces.call(who, method, path, {})).status == 403
    assert len(await faces.clients.list()) == 7


@pytest.mark.rule("ACC-3")
async def test_a_manufacturer_taken_in_publishes_what_is_its_own_without_a_restart(world: World, faces: Faces) -> None:
    made = await add(faces, id="acme", role="OEM", wmi=["PNC"], name="Acme Cars")
    assert made.status == 201 and made.headers["Cache-Control"] == "no-store"
    assert await token(faces, "acme", made.body["secret"]) == 200
    leaf, sub2, sub1 = (b64(der) for der in world.vehicle.chain_der)
    body = {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}
    assert (await faces.call("acme", "PUT", "/v1/oem/provCerts", body)).status == 200
    other = await add(faces, id="other", role="OEM", wmi=["XYZ"])
    assert await token(faces, "other", other.body["secret"]) == 200
    refused = await faces.call("other", "PUT", "/v1/oem/provCerts", body)
    assert (refused.status, refused.body["errorCode"]) == (403, "PCP-PUB-1")


@pytest.mark.rule("ACC-7")
async def test_an_operator_calls_only_after_its_provider_ids_are_confirmed(faces: Faces) -> None:
    made = await add(faces, id="newmo", role="MO_EXTERNAL_PKI", providers=["DE-NEW"])
    assert (made.status, made.body["enabled"], made.body["providers"]) == (201, False, ["DENEW"])
    assert await token(faces, "newmo", made.body["secret"]) == 401
    early = await faces.call("admin", "POST", "/admin/clients/newmo/enable")
    assert (early.status, early.body["errorCode"]) == (409, "ACC-7") and "DENEW" in early.messages[0]
    unsaid = await faces.call("admin", "POST", "/admin/clients/newmo/confirm", {"confirmation": ""})
    assert unsaid.status == 400
    confirmed = await faces.call("admin", "POST", "/admin/clients/newmo/confirm", {"confirmation": "BDEW, by letter"})
    assert (confirmed.status, confirmed.body["enabled"]) == (200, True)
    assert confirmed.body["confirmation"] == "BDEW, by letter"
    assert await token(faces, "newmo", made.body["secret"]) == 200
    assert (await faces.call("newmo", "GET", "/v1/root/rootCerts")).status == 200


@pytest.mark.rule("ACC-7")
async def test_an_operator_that_comes_with_its_confirmation_calls_at_once(faces: Faces) -> None:
    made = await add(faces, id="newmo", role="MO_HUBJECT_PKI", providers=["DENEW"], confirmation="BDEW 4711")
    assert await token(faces, "newmo", made.body["secret"]) == 200


@pytest.mark.rule("ACC-1")
@pytest.mark.parametrize("how", [("POST", "/disable"), ("DELETE", "")])
async def test_who_is_shut_out_is_refused_at_once_with_a_token_it_still_holds(
    faces: Faces, how: tuple[str, str]
) -> None:
    assert (await faces.call("cpo", "GET", "/v1/root/rootCerts")).status == 200
    assert (await faces.call("admin", how[0], "/admin/clients/cpo" + how[1])).status == 200
    assert (await faces.call("cpo", "GET", "/v1/root/rootCerts")).status == 401


async def test_who_is_let_in_again_goes_on_with_the_token_it_holds(faces: Faces) -> None:
    await faces.call("admin", "POST", "/admin/clients/cpo/disable")
    assert (await faces.call("admin", "POST", "/admin/clients/cpo/enable")).body["enabled"] is True
    assert (await faces.call("cpo", "GET", "/v1/root/rootCerts")).status == 200


async def test_a_rotated_secret_takes_the_place_of_the_old_one(faces: Faces) -> None:
    old = (await add(faces, id="acme", role="CPO")).body["secret"]
    new = (await faces.call("admin", "POST", "/admin/clients/acme/rotate")).body["secret"]
    assert new != old
    assert (await token(faces, "acme", old), await token(faces, "acme", new)) == (401, 200)


async def test_no_answer_but_the_one_that_makes_it_holds_a_secret(faces: Faces) -> None:
    secret = (await add(faces, id="acme", role="CPO")).body["secret"]
    for path in ("/admin/clients", "/admin/clients/acme"):
        shown = str((await faces.call("admin", "GET", path)).body)
        assert "acme" in shown and secret not in shown and "digest" not in shown and "salt" not in shown


async def test_an_administrator_does_not_shut_itself_out(faces: Faces) -> None:
    for method, path in (("POST", "/admin/clients/admin/disable"), ("DELETE", "/admin/clients/admin")):
        assert (await faces.call("admin", method, path)).status == 409
    assert (await faces.call("admin", "GET", "/admin/clients")).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"role": "CPO"}, 400, "OPCP error body"),
        ({"id": "a b", "role": "CPO"}, 400, "ACC-1"),
        ({"id": "cpo", "role": "CPO"}, 409, "ACC-1"),
        ({"id": "x", "role": "KING"}, 400, "ACC-2"),
        ({"id": "x", "role": "OEM"}, 400, "ACC-3, ACC-4"),
        ({"id": "x", "role": "OEM", "wmi": ["LONG"]}, 400, "ACC-3"),
        ({"id": "x", "role": "OEM", "wmi": "PNC"}, 400, "ACC-3, ACC-4"),
        ({"id": "x", "role": "OEM", "wmi": ["PNC"] * 65}, 400, "ACC-3, ACC-4"),
        ({"id": "x", "role": "CPO", "wmi": ["PNC"]}, 400, "ACC-3, ACC-4"),
        ({"id": "x", "role": "MO_EXTERNAL_PKI", "providers": ["D1ABC"]}, 400, "ACC-4"),
        ({"id": "x", "role": "CPO", "name": 7}, 400, "OPCP error body"),
        ({"id": "x", "role": "CPO", "name": "n" * 201}, 400, "ACC-7"),
    ],
)
async def test_a_client_that_is_none_is_refused_with_the_rule(
    faces: Faces, asked: dict[str, object], status: int, code: str
) -> None:
    refused = await add(faces, **asked)
    assert (refused.status, refused.body["errorCode"]) == (status, code)
    assert len(await faces.clients.list()) == 7


@pytest.mark.parametrize("name", ["nobody", "n" * 300])
async def test_a_client_that_is_not_there_is_404(faces: Faces, name: str) -> None:
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/disable"), ("POST", "/rotate")):
        assert (await faces.call("admin", method, f"/admin/clients/{name}{rest}")).status == 404


async def test_an_administrator_revokes_what_an_authority_here_has_issued(world: World, faces: Faces) -> None:
    await world.published()
    body = {"certificate": b64(reading.der(world.vehicle.leaf)), "reason": "key_compromise"}
    assert (await faces.call("admin", "POST", "/admin/certificates/revoke", body)).status == 200
    refused = await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")
    assert (refused.status, refused.body["errorCode"]) == (400, "PCP-PUB-3")


@pytest.mark.parametrize(("reason", "status"), [("for fun", 400), (["superseded"], 400), ("superseded", 404)])
async def test_what_is_not_ours_or_no_reason_is_not_revoked(
    world: World, faces: Faces, reason: object, status: int
) -> None:
    body = {"certificate": b64(reading.der(unrelated("oem_leaf").leaf)), "reason": reason}
    answer = await faces.call("admin", "POST", "/admin/certificates/revoke", body)
    assert answer.status == status


@pytest.mark.rule("PCP-CLEAN-1", "CCP-CLEAN-1")
async def test_a_cleansing_that_is_asked_for_reports_what_went(world: World, faces: Faces) -> None:
    await world.subscribed()
    await world.eco.ca.revoke("oem_leaf")
    gone = await faces.call("admin", "POST", "/admin/cleansing")
    assert gone.body == {"roots": 0, "vehicles": 1, "contracts": 0}
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/lookupVehicle/{PCID}")).status == 404


async def test_the_clock_is_read_and_a_test_s_controls_are_off_unless_asked_for(world: World, faces: Faces) -> None:
    clock = await faces.call("admin", "GET", "/admin/clock")
    assert clock.body["seconds"] == pytest.approx(world.clock.now(), abs=60)
    for path in ("/admin/clock/advance", "/admin/reset", "/admin/pki/root"):
        refused = await faces.call("admin", "POST", path, {"seconds": 60})
        assert refused.status == 403 and "off" in refused.messages[0]
