"""An HTTP application reached without a socket: the same octets, requests and answers, within one process.

For runs in memory, where nothing may wait for a socket. A certificate that is shown stands for the TLS handshake in
which it would be: whoever answers finds it where it would be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from aiohttp import web

_HOST = "in-process"


class MemoryHttp:
    """The application's other end; :meth:`open` it, and :meth:`close` it at the end."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Let the application answer."""
        from pncsim.wire.web import web

        self._runner = web.AppRunner(self._app, access_log=None, handle_signals=False)
        await self._runner.setup()

    async def close(self) -> None:
        """Let it end. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        shown: bytes | None = None,
    ) -> tuple[int, bytes]:
        """One exchange on a connection of its own: status and body. ``shown``: the client's certificate (DER).

        Raises LocalError where the application ends the connection without an answer.
        """
        assert self._runner is not None and self._runner.server is not None, "it is open"
        lines = {"Host": _HOST, "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        handler = self._runner.server()
        line = _Line(handler, shown)
        handler.connection_made(line)
        handler.data_received(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        return _read(await line.ended)


class _Line(asyncio.Transport):
    """The server's side of a connection; ``ended`` has what it said once it has closed."""

    def __init__(self, handler: asyncio.Protocol, shown: bytes | None) -> None:
        super().__init__({"peername": (_HOST, 0), "ssl_object": None if shown is None else _Shown(shown)})
        self.ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._handler, self._said = handler, bytearray()

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """As asyncio.WriteTransport."""
        self._said += data

    def is_closing(self) -> bool:
        """As asyncio.BaseTransport."""
        return self.ended.done()

    def close(self) -> None:
        """As asyncio.BaseTransport."""
        if not self.ended.done():
            self.ended.set_result(bytes(self._said))
            self._handler.connection_lost(None)

    def abort(self) -> None:
        """As asyncio.WriteTransport."""
        self.close()

    def pause_reading(self) -> None:
        """Everything has been read."""

    def resume_reading(self) -> None:
        """Nothing more comes."""


class _Shown:
    """Where a server looks for the client's certificate."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def getpeercert(self, binary_form: bool = False) -> bytes:
        """As ssl.SSLObject, in its binary form."""
        return self._certificate


def _read(octets: bytes) -> tuple[int, bytes]:
    head, end, body = octets.partition(b"\r\n\r\n")
    if not end:
        raise LocalError("The application has ended the connection without an answer.", kind="defect")
    return int(head.split(b" ", 2)[1]), body
