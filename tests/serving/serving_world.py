"""What the tests of standing services share: options for a folder of their own, and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pncsim.simulator.serving.standing import Served, ServeOptions
from pncsim.wire.web import aiohttp


def options(folder: Path, **changes: Any) -> ServeOptions:
    return ServeOptions(**{"data": folder, "port": 0, **changes})


async def token(house: Served, client: str) -> tuple[int, dict[str, Any]]:
    """What the token endpoint says to a demo client."""
    return await token_for(house, client, next(one for one in house.clients if one.id == client).secret)


async def token_for(house: Served, client: str, secret: str, **more: str) -> tuple[int, dict[str, Any]]:
    """What the token endpoint says to a client."""
    asked = {"client_id": client, "client_secret": secret, "grant_type": "client_credentials", **more}
    async with aiohttp.ClientSession() as session, session.post(house.services["token"], json=asked) as response:
        return response.status, await response.json()


async def call(method: str, url: str, token: str, body: object = None) -> tuple[int, Any]:
    """A request with a token; status and JSON, or text."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body, headers=headers) as response,
    ):
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


async def admin(house: Served, method: str, path: str, body: object = None, who: str = "demo-admin") -> tuple[int, Any]:
    """A request of the demo administrator."""
    held = (await token(house, who))[1]["access_token"]
    return await call(method, house.services["admin"] + path, held, body)
