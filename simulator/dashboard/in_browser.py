"""``pnc dashboard --serve``: the dashboard in a browser, by way of textual-serve, for this machine alone.

Whoever opens the page has a process of his own, with all a terminal would give him. textual-serve asks nobody who he
is, nor which page has opened its WebSocket; so everything lies below a path that nobody can guess, which is told on the
terminal only, and only our own page opens a WebSocket. What the page needs comes from here, too.
"""

from __future__ import annotations

import asyncio
import html
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pncsim.simulator.runs.loop import run_on_loop
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import SYSTEM

if TYPE_CHECKING:
    from aiohttp import web
    from textual_serve.app_service import AppService

MOST = 8
"""Dashboards at once."""
FAREWELL = 15.0
"""Seconds they may take to close what is open."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><title>pnc dashboard</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="static/css/xterm.css"><script src="static/js/textual.js"></script>
<style>
@font-face {{ font-family: "Roboto Mono"; src: url("static/fonts/RobotoMono-VariableFont_wght.ttf"); }}
body {{ margin: 0; background: #121212; color: #e0e0e0; font: 16px "Roboto Mono", monospace; }}
.textual-terminal {{ height: 100vh; }}
#ended {{ display: none; margin: 2em; }}
body.-closed #ended {{ display: block; }}
body.-closed .textual-terminal {{ display: none; }}
a {{ color: inherit; }}
</style>
</head>
<body>
<div id="ended">This dashboard has ended. <a href="">Open another one</a></div>
<div class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="16"></div>
</body>
</html>
"""


def serve_dashboard(words: Sequence[str], port: int) -> int:
    """Serve ``pnc dashboard`` with these words until somebody ends it. Raises LocalError where that cannot be."""
    try:
        import textual_serve  # noqa: F401  (whether it is there)
    except ImportError as error:
        raise LocalError(
            "The dashboard cannot be shown in a browser: textual-serve is not installed.",
            advice="Install it: pip install 'pncsim[browser]'.",
        ) from error
    command = shlex.join([sys.executable, "-m", "pncsim", "dashboard", *words])
    return run_on_loop("loopback", lambda: _served(command, port))


async def _served(command: str, port: int) -> int:
    listener, tabs = HttpListener(port=port), Tabs(command)
    key = SYSTEM.token(24)
    try:
        await listener.start(tabs.application(key))
        print(f"The dashboard is at {listener.url}/{key}/", flush=True)
        print("Whoever has this address can do here what you can. Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
    finally:
        await tabs.close()
        await listener.stop()
    raise AssertionError("it is ended from outside")


class Tabs:
    """The dashboards that are open in a browser: each is a process of ``command``, whose terminal is a WebSocket."""

    def __init__(self, command: str) -> None:
        self._command = f"exec {command}"
        self._open: set[asyncio.Task[object]] = set()

    def application(self, key: str) -> web.Application:
        """What answers below the path ``key``, and nowhere else."""
        import textual_serve

        from pncsim.wire.web import web

        app = web.Application()
        app.add_routes(
            [
                web.get(f"/{key}/", self._page),
                web.get(f"/{key}/ws", self._terminal),
                web.static(f"/{key}/static", Path(textual_serve.__file__).parent / "static"),
            ]
        )
        app.on_response_prepare.append(_keep_to_ourselves)
        return app

    async def close(self) -> None:
        """End them all."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=FAREWELL)

    async def _page(self, request: web.Request) -> web.Response:
        from pncsim.wire.web import web

        socket = html.escape(f"ws://{request.host}{request.path}ws")
        return web.Response(text=_PAGE.format(socket=socket), content_type="text/html")

    async def _terminal(self, request: web.Request) -> web.StreamResponse:
        from pncsim.wire.web import aiohttp, web

        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="Another page may not open this dashboard.")
        if len(self._open) >= MOST:
            raise web.HTTPServiceUnavailable(text=f"{MOST} dashboards are open already: close one.")
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            websocket = web.WebSocketResponse(heartbeat=15, timeout=1.0)
            await websocket.prepare(request)
            tab = _tab(self._command, websocket)
            await tab.start(*(_number(request.query.get(name, "")) for name in ("width", "height")))
            try:
                async for message in websocket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        await _typed(tab, websocket, message.data)
            finally:
                await tab.stop()
                await websocket.close()
        finally:
            self._open.discard(task)
        return websocket


def _tab(command: str, websocket: web.WebSocketResponse) -> AppService:
    from textual_serve.app_service import AppService
    from textual_serve.download_manager import DownloadManager

    class Tab(AppService):
        """Closes the terminal also where the process ends before it has drawn anything."""

        async def run(self) -> None:
            try:
                await super().run()
            finally:
                await close()

    async def close() -> None:
        await websocket.close()

    return Tab(
        command,
        write_bytes=websocket.send_bytes,
        write_str=websocket.send_str,
        close=close,
        download_manager=DownloadManager(),
    )


async def _typed(tab: AppService, websocket: web.WebSocketResponse, text: str) -> None:
    """Do what the page's terminal says, in textual-serve's words; what is none of them is passed over."""
    try:
        said = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return
    match said:
        case ["stdin", str(typed)]:
            await tab.send_bytes(typed.encode())
        case ["resize", {"width": int(width), "height": int(height)}]:
            await tab.set_terminal_size(width, height)
        case ["ping", str(asked)]:
            await websocket.send_json(["pong", asked])
        case ["blur", *_]:
            await tab.blur()
        case ["focus", *_]:
            await tab.focus()


def _number(text: str) -> int:
    """Cells of a terminal; those of the smallest where nothing is said."""
    return int(text) if text.isdecimal() and len(text) < 5 else 80


async def _keep_to_ourselves(request: web.Request, response: web.StreamResponse) -> None:
    """Nothing is fetched from elsewhere, shown within another page, or told to one by way of a link."""
    sources = f"connect-src ws://{request.host}; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'"
    response.headers.update(
        {
            "Content-Security-Policy": f"default-src 'none'; {sources}; img-src data: blob:; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
