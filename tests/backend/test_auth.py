"""Clients, their secrets and their tokens (ACC-1, ACC-3, ACC-4, ACC-7, ACC-8)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from backend_world import NOW, World
from cryptography.hazmat.primitives import serialization
from foreign import Openssl

from pncsim.backend.auth import CLIENTS, TOKEN_KEYS, BearerTokens, Clients
from pncsim.backend.auth.http import PATH
from pncsim.backend.auth.http import routes as token_routes
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import ROLES, Grant
from pncsim.backend.rest.routes import Route, application
from pncsim.backend.store import MemoryStore, every
from pncsim.wire.listener import HttpListener
from pncsim.wire.web import aiohttp, web

AUDIENCE = "https://pnc.example"


class Door:
    """A token endpoint and one operation for mobility operators behind it."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, MemoryStore()
        self.clients = Clients(world.clock, world.voice("LAB"), self.store)
        self.tokens = BearerTokens(world.clock, self.store, self.clients, AUDIENCE)
        self.url = ""

    def app(self) -> web.Application:
        async def whoami(request: web.Request, grant: Grant) -> web.StreamResponse:
            return web.json_response({"roles": sorted(grant.roles), "wmis": sorted(grant.wmis or ())})

        rows = (
            *token_routes(self.clients, self.tokens),
            Route("GET", "/me", "me", frozenset({"OEM"}), whoami, scope="pcpservice"),
        )
        return application(rows, self.world.voice("LAB"), tokens=self.tokens.grant)

    async def ask(self, body: object, media: str = "application/json") -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.url + PATH,
                data=body if isinstance(body, (bytes, str)) else json.dumps(body),
                headers={"Content-Type": media},
            ) as response,
        ):
            assert response.headers["Cache-Control"] == "no-store"
            return response.status, await response.json()

    async def me(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as session, session.get(self.url + "/me", headers=headers) as response:
            return response.status


@pytest_asyncio.fixture
async def door(world: World) -> AsyncIterator[Door]:
    door, listener = Door(world), HttpListener()
    await listener.start(door.app())
    door.url = listener.url
    yield door
    await listener.stop()


def request(secret: str, **changes: object) -> dict[str, object]:
    return {"client_id": "oem", "client_secret": secret, "grant_type": "client_credentials", **changes}


@pytest.mark.parametrize(
    "extra",
    [{}, {"audience": AUDIENCE}, {"audience": f"{AUDIENCE}/"}, {"scope": "members nobody asked for"}],
)
async def test_a_client_gets_a_token_for_its_secret_with_or_without_audience(
    door: Door, extra: dict[str, object]
) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    status, answer = await door.ask(request(made.secret, **extra))
    assert status == 200
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 86400)
    assert answer["scope"].split()[:2] == ["rcpservice", "pcpservice"]
    assert await door.me(answer["access_token"]) == 200


@pytest.mark.rule("ACC-2")
@pytest.mark.parametrize(
    ("asked", "granted", "let_in"),
    [
        ("pcpservice", "pcpservice", True),
        ("webhooks pcpservice admin", "pcpservice webhooks", True),
        ("rcpservice", "rcpservice", False),
        ("nobody knows these", "rcpservice pcpservice ccpservice cpservice pkigateway webhooks", True),
        (7, "rcpservice pcpservice ccpservice cpservice pkigateway webhooks", True),
    ],
)
async def test_a_client_may_ask_for_fewer_services_and_gets_into_no_other(
    door: Door, asked: object, granted: str, let_in: bool
) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    answer = (await door.ask(request(made.secret, scope=asked)))[1]
    assert answer["scope"] == granted
    assert await door.me(answer["access_token"]) == (200 if let_in else 403)


async def test_a_form_is_read_as_json_is(door: Door) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    form = f"grant_type=client_credentials&client_id=oem&client_secret={made.secret}&audience={AUDIENCE}"
    assert (await door.ask(form, "application/x-www-form-urlencoded"))[0] == 200


