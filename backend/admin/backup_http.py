"""Taking everything that is kept out, page by page, and putting it back (``/admin/backup``, ``/admin/restore``).

A value goes as it is kept, in MessagePack, base64 around it. Keys by which others know these services stay where they
are; what else is kept goes along, hashes of secrets and the secrets of event receivers among it: a backup is as
confidential as the database. A page is what it was when it was read: taken while nobody writes, a backup is exact.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError

from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.auth import CLIENTS
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import base64_text, binary_member, json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import Change, KeptKind, Store
from pncsim.backend.store.encoding import SCHEMA, decode, encode

if TYPE_CHECKING:
    from aiohttp import web

PAGE = 100
"""Values on a page."""


class BackedUp(Struct, frozen=True):
    """One value of a backup, and the kind it is of."""

    kind: KeptKind[Any]
    value: Any


def routes(store: Store, kinds: Sequence[KeptKind[Any]], renew: Callable[[], Awaitable[None]]) -> tuple[Route, ...]:
    """The operations over what ``store`` keeps of ``kinds``; ``renew`` lets the services begin anew with it."""
    face = _Face(store, [kind for kind in kinds if not kind.identity], renew)
    return (
        Route("GET", "/admin/backup", "backup", ADMIN, face.backup),
        Route("POST", "/admin/restore", "restore", ADMIN, face.restore),
        Route("POST", "/admin/restore/end", "endRestore", ADMIN, face.end),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, store: Store, kinds: Sequence[KeptKind[Any]], renew: Callable[[], Awaitable[None]]) -> None:
        self._store, self._renew = store, renew
        self._kinds = {kind.name: kind for kind in kinds}

    async def backup(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        names = list(self._kinds)
        name, _, after = request.query.get("after", names[0] if names else "").partition("/")
        kind = self._kind(name)
        try:
            page = await self._store.of(kind).page(after=after, limit=PAGE)
        except ValueError as error:
            raise Refused(f"{error}.", clause="OPCP error body") from None
        following = names[names.index(name) + 1 :][:1]
        next = f"{name}/{page.next}" if page.next else "".join(following)
        values = [{"kind": name, "value": base64_text(encode(value))} for value in page.values]
        return json_response({"schema": SCHEMA, "values": values, "next": next})

    async def restore(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        if body.get("schema") != SCHEMA:
            raise Refused(
                f"The backup has schema {str(body.get('schema'))[:20]}; this release reads schema {SCHEMA}.",
                clause="OPCP error body",
                advice="Restore it with the release that made it, which can then be brought up to date.",
            )
        values = body.get("values")
        if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
            raise Refused("The member 'values' is no list of objects.", clause="OPCP error body")
        kept = [self._read(one) for one in values]

        async def keep(change: Change) -> None:
            for one in kept:
                table = change.of(one.kind)
                # Who is taken in here already, as whoever restores is, keeps its secret.
                if one.kind is not CLIENTS or await table.get(one.kind.key(one.value)) is None:
                    await table.put(one.value)

        await self._store.change(keep)
        return json_response({"values": len(kept)})

    async def end(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._renew()
        return json_response({})

    def _read(self, one: Mapping[str, Any]) -> BackedUp:
        kind = self._kind(text_member(one, "kind"))
        try:
            return BackedUp(kind, decode(kind, binary_member(one, "value")))
        except (ValidationError, ValueError) as error:
            raise Refused(f"A value is none of {kind.name}: {error}.", clause="OPCP error body") from None

    def _kind(self, name: str) -> KeptKind[Any]:
        kind = self._kinds.get(name)
        if kind is None:
            raise Refused(
                f"Nothing of the kind {name[:40]!r} is kept here that a backup holds.",
                clause="OPCP error body",
                advice=f"There are {', '.join(self._kinds)}." if self._kinds else "",
            )
        return kind
