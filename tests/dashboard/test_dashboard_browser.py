"""The dashboard in a browser: clicked and typed into in a headless Chromium, by whoever was told its address."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import select
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import browser
import pytest

from pncsim.simulator.dashboard.in_browser import serve_dashboard
from pncsim.wire.errors import LocalError
from pncsim.wire.web import aiohttp

LISTEN = """
window.heard = '';
const Plain = WebSocket;
WebSocket = class extends Plain {
  constructor(...all) {
    super(...all);
    this.addEventListener('message', told => {
      if (typeof told.data === 'string') return;
      window.heard += new TextDecoder().decode(told.data);
      document.body.dataset.heard = window.heard.length;
    });
  }
};
"""
"""What the terminal is told is kept as text: it draws on a canvas, which holds none."""


@asynccontextmanager
async def served(folder: Path, *words: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The address that ``pnc dashboard --serve 0`` tells, and its process."""
    environment = os.environ | {"XDG_STATE_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    command = ("-m", "pncsim", "dashboard", "--serve", "0", "--no-evidence", *words)
    started = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=-1, stderr=-1, env=environment)
    assert started.stdout is not None
    try:
        told = (await started.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\S+/", told)
        assert found is not None, told
        yield found[0], started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


def origin(url: str) -> dict[str, str]:
    """What a browser says of the page that opens a WebSocket."""
    return {"Origin": re.sub(r"(http://[^/]+)/.*", r"\1", url)}


def child_of(process: int) -> int:
    """The one process that it has started."""
    [child] = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(child)


class Terminal:
    """The terminal in a page."""

    def __init__(self, page: browser.Browser) -> None:
        self.page, self._before = page, 0

    async def told(self, text: str) -> None:
        """Wait until it was told this, since a key or the mouse was last used."""
        await self.page.until(f"window.heard.includes({text!r}, {self._before})")

    async def column(self, text: str) -> int:
        """Where this stands in the first line; titles there give way as screens are added."""
        drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", await self.page.evaluate("window.heard"))
        begins = drawn.index(" 1 L")
        return drawn.index(text, begins) - begins

    async def click(self, column: int, row: int) -> None:
        """Click a cell."""
        self._before = await self.page.evaluate("window.heard.length")
        width, height = await self.page.evaluate(
            "(s => [s.clientWidth, s.clientHeight])(document.querySelector('.xterm-screen'))"
        )
        wide, high = await self.page.evaluate("window.cells")
        where = {
            "x": (column + 0.5) * width / wide,
            "y": (row + 0.5) * height / high,
            "button": "left",
            "clickCount": 1,
        }
        for what in ("mousePressed", "mouseReleased"):
            await self.page.do("Input.dispatchMouseEvent", type=what, **where)

    async def press(self, key: str, code: int) -> None:
        """Press a key, by its name and its number."""
        self._before = await self.page.evaluate("window.heard.length")
        text = {"text": key} if len(key) == 1 else {}
        await self.page.do("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        await self.page.do("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


CELLS = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (said) {
  const [what, size] = JSON.parse(said);
  if (what === 'resize') window.cells = [size.width, size.height];
  return send.call(this, said);
};
"""


@pytest.mark.skipif(browser.PROGRAM is None, reason="there is no Chromium here")
async def test_a_person_clicks_and_types_in_the_page_and_runs_a_scenario(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, _), browser.browsing(tmp_path / "profile") as page:
        await page.do("Page.enable")
        await page.do("Page.addScriptToEvaluateOnNewDocument", source=CELLS + LISTEN)
        await page.open(url)
        terminal = Terminal(page)
        await terminal.told("Nothing has passed between anybody yet")
        await terminal.click(await terminal.column("4 Sc"), 0)
        await terminal.told("Energy the driver wants")
        await terminal.press("1", ord("1"))
        await terminal.told("runs the scenario pnc-ac")
        await terminal.press("F5", 116)
        await terminal.told("PASS")
        picture = base64.b64decode((await page.do("Page.captureScreenshot", format="png"))["data"])
        (tmp_path / "browser.png").write_bytes(picture)
        assert len(picture) > 20_000, "something was drawn"
        assert {re.sub(r"(http://[^/]+/).*", r"\1", one) for one in page.requested} == {re.sub(r"[^/]+/$", "", url)}
        assert not [one for one in page.complaints if "Content Security Policy" in one]
        await terminal.press("q", ord("Q"))
        await page.until("document.body.classList.contains('-closed')")
        assert "Open another one" in await page.evaluate("document.body.innerText")


async def test_only_who_was_told_the_address_gets_a_terminal_and_only_by_our_page(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, _), aiohttp.ClientSession() as session:
        base = re.sub(r"[^/]+/$", "", url)
        for path in ("", "ws", "static/js/textual.js", "guessed/", "guessed/ws"):
            async with session.get(base + path) as answer:
                assert answer.status == 404
        async with session.get(url) as answer:
            assert answer.status == 200 and "https://" not in await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        for foreign in ({}, {"Origin": "http://elsewhere.test"}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{url}ws", headers=foreign)
            assert refused.value.status == 403


@pytest.mark.parametrize("how", ["terminate", "kill"])
async def test_dashboards_end_with_what_has_served_them_however_that_ends(how: str, tmp_path: Path) -> None:
    async with (
        served(tmp_path) as (url, process),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}ws?width=100&height=30", headers=origin(url)) as line,
    ):
        said = b""
        while b"Nothing has passed" not in said:
            said += await line.receive_bytes()
        await line.send_str("no words of ours")
        await line.send_str('["stdin"]')
        await line.send_str('["ping", "1"]')
        while (message := await line.receive()).type is not aiohttp.WSMsgType.TEXT:
            assert message.type is aiohttp.WSMsgType.BINARY
        assert message.data == '["pong", "1"]'
        watched = os.pidfd_open(child_of(process.pid))
        (process.terminate if how == "terminate" else process.kill)()
        await process.wait()
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        assert await asyncio.to_thread(poll.poll)
        os.close(watched)


async def test_a_dashboard_that_cannot_be_shown_closes_its_page(tmp_path: Path) -> None:
    async with (
        served(tmp_path, "--open", str(tmp_path)) as (url, _),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}ws", headers=origin(url)) as line,
    ):
        while (message := await line.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE


def test_without_textual_serve_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    with pytest.raises(LocalError, match=r"not installed.*pncsim\[browser\]"):
        serve_dashboard([], 0)
