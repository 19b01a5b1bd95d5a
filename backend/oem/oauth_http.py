"""OAuth 2.0 at the manufacturer, over HTTP (``/v1/manufacturer/oauth``): RFC 6749, 7009, 7636 and 8414."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from pncsim.backend.auth.clients import Clients
from pncsim.backend.oem.consents import SCOPE, TOKEN_LIFE, Asked, Consents, OAuthError
from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.oem.pages import consent_page, html_response, refusal_page
from pncsim.backend.oem.store import FleetVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, Grant
from pncsim.backend.rest.bodies import json_object, json_response
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

ISSUER = "/v1/manufacturer"
_OAUTH = ISSUER + "/oauth"
_METADATA = "/.well-known/oauth-authorization-server" + ISSUER
_ASKED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


def routes(fleet: Fleet, clients: Clients, base: str) -> tuple[Route, ...]:
    """The operations; ``base`` is the address clients know these services by."""
    face = _Face(fleet, clients, base)
    return (
        Route("GET", _METADATA, "getOAuthMetadata", None, face.metadata),
        Route("PUT", _OAUTH + "/client", "registerRedirectUris", OPERATORS, face.register),
        Route("GET", _OAUTH + "/authorize", "askForConsent", None, face.ask),
        Route("POST", _OAUTH + "/authorize", "decideOnConsent", None, face.decide),
        Route("POST", _OAUTH + "/token", "exchangeCode", None, face.token),
        Route("POST", _OAUTH + "/revoke", "revokeConsentToken", None, face.revoke),
        Route("GET", _OAUTH + "/vehicle", "getConsentedVehicle", None, face.vehicle),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, fleet: Fleet, clients: Clients, base: str) -> None:
        self._consents: Consents = fleet.consents
        self._owners, self._clients, self._base = fleet.owners, clients, base

    async def metadata(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        at = self._base + _OAUTH
        return json_response(
            {
                "issuer": self._base + ISSUER,
                "authorization_endpoint": at + "/authorize",
                "token_endpoint": at + "/token",
                "revocation_endpoint": at + "/revoke",
                "scopes_supported": [SCOPE],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def register(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        uris = (await json_object(request)).get("redirectUris")
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
            raise Refused("The member 'redirectUris' is no list of texts.", clause="RFC 6749 3.1.2")
        await self._consents.register(grant.holder, uris)
        return json_response({"clientId": grant.holder, "redirectUris": uris})

    async def ask(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            given = _once(request.query.items())
            asked = await self._asked(given)
        except Refused as error:
            return html_response(refusal_page(error.sentence), 400)
        if asked.flaw:
            return _sent(asked.back(error=asked.flaw))
        return await self._page(asked, given)

    async def decide(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            given = _once(_form(await request.read()))
            asked = await self._asked(given)
        except Refused as error:
            return html_response(refusal_page(error.sentence), 400)
        if asked.flaw:
            return _sent(asked.back(error=asked.flaw))
        name = given.get("owner", "")
        try:
            owner = await self._owners.authenticate(name, given.get("password", ""))
        except Refused as error:
            status = 429 if error.http_status == 429 else 403
            return await self._page(asked, given, said=error.sentence, name=name, status=status)
        if given.get("decision") == "refuse":
            return _sent(await self._consents.refuse(asked, owner.name))
        if given.get("decision") != "grant":
            return await self._page(asked, given, said="Allow it or refuse it.", name=name, status=400)
        vehicles = await self._owners.vehicles(owner.name)
        meant = [one for one in vehicles if given.get("vehicle", "") in ("", one.vin)]
        if len(meant) != 1:
            said = "Which of your vehicles is meant?" if vehicles else "You have no vehicle here."
            return await self._page(asked, given, said=said, name=name, vehicles=vehicles, status=400)
        return _sent(await self._consents.grant(asked, owner.name, meant[0]))

    async def token(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            given = _once(_form(await request.read()))
            client = await self._client(request, given)
            if given.get("grant_type") != "authorization_code":
                raise OAuthError("unsupported_grant_type", "The grant type served here is authorization_code.")
            missing = [name for name in ("code", "redirect_uri", "code_verifier") if not given.get(name)]
            if missing:
                raise OAuthError("invalid_request", f"The request has no {', '.join(missing)}.")
            code, uri, verifier = given["code"], given["redirect_uri"], given["code_verifier"]
            token = await self._consents.token(client, code, uri, verifier)
        except Refused as error:
            return _error(error)
        told = {"access_token": token, "token_type": "Bearer", "expires_in": int(TOKEN_LIFE), "scope": SCOPE}
        return _unstored(json_response(told))

    async def revoke(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            given = _once(_form(await request.read()))
            client = await self._client(request, given)
            if not given.get("token"):
                raise OAuthError("invalid_request", "The request has no token.")
            await self._consents.revoke(client, given["token"])
        except Refused as error:
            return _error(error)
        return _unstored(json_response({}))

    async def vehicle(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            consent, vehicle = await self._consents.vehicle(token.strip() if scheme.lower() == "bearer" else "")
            if await self._clients.enabled(consent.client) is None:
                raise OAuthError("invalid_token", "The client is shut out.", http_status=401)
        except OAuthError as error:
            return _error(error, "Bearer")
        return _unstored(json_response({"pcid": vehicle.pcid, "vin": vehicle.vin}))

    async def _asked(self, given: Mapping[str, str]) -> Asked:
        return await self._consents.asked(given)

    async def _page(
        self,
        asked: Asked,
        given: Mapping[str, str],
        *,
        said: str = "",
        name: str = "",
        vehicles: list[FleetVehicle] | None = None,
        status: int = 200,
    ) -> web.Response:
        client = await self._clients.enabled(asked.client)
        hidden = {key: given[key] for key in _ASKED if key in given}
        operator = client.name if client is not None else asked.client
        page = consent_page(operator, hidden, said=said, name=name[:80], vehicles=vehicles or ())
        return html_response(page, status)

    async def _client(self, request: web.Request, given: Mapping[str, str]) -> str:
        """The operator's client that proves to be it (RFC 6749 2.3.1): by Basic, or in the form."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        id, secret = given.get("client_id", ""), given.get("client_secret", "")
        if scheme.lower() == "basic":
            id, secret = basic(value)
            id, secret = unquote_plus(id), unquote_plus(secret)
        client = await self._clients.authenticate(id, secret)
        if client is None or client.role not in OPERATORS:
            raise OAuthError("invalid_client", "No mobility operator's client has this id and secret.", http_status=401)
        return client.id


def basic(value: str) -> tuple[str, str]:
    """Name and password of an Authorization header (RFC 7617); empty ones where it holds none."""
    try:
        name, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=32)
    except ValueError:
        raise OAuthError("invalid_request", "The body is no form.") from None


def _once(given: Any) -> dict[str, str]:
    """Each parameter once, or not at all (RFC 6749 3.1)."""
    pairs = list(given)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "A parameter is there more than once.")
    return found


def _sent(url: str) -> web.Response:
    """To the operator, with what was decided."""
    from pncsim.wire.web import web

    return web.Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})


def _error(error: Refused, scheme: str = "Basic") -> web.Response:
    code = error.code if isinstance(error, OAuthError) else "invalid_request"
    status = error.http_status or 400
    response = _unstored(json_response({"error": code, "error_description": error.sentence}, status))
    if status == 401:
        response.headers["WWW-Authenticate"] = f'{scheme} realm="manufacturer", error="{code}"'
    return response


def _unstored(response: web.Response) -> web.Response:
    response.headers["Cache-Control"] = "no-store"
    return response
