"""A connection within the process, without sockets, so that virtual time is exact."""

from __future__ import annotations

import asyncio

from pncsim.wire.errors import PeerClosed
from pncsim.wire.streams import NOWHERE, ByteStream
from pncsim.wire.trace import EndPoint


class _PipeEnd(ByteStream):
    """One end of :func:`memory_pipe`: what is written waits at the far end until it is delivered there."""

    _far: _PipeEnd

    @property
    def unsent(self) -> int:
        return len(self._far._waiting)

    def write(self, data: bytes) -> None:
        if data and not self._closed:
            self._far._keep(data)

    def finish(self) -> None:
        if not self._closed:
            self._end_here()
            self._far._lost = PeerClosed(f"{self._far.peer} closed the connection.")
            self._far._end(None)

    def abort(self) -> None:
        if not self._closed:
            self._end_here()
            self._far._waiting = b""
            self._far._lost = PeerClosed(f"{self._far.peer} reset the connection.")
            self._far._end(self._far._lost)

    def _hold(self, full: bool) -> None:
        if not full:
            asyncio.get_running_loop().call_soon(self._far._drained)


def memory_pipe(
    first: str = "memory", second: str = "memory", *, ends: tuple[EndPoint, EndPoint] = (NOWHERE, NOWHERE)
) -> tuple[ByteStream, ByteStream]:
    """Two connected streams in this process; ``first`` and ``second`` name them for people, ``ends`` are addresses."""
    near, far = _PipeEnd(second, *ends), _PipeEnd(first, *reversed(ends))
    near._far, far._far = far, near
    return near, far
