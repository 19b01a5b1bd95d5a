"""Handshakes between two configurations over a pipe in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from throwaway import Chain, Witness

from pncsim.wire.clock import Clock
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import TlsClient, TlsServer, open_client, open_server
from pncsim.wire.tls.stream import TlsStream

Outcome = TlsStream | BaseException


@dataclass
class Handshakes:
    """Opens TLS between two configurations; a failed side gives its exception."""

    chain: Chain
    start: float = 1_790_000_000.0

    async def attempt(self, client: TlsClient, server: TlsServer) -> tuple[Outcome, Outcome]:
        """Both sides' outcome."""
        return await self._both(memory_pipe("vehicle", "station"), client, server)

    async def _both(
        self, pipe: tuple[ByteStream, ByteStream], client: TlsClient, server: TlsServer
    ) -> tuple[Outcome, Outcome]:
        ours, theirs = pipe
        clock = Clock(self.start)
        async with asyncio.timeout(10):
            one, two = await asyncio.gather(
                open_client(ours, client, clock), open_server(theirs, server, clock), return_exceptions=True
            )
        return one, two

    async def succeed(self, client: TlsClient, server: TlsServer) -> tuple[TlsStream, TlsStream]:
        """Both secured streams."""
        one, two = await self.attempt(client, server)
        assert isinstance(one, TlsStream), one
        assert isinstance(two, TlsStream), two
        return one, two

    async def secure(self, ours: ByteStream, theirs: ByteStream) -> tuple[TlsStream, TlsStream]:
        """TLS upon both ends of a connection."""
        one, two = await self._both((ours, theirs), self.client(), self.server())
        assert isinstance(one, TlsStream), one
        assert isinstance(two, TlsStream), two
        return one, two

    def server(self, **changes: object) -> TlsServer:
        """A station with the chain's credentials."""
        return TlsServer(**{"credentials": self.chain.credentials, **changes})  # type: ignore[arg-type]

    def client(self, **changes: object) -> TlsClient:
        """A vehicle whose judge accepts everything."""
        return TlsClient(**{"judge": Witness(), **changes})  # type: ignore[arg-type]
