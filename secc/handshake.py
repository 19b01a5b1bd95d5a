"""The station's end of a TLS handshake with a vehicle, within the time the standard gives."""

from __future__ import annotations

from typing import NamedTuple

from pncsim.wire.algorithms import P256
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerSilent, PncError
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import ISO2_CIPHERS, ISO2_CURVES, TLS_1_2, TlsError, TlsServer, open_server
from pncsim.wire.voice import Voice

HANDSHAKE_RECORD = b"\x16"
"""The first octet of whoever speaks TLS (RFC 5246 A.1: content type handshake)."""


class TlsIdentity(NamedTuple):
    """What the station's TLS server shows: its chain and key, and DER OCSP answers aligned with the chain.

    ``suites`` and ``versions``: what it speaks (:class:`wire.tls.TlsServer`).
    """

    credentials: Credentials
    staples: tuple[bytes | None, ...]
    suites: tuple[str, ...] = ISO2_CIPHERS
    versions: tuple[str, str] = (TLS_1_2, TLS_1_2)


class FailedHandshake(NamedTuple):
    """A handshake that failed: why, and whether the peer spoke TLS at all."""

    error: PncError
    spoke_tls: bool


async def secure(
    stream: ByteStream, shown: TlsIdentity, clock: Clock, voice: Voice, *, within: float
) -> ByteStream | FailedHandshake:
    """The vehicle's TLS stream, or why there is none after ``within`` seconds at most; either is reported."""
    opening: list[bytes] = []
    offered: list[bytes] = []
    server = TlsServer(
        credentials=shown.credentials,
        staples=shown.staples,
        versions=shown.versions,
        ciphers=shown.suites,
        curves=ISO2_CURVES if P256.fits(shown.credentials.key) else (*ISO2_CURVES, "P-521"),
        on_keys=voice.key_log,
        on_opening=opening.append,
        on_hello=offered.append,
    )
    error: TlsError | PeerSilent
    try:
        async with clock.timeout(within):
            secured = await open_server(stream, server, clock)
    except TimeoutError:
        stream.abort()
        error = PeerSilent("The vehicle did not complete the TLS handshake in time.", clause="V2G2-714")
    except TlsError as failed:
        error = failed
    else:
        if voice.heard:
            voice.secured(
                version=secured.version,
                cipher=secured.cipher,
                peer=stream.peer,
                chain=secured.own_chain,
                staples=secured.own_staples,
            )
        return secured
    chain, staples = (error.own_chain, error.own_staples) if isinstance(error, TlsError) else ((), ())
    voice.not_secured(error, hello=b"".join(offered), chain=chain, staples=staples)
    return FailedHandshake(error, opening == [HANDSHAKE_RECORD])
