"""An operator gets a PCID from the manufacturer if the owner agrees; authlib is the operator's client."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata  # type: ignore[import-untyped]
from backend_world import World
from fleet_world import FLEET, PCID, VIN, FleetWorld, open_fleet
from test_delivery import PASSWORD, my, owned

OAUTH = "/v1/manufacturer/oauth"
BACK = "http://127.0.0.1:9/came/back?from=manufacturer"


@pytest_asyncio.fixture
async def fleet(world: World) -> AsyncIterator[FleetWorld]:
    async with open_fleet(world) as fleet:
        await owned(fleet)
        assert (await fleet.faces.call("mo", "PUT", f"{OAUTH}/client", {"redirectUris": [BACK]})).status == 200
        yield fleet


class Operator:
    """The operator's side of the flow, by authlib; its calls block and go to a thread."""

    def __init__(self, fleet: FleetWorld, secret: str, method: str = "client_secret_basic", client: str = "mo") -> None:
        self.fleet, self.verifier = fleet, generate_token(64)
        self.session = OAuth2Session(
            client,
            secret,
            scope="pcid",
            redirect_uri=BACK,
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
        )

    def asks(self) -> str:
        """Where the owner is sent."""
        url, _ = self.session.create_authorization_url(
            f"{self.fleet.faces.url}{OAUTH}/authorize", code_verifier=self.verifier
        )
        return str(url)

    async def token(self, came_back: str, verifier: str | None = None) -> Any:
        return await asyncio.to_thread(
            self.session.fetch_token,
            f"{self.fleet.faces.url}{OAUTH}/token",
            authorization_response=came_back,
            code_verifier=verifier or self.verifier,
        )

    async def vehicle(self) -> Any:
        answer = await asyncio.to_thread(self.session.get, f"{self.fleet.faces.url}{OAUTH}/vehicle")
        return answer.status_code, answer.json()


async def operator(fleet: FleetWorld, *, method: str = "client_secret_basic", client: str = "mo") -> Operator:
    secret = (await fleet.faces.clients.rotate(client)).secret
    return Operator(fleet, secret, method, client)


async def page(fleet: FleetWorld, url: str) -> tuple[int, str, dict[str, str], dict[str, str]]:
    """The page at ``url``: its status, text, hidden fields and headers."""
    async with fleet.faces.session.get(url, allow_redirects=False) as answer:
        text = await answer.text()
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
        hidden = {html.unescape(name): html.unescape(value) for name, value in found}
        return answer.status, text, hidden, dict(answer.headers)


