"""Bodies of requests and answers: JSON objects with base64 inside, and the published error body."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.backend.refusal import Refused
from pncsim.wire.source import Source
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

if TYPE_CHECKING:
    from aiohttp import web


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


def distinguished_name(name: x509.Name) -> str:
    """A subject or issuer as the pools write it: the name's last part first, parted by comma and blank."""
    return ", ".join(part.rfc4514_string() for part in reversed(name.rdns))


def check_namespace(body: Mapping[str, Any]) -> None:
    """Refuse another schema than ISO 15118-2's, which is what is meant where none is named."""
    named = body.get("xsdMsgDefNamespace", ISO2_NAMESPACE)
    if named != ISO2_NAMESPACE:
        raise Refused(
            f"The schema {str(named)[:80]!r} is not served here, {ISO2_NAMESPACE} is.",
            clause="OPCP xsdMsgDefNamespace",
        )


def base64_text(octets: bytes) -> str:
    """Standard base64 with padding, no line breaks."""
    return base64.b64encode(octets).decode("ascii")


def error_response(status: int, messages: list[str], source: Source, code: str = "") -> web.Response:
    """The published error body, with our rule as an extra member; ``source`` makes its trace id."""
    from pncsim.wire.web import web

    body = {"errorMessages": list(dict.fromkeys(messages)), "traceId": source.uuid()}
    return web.json_response({**body, "errorCode": code} if code else body, status=status)


def json_response(body: Mapping[str, Any], status: int = 200) -> web.Response:
    """A JSON object as answer."""
    from pncsim.wire.web import web

    return web.json_response(body, status=status)
