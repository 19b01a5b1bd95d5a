"""Taking deliveries in hand: of several processes on one database one sends each, and none is left with the dead."""

from __future__ import annotations

import math

from msgspec import Struct

from pncsim.backend.store import Change, Store, every
from pncsim.backend.webhooks.store import DELIVERIES, Delivery, DeliveryState
from pncsim.wire.values import replace

AT_ONCE = 20
"""Deliveries taken in one change: one with many has to be begun anew more often where others write."""


class Taken(Struct, frozen=True):
    """What is in hand now, and when the next one is due (lab seconds since the epoch)."""

    deliveries: tuple[Delivery, ...]
    next: float


async def take(store: Store, state: DeliveryState, now: float) -> Taken:
    """Take in hand what is in ``state`` and due."""
    taken: list[Delivery] = []
    after, more, following = "", True, math.inf
    while more:
        page = await store.of(DELIVERIES).page(("state", state), after=after, limit=AT_ONCE)
        due = [delivery for delivery in page.values if delivery.due <= now]
        following = min([following, *(delivery.due for delivery in page.values if delivery.due > now)])
        taken += await _hold(store, due, state) if due else ()
        after, more = page.next, bool(page.next)
    return Taken(tuple(taken), following)


async def _hold(store: Store, due: list[Delivery], state: DeliveryState) -> list[Delivery]:
    """Those of ``due`` that nobody else has taken meanwhile."""

    async def step(change: Change) -> list[Delivery]:
        held = []
        for delivery in due:
            current = await change.of(DELIVERIES).get(DELIVERIES.key(delivery))
            if current is not None and current.state is state:
                held.append(replace(current, state=DeliveryState.HELD, holder=store.owner))
                await change.of(DELIVERIES).put(held[-1])
        return held

    return await store.change(step)


async def take_over(store: Store, *, own: bool = False) -> None:
    """What processes that have ended had in hand is new again; ``own``: that of an earlier sender of this one, too."""
    held = ("state", DeliveryState.HELD)
    owners = {delivery.holder async for delivery in every(store.of(DELIVERIES), held)}
    if own and store.owner in owners:
        await _put_back(store, store.owner)
    for owner in sorted(owners - {store.owner}):
        async with store.gone(owner) as gone:
            if gone:
                await _put_back(store, owner)


async def _put_back(store: Store, owner: int) -> None:
    async def step(change: Change) -> None:
        left = [one async for one in every(change.of(DELIVERIES), ("state", DeliveryState.HELD)) if one.holder == owner]
        for delivery in left:
            await change.of(DELIVERIES).put(replace(delivery, state=DeliveryState.NEW, holder=0))

    await store.change(step)
