"""A vehicle's line to its manufacturer over the network: HTTP over mutual TLS, below the manufacturer's own root."""

from __future__ import annotations

from cryptography import x509

from pncsim.backend.rest.client import HttpClient
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.voice import Voice

PATIENCE = 20.0
"""Seconds an exchange may take."""
LONGEST = 1_048_576
"""Octets of an answer."""


class HttpLine:
    """A :class:`ev.telematics.Line` to ``url``; :meth:`close` it at the end.

    ``credentials`` is the telematics certificate the vehicle was equipped with, ``root`` the manufacturer's. Whether
    the server's certificate is valid now is not judged: lab time may be another than OpenSSL's. ``voice`` tells of each
    answer.
    """

    def __init__(
        self,
        clock: Clock,
        url: str,
        credentials: Credentials | None,
        root: x509.Certificate,
        *,
        voice: Voice | None = None,
    ) -> None:
        from pncsim.wire.ocpp.tls import client_context

        tls = client_context([root], credentials, lab_time=True)
        self._url = url.rstrip("/")
        self._http = HttpClient(clock, whole=PATIENCE, body=LONGEST, clause="ACC-9", tls=tls, voice=voice)

    async def __call__(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """One exchange. Raises PeerError where there is no answer."""
        reply = await self._http.request("The manufacturer's line", method, self._url + path, body=body or None)
        return reply.status, reply.body

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
