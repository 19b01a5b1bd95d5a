"""The contract service over HTTP (``PUT /v1/cps/generate/signedContractData``): JSON, XML or a form with parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend.ccp.requests import read_emaid
from pncsim.backend.cps.contracts import ContractService
from pncsim.backend.cps.http import bad_request, fingerprints, read_pcid_of, wanted_root
from pncsim.backend.pcp import vehicle_key
from pncsim.backend.rcp import RootPool
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role, not_owned
from pncsim.backend.rest.bodies import check_namespace, json_object, text_member
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/v1/cps/generate/signedContractData"
_OPERATOR: frozenset[Role] = frozenset({"MO_HUBJECT_PKI"})
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def routes(contracts: ContractService, roots: RootPool, guesses: Guesses) -> tuple[Route, ...]:
    """The operation: operators without a PKI of their own have their contracts made."""

    async def generate(request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        body = await _members(request)
        begins, ends = read_time(body, "contractBegins"), read_time(body, "contractEnds")
        emaid, pcid = read_emaid(text_member(body, "emaid")), read_pcid_of(body)
        text_member(body, "xsdMsgDefNamespace")
        check_namespace(body)
        wanted = wanted_root(body)
        if not grant.owns_contract(emaid):
            raise not_owned(emaid)
        named = await fingerprints(wanted, roots)
        with bad_request(), guesses.attempt(grant.holder, vehicle_key(pcid)):
            await contracts.generate(emaid, pcid, begins=begins, ends=ends, roots=named)
        return web.Response(status=201)

    return (Route("PUT", PATH, "generateSignedContractData", _OPERATOR, generate),)


def read_time(body: Mapping[str, Any], name: str) -> float:
    """A required member that is a time of RFC 3339, as seconds since the epoch."""
    text = text_member(body, name)
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        raise Refused(
            f"The {name} {text[:40]!a} is no time such as 2026-11-28T12:00:00Z.",
            clause="RFC 3339 5.6",
            message=f"The {name} does not match the specification",
        ) from None


async def _members(request: web.Request) -> Mapping[str, Any]:
    """The members of the body, in whichever of the published media types it came; JSON where none of them is named."""
    if request.content_type in ("application/xml", "text/xml"):
        return _xml_members(await request.read())
    if request.content_type == "multipart/form-data":
        return _parts(request.headers.get("Content-Type", ""), await request.read())
    return await json_object(request)


def _xml_members(body: bytes) -> Mapping[str, Any]:
    """One element for each member below any root; namespaces do not count."""
    from pncsim.wire.exi.views.xml import local_name, parse_xml

    try:
        root = parse_xml(body)
    except PncError as error:
        raise Refused(
            f"The request body cannot be read as XML: {error.sentence}", clause="OPCP generateSignedContractData"
        ) from None
    return {local_name(child): (child.text or "").strip() for child in root}


def _parts(content_type: str, body: bytes) -> Mapping[str, Any]:
    """The parts of a form by their names (RFC 7578)."""
    from email import message_from_bytes

    message = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    members: dict[str, Any] = {}
    for part in message.walk():
        name, octets = part.get_param("name", header="Content-Disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(octets, bytes):
            members[name] = octets.decode("utf-8", "replace").strip()
    return members
