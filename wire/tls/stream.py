"""The shell around a TLS engine: moves bytes between it and a :class:`wire.streams.ByteStream`."""

from __future__ import annotations

from typing import Protocol

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls.alerts import TlsClosed, TlsError
from pncsim.wire.tls.messages import TrustedAuthority


class TlsSession(Protocol):
    """What an engine offers; :class:`wire.tls.openssl.OpenSslSession` is one."""

    closed: bool
    truncated: bool
    drained: bool
    """Everything fed has been read, so that there is no use in reading before more is fed."""
    peer_chain: tuple[bytes, ...]
    staples: tuple[bytes | None, ...]
    trusted_ca_keys: tuple[TrustedAuthority, ...]

    @property
    def version(self) -> str:
        """The protocol version."""

    @property
    def cipher(self) -> str:
        """The cipher suite."""

    def step(self, now: float) -> bool:
        """Go on with the handshake; True once complete. Raises TlsError."""

    def feed(self, data: bytes) -> None:
        """Bytes came from the peer."""

    def outgoing(self) -> bytes:
        """Bytes to send now."""

    def read(self) -> bytes:
        """Complete plaintext, b"" if there is none or the peer ended (``closed``). Raises TlsError."""

    def write(self, data: bytes) -> None:
        """Encrypt. Raises TlsError."""

    def finish(self) -> None:
        """Prepare close_notify."""

    def cut_short(self) -> TlsClosed:
        """The error for an end in the middle of the handshake."""


class TlsStream:
    """A secured ByteStream. ``read`` and ``write`` may also raise TlsError; the connection is then over."""

    def __init__(self, stream: ByteStream, session: TlsSession) -> None:
        self._stream = stream
        self._session = session
        self.version = session.version
        self.cipher = session.cipher
        self.peer_chain = session.peer_chain
        """The peer's certificates as DER, leaf first, as sent; empty if it had to show none."""
        self.staples = session.staples
        """OCSPResponse DER or None for each certificate of ``peer_chain``."""
        self.trusted_ca_keys = session.trusted_ca_keys
        """The roots a client named (server side), empty otherwise."""

    @property
    def peer(self) -> str:
        return self._stream.peer

    @property
    def truncated(self) -> bool:
        """The peer ended the connection without close_notify. Common, and harmless where the protocol has an end."""
        return self._session.truncated

    async def read(self) -> bytes:
        session = self._session
        while not session.closed:
            if not session.drained:
                try:
                    data = session.read()
                except TlsError:
                    self._flush()
                    await self._stream.close()
                    raise
                self._flush()
                if data:
                    return data
                if session.closed:
                    break
            received = await self._stream.read()
            if received:
                session.feed(received)
            else:
                session.closed = session.truncated = True
        return b""

    def write(self, data: bytes) -> None:
        self._session.write(data)
        self._flush()

    async def drain(self) -> None:
        await self._stream.drain()

    async def close(self) -> None:
        self._session.finish()
        self._flush()
        await self._stream.close()

    def abort(self) -> None:
        self._stream.abort()

    def _flush(self) -> None:
        data = self._session.outgoing()
        if data:
            self._stream.write(data)


async def handshake(stream: ByteStream, session: TlsSession, clock: Clock) -> TlsStream:
    """Drive ``session`` through its handshake over ``stream``; see :func:`wire.tls.open_client`."""
    try:
        while not session.step(clock.now()):
            stream.write(session.outgoing())
            await stream.drain()
            received = await stream.read()
            if not received:
                raise session.cut_short()
            session.feed(received)
        stream.write(session.outgoing())
    except PeerClosed as error:
        stream.abort()
        raise (error if isinstance(error, TlsError) else session.cut_short()) from error
    except Exception:
        # The alert still has to reach the peer.
        stream.write(session.outgoing())
        await stream.close()
        raise
    except BaseException:
        stream.abort()
        raise
    return TlsStream(stream, session)
