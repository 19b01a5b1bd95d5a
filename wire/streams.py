"""Byte streams: what carries V2GTP and TLS, be it TCP or a pipe in memory."""

from __future__ import annotations

from typing import Protocol


class ByteStream(Protocol):
    """A reliable, ordered stream of bytes in both directions."""

    @property
    def peer(self) -> str:
        """The other end, for people: ``[::1]:61341`` or ``memory``."""

    async def read(self) -> bytes:
        """The next bytes, cut anywhere; b"" once the peer has ended. Raises PeerClosed if the connection was reset."""

    def write(self, data: bytes) -> None:
        """Queue ``data``. Data for a connection that is already gone is dropped: the loss shows in read and drain."""

    async def drain(self) -> None:
        """Wait until the peer took enough to make room again. Raises PeerClosed if the connection is gone."""

    async def close(self) -> None:
        """End in order: what was written is still sent. Idempotent; if cancelled, the connection is aborted."""

    def abort(self) -> None:
        """Drop the connection at once: unsent data is lost and the peer sees a reset. Idempotent."""
