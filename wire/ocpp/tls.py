"""TLS for OCPP's wss, by the standard library: contexts from certificates in memory (security profiles 2 and 3)."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pncsim.wire.credentials import Credentials

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name."""


def server_context(
    credentials: Credentials, client_anchors: Sequence[x509.Certificate] = (), *, lab_time: bool = False
) -> ssl.SSLContext:
    """For the CSMS: TLS 1.2 or later, no compression. With ``client_anchors`` stations must show a certificate.

    With ``lab_time`` OpenSSL does not judge when that is valid: then whoever looks at it does, by the lab's clock.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    harden(context)
    if lab_time:
        context.verify_flags |= NO_CHECK_TIME
    load(context, credentials)
    if client_anchors:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=pem(client_anchors))
    return context


def client_context(
    anchors: Sequence[x509.Certificate], credentials: Credentials | None = None, *, lab_time: bool = False
) -> ssl.SSLContext:
    """For the station: trusts only ``anchors``, checks the host name; ``credentials`` make it security profile 3.

    OpenSSL judges validity by the machine's clock. With ``lab_time`` it does not judge it at all: then give
    :func:`wire.ocpp.websocket.connect` the lab's ``now``, and it checks the CSMS's certificate by that.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    harden(context)
    if lab_time:
        context.verify_flags |= NO_CHECK_TIME
    if anchors:
        context.load_verify_locations(cadata=pem(anchors))
    if credentials is not None:
        load(context, credentials)
    return context


def harden(context: ssl.SSLContext) -> None:
    """TLS 1.2 or later, no compression."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION


def pem(certificates: Sequence[x509.Certificate]) -> str:
    """The certificates in PEM, as contexts take them."""
    return "".join(c.public_bytes(Encoding.PEM).decode("ascii") for c in certificates)


def load(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Let the context show ``credentials``."""
    key = credentials.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with _as_file(key + pem(credentials.chain).encode("ascii")) as path:
        context.load_cert_chain(path)


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    # ssl reads chains and keys from files only. An anonymous file in memory keeps the key off the disk; where there is
    # none, a private temporary file lives for the moment of reading.
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        with os.fdopen(os.memfd_create("ocpp-tls", os.MFD_CLOEXEC), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.NamedTemporaryFile("wb") as named:
        named.write(data)
        named.flush()
        yield named.name