@pytest.mark.rule("ACC-8")
async def test_the_token_holds_the_published_claims_and_is_signed_with_rs256(
    door: Door, openssl: Openssl, tmp_path: Path
) -> None:
    door.world.clock.hold()  # making an RSA key takes a while
    made = await door.clients.add("oem", "OEM", wmis=["wmi", "ABC"], name="Maker Ltd")
    token = (await door.ask(request(made.secret)))[1]["access_token"]
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    [key] = [key async for key in every(door.store.of(TOKEN_KEYS))]
    assert json.loads(header) == {"alg": "RS256", "kid": key.id, "typ": "JWT"}
    issued_at = json.loads(claims)["iat"]
    assert int(NOW) <= issued_at <= door.world.clock.now()
    assert json.loads(claims) == {
        "iss": f"{AUDIENCE}/",
        "sub": "oem@clients",
        "aud": AUDIENCE,
        "iat": issued_at,
        "exp": issued_at + 86400,
        "azp": "oem",
        "gty": "client-credentials",
        "scope": "rcpservice pcpservice ccpservice cpservice pkigateway webhooks",
        "permissions": ["rcpservice", "pcpservice", "ccpservice", "cpservice", "pkigateway", "webhooks"],
        f"{AUDIENCE}/role": ["OEM"],
        f"{AUDIENCE}/pcid": ["WMI", "ABC"],
        f"{AUDIENCE}/emaid": [],
        f"{AUDIENCE}/client_name": "Maker Ltd",
    }
    private = serialization.load_der_private_key(key.private, None)
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "key.pem").write_bytes(private.public_key().public_bytes(*form))
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "signed").write_text(token.rpartition(".")[0])
    files = "-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature", tmp_path / "signed"
    assert openssl("dgst", "-sha256", *files).stdout == "Verified OK\n"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"client_id": "oem", "client_secret": "x"}, 400, "invalid_request"),
        (request("x", client_secret=None), 400, "invalid_request"),
        (request("x", grant_type="password"), 400, "unsupported_grant_type"),
        (request("x", audience="https://elsewhere.example"), 400, "invalid_request"),
        (request("x", audience=7), 400, "invalid_request"),
        (request("x"), 401, "invalid_client"),
        (request("x", client_id="nobody"), 401, "invalid_client"),
        (request("\ud800", client_id="ö" * 2000), 401, "invalid_client"),
        ([], 400, "invalid_request"),
        ("[" * 5000, 400, "invalid_request"),
        (b"\xff\xfe", 400, "invalid_request"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_as_oauth_says_it(
    door: Door, body: object, status: int, error: str
) -> None:
    await door.clients.add("oem", "OEM", wmis=["WMI"])
    got, answer = await door.ask(body)
    assert (got, answer["error"], bool(answer["error_description"])) == (status, error, True)


@pytest.mark.rule("ACC-8", "ACC-1")
async def test_a_token_ends_with_its_day_on_the_labs_clock(door: Door) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    token = (await door.ask(request(made.secret)))[1]["access_token"]
    door.world.clock.jump(86_300)
    assert await door.me(token) == 200
    door.world.clock.jump(100)
    assert await door.me(token) == 401


async def test_a_client_that_is_shut_out_is_refused_at_once_with_a_token_it_still_holds(door: Door) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    token = (await door.ask(request(made.secret)))[1]["access_token"]
    assert await door.me(token) == 200
    await door.clients.enable("oem", False)
    assert await door.me(token) == 401
    assert (await door.ask(request(made.secret)))[0] == 401
    await door.clients.enable("oem", True)
    assert await door.me(token) == 200
    await door.clients.remove("oem")
    assert await door.me(token) == 401


async def test_a_new_secret_ends_the_old_one(door: Door) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    new = await door.clients.rotate("oem")
    assert (await door.ask(request(made.secret)))[0] == 401
    assert (await door.ask(request(new.secret)))[0] == 200


@pytest.mark.rule("ACC-1")
async def test_a_token_of_another_house_or_for_another_one_is_none_here(door: Door) -> None:
    clients = Clients(door.world.clock, door.world.voice("LAB"), MemoryStore())
    await clients.add("oem", "OEM", wmis=["WMI"])
    await door.clients.add("oem", "OEM", wmis=["WMI"])
    stranger = BearerTokens(door.world.clock, MemoryStore(), clients, AUDIENCE)
    elsewhere = BearerTokens(door.world.clock, door.store, door.clients, "https://elsewhere.example")
    for tokens in (stranger, elsewhere):
        token = (await tokens.issue(await clients.get("oem")))["access_token"]
        assert await tokens.grant(token) is not None
        assert await door.tokens.grant(token) is None
    for token in ("", "a.b.c", "x" * 9000, "é"):
        assert await door.tokens.grant(token) is None


async def test_processes_on_one_store_know_each_others_tokens(door: Door) -> None:
    await door.clients.add("oem", "OEM", wmis=["WMI"])
    other = BearerTokens(door.world.clock, door.store, door.clients, AUDIENCE)
    token = (await other.issue(await door.clients.get("oem")))["access_token"]
    grant = await door.tokens.grant(token)
    assert grant is not None
    assert grant.owns_vehicle("WMIV1234567890ABC")
    assert not grant.owns_vehicle("ABCV1234567890ABC")
    assert not grant.owns_contract("DEPNCC00000001")


async def test_of_a_secret_nothing_is_kept_or_shown(door: Door) -> None:
    made = await door.clients.add("oem", "OEM", wmis=["WMI"])
    kept = await door.store.of(CLIENTS).get("oem")
    assert made.secret not in repr(made) + repr(kept) + repr(door.world.events)
    assert made.secret.encode() not in kept.digest  # type: ignore[union-attr]
    assert "private" not in repr([key async for key in every(door.store.of(TOKEN_KEYS))])


@pytest.mark.parametrize(
    ("id", "role", "ids", "said"),
    [
        ("", "CPO", {}, "is no client id"),
        ("a b", "CPO", {}, "is no client id"),
        ("a", "MO", {}, "is no role"),
        ("a", "OEM", {}, "needs at least one WMI"),
        ("a", "MO_EXTERNAL_PKI", {"wmis": ["WMI"]}, "needs at least one provider id"),
        ("a", "CPO", {"providers": ["DEPNC"]}, "does not own DEPNC"),
        ("a", "OEM", {"wmis": ["W-I"]}, "is no WMI"),
        ("a", "MO_HUBJECT_PKI", {"providers": ["D3PNC"]}, "is no provider id"),
        ("taken", "CPO", {}, "There is a client taken already"),
    ],
)
async def test_a_client_that_cannot_be_is_refused(door: Door, id: str, role: Any, ids: Any, said: str) -> None:
    await door.clients.add("taken", "CPO")
    with pytest.raises(Refused, match=said):
        await door.clients.add(id, role, **ids)
    assert [client.id for client in await door.clients.list()] == ["taken"]


async def test_every_role_has_its_scopes(door: Door) -> None:
    for role in ROLES:
        wmis = ["WMI"] if role == "OEM" else []
        providers = ["DEPNC"] if role.startswith("MO") else []
        made = await door.clients.add(role, role, wmis=wmis, providers=providers)
        assert (await door.tokens.issue(made.client))["scope"]
