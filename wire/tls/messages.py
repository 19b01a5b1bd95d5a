"""The few TLS handshake messages we read ourselves: certificates, stapled responses, and what a client asks for.

The messages are read before OpenSSL has checked them, so everything here is bounds-checked. A malformed message gives
the part that could be read; refusing it is OpenSSL's business, and a judge never sees an empty chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

CLIENT_HELLO = 1
CERTIFICATE = 11
CERTIFICATE_STATUS = 22

TRUSTED_CA_KEYS = 3
STATUS_REQUEST = 5

CERT_SHA1_HASH = 3
"""IdentifierType of RFC 6066, section 6; 1 is the SHA-1 of the key, 2 the DER of the name, 0 "agreed beforehand"."""


class TrustedAuthority(Struct, frozen=True):
    """One entry of trusted_ca_keys: its IdentifierType and the hash or name."""

    kind: int
    value: bytes


class Octets:
    """Reads lengths and octets; past the end everything is empty."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def octets(self, count: int) -> bytes:
        """The next ``count`` octets, or what is left."""
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        """The next ``size`` octets as a number."""
        return int.from_bytes(self.octets(size), "big")

    def vector(self, size: int) -> Octets:
        """A block with a length of ``size`` octets in front."""
        return Octets(self.octets(self.number(size)))

    def numbers(self, size: int) -> list[int]:
        """All that is left, as numbers of ``size`` octets; what is too short for one is none."""
        found = []
        while self._at + size <= len(self._data):
            found.append(self.number(size))
        return found

    @property
    def rest(self) -> bytes:
        """All that is left."""
        return self._data[self._at :]

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)


def extensions(reader: Octets) -> Iterator[tuple[int, Octets]]:
    """Number and body of each extension in a list of them."""
    while reader.more:
        yield reader.number(2), reader.vector(2)


def _ocsp_response(reader: Octets) -> bytes | None:
    """CertificateStatus: a type (1 = OCSP) and the response."""
    if reader.number(1) != 1:
        return None
    return reader.octets(reader.number(3)) or None


@lru_cache(maxsize=64)
def certificate_status(message: bytes) -> bytes | None:
    """The OCSPResponse in a CertificateStatus handshake message of TLS 1.2 (with its 4-octet header)."""
    return _ocsp_response(Octets(message[4:]))


StapledChain = tuple[tuple[bytes, ...], tuple[bytes | None, ...]]
"""Certificates as DER, leaf first, and for each its staple, or None."""


@lru_cache(maxsize=64)
def certificates(message: bytes, *, tls13: bool) -> StapledChain:
    """The certificates of a Certificate message; staples are in those of TLS 1.3 only."""
    reader = Octets(message[4:])
    if tls13:
        reader.vector(1)  # certificate_request_context
    chain: list[bytes] = []
    staples: list[bytes | None] = []
    listed = reader.vector(3)
    while listed.more:
        der = listed.octets(listed.number(3))
        staple = None
        if tls13:
            for kind, body in extensions(listed.vector(2)):
                if kind == STATUS_REQUEST:
                    staple = _ocsp_response(body)
        if der:
            chain.append(der)
            staples.append(staple)
    return tuple(chain), tuple(staples)


def trusted_authorities(client_hello: bytes) -> tuple[TrustedAuthority, ...]:
    """The trusted_ca_keys of a ClientHello handshake message, empty if there are none."""
    reader = Octets(client_hello[4 + 2 + 32 :])
    reader.vector(1)  # session id
    reader.vector(2)  # cipher suites
    reader.vector(1)  # compression
    found: list[TrustedAuthority] = []
    for kind, body in extensions(reader.vector(2)):
        if kind != TRUSTED_CA_KEYS:
            continue
        listed = body.vector(2)
        while listed.more:
            identifier = listed.number(1)
            # pre_agreed(0) is empty, the hashes have 20 octets, a name has a length of its own.
            size = {0: 0, 1: 20, 3: 20}.get(identifier)
            found.append(TrustedAuthority(identifier, listed.octets(listed.number(2) if size is None else size)))
    return tuple(found)


@lru_cache(maxsize=64)
def trusted_ca_keys_body(roots: tuple[bytes, ...]) -> bytes:
    """The extension's body naming certificates (DER) by their SHA-1 hashes."""
    entries = b"".join(bytes((CERT_SHA1_HASH,)) + hashlib.sha1(der, usedforsecurity=False).digest() for der in roots)
    return len(entries).to_bytes(2, "big") + entries
