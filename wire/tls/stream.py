"""The shell around a TLS engine: moves bytes between it and a :class:`wire.streams.ByteStream`."""

from __future__ import annotations

from typing import Protocol

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.streams import ByteStream, Layer
from pncsim.wire.tls.alerts import TlsClosed, TlsError
from pncsim.wire.tls.messages import TrustedAuthority


class TlsSession(Protocol):
    """What an engine offers; :class:`wire.tls.openssl.OpenSslSession` is one."""

    closed: bool
    """Nothing more comes."""
    failure: TlsError | None
    """Why, if the peer has not ended in order."""
    truncated: bool
    peer_chain: tuple[bytes, ...]
    staples: tuple[bytes | None, ...]

    @property
    def own_chain(self) -> tuple[bytes, ...]:
        """What was sent, as ``peer_chain``."""

    @property
    def own_staples(self) -> tuple[bytes | None, ...]:
        """What was sent, as ``staples``."""

    @property
    def trusted_ca_keys(self) -> tuple[TrustedAuthority, ...]:
        """The roots a client named, read when somebody asks."""

    @property
    def version(self) -> str:
        """The protocol version."""

    @property
    def cipher(self) -> str:
        """The cipher suite."""

    def step(self, now: float) -> bool:
        """Go on with the handshake; True once complete. Raises TlsError."""

    def feed(self, data: bytes) -> None:
        """Bytes of the handshake came from the peer."""

    def outgoing(self) -> bytes:
        """Bytes to send now."""

    def decrypt(self, data: bytes = b"") -> bytes:
        """The plaintext complete with ``data``, maybe none."""

    def encrypt(self, data: bytes) -> bytes:
        """What to send for ``data``."""

    def finish(self) -> None:
        """Prepare close_notify."""

    def cut_short(self) -> TlsClosed:
        """The error for an end in the middle of the handshake."""


class TlsStream(Layer):
    """A secured ByteStream. It may also end with a TlsError; the connection is then over."""

    def __init__(self, stream: ByteStream, session: TlsSession) -> None:
        super().__init__(stream)
        self._session = session
        self.version = session.version
        self.cipher = session.cipher
        self.peer_chain = session.peer_chain
        """The peer's certificates as DER, leaf first, as sent; empty if it had to show none."""
        self.staples = session.staples
        """OCSPResponse DER or None for each certificate of ``peer_chain``."""
        # Data may have come with the end of the handshake.
        self.received(b"")

    @property
    def trusted_ca_keys(self) -> tuple[TrustedAuthority, ...]:
        """The roots a client named (server side), empty otherwise."""
        return self._session.trusted_ca_keys

    @property
    def own_chain(self) -> tuple[bytes, ...]:
        """Our own certificates as DER, leaf first, as they were sent; empty if none were."""
        return self._session.own_chain

    @property
    def own_staples(self) -> tuple[bytes | None, ...]:
        """OCSPResponse DER or None for each certificate of ``own_chain``, as sent."""
        return self._session.own_staples

    @property
    def truncated(self) -> bool:
        """The peer ended the connection without close_notify. Common, and harmless where the protocol has an end."""
        return self._session.truncated

    def received(self, data: bytes) -> None:
        session = self._session
        if session.closed:
            return
        plain = session.decrypt(data)
        if plain:
            self._arrived(plain)
        if session.closed or not plain:
            # Where there is no data, OpenSSL may have something to say: an alert, or the answer to one.
            self._flush()
        if session.closed:
            self._finished()

    def ended(self, error: PncError | None) -> None:
        session = self._session
        if error is None and not session.closed:
            session.closed = session.truncated = True
        self._end(error)

    def write(self, data: bytes) -> None:
        session = self._session
        sealed = session.encrypt(data)
        if sealed:
            self._below.write(sealed)
        if session.failure is not None:
            self._finished()

    def finish(self) -> None:
        self._session.finish()
        self._flush()
        super().finish()

    def _finished(self) -> None:
        """Nothing more comes; after a failure nothing more can be said either, and its alert is on the way."""
        self._end(self._session.failure)
        if self._session.failure is not None:
            self._below.finish()

    def _flush(self) -> None:
        data = self._session.outgoing()
        if data:
            self._below.write(data)


async def handshake(stream: ByteStream, session: TlsSession, clock: Clock) -> TlsStream:
    """Drive ``session`` through its handshake over ``stream``; see :func:`wire.tls.open_client`."""
    try:
        try:
            while not session.step(clock.now()):
                stream.write(session.outgoing())
                await stream.drain()
                received = await stream.read()
                if not received:
                    raise session.cut_short()
                session.feed(received)
        except TlsError as error:
            error.peer_chain, error.staples = session.peer_chain, session.staples
            error.own_chain, error.own_staples = session.own_chain, session.own_staples
            raise
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
