"""A vehicle's connection, below its TLS, on which one side or both can be held back."""

from __future__ import annotations

from typing import Literal

from pncsim.wire.streams import ByteStream, Layer


class HeldLine(Layer):
    """While it is ``mute`` nothing that the vehicle writes passes, an orderly end neither; while it is ``deaf`` nothing
    is brought to it. Whoever changes that says so, by :meth:`pass_on` and :meth:`hear`.
    """

    def __init__(self, stream: ByteStream) -> None:
        super().__init__(stream)
        self._kept: list[bytes] = []
        self._ending: Literal["", "finish", "abort"] = ""

    @property
    def mute(self) -> bool:
        """Whether what is written is kept."""
        return False

    @property
    def deaf(self) -> bool:
        """Whether what arrives has to wait."""
        return False

    def pass_on(self) -> bool:
        """Write what was kept; True if the vehicle has ended the connection meanwhile, as is done then."""
        kept, self._kept = self._kept, []
        for data in kept:
            self._below.write(data)
        ending, self._ending = self._ending, ""
        if ending == "finish":
            self._below.finish()
        elif ending == "abort":
            self._below.abort()
        return ending != ""

    def hear(self) -> None:
        """Let come what may come now."""
        if self.deaf:
            self._below.pause()
        elif not (self._paused or self._held):
            self._below.resume()

    def write(self, data: bytes) -> None:
        if self.mute:
            self._kept.append(data)
        else:
            self._below.write(data)

    def finish(self) -> None:
        if self.mute:
            self._ending = self._ending or "finish"
            self._end_here()
        else:
            super().finish()

    async def close(self) -> None:
        self.finish()
        if not self._ending:
            await self._below.close()

    def resume(self) -> None:
        if self.deaf:
            ByteStream.resume(self)
        else:
            super().resume()

    def _hold(self, full: bool) -> None:
        if full or not self.deaf:
            super()._hold(full)
