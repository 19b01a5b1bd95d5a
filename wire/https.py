"""TLS for the services: who shows a certificate in the handshake is known by it, and nobody has to show one.

OpenSSL verifies that what is shown was issued below an anchor; when it is valid is judged by who looks at it, for that
depends on whose time counts.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.wire.credentials import Credentials
from pncsim.wire.ocpp.tls import NO_CHECK_TIME, harden, load, pem

if TYPE_CHECKING:
    from aiohttp import web


def unfurnished() -> ssl.SSLContext:
    """A server's context before it has a certificate, for a socket that is bound before one can be made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    harden(context)
    return context


def furnish(context: ssl.SSLContext, credentials: Credentials, client_anchors: Sequence[x509.Certificate]) -> None:
    """Let ``context`` answer with ``credentials``, and take certificates issued below any of ``client_anchors``.

    Intermediate authorities may be among the anchors: then a client need not send them.
    """
    load(context, credentials)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= NO_CHECK_TIME | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=pem(client_anchors))


def shown_certificate(request: web.Request) -> bytes | None:
    """The certificate (DER) the caller has shown in the handshake, None without one or without TLS."""
    connection = request.get_extra_info("ssl_object")
    return None if connection is None else connection.getpeercert(binary_form=True)