async def decided(fleet: FleetWorld, url: str, **form: str) -> tuple[int, str, str]:
    """What the owner answers, by the form of the page: status, where the browser goes, text."""
    status, _, hidden, _ = await page(fleet, url)
    assert status == 200
    answered = {"owner": "ada", "password": PASSWORD, "decision": "grant"} | form
    target = url.partition("?")[0]
    async with fleet.faces.session.post(target, data=hidden | answered, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", ""), await answer.text()


@pytest.mark.rule("OEM-1", "MO-2")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_with_the_owners_consent_the_operator_gets_the_pcid_and_makes_a_contract(
    fleet: FleetWorld, method: str
) -> None:
    """CharIN 2.4.2.1."""
    mo = await operator(fleet, method=method)
    status, location, _ = await decided(fleet, mo.asks())
    assert (status, location.startswith(BACK + "&code=")) == (303, True)
    token = await mo.token(location)
    assert (token["token_type"], token["scope"], token["expires_in"]) == ("Bearer", "pcid", 3600)
    assert await mo.vehicle() == (200, {"pcid": PCID, "vin": VIN})
    assert (await fleet.world.eco.mo.subscribe("Ada", PCID)).pcid == PCID
    (given,) = (await my(fleet, "GET", "/consents"))[1]["consents"]
    assert (given["client"], given["vin"], given["state"]) == ("mo", VIN, "granted")


async def test_an_owner_who_refuses_sends_the_operator_away_with_nothing(fleet: FleetWorld) -> None:
    mo = await operator(fleet)
    url = mo.asks()
    status, location, _ = await decided(fleet, url, decision="refuse")
    assert status == 303
    back = parse_qs(urlsplit(location).query)
    assert (back["error"], "code" in back) == (["access_denied"], False)
    assert back["state"] == parse_qs(urlsplit(url).query)["state"]
    assert [one["state"] for one in (await my(fleet, "GET", "/consents"))[1]["consents"]] == ["refused"]


@pytest.mark.parametrize("how", ["withdrawn", "revoked", "sold", "shut out", "ended"])
async def test_a_consent_that_ends_ends_the_token(fleet: FleetWorld, how: str) -> None:
    mo = await operator(fleet)
    _, location, _ = await decided(fleet, mo.asks())
    await mo.token(location)
    assert (await mo.vehicle())[0] == 200
    match how:
        case "withdrawn":
            (given,) = (await my(fleet, "GET", "/consents"))[1]["consents"]
            assert (await my(fleet, "DELETE", f"/consents/{given['id']}"))[1]["state"] == "withdrawn"
        case "revoked":
            url = f"{fleet.faces.url}{OAUTH}/revoke"
            assert (await asyncio.to_thread(mo.session.revoke_token, url)).status_code == 200
        case "sold":
            await fleet.faces.call("oem", "DELETE", f"{FLEET}/{VIN}/owner")
        case "shut out":
            await fleet.faces.clients.enable("mo", False)
        case _:
            fleet.world.clock.jump(3_601)
            mo.session.token["expires_at"] += 10_000
    status, body = await mo.vehicle()
    assert (status, body["error"]) == (401, "invalid_token")


async def test_a_code_is_good_once_for_its_client_and_verifier_and_for_a_minute(fleet: FleetWorld) -> None:
    mo = await operator(fleet)
    _, location, _ = await decided(fleet, mo.asks())
    for other, verifier in ((mo, generate_token(64)), (await operator(fleet, client="mo-v2g"), mo.verifier)):
        with pytest.raises(OAuthError) as refused:
            await other.token(location, verifier)
        assert refused.value.error == "invalid_grant"
    await mo.token(location)
    with pytest.raises(OAuthError) as refused:
        await mo.token(location)
    assert refused.value.error == "invalid_grant"
    assert (await mo.vehicle())[0] == 401  # who came second may not be the thief

    _, location, _ = await decided(fleet, mo.asks())
    fleet.world.clock.jump(61)
    with pytest.raises(OAuthError) as refused:
        await mo.token(location)
    assert refused.value.error == "invalid_grant"


async def test_who_is_no_registered_client_is_sent_nowhere_and_a_flawed_request_back(fleet: FleetWorld) -> None:
    mo = await operator(fleet)
    url = mo.asks()
    for change in (
        ("client_id=mo", "client_id=cpo"),
        ("%2Fcame%2F", "%2Fgone%2F"),
        ("&state=", "&client_id=mo&state="),
    ):
        assert change[0] in url
        status, _, hidden, headers = await page(fleet, url.replace(*change))
        assert (status, hidden, "Location" in headers) == (400, {}, False)
    for change, error in (
        (("response_type=code", "response_type=token"), "unsupported_response_type"),
        (("scope=pcid", "scope=everything"), "invalid_scope"),
        (("code_challenge_method=S256", "code_challenge_method=plain"), "invalid_request"),
        (("code_challenge=", "challenge="), "invalid_request"),
    ):
        assert change[0] in url
        status, _, _, headers = await page(fleet, url.replace(*change))
        back = parse_qs(urlsplit(headers["Location"]).query)
        assert (status, back["error"], back["from"]) == (303, [error], ["manufacturer"])
        assert back["state"] == parse_qs(urlsplit(url).query)["state"]


async def test_the_token_endpoint_says_no_in_the_words_of_the_standard(fleet: FleetWorld) -> None:
    mo = await operator(fleet)
    _, location, _ = await decided(fleet, mo.asks())
    code = parse_qs(urlsplit(location).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": mo.verifier}
    good = {"client_id": "mo", "client_secret": mo.session.client_secret}
    cpo = {"client_id": "cpo", "client_secret": (await fleet.faces.clients.rotate("cpo")).secret}
    for given, status, error in (
        (form, 401, "invalid_client"),
        (form | good | {"client_secret": "wrong"}, 401, "invalid_client"),
        (form | cpo, 401, "invalid_client"),
        (form | good | {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (form | good | {"code_verifier": ""}, 400, "invalid_request"),
        (form | good | {"redirect_uri": "https://operator.example/"}, 400, "invalid_grant"),
        (form | good | {"code": "guessed"}, 400, "invalid_grant"),
    ):
        async with fleet.faces.session.post(f"{fleet.faces.url}{OAUTH}/token", data=given) as answer:
            assert (answer.status, (await answer.json())["error"]) == (status, error)
            assert answer.headers["Cache-Control"] == "no-store"
    async with fleet.faces.session.post(f"{fleet.faces.url}{OAUTH}/token", data=form | good) as answer:
        assert answer.status == 200


async def test_the_owner_says_which_vehicle_where_there_are_several(fleet: FleetWorld) -> None:
    await owned(fleet, "PNC00000000000002", "PNCFLEET0000000002")
    mo = await operator(fleet)
    url = mo.asks()
    status, location, text = await decided(fleet, url)
    assert (status, location) == (400, "")
    assert re.findall(r'<option value="([^"]*)">', text) == [VIN, "PNC00000000000002"]
    assert (await decided(fleet, url, vehicle="PNC00000000000003"))[0] == 400
    _, location, _ = await decided(fleet, url, vehicle="PNC00000000000002")
    await mo.token(location)
    assert (await mo.vehicle())[1]["pcid"] == "PNCFLEET0000000002"


async def test_a_wrong_password_grants_nothing_and_the_page_can_neither_be_framed_nor_written_into(
    fleet: FleetWorld,
) -> None:
    mo = await operator(fleet)
    url = mo.asks()
    status, location, text = await decided(fleet, url, password="wrong", owner='"><script>alert(1)</script>')
    assert (status, location) == (403, "")
    assert "<script" not in text and "wrong" not in re.sub(r"<[^>]*>", "", text)
    hostile = re.sub(r"state=[^&]*", "state=%22%3E%3Cscript%3E", url)
    _, text, hidden, headers = await page(fleet, hostile)
    assert "<script" not in text and hidden["state"] == '"><script>'
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "uris",
    [
        [],
        "https://operator.example/",
        ["http://operator.example/"],
        ["https://operator.example/#part"],
        ["javascript:alert(1)"],
        ["https://"],
        ["https://operator.example/\r\nSet-Cookie: a=b"],
        ["https://[operator.example/"],
        ["https://operator.example/"] * 9,
    ],
)
async def test_a_redirect_uri_is_https_or_on_this_machine(fleet: FleetWorld, uris: object) -> None:
    assert (await fleet.faces.call("mo", "PUT", f"{OAUTH}/client", {"redirectUris": uris})).status == 400


@pytest.mark.rule("ACC-2")
@pytest.mark.parametrize("who", [None, "oem", "cpo", "cps", "admin"])
async def test_only_operators_register_redirect_uris(fleet: FleetWorld, who: str | None) -> None:
    answer = await fleet.faces.call(who, "PUT", f"{OAUTH}/client", {"redirectUris": [BACK]})
    assert answer.status == (401 if who is None else 403)


async def test_the_metadata_is_what_the_standard_asks_for(fleet: FleetWorld) -> None:
    answer = await fleet.faces.call(None, "GET", "/.well-known/oauth-authorization-server/v1/manufacturer")
    metadata = AuthorizationServerMetadata(answer.body)
    for check in ("validate_response_types_supported", "validate_token_endpoint_auth_methods_supported"):
        getattr(metadata, check)()
    assert metadata["authorization_endpoint"] == f"{fleet.faces.url}{OAUTH}/authorize"
    assert metadata["issuer"] == f"{fleet.faces.url}/v1/manufacturer"
    assert metadata["code_challenge_methods_supported"] == ["S256"]


async def test_what_is_settled_is_forgotten_after_a_season_and_what_is_open_is_not(fleet: FleetWorld) -> None:
    mo = await operator(fleet)
    _, location, _ = await decided(fleet, mo.asks())
    await mo.token(location)
    await fleet.faces.call("oem", "POST", f"{FLEET}/{VIN}/renewal")
    await fleet.world.eco.mo.subscribe("Ada", PCID)
    await fleet.faces.call("oem", "DELETE", f"{FLEET}/{VIN}/owner")  # what was offered to Ada is void
    for days, errands, consents in ((89, 2, 1), (2, 1, 0)):
        fleet.world.clock.jump(days * 86_400)
        await fleet.world.eco.fleet.forget()
        left = await fleet.world.eco.fleet.deliveries.of_vehicle(VIN)
        assert (len(left), len((await my(fleet, "GET", "/consents"))[1]["consents"])) == (errands, consents)
    assert [(one.deed, one.state) for one in left] == [("renew", "ready")]
