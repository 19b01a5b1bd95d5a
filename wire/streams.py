"""Byte streams: what carries V2GTP and TLS, be it TCP, a pipe in memory, or a layer upon either.

Bytes are pushed: a stream hands what arrives to the :class:`Receiver` attached to it, straight from the event loop's
callback through all layers, without a task or a future. Whoever awaits a few messages only (a handshake, a test) may
leave it unattached and ask for them with :meth:`ByteStream.read`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol

from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.trace import EndPoint

BUFFER = 65_536
"""Octets held per direction before the sender has to wait (:meth:`ByteStream.drain`) or the socket is left unread."""

NOWHERE: EndPoint = ("", 0)
"""The address of who has none."""


class Receiver(Protocol):
    """Who takes what arrives on a stream; always called by the event loop, never from within a write of either end.

    An exception raised here is a defect: the loop's exception handler gets it, the connection is reset, and the
    receiver hears of an end by an error of the kind "defect".
    """

    def received(self, data: bytes) -> None:
        """The next bytes, cut anywhere, never none."""

    def ended(self, error: PncError | None) -> None:
        """Nothing more comes: either side has ended in order (None), or the connection failed. Called once."""

    def drained(self) -> None:
        """There is room again: the peer took most of what was :attr:`ByteStream.unsent`."""


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


class ByteStream(ABC):
    """A reliable, ordered stream of bytes in both directions. The receiving half is the same for all streams."""

    def __init__(self, peer: str, local: EndPoint = NOWHERE, remote: EndPoint = NOWHERE) -> None:
        self.peer = peer
        """The other end, for people: ``[::1]:61341`` or ``memory``."""
        self.local, self.remote = local, remote
        self._receiver: Receiver | None = None
        self._waiting: bytes | bytearray = b""  # arrived and not delivered
        self._paused = False
        self._held = False  # so much waits that the source was told to stop
        self._due = False  # a delivery is scheduled
        self._over = False  # nothing more arrives
        self._told = False  # the receiver knows that
        self._error: PncError | None = None  # why it is over, if not in order
        self._lost: PncError | None = None  # why what is written now goes nowhere
        self._closed = False  # by this side
        self._changed = Gate()

    # Receiving

    def attach(self, receiver: Receiver) -> None:
        """Let ``receiver`` have what arrives from the loop's next turn on, and first what has been waiting."""
        self._receiver, self._paused, self._told = receiver, False, False
        if self._waiting or self._over:
            self._schedule()

    def pause(self) -> None:
        """Deliver neither bytes nor an orderly end until :meth:`resume`; what arrives waits, and is bounded."""
        self._paused = True

    def resume(self) -> None:
        """Deliver again, from the loop's next turn on."""
        self._paused = False
        if self._waiting or self._over:
            self._schedule()

    async def read(self) -> bytes:
        """The next bytes of a stream nobody is attached to; b"" once either side has ended in order.

        Raises what it failed with, again and again: PeerClosed if the peer reset it.
        """
        if self._receiver is not None:
            raise RuntimeError(f"what {self.peer} sends is delivered to {self._receiver!r}")
        while not self._waiting and not self._over:
            await self._changed.wait()
        if self._waiting:
            data, self._waiting = bytes(self._waiting), b""
            if self._held:
                self._make_room()
            return data
        if self._error is not None:
            raise self._error
        return b""

    # Sending

    @property
    @abstractmethod
    def unsent(self) -> int:
        """Octets written that the peer or the system has not taken yet. Above BUFFER, wait for ``drained``."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Queue ``data``; never blocks. Data for a connection that is gone is dropped: the receiver hears the end."""

    async def drain(self) -> None:
        """Wait until there is room again. Raises PeerClosed if the connection is gone."""
        while self.unsent > BUFFER and self._lost is None:
            await self._changed.wait()
        if self._lost is not None and not self._closed:
            raise self._lost

    @abstractmethod
    def finish(self) -> None:
        """End in order: what was written is still sent, what arrives is dropped. Idempotent."""

    async def close(self) -> None:
        """:meth:`finish`, and wait until everything is sent. Idempotent; if cancelled, the connection is aborted."""
        self.finish()

    @abstractmethod
    def abort(self) -> None:
        """Drop the connection at once: unsent data is lost and the peer sees a reset. Idempotent."""

    # For implementations

    def _arrived(self, data: bytes) -> None:
        """Deliver ``data`` at once if that is possible; to be called by the event loop only."""
        receiver = self._receiver
        if receiver is None or self._paused or self._due or self._over:
            self._keep(data)
            return
        try:
            receiver.received(data)
        except Exception as defect:
            self._defect(defect)

    def _keep(self, data: bytes) -> None:
        """Deliver ``data`` later."""
        if self._over:
            return
        if not self._waiting:
            self._waiting = data  # nearly always all there is
        elif isinstance(self._waiting, bytearray):
            self._waiting += data
        else:
            self._waiting = bytearray(self._waiting + data)
        if len(self._waiting) > BUFFER and not self._held:
            self._held = True
            self._hold(True)
        # As _schedule does it, in place: nothing comes more often.
        if self._receiver is None:
            self._changed.open()
        elif not self._due and not self._paused:
            self._due = True
            asyncio.get_running_loop().call_soon(self._deliver)

    @abstractmethod
    def _hold(self, full: bool) -> None:
        """Too much waits here (True), or there is room again (False)."""

    def _end(self, error: PncError | None) -> None:
        """Nothing more arrives; what waits is delivered before this is told."""
        if not self._over:
            self._over, self._error = True, error
        self._changed.open()
        self._schedule()

    def _end_here(self) -> None:
        """This side ends the connection: nothing is delivered any more but the end."""
        self._closed, self._error, self._paused = True, None, False
        self._waiting = b""
        self._end(None)

    def _drained(self) -> None:
        """There is room again for what is to be sent; to be called by the event loop only."""
        self._changed.open()
        if self._receiver is not None and not self._closed:
            try:
                self._receiver.drained()
            except Exception as defect:
                self._defect(defect)

    # How it is delivered

    def _schedule(self) -> None:
        if self._receiver is None:
            self._changed.open()
        elif not self._due and not self._told and (self._over or not self._paused):
            self._due = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._due = False
        receiver = self._receiver
        assert receiver is not None, "a delivery is scheduled for a receiver, and none ever leaves"
        try:
            if self._waiting and not self._paused:
                data, self._waiting = bytes(self._waiting), b""
                if self._held:
                    self._make_room()
                receiver.received(data)
            if receiver is not self._receiver or self._told or not self._over:
                return
            # A failure does not wait until a paused receiver wants to have what came before it.
            if self._error is not None or not self._paused:
                self._told = True
                receiver.ended(self._error)
        except Exception as defect:
            self._defect(defect)

    def _make_room(self) -> None:
        self._held = False
        self._hold(False)

    def _defect(self, defect: Exception) -> None:
        self.abort()
        if not self._told:
            self._error = LocalError(f"A defect met with what {self.peer} sent: {defect!r}.", kind="defect")
            self._error.__cause__ = defect
        context = {"message": f"the receiver of {self.peer} failed", "exception": defect}
        asyncio.get_running_loop().call_exception_handler(context)


