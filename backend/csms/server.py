"""The CSMS on a socket: wss (security profiles 2 and 3) or, for a lab, ws (profile 1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.backend.csms.csms import Csms
from pncsim.wire.credentials import Credentials

if TYPE_CHECKING:
    from pncsim.wire.ocpp.websocket import WebSocketServer


async def serve_csms(
    csms: Csms,
    credentials: Credentials | None,
    *,
    stations_below: Sequence[x509.Certificate] = (),
    host: str = "127.0.0.1",
    port: int = 0,
) -> WebSocketServer:
    """Let ``csms`` listen. ``credentials``: its TLS certificate; None means plain ws. ``server.url`` goes to stations.

    With ``stations_below`` a station has to show a certificate that leads to one of these roots, and needs no password
    (security profile 3); then validity is judged by the lab's clock.
    Raises LocalError when the address cannot be bound. End it with :meth:`WebSocketServer.close`.
    """
    from pncsim.wire.ocpp.tls import server_context
    from pncsim.wire.ocpp.websocket import WebSocketServer

    certified = bool(stations_below)
    server = WebSocketServer(
        partial(csms.admit, profile=1 if credentials is None else 2),
        csms.serve,
        admit_certified=csms.admit_certified if certified else None,
        report=csms.report,
        voice=csms.voice,
    )
    context = None if credentials is None else server_context(credentials, stations_below, lab_time=certified)
    await server.start(host, port, context)
    return server
