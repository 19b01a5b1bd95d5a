"""TCP as :class:`wire.streams.ByteStream`: connecting, listening, and sentences for what the system refuses."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, cast

from pncsim.wire.acceptor import Acceptor, OnStream
from pncsim.wire.errors import LocalError, PeerClosed, PeerError
from pncsim.wire.streams import BUFFER, ByteStream
from pncsim.wire.trace import EndPoint
from pncsim.wire.voice import Voice


def address_text(host: str, port: int, interface: str = "") -> str:
    """An address for people: ``[fe80::1%eth0]:61341``, ``127.0.0.1:80``."""
    host = host.partition("%")[0]
    scope = f"%{interface}" if interface else ""
    return f"[{host}{scope}]:{port}" if ":" in host else f"{host}:{port}"


def end_point(name: tuple[Any, ...]) -> EndPoint:
    """The address of a socket, without scope."""
    return str(name[0]).partition("%")[0], int(name[1])


def os_error(error: OSError, doing: str) -> LocalError:
    """What the operating system refused while ``doing`` something, as a sentence with advice."""
    advice = {
        errno.EADDRINUSE: "Another program uses this port: end it or choose another.",
        errno.EACCES: "Run it with the rights for this, or choose another port or interface.",
        errno.EPERM: "Run it with the rights for this, or choose another port or interface.",
        errno.EADDRNOTAVAIL: "The address does not belong to this machine: is the interface up?",
        errno.ENODEV: "Is the interface up?",
        errno.ENETUNREACH: "Is the interface up, and does it have an address?",
        errno.EHOSTUNREACH: "Is the other device on this link?",
    }.get(error.errno or 0, "")
    reason = (error.strerror or str(error)).lower()
    return LocalError(f"The operating system refused {doing}: {reason}.", advice=advice)


class _TcpStream(ByteStream, asyncio.Protocol):
    """A ByteStream straight on an asyncio transport."""

    def __init__(self, opened: Callable[[_TcpStream], None] | None = None) -> None:
        super().__init__("unknown")
        self._opened = opened
        self._transport: asyncio.Transport | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=BUFFER)
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _watch_over(sock)
        here, name = sock.getsockname(), self._transport.get_extra_info("peername")
        if name is None:
            # It was reset before it was accepted: there is nobody to serve.
            self._transport.abort()
            return
        self.local, self.remote = end_point(here), end_point(name)
        scope = name[3] if len(name) > 3 else 0
        self.peer = address_text(name[0], name[1], _interface_name(scope))
        if self._opened is not None:
            self._opened(self)

    def data_received(self, data: bytes) -> None:
        self._arrived(data)

    def eof_received(self) -> bool:
        self._end(None)
        return True  # our direction stays open until we close it

    def connection_lost(self, exc: Exception | None) -> None:
        reason = f": {exc}" if exc else ""
        self._lost = PeerClosed(f"The connection to {self.peer} was lost{reason}.")
        self._lost.__cause__ = exc
        self._end(self._lost if exc else None)
        self._changed.open()

    def resume_writing(self) -> None:
        self._drained()

    # What the owner calls.

    @property
    def unsent(self) -> int:
        return 0 if self._transport is None or self._lost is not None else self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if self._transport is not None and self._lost is None and not self._closed:
            self._transport.write(data)

    def finish(self) -> None:
        self._end_here()
        if self._transport is not None:
            self._transport.close()

    async def close(self) -> None:
        self.finish()
        try:
            while self._transport is not None and self._lost is None:
                await self._changed.wait()
        except asyncio.CancelledError:
            self.abort()
            raise

    def abort(self) -> None:
        self._end_here()
        if self._transport is not None and self._lost is None:
            sock = self._transport.get_extra_info("socket")
            # Linger of zero seconds makes the close a reset, as the peer should see it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def _hold(self, full: bool) -> None:
        if self._transport is not None and not self._closed:
            if full:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()


_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 35_000))
"""After 15 s without a word the system asks every 5 s whether the peer is there, and gives up after 35 s (the last in
ms): below the 60 s a station waits for a request, so that nobody waits for who is gone without having closed."""


def _watch_over(sock: socket.socket) -> None:
    """Let the system notice a half-open connection: a peer that was switched off, or knows nothing of it any more."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        option = getattr(socket, name, None)  # not every system has all of them
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _interface_name(scope_id: int) -> str:
    if not scope_id:
        return ""
    try:
        return socket.if_indextoname(scope_id)
    except OSError:
        return str(scope_id)


async def connect_tcp(host: str, port: int, *, scope_id: int = 0) -> ByteStream:
    """Connect to ``host`` (numeric, or a name) and ``port``; ``scope_id`` is the interface index for link-local IPv6.

    Raises PeerError if nobody listens or answers there, LocalError if this machine cannot reach it. There is no time
    limit inside: wrap the call in ``clock.timeout``.
    """
    loop = asyncio.get_running_loop()
    where = address_text(host, port, _interface_name(scope_id))
    try:
        sock = await _connected(loop, host, port, scope_id)
    except (ConnectionRefusedError, ConnectionResetError, TimeoutError) as error:
        # asyncio's own text repeats the address, as Python writes it.
        reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
        raise PeerError(f"Nobody accepts TCP connections at {where}: {reason}.") from error
    except OSError as error:
        raise os_error(error, f"a TCP connection to {where}") from error
    _, stream = await loop.create_connection(_TcpStream, sock=sock)
    return stream


async def _connected(loop: asyncio.AbstractEventLoop, host: str, port: int, scope_id: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ip_address(host.partition("%")[0]).version == 6 else socket.AF_INET
        address: tuple[object, ...] = (host, port, 0, scope_id) if family == socket.AF_INET6 else (host, port)
    except ValueError:
        family, _, _, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


class TcpServer:
    """A listener; each connection runs ``on_stream(stream)`` in a task of its own and is closed when that returns."""

    def __init__(self, on_stream: OnStream, voice: Voice | None) -> None:
        self._acceptor = Acceptor(on_stream, voice)
        self._server: asyncio.Server | None = None
        self.host = ""
        self.port = 0

    async def listen(self, sock: socket.socket) -> None:
        """Accept connections on a bound socket."""
        self.host, self.port = sock.getsockname()[:2]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpStream(self._acceptor.accept), sock=sock)

    def refuse(self) -> None:
        """Accept no further connections; those that are open go on."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Stop listening, cancel the handlers and reset what is still connected."""
        self.refuse()
        await self._acceptor.close()


async def serve_tcp(
    on_stream: OnStream,
    host: str,
    port: int = 0,
    *,
    scope_id: int = 0,
    voice: Voice | None = None,
) -> TcpServer:
    """Listen on a numeric ``host`` and ``port`` (0: the system chooses). Raises LocalError if that is not possible.

    ``voice`` is the listener's, see :class:`wire.acceptor.Acceptor`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port, 0, scope_id) if family == socket.AF_INET6 else (host, port))
    except OSError as error:
        sock.close()
        where = address_text(host, port, _interface_name(scope_id))
        raise os_error(error, f"to listen for TCP connections at {where}") from error
    server = TcpServer(on_stream, voice)
    await server.listen(sock)
    return server
