"""The contract pools of other operators over HTTP, for administrators (``/admin/peers``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.ccp.directory import ContractDirectory
from pncsim.backend.ccp.kept_peers import KeptPeers
from pncsim.backend.ccp.peer import Peer
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_object, json_response, text_member
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/admin/peers"
LONGEST = 500
"""Characters of what is said of a pool."""


def routes(peers: KeptPeers, directory: ContractDirectory) -> tuple[Route, ...]:
    """The operations. The secret with which a pool is asked is in no answer."""
    face = _Face(peers, directory)
    return (
        Route("GET", _ALL, "getPeers", ADMIN, face.list),
        Route("POST", _ALL, "addPeer", ADMIN, face.add),
        Route("DELETE", _ALL + "/{peer}", "removePeer", ADMIN, face.remove),
        Route("GET", "/admin/holders/{pcid}", "getHolder", ADMIN, face.holder),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, peers: KeptPeers, directory: ContractDirectory) -> None:
        self._peers, self._directory = peers, directory

    async def list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"peers": [_body(one) for one in await self._peers.kept()]})

    async def add(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        said = {name: text_member(body, name) for name in ("name", "ccp", "token", "client_id", "client_secret")}
        for name, text in said.items():
            if not 0 < len(text) <= LONGEST or not text.isprintable():
                raise Refused(f"The member {name!r} is not 1 to {LONGEST} printable characters.", clause="POOL-2")
        for name in ("ccp", "token"):
            if not said[name].lower().startswith(("http://", "https://")):
                raise Refused(f"The member {name!r} is no http:// or https:// address.", clause="POOL-2")
        peer = Peer(**said)
        await self._peers.add(peer)
        return json_response(_body(peer), 201)

    async def remove(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._peers.remove(request.match_info["peer"])
        return json_response({})

    async def holder(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"holder": self._directory.holder(request.match_info["pcid"])})


def _body(peer: Peer) -> Mapping[str, Any]:
    return {"name": peer.name, "ccp": peer.ccp, "token": peer.token, "client_id": peer.client_id}
