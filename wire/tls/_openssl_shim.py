"""What pyOpenSSL's public interface cannot do, through its cffi layer. Nothing outside this file uses private names.

* The certificate verdict with the right alert: the public verify callback always ends in alert 80.
* Seeing handshake messages and alerts as they pass: the chain as the peer sent it, staples, the alert numbers.
* The trusted_ca_keys extension in a ClientHello.
* Curves and signature algorithms by name.
* Records without an exception and three checks for each "nothing more yet".

pyOpenSSL's version is bounded in pyproject.toml for this file's sake; tests observe each alert at the peer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakValueDictionary

from OpenSSL import SSL

from pncsim.wire.tls.messages import CERTIFICATE, CERTIFICATE_STATUS, CLIENT_HELLO, TRUSTED_CA_KEYS

# Neither pyOpenSSL's stubs nor those of cffi know what is used here.
_lib: Any = SSL._lib  # type: ignore[attr-defined]
_ffi: Any = SSL._ffi  # type: ignore[attr-defined]

_VERIFY_NOTHING = 0
_VERIFY_PEER = 1
_FAIL_WITHOUT_CERTIFICATE = 2

_ALERT_RECORD = 21
_HANDSHAKE_RECORD = 22

# The handshake messages an observer is shown, as their first octet.
_WATCHED = frozenset(bytes((kind,)) for kind in (CLIENT_HELLO, CERTIFICATE, CERTIFICATE_STATUS))

# The verify error OpenSSL turns into each alert (ssl_x509err2alert).
_ERROR_FOR_ALERT = {
    40: _lib.X509_V_ERR_APPLICATION_VERIFICATION,
    42: _lib.X509_V_ERR_CERT_REJECTED,
    43: _lib.X509_V_ERR_INVALID_PURPOSE,
    44: _lib.X509_V_ERR_CERT_REVOKED,
    45: _lib.X509_V_ERR_CERT_HAS_EXPIRED,
    46: _lib.X509_V_ERR_AKID_SKID_MISMATCH,
    48: _lib.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    51: _lib.X509_V_ERR_CERT_SIGNATURE_FAILURE,
    80: _lib.X509_V_ERR_OUT_OF_MEM,
}

CHAIN_ALERTS = frozenset(_ERROR_FOR_ALERT)
"""The alerts a refused certificate chain can be answered with."""


class Observer(Protocol):
    """Who watches a connection. The methods are called from inside OpenSSL and must not raise."""

    def saw_handshake(self, sent: bool, version: int, message: bytes) -> None:
        """A ClientHello, Certificate or CertificateStatus passed, header included; ``version`` as on the wire."""

    def saw_alert(self, sent: bool, level: int, number: int) -> None:
        """An alert passed."""

    def judge_chain(self) -> int | None:
        """The peer's chain must be judged now: None accepts, an alert of CHAIN_ALERTS refuses. Asked several times."""

    def extension(self) -> Any | None:
        """The body of trusted_ca_keys as a cffi buffer that the observer keeps alive, or None to leave it out."""


_observers: WeakValueDictionary[Any, Observer] = WeakValueDictionary()


def watch(connection: SSL.Connection, observer: Observer) -> None:
    """Let ``observer`` see what happens on ``connection`` and judge its peer; it must outlive neither."""
    _observers[connection._ssl] = observer


def observer_of(connection: SSL.Connection) -> Observer | None:
    """Who watches this connection."""
    return _observers.get(connection._ssl)


def prepare(context: SSL.Context, *, server: bool, demand_certificate: bool, curves: str, signatures: str) -> None:
    """Make connections of ``context`` report to their observers; with ``demand_certificate`` these judge the peer.

    Raises ValueError for a curve or signature algorithm OpenSSL does not know.
    """
    pointer = context._context
    if _lib.SSL_CTX_set1_curves_list(pointer, curves.encode()) != 1:
        _lib.ERR_clear_error()
        raise ValueError(f"OpenSSL does not know the curves {curves}")
    if _lib.SSL_CTX_set1_sigalgs_list(pointer, signatures.encode()) != 1:
        _lib.ERR_clear_error()
        raise ValueError(f"OpenSSL does not know the signature algorithms {signatures}")
    _lib.SSL_CTX_set_msg_callback(pointer, _message)
    if demand_certificate:
        verify = _verify_client if server else _verify_server
        _lib.SSL_CTX_set_verify(pointer, _VERIFY_PEER | _FAIL_WITHOUT_CERTIFICATE, verify)
        # The judge verifies every signature; a depth of 0 keeps OpenSSL from doing it as well.
        _lib.SSL_CTX_set_verify_depth(pointer, 0)
    else:
        _lib.SSL_CTX_set_verify(pointer, _VERIFY_NOTHING, _ffi.NULL)


def offer_trusted_ca_keys(context: SSL.Context) -> None:
    """Let client connections of ``context`` send trusted_ca_keys if their observer has a body for it (TLS 1.2)."""
    added = _lib.SSL_CTX_add_client_custom_ext(
        context._context, TRUSTED_CA_KEYS, _add_extension, _ffi.NULL, _ffi.NULL, _ffi.NULL, _ffi.NULL
    )
    if added != 1:
        _lib.ERR_clear_error()
        raise ValueError("OpenSSL refuses trusted_ca_keys as a custom extension")


def extension_buffer(body: bytes) -> Any:
    """``body`` in memory OpenSSL can read, alive as long as the answer is."""
    return _ffi.from_buffer("unsigned char[]", body)


