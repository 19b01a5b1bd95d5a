"""Serving an aiohttp application: the port is bound at once, so that its address can go into certificates, and answers
only after :meth:`HttpServer.start`.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

SHUTDOWN_SECONDS = 2.0
"""How long a stop waits for requests in progress (machine time)."""


class HttpServer:
    """One listening socket. ``host``: loopback unless told otherwise; ``port`` 0 takes a free one."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._runner: web.AppRunner | None = None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            if port:
                # A given port may still have old connections dying on it. Two sockets that both reuse it can be bound
                # at once, so only listening shows whether it is ours.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            if port:
                self._socket.listen()
        except OSError as error:
            self._socket.close()
            raise LocalError(
                f"Port {port} of {host} cannot be bound: {error.strerror}.", advice="Choose another port, or 0 for any."
            ) from error
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def url(self) -> str:
        """``http://host:port`` without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def start(self, app: web.Application) -> None:
        """Listen and answer with ``app``."""
        from pncsim.wire.web import web

        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, handle_signals=False)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket, ssl_context=self._tls).start()

    async def stop(self) -> None:
        """Let requests in progress end, then close. May be called at any time, also twice."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        self._socket.close()
