"""Stations announced before they enrol: ``/v1/vra/cpo/endEntities``, of no published version of the protocol.

Programs of the field register a station's EVSE ids there, and stop if nobody answers. Enrolment does not ask for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.rest.bodies import json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import Change, KeptKind, Store, every
from pncsim.wire.identifiers import IdentifierError, check_evseid

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/v1/vra/cpo/endEntities"
MOST = 1_000
"""Stations a client may announce."""
EVSES = 64
"""EVSE ids of a station."""
SIZE = 8_192
"""Octets of what is said of a station."""
NAME = 64
"""Characters of a station's name, as in a certificate's CN."""

_CPO: frozenset[Role] = frozenset({"CPO"})


class EndEntity(Struct, frozen=True, kw_only=True):
    """A station of the client ``holder``; ``said`` is all that was said of it, as JSON."""

    holder: str
    common_name: str
    said: bytes


END_ENTITIES: KeptKind[EndEntity] = KeptKind(
    "end_entities",
    EndEntity,
    key=lambda station: f"{station.holder}/{station.common_name}",
    indexes={"holder": lambda station: station.holder},
)


def routes(store: Store) -> tuple[Route, ...]:
    """A client announces its own stations, and sees no other's."""

    async def get(request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        return web.json_response(
            [json.loads(station.said) async for station in every(store.of(END_ENTITIES), ("holder", grant.holder))]
        )

    async def put(request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        station = EndEntity(holder=grant.holder, common_name=_name(body), said=_said(body))

        async def keep(change: Change) -> None:
            there = change.of(END_ENTITIES)
            if await there.put(station) is None and await _count(change, grant.holder) > MOST:
                raise Refused(f"There are {MOST} stations of {grant.holder} already.", clause="PKI-2", http_status=409)

        await store.change(keep)
        return json_response(json.loads(station.said))

    return (
        Route("GET", PATH, "getEndEntities", _CPO, get),
        Route("PUT", PATH, "saveEndEntity", _CPO, put),
    )


async def _count(change: Change, holder: str) -> int:
    count = 0
    async for _ in every(change.of(END_ENTITIES), ("holder", holder)):
        count += 1
    return count


def _name(body: Mapping[str, Any]) -> str:
    name = text_member(body, "commonName")
    if len(name) > NAME or not name.isprintable():
        raise Refused(f"The commonName {name[:NAME]!r} is not 1 to {NAME} printable characters.", clause="PKI-2")
    return name


def _said(body: Mapping[str, Any]) -> bytes:
    """All of it; the EVSE ids are what they should be."""
    ids = body.get("evseID", [])
    if not isinstance(ids, list) or len(ids) > EVSES or not all(isinstance(one, str) for one in ids):
        raise Refused(f"The member 'evseID' is not a list of up to {EVSES} EVSE ids.", clause="ID-2")
    for one in ids:
        try:
            check_evseid(one)
        except IdentifierError as error:
            raise Refused(error.sentence, clause="ID-2") from None
    said = json.dumps(body, separators=(",", ":")).encode()
    if len(said) > SIZE:
        raise Refused(f"What is said of the station has {len(said)} octets, allowed are {SIZE}.", clause="PKI-2")
    return said
