"""The CSMS on a socket: wss (security profile 2) or, for a lab, ws (profile 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.backend.csms.csms import Csms
from pncsim.wire.credentials import Credentials

if TYPE_CHECKING:
    from pncsim.wire.ocpp.websocket import WebSocketServer


async def serve_csms(
    csms: Csms, credentials: Credentials | None, *, host: str = "127.0.0.1", port: int = 0
) -> WebSocketServer:
    """Let ``csms`` listen. ``credentials``: its TLS certificate; None means plain ws. ``server.url`` goes to stations.

    Raises LocalError when the address cannot be bound. End it with :meth:`WebSocketServer.close`.
    """
    from pncsim.wire.ocpp.tls import server_context
    from pncsim.wire.ocpp.websocket import WebSocketServer

    server = WebSocketServer(csms.admit, csms.serve, report=csms.report, voice=csms.voice)
    await server.start(host, port, None if credentials is None else server_context(credentials))
    return server
