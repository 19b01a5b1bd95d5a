"""Which addresses events are sent to: http or https, and no way into what only we can reach.

A subscriber is a guest who has us send requests. They carry no credentials and follow no redirect, and never go to our
own link; inside the machine they go only where the services are for this machine alone, as on a bench.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from pncsim.backend.pki.named import address_of, inside

MAX_ADDRESS = 2_048
"""Characters of an address."""

_PRINTED = re.compile(r"[!-~]+")


def why_not(url: str, *, local: bool) -> str:
    """Why nothing is sent to ``url``; "" where it may be. ``local``: receivers may be on this machine."""
    if not _PRINTED.fullmatch(url) or len(url) > MAX_ADDRESS:
        return f"it is not an address of up to {MAX_ADDRESS} printed characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it is no address"
    if parts.scheme.lower() not in ("http", "https"):
        return "it begins neither with http:// nor with https://"
    if not host or port == 0:
        return "it names no host"
    if parts.username is not None or parts.password is not None:
        return "it holds a user or password"
    address = address_of(host)
    return "" if address is None or (local and address.is_loopback) else inside(address)


def guard(*, local: bool) -> Callable[[str, list[str]], None]:
    """For :class:`HttpClient`: raises OSError where a name leads to an address nothing is sent to."""

    def check(host: str, addresses: list[str]) -> None:
        for text in addresses:
            address = address_of(text)
            if address is None:
                raise OSError(errno.EACCES, "it is no address")
            reason = "" if local and address.is_loopback else inside(address)
            if reason:
                raise OSError(errno.EACCES, reason)

    return check
