"""Who can reach what is served: others only where the person said whether by TLS, and with a warning without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pncsim.wire.errors import LocalError
from pncsim.wire.voice import Voice

TlsChoice = Literal["tls", "no-tls"] | None
TRANSPORTS: Mapping[str, str] = {
    "tls": "HTTPS, where clients may show certificates; OCSP and revocation lists on HTTP, one port on",
    "no-tls": "plain HTTP although others can reach it",
}
"""What may be said, in words."""


def is_loopback(host: str) -> bool:
    """Whether this machine alone can reach it."""
    return host in ("127.0.0.1", "::1", "localhost")


def check_reach(host: str, transport: TlsChoice) -> None:
    """Raise LocalError where others can reach ``host`` and nobody said whether by TLS."""
    if not is_loopback(host) and transport is None:
        raise LocalError(
            f"Others can reach {host}: it has to be said whether by TLS.",
            advice="Say --tls, or --no-tls if they may read and change what passes, or listen on 127.0.0.1.",
        )


def warn_of_reach(voice: Voice, host: str, name: str | None, transport: TlsChoice, base: str) -> None:
    """Say what others can do to what is served at the URL ``base``, and where its URLs lead nobody."""
    if not is_loopback(host) and transport == "no-tls":
        voice.warning(f"Secrets and everything else pass in the clear at {base}: others can read and change it.")
    if host in ("0.0.0.0", "::") and not name:
        voice.warning(
            f"URLs, and the certificates made now, name {host}, which leads no other machine here: "
            "say with --name how others call this one."
        )
