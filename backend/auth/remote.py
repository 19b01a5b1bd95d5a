"""Participants who are known somewhere else: another process says what the holder of a token may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pncsim.backend.auth.store import CLIENTS, Client
from pncsim.backend.ports import Calls
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.rest.client import HttpClient
from pncsim.backend.store import Change, Store, every
from pncsim.wire.errors import PeerError

USERINFO = "/oauth/userinfo"
"""Where a token's holder reads what the token lets it do, as OpenID Connect Core 5.3 has it."""


class HolderInfo(Struct, frozen=True):
    """The answer at :data:`USERINFO`; ``pcid`` holds manufacturer codes, ``emaid`` provider ids, as in the token."""

    sub: str
    role: tuple[Role, ...]
    pcid: tuple[str, ...] = ()
    emaid: tuple[str, ...] = ()
    scope: str = ""


def holder_info(grant: Grant) -> Mapping[str, Any]:
    """What is answered to the holder of ``grant``."""
    scopes = sorted(grant.scopes or ())
    info = HolderInfo(
        grant.holder, tuple(grant.roles), tuple(grant.wmis or ()), tuple(grant.providers or ()), " ".join(scopes)
    )
    return msgspec.structs.asdict(info)


class RemoteGrants:
    """Asks ``url`` with each token, so that who is shut out there is refused here at once."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http, self._url = http, url

    async def grant(self, token: str) -> Grant | None:
        """What the holder may do; None for a token nobody there knows. Raises PeerError where nobody says."""
        if not token.isascii() or not token.isprintable():
            return None
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        reply = await self._http.request(f"The token service at {self._url}", "GET", self._url, headers=headers)
        if reply.status in (401, 403):
            return None
        try:
            info = msgspec.json.decode(reply.body, type=HolderInfo) if reply.status == 200 else None
        except msgspec.DecodeError:
            info = None
        if info is None:
            raise PeerError(
                f"The token service at {self._url} does not say whose a token is (HTTP {reply.status}).",
                clause="ACC-1",
                http_status=502,
            )
        scopes = frozenset(info.scope.split())
        return Grant(frozenset(info.role), frozenset(info.pcid), frozenset(info.emaid), info.sub, scopes)


class _Listed(Struct):
    id: str
    name: str
    role: Role
    wmi: tuple[str, ...]
    providers: tuple[str, ...]
    enabled: bool
    confirmation: str
    createdAt: float


async def mirror_clients(calls: Calls, store: Store) -> int:
    """Know the participants of another process by what they own, without their secrets; how many there are.

    Who events concern follows from them. Raises PeerError, changing nothing.
    """
    answer = await calls.call("admin", "GET", "/admin/clients")
    try:
        listed = msgspec.convert(answer.get("clients"), list[_Listed])
    except msgspec.ValidationError as error:
        raise PeerError(f"The list of participants cannot be read: {error}.", http_status=502) from None
    clients = [_mirrored(one) for one in listed]

    async def exchange(change: Change) -> None:
        table = change.of(CLIENTS)
        await _keep_only(clients, [client async for client in every(table)], change)

    await store.change(exchange)
    return len(clients)


async def _keep_only(wanted: Sequence[Client], there: Sequence[Client], change: Change) -> None:
    ids = {client.id for client in wanted}
    for client in there:
        if client.id not in ids:
            await change.of(CLIENTS).remove(client.id)
    for client in wanted:
        if client not in there:
            await change.of(CLIENTS).put(client)


def _mirrored(one: _Listed) -> Client:
    return Client(
        id=one.id,
        name=one.name,
        role=one.role,
        wmis=one.wmi,
        providers=one.providers,
        salt=b"",
        digest=b"",  # no secret has that
        created_at=one.createdAt,
        enabled=one.enabled,
        confirmation=one.confirmation,
    )
