"""What the pools' HTTP faces share: bearer tokens and their rights, bounded JSON bodies, error bodies."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pncsim.backend.refusal import Refused
from pncsim.wire.errors import LocalError, PncError

if TYPE_CHECKING:
    from aiohttp import web

    from pncsim.wire.voice import Voice

MAX_BODY = 65_536
"""Octets of a request body that are read; the largest legitimate one, a signed bundle as base64, has about 10 000."""

Role = Literal["OEM", "CPO", "MO", "CPS", "ADMIN"]


@dataclass(slots=True, frozen=True)
class Grant:
    """What a token's holder may do: its roles, and whose ids it owns (None: anybody's).

    ``wmis`` are manufacturer codes (first 3 characters of a PCID), ``providers`` country and provider ids (first 5 of
    an EMAID); letter case does not count.
    """

    roles: frozenset[Role]
    wmis: frozenset[str] | None = None
    providers: frozenset[str] | None = None

    def owns_vehicle(self, pcid: str) -> bool:
        """Whether the PCID is of a manufacturer code in the grant."""
        return self.wmis is None or pcid[:3].upper() in {wmi.upper() for wmi in self.wmis}

    def owns_contract(self, emaid: str) -> bool:
        """Whether the EMAID is of a provider in the grant."""
        prefix = emaid.replace("-", "")[:5].upper()
        return self.providers is None or prefix in {provider.upper() for provider in self.providers}


EVERYTHING = Grant(frozenset({"OEM", "CPO", "MO", "CPS", "ADMIN"}))
"""What a face without tokens grants to everybody who can reach it."""

Tokens = Mapping[str, Grant]
Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


def authorize(request: web.Request, tokens: Tokens | None, allowed: frozenset[Role]) -> Grant:
    """The caller's grant; Refused with 401 without a known token, 403 without one of the ``allowed`` roles."""
    if tokens is None:
        return EVERYTHING
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    grant = tokens.get(token.strip()) if scheme.lower() == "bearer" else None
    if grant is None:
        raise Refused("The request carries no bearer token known here.", clause="ACC-1", http_status=401)
    if not grant.roles & allowed:
        raise Refused(
            f"This operation is for {', '.join(sorted(allowed))}, the token is of {', '.join(sorted(grant.roles))}.",
            clause="ACC-2",
            http_status=403,
        )
    return grant


def not_owned(what: str) -> Refused:
    """The 403 for an id of somebody else (ACC-3, ACC-4)."""
    return Refused(f"{what} is not among the ids the token's holder owns.", clause="ACC-4", http_status=403)


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object; whatever the media type says."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused("The request body is not a JSON object.", clause="OPCP error body")
    return body


def text_member(body: Mapping[str, Any], name: str) -> str:
    """A required text member of the body."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(
            f"The member {name!r} is missing or no text.",
            clause="OPCP error body",
            message=f"{name} : must not be null",
        )
    return value


def binary_member(body: Mapping[str, Any], name: str, message: str = "") -> bytes:
    """A required base64 member of the body (RFC 4648 section 4; line breaks are let pass)."""
    text = text_member(body, name)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"The member {name!r} is not base64.", clause="RFC 4648 4", message=message) from None


def base64_text(octets: bytes) -> str:
    """Standard base64 with padding, no line breaks."""
    return base64.b64encode(octets).decode("ascii")


def error_response(status: int, messages: list[str], code: str = "") -> web.Response:
    """The published error body, with our rule as an extra member."""
    from pncsim.wire.web import web

    body = {"errorMessages": list(dict.fromkeys(messages)), "traceId": str(uuid.uuid4())}
    return web.json_response({**body, "errorCode": code} if code else body, status=status)


def reporting(voice: Voice) -> Any:
    """The middleware that turns errors into answers and every exchange into an event; no trace of a fault leaves it."""
    from pncsim.wire.web import web

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        text = ""
        try:
            response = await handler(request)
        except Refused as error:
            text = str(error)
            response = error_response(error.http_status or 400, error.messages, error.clause)
        except PncError as error:
            text = str(error)
            response = error_response(error.http_status or 500, [error.sentence], error.clause)
        except web.HTTPException as error:
            text = error.text or error.reason
            response = error_response(error.status, [text])
        except Exception as error:
            text = f"{type(error).__name__} in {request.method} {request.path}: a fault of ours."
            voice.problem(LocalError(text, kind="defect", http_status=500))
            response = error_response(500, ["Internal error."])
        voice.http(request.method, request.path, response.status, text)
        return response

    return middleware