_RECORD = 16_384
_buffer = _ffi.new_allocator(should_clear_after_alloc=False)


class Records(ABC):
    """The octets of a connection with memory BIOs, in both directions."""

    def __init__(self, connection: SSL.Connection) -> None:
        self._connection = connection  # owns what the following point to
        self._ssl, self._into_ssl, self._from_ssl = connection._ssl, connection._into_ssl, connection._from_ssl
        self._room = _buffer("char[]", _RECORD)
        self._start = _ffi.new("char **")
        self._mute = False  # nothing more is encrypted

    @abstractmethod
    def _end(self, by: SSL.Error) -> None:
        """Nothing more comes; ZeroReturnError: the peer has ended in order."""

    def feed(self, data: bytes) -> None:
        """Bytes came from the peer during the handshake."""
        _lib.BIO_write(self._into_ssl, data, len(data))

    def outgoing(self) -> bytes:
        """Bytes to send to the peer now, maybe none."""
        return self.encrypt(b"")

    def decrypt(self, data: bytes = b"") -> bytes:
        """The plaintext of all records complete with ``data``, maybe none."""
        if data:
            _lib.BIO_write(self._into_ssl, data, len(data))
        plain = b""
        # A record that is not there yet is an error to OpenSSL, and a dear one; so it is asked first. One that is there
        # is read as a whole: none is longer than the room for it. To ask for errors is cheaper than to clear none.
        while _lib.BIO_get_mem_data(self._into_ssl, self._start):
            if _lib.ERR_peek_error():
                clear_errors()
            got = _lib.SSL_read(self._ssl, self._room, _RECORD)
            if got <= 0:
                self._failed(got)
                break
            plain += _ffi.unpack(self._room, got)
        return plain

    def encrypt(self, data: bytes) -> bytes:
        """Bytes to send to the peer now, ``data`` among them unless the connection is past that."""
        if data and not self._mute:
            if _lib.ERR_peek_error():
                clear_errors()
            for at in range(0, len(data), _RECORD):
                part = data[at : at + _RECORD]
                done = _lib.SSL_write(self._ssl, part, len(part))
                if done <= 0:
                    self._failed(done)
                    break
        got = _lib.BIO_read(self._from_ssl, self._room, _RECORD)
        if got < _RECORD:
            return _ffi.unpack(self._room, got) if got > 0 else b""
        parts = [_ffi.unpack(self._room, got)]
        while (got := _lib.BIO_read(self._from_ssl, self._room, _RECORD)) > 0:
            parts.append(_ffi.unpack(self._room, got))
        return b"".join(parts)

    def _failed(self, result: int) -> None:
        """A call came to ``result``: either there is just nothing more yet, or it is the end."""
        try:
            self._connection._raise_ssl_error(self._ssl, result)
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            self._end(error)


clear_errors: Callable[[], None] = _lib.ERR_clear_error
"""Empties OpenSSL's error queue, so that an earlier call's error is not taken for the next one's."""


@_ffi.callback("int (*)(int, X509_STORE_CTX *)", error=0)  # type: ignore[untyped-decorator]
def _verify_client(_: int, store: Any) -> int:
    _, accepted = _judged(store)
    if accepted:
        _lib.X509_STORE_CTX_set_error(store, _lib.X509_V_OK)
    return int(accepted)


@_ffi.callback("int (*)(int, X509_STORE_CTX *)", error=0)  # type: ignore[untyped-decorator]
def _verify_server(_: int, store: Any) -> int:
    """A client need not hear OpenSSL out: once the judge has accepted, its opinion does not count, and 0 ends it."""
    ssl, accepted = _judged(store)
    if accepted:
        _lib.SSL_set_verify(ssl, _VERIFY_NOTHING, _ffi.NULL)
    return 0


def _judged(store: Any) -> tuple[Any, bool]:
    """The connection and whether its peer's chain is accepted; if not, the error for the alert is set."""
    ssl = _lib.X509_STORE_CTX_get_ex_data(store, _lib.SSL_get_ex_data_X509_STORE_CTX_idx())
    observer = _observers.get(ssl)
    alert = 80 if observer is None else observer.judge_chain()
    if alert is not None:
        _lib.X509_STORE_CTX_set_error(store, _ERROR_FOR_ALERT[alert])
    return ssl, alert is None


@_ffi.callback("void (*)(int, int, int, const void *, size_t, SSL *, void *)")  # type: ignore[untyped-decorator]
def _message(sent: int, version: int, kind: int, data: Any, size: int, ssl: Any, _: Any) -> None:
    if kind == _HANDSHAKE_RECORD:
        if size < 4 or _ffi.buffer(data, 1)[0] not in _WATCHED:
            return
        observer = _observers.get(ssl)
        if observer is not None:
            observer.saw_handshake(bool(sent), version, _ffi.buffer(data, size)[:])
    elif kind == _ALERT_RECORD:
        observer = _observers.get(ssl)
        if observer is not None and size == 2:
            level, number = _ffi.buffer(data, size)[:]
            observer.saw_alert(bool(sent), level, number)


@_ffi.callback(  # type: ignore[untyped-decorator]
    "int (*)(SSL *, unsigned int, const unsigned char **, size_t *, int *, void *)", error=-1
)
def _add_extension(ssl: Any, _: int, out: Any, size: Any, alert: Any, __: Any) -> int:
    observer = _observers.get(ssl)
    body = None if observer is None else observer.extension()
    if body is None:
        return 0
    out[0] = body
    size[0] = len(body)
    return 1
