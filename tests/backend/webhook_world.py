"""What the tests of webhooks share: a sender that is told when to send, and endpoints."""

from __future__ import annotations

from typing import Any

from backend_world import World
from face_world import Faces

from pncsim.backend.webhooks.sender import Sender


def sender_of(world: World, **more: Any) -> Sender:
    """A sender nobody runs: tests say when it sends."""
    return Sender(world.clock, world.voice("LAB"), world.eco.webhooks, **more)


async def subscribed(faces: Faces, who: str, url: str, *events: str, **more: object) -> dict[str, Any]:
    """A new endpoint of ``who``."""
    answer = await faces.call(who, "POST", "/v1/webhook/endpoints", {"url": url, "enabledEvents": list(events), **more})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.body
    return found
