"""Who serves the connections of a listener: one task each, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pncsim.wire.capture import captured
from pncsim.wire.errors import PncError
from pncsim.wire.streams import ByteStream
from pncsim.wire.voice import Voice

OnStream = Callable[[ByteStream], Awaitable[None]]
"""What a listener does with a connection; the connection is closed when it returns."""

MAX_CONNECTIONS = 64
"""Connections one listener serves at a time; further ones are reset. A station has one vehicle, a tester a few."""


class Acceptor:
    """Runs ``on_stream(stream)`` for each accepted stream in a task of its own, and closes the stream afterwards.

    ``voice`` is the listener's: it tells of PncErrors that leave the handler, and of the bytes if anybody wants them.
    Any other exception is a bug and goes to the loop's exception handler, as a PncError does without a voice. Either
    resets that connection and touches no other.
    """

    def __init__(self, on_stream: OnStream, voice: Voice | None = None) -> None:
        self._on_stream = on_stream
        self._voice = voice
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, stream: ByteStream) -> None:
        """Serve ``stream``, or reset it if there are too many already."""
        stream = captured(stream, self._voice, "received")
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
            await self._on_stream(stream)
            await stream.close()
        except Exception as error:
            if isinstance(error, PncError) and self._voice is not None:
                self._voice.problem(error)
            else:
                context = {"message": f"the handler of {stream.peer} failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        finally:
            # After an orderly close this does nothing.
            stream.abort()
