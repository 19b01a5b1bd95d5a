"""V2G TLS: one interface for vehicle and station, over any :class:`wire.streams.ByteStream`.

The engine (OpenSSL today, see :mod:`wire.tls.openssl`) does the records and the key exchange. Whether the peer's
certificates are acceptable is decided by the injected :class:`Judge` alone, at the lab clock's time, so that this
package knows nothing of V2G certificate profiles.

How a judge is asked (both methods return to accept and raise :class:`wire.errors.PeerError` to refuse):

1. ``judge.chain(chain, now)`` once, when the peer's Certificate message has arrived. ``chain`` holds the certificates
   as DER in the order the peer sent them, leaf first, never empty. The error's ``alert`` is what the peer receives, if
   it is one of 40, 42, 43, 44, 45, 46, 48, 51 or 80; anything else becomes 46 certificate_unknown.
2. ``judge.staples(chain, staples, now)`` once, in a client only, after the chain was accepted and the stapled OCSP
   responses are known, and before the client proves anything or sends data. ``staples`` is aligned with ``chain``: the
   OCSPResponse DER for that certificate or None. In TLS 1.2 only the leaf's can be there. A refusal is always alert
   113 bad_certificate_status_response (RFC 6066, section 8), for a revoked certificate too. It is asked even if nothing
   was stapled: whether that is acceptable is the judge's business (V2G2-875). With ``ask_staple=False`` it is not.

No application data passes before both have accepted. Another exception than PeerError from a judge is a fault of ours:
the peer gets alert 80 and the exception comes out of ``open_client`` or ``open_server`` unchanged.

OpenSSL itself is imported only when the first connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from pncsim.wire.tls.alerts import ALERTS, TlsClosed, TlsError
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    from pncsim.wire.clock import Clock
    from pncsim.wire.credentials import Credentials
    from pncsim.wire.streams import ByteStream
    from pncsim.wire.tls.stream import TlsStream

__all__ = [
    "ALERTS",
    "ISO2_CIPHERS",
    "ISO2_CURVES",
    "Judge",
    "TlsClient",
    "TlsClosed",
    "TlsError",
    "TlsServer",
    "open_client",
    "open_server",
]

TLS_1_2 = "TLSv1.2"
TLS_1_3 = "TLSv1.3"

# What ISO 15118-2 mandates and OpenSSL still has; the other mandatory suite (static ECDH, 0xC025) is gone everywhere.
ISO2_CIPHERS = ("ECDHE-ECDSA-AES128-SHA256",)
ISO2_CURVES = ("P-256",)


class Judge(Protocol):
    """Decides whether the peer's certificates are acceptable; see the module's text for when it is asked."""

    def chain(self, chain: Sequence[bytes], now: float) -> None:
        """Judge the peer's certificates (DER, leaf first, as sent) at lab time ``now``. Raises PeerError."""

    def staples(self, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
        """Judge the stapled OCSP responses, one or None per certificate of ``chain``. Raises PeerError (alert 113)."""


class TlsClient(Discreet, Struct, frozen=True, kw_only=True):
    """How a vehicle opens TLS.

    ``credentials`` are for mutual TLS (ISO 15118-20) and None in -2. ``trusted_ca_keys`` are the root certificates
    (DER) named to the station by their SHA-1 hashes (V2G2-651, RFC 6066 section 6); empty: the extension is not sent.
    ``ask_staple`` sends status_request. ``on_keys`` receives key log lines (NSS format): secrets, for evidence only.
    ``on_hello`` hears the ClientHello that is sent.
    """

    _hidden = ("on_hello", "on_keys")

    judge: Judge
    credentials: Credentials | None = None
    trusted_ca_keys: tuple[bytes, ...] = ()
    ask_staple: bool = True
    versions: tuple[str, str] = (TLS_1_2, TLS_1_2)
    ciphers: tuple[str, ...] = ISO2_CIPHERS
    curves: tuple[str, ...] = ISO2_CURVES
    on_keys: Callable[[str], None] | None = None
    on_hello: Callable[[bytes], None] | None = None


class TlsServer(Discreet, Struct, frozen=True, kw_only=True):
    """How a station accepts TLS.

    ``staples`` are OCSPResponse DER aligned with ``credentials.chain`` (leaf first, None where there is none); OpenSSL
    can send only the leaf's. ``judge`` is asked about the client's certificate, which is demanded if a judge is given.
    ``on_opening`` hears the first octet the client sends and ``on_hello`` its ClientHello, whatever becomes of it all.
    """

    _hidden = ("on_hello", "on_keys", "on_opening")

    credentials: Credentials
    staples: tuple[bytes | None, ...] = ()
    judge: Judge | None = None
    versions: tuple[str, str] = (TLS_1_2, TLS_1_2)
    ciphers: tuple[str, ...] = ISO2_CIPHERS
    curves: tuple[str, ...] = ISO2_CURVES
    on_keys: Callable[[str], None] | None = None
    on_opening: Callable[[bytes], None] | None = None
    on_hello: Callable[[bytes], None] | None = None


async def open_client(stream: ByteStream, config: TlsClient, clock: Clock) -> TlsStream:
    """Do the client's handshake over ``stream`` and return the secured stream.

    Raises TlsError (TlsClosed if the peer went away) after the right alert was sent and ``stream`` closed; LocalError
    if the configuration cannot work. There is no time limit inside: wrap the call in ``clock.timeout``; when it is
    cancelled the connection is aborted.
    """
    from pncsim.wire.tls.openssl import client_session
    from pncsim.wire.tls.stream import handshake

    return await handshake(stream, client_session(config, stream.peer), clock)


async def open_server(stream: ByteStream, config: TlsServer, clock: Clock) -> TlsStream:
    """Do the server's handshake over ``stream``; the rest as for :func:`open_client`."""
    from pncsim.wire.tls.openssl import server_session
    from pncsim.wire.tls.stream import handshake

    return await handshake(stream, server_session(config, stream.peer), clock)
