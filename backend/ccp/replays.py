"""Requests for installation that were seen before: answered all the same, but recorded and told.

A signature covers the request, not the session it travels in. Whoever recorded one can send it again elsewhere, and
gets a bundle that only the vehicle can open.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

from pncsim.backend.events.facts import RequestReplayed
from pncsim.backend.pcp.store import vehicle_key
from pncsim.backend.store import Change, KeptKind, Store
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.values import replace

KEPT = 64
"""So many requests of one vehicle are remembered; the oldest are forgotten."""

_R = 32
"""Octets of a signature value that tell it from others: with r and -s it verifies as well (SEC 1 4.1.4)."""


class SeenRequest(Struct, frozen=True, kw_only=True):
    """A request whose signature was good. ``session``: SessionID it first came in, hex; times are lab seconds."""

    digest: str
    pcid: str
    session: str
    seen_at: float
    replays: int = 0
    replayed_at: float | None = None


SEEN_REQUESTS: KeptKind[SeenRequest] = KeptKind(
    "seen_requests",
    SeenRequest,
    key=lambda request: request.digest,
    indexes={"vehicle": lambda request: vehicle_key(request.pcid)},
)
"""By what is signed and the signature; those of a vehicle in the order they were first seen."""


async def note(
    store: Store, pcid: str, signature: ds.SignatureType, session_id: bytes, now: float
) -> SeenRequest | None:
    """Remember a request with this verified ``signature``; what is known of it if it came in another session before."""
    digest = _digest(pcid, signature)

    async def step(change: Change) -> SeenRequest | None:
        requests = change.of(SEEN_REQUESTS)
        seen = await requests.get(digest)
        if seen is None:
            mine = ("vehicle", vehicle_key(pcid))
            kept = (await requests.page(mine, limit=KEPT)).values
            for oldest in kept[: len(kept) - KEPT + 1]:
                await requests.remove(oldest.digest)
            await requests.put(SeenRequest(digest=digest, pcid=pcid, session=session_id.hex(), seen_at=now))
            return None
        if seen.session == session_id.hex():
            return None
        replayed = replace(seen, replays=seen.replays + 1, replayed_at=now)
        await requests.put(replayed)
        change.tell(
            RequestReplayed(
                time=now, pcid=pcid, session=session_id.hex(), first_session=seen.session, first_seen=seen.seen_at
            )
        )
        return replayed

    return await store.change(step)


async def forget(store: Store, pcid: str) -> None:
    """Forget the requests of a vehicle that is gone."""

    async def step(change: Change) -> None:
        requests = change.of(SEEN_REQUESTS)
        for seen in (await requests.page(("vehicle", vehicle_key(pcid)), limit=KEPT)).values:
            await requests.remove(seen.digest)

    await store.change(step)


def _digest(pcid: str, signature: ds.SignatureType) -> str:
    signed = b"".join(reference.DigestValue for reference in signature.SignedInfo.Reference)
    return hashlib.sha256(vehicle_key(pcid).encode() + signed + signature.SignatureValue.value[:_R]).hexdigest()
