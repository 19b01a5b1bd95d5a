"""The OpenSSL engine: TLS over memory, without I/O. Bytes and the lab's time go in, bytes and plaintext come out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from OpenSSL import SSL

from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.tls import Judge, TlsClient, TlsServer, _openssl_shim, messages
from pncsim.wire.tls.alerts import ADVICE, TlsClosed, TlsError, alert_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pncsim.wire.credentials import Credentials

_VERSIONS = {"TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}
_SIGNATURES = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"


class OpenSslSession(_openssl_shim.Records):
    """One TLS connection as a state machine: ``feed`` bytes, ``step`` the handshake, then ``decrypt`` and ``encrypt``.

    After every call, :meth:`outgoing` has what must be sent; after a TlsError, that is the alert.
    """

    def __init__(self, context: SSL.Context, config: TlsClient | TlsServer, peer: str) -> None:
        super().__init__(SSL.Connection(context, None))
        self._config = config
        self._judge: Judge | None = config.judge
        self._who = f"The TLS {'server' if isinstance(config, TlsClient) else 'client'} {peer}"
        self._now = 0.0
        self._first = b""  # the peer's first octets, to recognise what is not TLS
        self._done = False
        self._finished = False
        self._refusal: PeerError | None = None
        self._fault: BaseException | None = None
        self._alert_sent: int | None = None
        self._alert_received: int | None = None
        self._verdict: tuple[int | None] | None = None
        self._staple_asked = False
        self._extension: Any | None = None
        self.closed = False
        self.truncated = False
        self.failure: TlsError | None = None
        self.peer_chain: tuple[bytes, ...] = ()
        self.staples: tuple[bytes | None, ...] = ()
        self._client_hello = b""
        self._shown: list[bytes] = []
        _openssl_shim.watch(self._connection, self)
        if isinstance(config, TlsClient):
            if config.trusted_ca_keys:
                self._extension = _openssl_shim.extension_buffer(messages.trusted_ca_keys_body(config.trusted_ca_keys))
            if config.ask_staple:
                self._connection.request_ocsp()
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    # What the shell calls.

    @property
    def version(self) -> str:
        """``TLSv1.2`` or ``TLSv1.3``."""
        return self._connection.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        """OpenSSL's name of the cipher suite."""
        return self._connection.get_cipher_name() or ""

    @property
    def trusted_ca_keys(self) -> tuple[messages.TrustedAuthority, ...]:
        """The roots a client named."""
        return messages.trusted_authorities(self._client_hello) if self._client_hello else ()

    @property
    def own_chain(self) -> tuple[bytes, ...]:
        """The certificates this side has sent."""
        return self._own()[0]

    @property
    def own_staples(self) -> tuple[bytes | None, ...]:
        """The OCSP responses this side has stapled to them; OpenSSL leaves out what it cannot read."""
        own = self._own()[1]
        stapled = [messages.certificate_status(one) for one in self._shown if one[0] == messages.CERTIFICATE_STATUS]
        return (*stapled, *own[1:]) if own and stapled else own

    def _own(self) -> messages.StapledChain:
        sent = next((one for one in self._shown if one[0] == messages.CERTIFICATE), None)
        return ((), ()) if sent is None else messages.certificates(sent, tls13=self.version == "TLSv1.3")

    def step(self, now: float) -> bool:
        """Go on with the handshake as far as the bytes fed allow; True once it is complete.

        Raises TlsError, or whatever a judge raised that is no PeerError.
        """
        self._now = now
        _openssl_shim.clear_errors()
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.ZeroReturnError:
            raise self.cut_short() from None
        except SSL.Error as error:
            raise self._failure(error) from self._refusal
        if self._judge is not None and self._verdict is None:
            raise LocalError("OpenSSL finished a handshake without showing the peer's certificates to the judge.")
        self._done = True
        return True

    def feed(self, data: bytes) -> None:
        if len(self._first) < 8:
            if not self._first and isinstance(self._config, TlsServer) and self._config.on_opening is not None:
                self._config.on_opening(data[:1])
            self._first += data[:8]
        super().feed(data)

    def finish(self) -> None:
        """Put close_notify into :meth:`outgoing`, once, if the connection was up and no alert ended it."""
        if not self._done or self._finished or self._alert_sent or self._alert_received:
            return
        self._finished = self._mute = True
        _openssl_shim.clear_errors()
        try:
            self._connection.shutdown()
        except SSL.Error:
            # The connection is past telling the peer anything; the owner closes it anyway.
            _openssl_shim.clear_errors()

    def cut_short(self) -> TlsClosed:
        """The error for a connection that ended in the middle of the handshake."""
        at = "without a word" if not self._first else "in the middle of the TLS handshake"
        return TlsClosed(
            f"{self._who} closed the connection {at}.",
            advice="Some devices close without an alert when they dislike a certificate, cipher suite or version.",
        )

    # What OpenSSL calls, through the shim.

    def saw_handshake(self, sent: bool, version: int, message: bytes) -> None:
        kind = message[0]
        if sent and kind != messages.CLIENT_HELLO:
            self._shown.append(message)
        elif kind == messages.CERTIFICATE:
            self.peer_chain, self.staples = messages.certificates(message, tls13=version == SSL.TLS1_3_VERSION)
        elif kind == messages.CERTIFICATE_STATUS and self.staples:
            self.staples = (messages.certificate_status(message), *self.staples[1:])
        elif kind == messages.CLIENT_HELLO:
            self._client_hello = message
            if self._config.on_hello is not None:
                self._config.on_hello(message)

    def saw_alert(self, sent: bool, level: int, number: int) -> None:
        if not sent:
            self._alert_received = number
        elif number:
            self._alert_sent = number

    def judge_chain(self) -> int | None:
        if self._verdict is None:
            self._verdict = (self._ask(self._chain, 46),)
        return self._verdict[0]

    def judge_staples(self) -> bool:
        """Whether the stapled responses are acceptable."""
        return self._ask(self._staples, 113) is None

    def extension(self) -> Any | None:
        return self._extension

    def leaf_staple(self) -> bytes:
        """What a server staples, b"" for nothing."""
        staples = self._config.staples if isinstance(self._config, TlsServer) else ()
        return (staples[0] if staples else None) or b""

    def saw_keys(self, line: str) -> None:
        """A line for a key log."""
        if self._config.on_keys is not None:
            self._config.on_keys(line)

    def _chain(self, judge: Judge) -> None:
        if not self.peer_chain:
            raise PeerError("It sent a Certificate message that holds no certificate.", alert=42)
        judge.chain(self.peer_chain, self._now)

    def _staples(self, judge: Judge) -> None:
        judge.staples(self.peer_chain, self.staples, self._now)

    def _ask(self, question: Callable[[Judge], None], default: int) -> int | None:
        """Put a question to the judge; the alert of its refusal, or None. Nothing is raised: OpenSSL is waiting."""
        try:
            if self._judge is not None:
                question(self._judge)
        except PeerError as error:
            self._refusal = error
            return error.alert if error.alert in _openssl_shim.CHAIN_ALERTS else default
        except BaseException as error:
            self._fault = error
            return 80
        return None

    def _end(self, by: SSL.Error) -> None:
        """Nothing more comes: the peer has ended in order, or what was secured breaks off."""
        self.closed = True
        if not isinstance(by, SSL.ZeroReturnError):
            failure = self._failure(by)
            assert isinstance(failure, TlsError), "nobody is asked any more after the handshake"
            self.failure, self._mute = failure, True

    def _failure(self, error: SSL.Error) -> BaseException:
        """The error for what went wrong inside OpenSSL, in the order of what explains most."""
        if self._fault is not None:
            return self._fault
        if self._refusal is not None:
            return TlsError(
                f"{self._who} was refused{self._answer()}: {self._refusal.sentence}",
                kind=self._refusal.kind,
                alert=self._alert_sent,
                alert_from="us" if self._alert_sent is not None else None,
                clause=self._refusal.clause,
                advice=self._refusal.advice,
            )
        during = "broke TLS off" if self._done else "refused the TLS handshake"
        if self._alert_received:
            return TlsError(
                f"{self._who} {during} with {alert_text(self._alert_received)}.",
                kind="refused",
                alert=self._alert_received,
                alert_from="peer",
                advice=ADVICE.get(self._alert_received, ""),
            )
        reason = _reason(error)
        stranger = "" if self._done else _stranger(self._first)
        sentence = f"{self._who} {stranger or f'sent TLS that cannot be accepted: {reason}'}{self._answer(' and got')}."
        sender: Literal["us"] | None = "us" if self._alert_sent is not None else None
        return TlsError(
            sentence, alert=self._alert_sent, alert_from=sender, advice=ADVICE.get(self._alert_sent or 0, "")
        )

    def _answer(self, verb: str = " with") -> str:
        return "" if self._alert_sent is None else f"{verb} {alert_text(self._alert_sent)}"


