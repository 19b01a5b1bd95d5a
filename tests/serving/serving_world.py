"""What the tests of standing services share: options for a folder of their own, and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pncsim.simulator.serving import Served, ServeOptions
from pncsim.wire.web import aiohttp


def options(folder: Path, **changes: Any) -> ServeOptions:
    return ServeOptions(**{"data": folder, "port": 0, **changes})


async def token(house: Served, client: str) -> tuple[int, dict[str, Any]]:
    found = next(one for one in house.clients if one.id == client)
    asked = {"client_id": found.id, "client_secret": found.secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as session, session.post(house.services["token"], json=asked) as response:
        return response.status, await response.json()
