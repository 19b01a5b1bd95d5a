"""The contract pools of other operators that an administrator has named while the services run."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.ccp.directory import ContractSource
from pncsim.backend.ccp.peer import Peer, PeerPool
from pncsim.backend.refusal import Refused
from pncsim.backend.store import MAX_PAGE, Change, KeptKind, Store
from pncsim.wire.clock import Clock
from pncsim.wire.voice import Voice

MOST = 64
"""Peers that are kept: each is asked for every contract that is not here."""

PEERS: KeptKind[Peer] = KeptKind("peers", Peer, key=lambda peer: peer.name)


class KeptPeers:
    """All of them, whichever process on a database was told; :meth:`close` it after use."""

    def __init__(self, clock: Clock, voice: Voice, store: Store) -> None:
        self._clock, self._voice, self._store = clock, voice, store
        self._asked: dict[str, tuple[Peer, PeerPool]] = {}

    async def kept(self) -> tuple[Peer, ...]:
        """Those there are."""
        return (await self._store.of(PEERS).page(limit=MAX_PAGE)).values

    async def pools(self) -> Mapping[str, ContractSource]:
        """Where each is asked, by its name."""
        found: dict[str, ContractSource] = {}
        for peer in await self.kept():
            known = self._asked.get(peer.name)
            if known is None or known[0] != peer:
                if known is not None:
                    await known[1].close()
                known = self._asked[peer.name] = peer, PeerPool(self._clock, self._voice, peer)
            found[peer.name] = known[1]
        return found

    async def add(self, peer: Peer) -> None:
        """Ask that pool, too, from now on; another one of its name no more. Raises Refused where there are too many."""

        async def keep(change: Change) -> None:
            others = [one for one in (await change.of(PEERS).page(limit=MAX_PAGE)).values if one.name != peer.name]
            if len(others) >= MOST:
                raise Refused(
                    f"There are {MOST} pools to be asked, as many as there may be: remove one first.",
                    clause="POOL-2",
                    http_status=409,
                )
            await change.of(PEERS).put(peer)

        await self._store.change(keep)

    async def remove(self, name: str) -> None:
        """Ask it no more. Raises Refused, 404 for one that is not kept."""
        if await self._store.of(PEERS).remove(name) is None:
            raise Refused(f"No pool {name[:40]!r} was named here.", clause="POOL-2", http_status=404)
        known = self._asked.pop(name, None)
        if known is not None:
            await known[1].close()

    async def close(self) -> None:
        """Close the connections."""
        for _, pool in self._asked.values():
            await pool.close()
        self._asked.clear()