class Layer(ByteStream):
    """A stream upon another one, whose receiver it is; it passes everything through unless a subclass differs."""

    def __init__(self, below: ByteStream) -> None:
        super().__init__(below.peer, below.local, below.remote)
        self._below = below
        below.attach(self)

    # What the stream below says

    def received(self, data: bytes) -> None:
        """As :class:`Receiver`."""
        self._arrived(data)

    def ended(self, error: PncError | None) -> None:
        """As :class:`Receiver`."""
        self._end(error)

    def drained(self) -> None:
        """As :class:`Receiver`."""
        self._drained()

    # What the owner says

    def pause(self) -> None:
        super().pause()
        self._below.pause()

    def resume(self) -> None:
        super().resume()
        if not self._held:
            self._below.resume()

    @property
    def unsent(self) -> int:
        return self._below.unsent

    def write(self, data: bytes) -> None:
        self._below.write(data)

    async def drain(self) -> None:
        await self._below.drain()

    def finish(self) -> None:
        self._end_here()
        self._below.finish()

    async def close(self) -> None:
        self.finish()
        await self._below.close()

    def abort(self) -> None:
        self._end_here()
        self._below.abort()

    def _hold(self, full: bool) -> None:
        if full:
            self._below.pause()
        elif not self._paused:
            self._below.resume()
