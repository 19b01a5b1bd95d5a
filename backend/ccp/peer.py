"""Another operator's contract pool as these services ask it: over HTTP, with a token it has given."""

from __future__ import annotations

import json

from msgspec import Struct

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.ccp.client import DEADLINE, ContractPoolClient
from pncsim.backend.rest.client import HttpClient, kind_of
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.urls import without_password
from pncsim.wire.values import Discreet
from pncsim.wire.voice import Voice

LONGEST = 65_536
"""Octets of a token endpoint's answer."""


class Peer(Discreet, Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pool and who we are there. ``ccp`` is the URL its published paths are appended to, ``token`` the whole URL."""

    name: str
    ccp: str
    token: str
    client_id: str
    client_secret: str

    _hidden = ("client_secret",)


class PeerPool:
    """Asks ``peer`` in the name of ``voice``'s owner. Close it after use."""

    def __init__(self, clock: Clock, voice: Voice, peer: Peer) -> None:
        self._clock, self._voice, self._peer = clock, voice, peer
        self._http = HttpClient(clock, whole=DEADLINE, body=LONGEST)
        self._pool: ContractPoolClient | None = None

    async def provide(self, exi: bytes, schema: str, *, local: bool) -> PoolAnswer:
        """As the pool; with a new token where the old one is not taken any more. Raises PeerError."""
        if self._pool is not None:
            try:
                return await self._pool.provide(exi, schema, local=local)
            except PeerError as error:
                if error.http_status not in (401, 403):
                    raise
        pool = await self._entered()
        return await pool.provide(exi, schema, local=local)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
        if self._pool is not None:
            await self._pool.close()

    async def _entered(self) -> ContractPoolClient:
        """The pool, asked with a fresh token from now on."""
        peer = self._peer
        asked = {
            "grant_type": "client_credentials",
            "client_id": peer.client_id,
            "client_secret": peer.client_secret,
        }
        where = f"The token endpoint {without_password(peer.token)}"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        reply = await self._http.request(where, "POST", peer.token, body=json.dumps(asked).encode(), headers=headers)
        token = reply.json_object().get("access_token")
        if reply.status != 200 or not isinstance(token, str):
            raise PeerError(
                f"{where} answered HTTP {reply.status} to {peer.client_id}.",
                kind=kind_of(reply.status),
                http_status=502,
                advice="Look at the client's id and secret in the file of peers.",
            )
        before, self._pool = self._pool, ContractPoolClient(self._clock, self._voice, peer.ccp, token=token)
        if before is not None:
            await before.close()
        return self._pool