def client_session(config: TlsClient, peer: str) -> OpenSslSession:
    """A client's engine. Raises LocalError if the configuration cannot work."""
    context = _context(
        server=False,
        versions=config.versions,
        ciphers=config.ciphers,
        curves=config.curves,
        credentials=config.credentials,
        judged=True,
        keys=config.on_keys is not None,
    )
    return OpenSslSession(context, config, peer)


def server_session(config: TlsServer, peer: str) -> OpenSslSession:
    """A server's engine. Raises LocalError if the configuration cannot work."""
    context = _context(
        server=True,
        versions=config.versions,
        ciphers=config.ciphers,
        curves=config.curves,
        credentials=config.credentials,
        judged=config.judge is not None,
        keys=config.on_keys is not None,
    )
    return OpenSslSession(context, config, peer)


@lru_cache(maxsize=64)
def _context(
    *,
    server: bool,
    versions: tuple[str, str],
    ciphers: tuple[str, ...],
    curves: tuple[str, ...],
    credentials: Credentials | None,
    judged: bool,
    keys: bool,
) -> SSL.Context:
    """A context for connections of one kind; what differs between connections lives in their sessions."""
    try:
        context = SSL.Context(SSL.TLS_SERVER_METHOD if server else SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(_VERSIONS[versions[0]])
        context.set_max_proto_version(_VERSIONS[versions[1]])
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        tls13 = [name for name in ciphers if name.startswith("TLS_")]
        tls12 = [name for name in ciphers if not name.startswith("TLS_")]
        if tls12:
            context.set_cipher_list(":".join(tls12).encode())
        if tls13:
            context.set_tls13_ciphersuites(":".join(tls13).encode())
        if credentials is not None:
            context.use_certificate(credentials.leaf)
            for certificate in credentials.chain[1:]:
                context.add_extra_chain_cert(certificate)
            context.use_privatekey(credentials.key)
            context.check_privatekey()
        _openssl_shim.prepare(
            context, server=server, demand_certificate=judged, curves=":".join(curves), signatures=_SIGNATURES
        )
        if not server:
            _openssl_shim.offer_trusted_ca_keys(context)
    except KeyError as error:
        known = ", ".join(_VERSIONS)
        raise LocalError(f"The TLS version {error.args[0]} is unknown; known are {known}.") from None
    except (SSL.Error, ValueError, TypeError) as error:
        reason = _reason(error) if isinstance(error, SSL.Error) else str(error)
        raise LocalError(f"OpenSSL does not accept our TLS configuration: {reason}.") from error
    if server:
        context.set_ocsp_server_callback(_give_staple)
    else:
        context.set_ocsp_client_callback(_take_staple)
    if keys:
        context.set_keylog_callback(_take_keys)
    return context


def _session_of(connection: SSL.Connection) -> OpenSslSession | None:
    observer = _openssl_shim.observer_of(connection)
    return observer if isinstance(observer, OpenSslSession) else None


def _give_staple(connection: SSL.Connection, _: object) -> bytes:
    session = _session_of(connection)
    return b"" if session is None else session.leaf_staple()


def _take_staple(connection: SSL.Connection, _: bytes, __: object) -> bool:
    session = _session_of(connection)
    return session is not None and session.judge_staples()


def _take_keys(connection: SSL.Connection, line: bytes) -> None:
    session = _session_of(connection)
    if session is not None:
        session.saw_keys(line.decode("ascii"))


def _reason(error: SSL.Error) -> str:
    """OpenSSL's words for an error."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(entry[-1] for entry in queue if entry[-1]) or "unexpected end of the stream"


def _stranger(first: bytes) -> str:
    """What a peer that does not speak TLS sent, as the end of a sentence; empty if it does look like TLS."""
    if first[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and first[1:2] == b"\x03":
        return ""
    if first[:2] == b"\x01\xfe":
        return "sent a V2GTP message in the clear where TLS is expected"
    if first[:4].isascii() and first[:4].decode("ascii").isprintable():
        return f"sent text where TLS is expected ({first[:8].decode('ascii', 'replace')!r}...)"
    return f"sent something else where TLS is expected: {first[:8].hex(' ')}"
