"""Addresses that certificates name: which of them are asked, and the HTTP client that asks no other.

A certificate is somebody else's word. What it names is asked over http alone, as RFC 5280 8 advises, without redirects
and proxies, and never on the asker's own link or inside its machine, unless the certificate says loopback itself, as
one does whose responder runs beside a station on a bench: a public name that leads there is a trap.
"""

from __future__ import annotations

import errno
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pncsim.backend.rest.client import HttpClient, kind_of
from pncsim.wire.errors import PeerError
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.wire.clock import Clock

MAX_ADDRESS = 2_048
"""Characters of an address."""


def why_not(url: str) -> str:
    """Why the address ``url`` is not asked; "" where it may be."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it is no address"
    if not url:
        return "the certificate names no responder"
    if parts.scheme.lower() != "http":
        return "it is no http address"
    if not host or port == 0 or len(url) > MAX_ADDRESS or parts.username is not None:
        return "it is no address"
    literal = address_of(host)
    return "" if literal is None or literal.is_loopback else inside(literal)


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` is, IPv4 also where IPv6 wraps it; None for a name."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def inside(address: IPv4Address | IPv6Address) -> str:
    """Why this is nobody out there; "" where it may be somebody."""
    if address.is_loopback:
        return f"it leads to this machine ({address})"
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return f"it leads to this link alone ({address})"
    return ""


class NamedHttp:
    """Asks ``what`` ("OCSP responder") at addresses of certificates, within ``deadline`` seconds and ``body`` octets.

    :meth:`close` it at the end.
    """

    def __init__(self, clock: Clock, what: str, *, deadline: float, body: int, clause: str) -> None:
        self._what, self._clause = what, clause
        self._http = HttpClient(clock, whole=deadline, body=body, clause=clause, check=_check)

    async def ask(
        self, method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """The answer of status 200. Raises PeerError: an address that is not asked, silence, another status."""
        whom, reason = f"The {self._what} {without_password(url) or '(none)'}", why_not(url)
        if reason:
            raise PeerError(f"{whom} cannot be asked: {reason}.", clause=self._clause, http_status=502)
        reply = await self._http.request(whom, method, url, body=body, headers=headers)
        if reply.status != 200:
            raise PeerError(
                f"{whom} answered HTTP {reply.status}.",
                kind=kind_of(reply.status),
                clause=self._clause,
                http_status=502,
            )
        return reply.body

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _check(host: str, addresses: list[str]) -> None:
    """Raise OSError where a name leads to an address that is asked only by itself."""
    if host.lower().rstrip(".") == "localhost":
        return
    for address in addresses:
        literal = address_of(address)
        reason = "it is no address" if literal is None else inside(literal)
        if reason:
            raise OSError(errno.EACCES, reason)
