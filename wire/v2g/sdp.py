"""SDP, the SECC discovery protocol (ISO 15118-2, 7.10.1): datagrams, the station's rule, the vehicle's retries."""

from __future__ import annotations

import struct
from collections.abc import Container
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct

from pncsim.wire.errors import PeerError, PeerSilent
from pncsim.wire.v2g.registry import SDP_REQUEST, SDP_RESPONSE
from pncsim.wire.v2g.v2gtp import pack, unpack_datagram

PORT = 15118
MULTICAST_GROUP = "ff02::1"
WAIT = 0.25
"""Seconds the vehicle waits for an answer before it asks again (V2G2-159)."""
ATTEMPTS = 50
"""Requests at most (V2G2-161)."""

CLAUSE = "ISO 15118-2, 7.10.1"

_RESPONSE = struct.Struct(">16sHBB")


class Security(IntEnum):
    """Whether the V2G connection uses TLS; the values are those of the SDP octet."""

    TLS = 0x00
    NONE = 0x10


class SdpTransport(IntEnum):
    """The transport octet; 0x10 is reserved for UDP."""

    TCP = 0x00
    UDP = 0x10


class SdpError(PeerSilent):
    """No station answered the SDP requests."""


class SdpRequest(Struct, frozen=True):
    """What the vehicle asks for."""

    security: Security
    transport: SdpTransport = SdpTransport.TCP


class SdpResponse(Struct, frozen=True):
    """Where the station listens. An IPv4 address (loopback only) travels as an IPv4-mapped one (RFC 4291, 2.5.5.2)."""

    address: IPv6Address
    port: int
    security: Security
    transport: SdpTransport = SdpTransport.TCP

    @property
    def host(self) -> str:
        """The address to connect to, without scope: ``fe80::1``, ``::1`` or ``127.0.0.1``."""
        return _host(self.address)


@lru_cache(maxsize=64)
def _host(address: IPv6Address) -> str:
    return str(address.ipv4_mapped or address)


@lru_cache(maxsize=64)
def address_octets(host: str) -> IPv6Address:
    """``host`` (numeric, IPv4 or IPv6, scope allowed) as the address an SDP response carries. Raises ValueError."""
    address = ip_address(host.partition("%")[0])
    return IPv6Address(f"::ffff:{address}") if isinstance(address, IPv4Address) else address


def encode_request(request: SdpRequest) -> bytes:
    """The request as a datagram, V2GTP header included."""
    return pack(SDP_REQUEST, bytes((request.security, request.transport)))


@lru_cache(maxsize=64)
def decode_request(datagram: bytes) -> SdpRequest:
    """Read a request. Raises PeerError with the reason why it is to be ignored."""
    payload = unpack_datagram(datagram, SDP_REQUEST)
    if len(payload) != 2:
        raise PeerError(f"An SDP request has 2 octets of payload, {len(payload)} came.", clause=CLAUSE)
    security, transport = payload
    return SdpRequest(_security(security), _transport(transport))


def encode_response(response: SdpResponse) -> bytes:
    """The response as a datagram, V2GTP header included."""
    body = _RESPONSE.pack(response.address.packed, response.port, response.security, response.transport)
    return pack(SDP_RESPONSE, body)


@lru_cache(maxsize=64)
def decode_response(datagram: bytes) -> SdpResponse:
    """Read a response. Raises PeerError with the reason why it is to be ignored."""
    payload = unpack_datagram(datagram, SDP_RESPONSE)
    if len(payload) != _RESPONSE.size:
        raise PeerError(f"An SDP response has {_RESPONSE.size} octets of payload, {len(payload)} came.", clause=CLAUSE)
    address, port, security, transport = _RESPONSE.unpack(payload)
    if port == 0:
        raise PeerError("The SDP response names port 0.", clause=CLAUSE)
    return SdpResponse(IPv6Address(address), port, _security(security), _transport(transport))


def choose(wanted: Security, served: Container[Security]) -> Security:
    """What the station answers: the wish if it is served, else the other kind.

    A vehicle asking for TLS at a station without gets "no TLS" (case SDP_007) and decides itself; one asking for no TLS
    at a station that insists gets "TLS".
    """
    if wanted in served:
        return wanted
    return Security.NONE if wanted is Security.TLS else Security.TLS


Wish = Security | bytes
"""What a vehicle asks for: the kind of connection, or for a tester the datagram itself, which may be a wrong one."""


class SdpSearch:
    """The vehicle's side: ask, wait 250 ms, ask again, give up after 50 requests (12.5 s).

    ``deadline`` is the lab time at which :meth:`wake` is due, None once the search is over. Datagrams that are no
    response are passed over; ``ignored`` collects why.
    """

    __slots__ = ("_attempts", "_request", "deadline", "ignored", "sent")

    def __init__(self, want: Wish, *, attempts: int = ATTEMPTS) -> None:
        self._request = want if isinstance(want, bytes) else encode_request(SdpRequest(want))
        self._attempts = attempts
        self.sent = 0
        self.deadline: float | None = None
        self.ignored: list[str] = []

    def start(self, now: float) -> bytes:
        """The first request to send."""
        return self.wake(now)

    def wake(self, now: float) -> bytes:
        """The deadline passed: the next request to send. Raises SdpError after the last one stayed unanswered."""
        if self.sent == self._attempts:
            self.deadline = None
            noise = f" What came was no answer: {self.ignored[-1]}" if self.ignored else ""
            raise SdpError(
                f"No charging station answered {self.sent} SDP requests in {self.sent * WAIT:g} s.{noise}",
                clause="V2G2-161",
                advice="Is the station's SDP service on, and is it the same link?",
            )
        self.sent += 1
        self.deadline = now + WAIT
        return self._request

    def receive(self, datagram: bytes) -> SdpResponse | None:
        """The station's answer, or None if this datagram is to be ignored."""
        try:
            response = decode_response(datagram)
            if response.transport is not SdpTransport.TCP:
                raise PeerError("The SDP response offers UDP, only TCP can be used.", clause=CLAUSE)
        except PeerError as error:
            self.ignored.append(error.sentence)
            del self.ignored[:-20]
            return None
        self.deadline = None
        return response


def _security(octet: int) -> Security:
    try:
        return Security(octet)
    except ValueError:
        raise PeerError(f"The SDP security octet is {octet:#04x}, allowed are 0x00 (TLS) and 0x10 (none).") from None


def _transport(octet: int) -> SdpTransport:
    try:
        return SdpTransport(octet)
    except ValueError:
        raise PeerError(f"The SDP transport octet is {octet:#04x}, allowed are 0x00 (TCP) and 0x10 (UDP).") from None
