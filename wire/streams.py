"""Byte streams: what carries V2GTP and TLS, be it TCP or a pipe in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.trace import Direction

BUFFER = 65_536
"""Octets held per direction before the sender has to wait (:meth:`ByteStream.drain`) or the socket is left unread."""


class ByteStream(Protocol):
    """A reliable, ordered stream of bytes in both directions. One task reads at a time."""

    @property
    def peer(self) -> str:
        """The other end, for people: ``[::1]:61341`` or ``memory``."""

    async def read(self) -> bytes:
        """The next bytes, cut anywhere; b"" once either side has ended. Raises PeerClosed if the peer reset."""

    def write(self, data: bytes) -> None:
        """Queue ``data``. Data for a connection that is already gone is dropped: the loss shows in read and drain."""

    async def drain(self) -> None:
        """Wait until the peer took enough to make room again. Raises PeerClosed if the connection is gone."""

    async def close(self) -> None:
        """End in order: what was written is still sent. Idempotent; if cancelled, the connection is aborted."""

    def abort(self) -> None:
        """Drop the connection at once: unsent data is lost and the peer sees a reset. Idempotent."""


class Gate:
    """Lets tasks wait for "something changed"; cheaper than an asyncio.Event because it is empty most of the time."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Wait for the next :meth:`open`; the caller then looks again at what it waits for."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def open(self) -> None:
        """Wake everybody who waits."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class _Flow:
    """One direction of a pipe: a bounded buffer with an end."""

    __slots__ = ("buffer", "changed", "ended", "reset")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.changed = Gate()
        self.ended = False  # the writer closed; what is in the buffer is still delivered
        self.reset = False  # either side aborted; nothing is delivered any more

    def end(self, *, reset: bool = False) -> None:
        self.ended = True
        if reset:
            self.reset = True
            self.buffer.clear()
        self.changed.open()


class _PipeEnd:
    """One end of :func:`memory_pipe`."""

    __slots__ = ("_closed", "_incoming", "_outgoing", "peer")

    def __init__(self, incoming: _Flow, outgoing: _Flow, peer: str) -> None:
        self._incoming, self._outgoing, self.peer = incoming, outgoing, peer
        self._closed = False

    async def read(self) -> bytes:
        flow = self._incoming
        while not self._closed:
            if flow.reset:
                raise PeerClosed(f"{self.peer} reset the connection.")
            if flow.buffer:
                data = bytes(flow.buffer)
                flow.buffer.clear()
                flow.changed.open()
                return data
            if flow.ended:
                break
            await flow.changed.wait()
        return b""

    def write(self, data: bytes) -> None:
        flow = self._outgoing
        if data and not flow.ended:
            flow.buffer += data
            flow.changed.open()

    async def drain(self) -> None:
        flow = self._outgoing
        while len(flow.buffer) > BUFFER and not flow.ended:
            await flow.changed.wait()
        if flow.reset or (flow.ended and not self._closed):
            raise PeerClosed(f"{self.peer} closed the connection.")

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._outgoing.end()
            # Whatever the peer still writes goes nowhere, as with a closed socket.
            self._incoming.buffer.clear()
            self._incoming.end()

    def abort(self) -> None:
        if not self._closed:
            self._closed = True
            self._outgoing.end(reset=True)
            self._incoming.end(reset=True)


def memory_pipe(first: str = "memory", second: str = "memory") -> tuple[ByteStream, ByteStream]:
    """Two connected streams in this process, without sockets; ``first`` and ``second`` name the ends for people."""
    there, back = _Flow(), _Flow()
    return _PipeEnd(back, there, second), _PipeEnd(there, back, first)


Tap = Callable[[Direction, bytes], None]


class _Tapped:
    """A stream whose bytes are shown to somebody on their way."""

    __slots__ = ("_stream", "_tap")

    def __init__(self, stream: ByteStream, tap: Tap) -> None:
        self._stream, self._tap = stream, tap

    @property
    def peer(self) -> str:
        return self._stream.peer

    async def read(self) -> bytes:
        data = await self._stream.read()
        if data:
            self._tap("received", data)
        return data

    def write(self, data: bytes) -> None:
        self._tap("sent", data)
        self._stream.write(data)

    async def drain(self) -> None:
        await self._stream.drain()

    async def close(self) -> None:
        await self._stream.close()

    def abort(self) -> None:
        self._stream.abort()


def tapped(stream: ByteStream, tap: Tap) -> ByteStream:
    """``stream``, with every chunk shown to ``tap(direction, data)``. Below TLS that is ciphertext, for evidence."""
    return _Tapped(stream, tap)


Handler = Callable[[ByteStream], Awaitable[None]]

MAX_CONNECTIONS = 64
"""Connections one listener serves at a time; further ones are reset. A station has one vehicle, a tester a few."""


class Acceptor:
    """Runs ``handler(stream)`` for each accepted stream in a task of its own, and closes the stream afterwards.

    A PncError that leaves the handler goes to ``on_error``; any other exception is a bug and goes to the loop's
    exception handler, as a PncError does without ``on_error``. Either resets that connection and touches no other.
    """

    def __init__(self, handler: Handler, on_error: Callable[[PncError], None] | None = None) -> None:
        self._handler = handler
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, stream: ByteStream) -> None:
        """Serve ``stream``, or reset it if there are too many already."""
        if len(self._tasks) >= MAX_CONNECTIONS:
            stream.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel the handlers; their connections are reset."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, stream: ByteStream) -> None:
        try:
            await self._handler(stream)
            await stream.close()
        except Exception as error:
            if isinstance(error, PncError) and self._on_error is not None:
                self._on_error(error)
            else:
                context = {"message": f"the handler of {stream.peer} failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        finally:
            # After an orderly close this does nothing.
            stream.abort()
