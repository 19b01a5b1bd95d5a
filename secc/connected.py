"""Who is connected to an EVSE, from the first octet to the end of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pncsim.secc.visitor import Visitor
from pncsim.wire.streams import ByteStream


class Connected:
    """``left`` hears who has left, and then ``emptied`` that nobody is connected any more."""

    def __init__(self, left: Callable[[Visitor], None], emptied: Callable[[], None]) -> None:
        self._left, self._emptied = left, emptied
        self._streams: set[ByteStream] = set()
        self.shaking: set[ByteStream] = set()
        """Those of them that still are in their handshake, so that it is not known yet who that is."""
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

    def came(self, stream: ByteStream) -> None:
        """Somebody is; :meth:`went` has to follow."""
        self._streams.add(stream)
        self._visitors += 1
        self._nobody.clear()

    def went(self, stream: ByteStream, visitor: Visitor) -> None:
        """That was ``visitor``, who has left."""
        self._streams.discard(stream)
        try:
            self._left(visitor)
        finally:
            self._visitors -= 1
            if not self._visitors:
                self._emptied()
                self._nobody.set()

    def abort(self) -> None:
        """Reset every connection."""
        for stream in tuple(self._streams):
            stream.abort()

    def abort_handshakes(self) -> None:
        """Reset the connections on which nobody has said yet who he is."""
        for stream in tuple(self.shaking):
            stream.abort()
