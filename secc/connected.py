"""Who is connected to an EVSE, from the first octet to the end of the connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from pncsim.secc.visitor import Visitor
from pncsim.wire.errors import LocalError
from pncsim.wire.streams import ByteStream


class Connected:
    """``left`` hears who has left, and then ``emptied`` that nobody is connected any more."""

    def __init__(self, left: Callable[[Visitor], None], emptied: Callable[[], None]) -> None:
        self._left, self._emptied = left, emptied
        self._streams: set[ByteStream] = set()
        self._shaking: set[ByteStream] = set()
        self._visitors = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    @property
    def anybody(self) -> bool:
        """Whether somebody is."""
        return self._visitors > 0

    async def idle(self) -> None:
        """Wait until nobody is."""
        await self._nobody.wait()

    @contextlib.contextmanager
    def visited_by(self, visitor: Visitor, stream: ByteStream) -> Iterator[None]:
        """In the body the visitor is; however it ends, whoever watches hears of it."""
        self._streams.add(stream)
        self._visitors += 1
        self._nobody.clear()
        try:
            yield
        except asyncio.CancelledError:
            if not visitor.state:
                visitor.left("The station was shut down.", LocalError("The station was shut down."))
            raise
        finally:
            self._streams.discard(stream)
            try:
                self._left(visitor)
            finally:
                self._visitors -= 1
                if not self._visitors:
                    self._emptied()
                    self._nobody.set()

    @contextlib.contextmanager
    def shaking_hands(self, stream: ByteStream) -> Iterator[None]:
        """In the body it is not known yet who that is."""
        self._shaking.add(stream)
        try:
            yield
        finally:
            self._shaking.discard(stream)

    def abort(self) -> None:
        """Reset every connection."""
        for stream in tuple(self._streams):
            stream.abort()

    def abort_handshakes(self) -> None:
        """Reset the connections on which nobody has said yet who he is."""
        for stream in tuple(self._shaking):
            stream.abort()
