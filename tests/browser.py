"""A headless Chromium to look at pages with, spoken to in its own protocol (DevTools)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pncsim.wire.web import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page. ``complaints``: what the page's policy forbade, and errors of its script."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.complaints: list[str] = []
        self.requested: list[str] = []

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async for message in self._socket:
            told = message.json()
            if told.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(str(told["params"]))
            if told.get("method") == "Network.requestWillBeSent":
                self.requested.append(told["params"]["request"]["url"])
            if told.get("id") == number:
                assert "error" not in told, told
                found: dict[str, Any] = told["result"]
                return found
        raise AssertionError("the browser went away")

    async def open(self, url: str) -> None:
        for domain in ("Page", "Log", "Runtime", "Network"):
            await self.do(f"{domain}.enable")
        await self.do("Page.navigate", url=url)
        await self.evaluate(
            "document.readyState === 'complete' || new Promise(r => addEventListener('load', () => r(true)))"
        )

    async def evaluate(self, script: str) -> Any:
        """The value of a script, once it is there."""
        found = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, condition: str) -> Any:
        """The value of a condition once it holds; the page is looked at whenever it changes."""
        seen = "{subtree: true, childList: true, attributes: true, characterData: true}"
        return await self.evaluate(
            f"new Promise(done => {{const look = () => {{const found = {condition}; if (found) done(found); }};"
            f" new MutationObserver(look).observe(document, {seen}); look(); }})"
        )

    async def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        await self.evaluate(f"document.querySelector({selector!r}).focus()")
        await self.do("Input.insertText", text=text)

    async def picture(self) -> bytes:
        """The page as PNG."""
        shot = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Browser]:
    """A browser with a profile of its own in ``folder``."""
    assert PROGRAM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1200,1400"]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *options, f"--user-data-dir={folder}", "about:blank", stdout=-3, stderr=-1
    )
    try:
        assert process.stderr is not None
        address = ""
        async for line in process.stderr:
            if found := re.search(r"DevTools listening on ws://([^/]+)/", line.decode()):
                address = found[1]
                break
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{address}/json") as answer:
                (page,) = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        process.terminate()
        await process.wait()
        await drain
