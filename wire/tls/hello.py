"""What a ClientHello offers, read for people: which versions, cipher suites, curves, signatures and extensions.

The octets come from anybody: what is short or malformed gives the part that could be read.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pncsim.wire.tls.messages import Octets, extensions

VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}

SUITES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0xC004: "ECDH-ECDSA-AES128-SHA",
    0xC005: "ECDH-ECDSA-AES256-SHA",
    0xC009: "ECDHE-ECDSA-AES128-SHA",
    0xC00A: "ECDHE-ECDSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC023: "ECDHE-ECDSA-AES128-SHA256",
    0xC024: "ECDHE-ECDSA-AES256-SHA384",
    0xC025: "ECDH-ECDSA-AES128-SHA256",
    0xC026: "ECDH-ECDSA-AES256-SHA384",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC02B: "ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: "ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02D: "ECDH-ECDSA-AES128-GCM-SHA256",
    0xC02E: "ECDH-ECDSA-AES256-GCM-SHA384",
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: "ECDHE-RSA-AES256-GCM-SHA384",
    0xC0AC: "ECDHE-ECDSA-AES128-CCM",
    0xC0AE: "ECDHE-ECDSA-AES128-CCM8",
    0xCCA8: "ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: "ECDHE-ECDSA-CHACHA20-POLY1305",
    0x002F: "AES128-SHA",
    0x0035: "AES256-SHA",
    0x003C: "AES128-SHA256",
    0x009C: "AES128-GCM-SHA256",
}
"""Suites a V2G or everyday client offers, by OpenSSL's names; others are told by number."""

SIGNALS = frozenset({0x00FF, 0x5600})
"""No suites: secure renegotiation and fallback are signalled this way (RFC 5746, RFC 7507)."""

CURVES = {
    19: "P-192",
    21: "P-224",
    23: "P-256",
    24: "P-384",
    25: "P-521",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "X25519",
    30: "X448",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
}

SIGNATURES = {
    0x0201: "RSA+SHA1",
    0x0203: "ECDSA+SHA1",
    0x0301: "RSA+SHA224",
    0x0303: "ECDSA+SHA224",
    0x0401: "RSA+SHA256",
    0x0403: "ECDSA+SHA256",
    0x0501: "RSA+SHA384",
    0x0503: "ECDSA+SHA384",
    0x0601: "RSA+SHA512",
    0x0603: "ECDSA+SHA512",
    0x0804: "RSA-PSS+SHA256",
    0x0805: "RSA-PSS+SHA384",
    0x0806: "RSA-PSS+SHA512",
    0x0807: "Ed25519",
    0x0808: "Ed448",
    0x0809: "RSA-PSS-PSS+SHA256",
    0x080A: "RSA-PSS-PSS+SHA384",
    0x080B: "RSA-PSS-PSS+SHA512",
}

EXTENSIONS = {
    0: "server_name",
    1: "max_fragment_length",
    3: "trusted_ca_keys",
    5: "status_request",
    10: "supported_groups",
    11: "ec_point_formats",
    13: "signature_algorithms",
    16: "alpn",
    17: "status_request_v2",
    22: "encrypt_then_mac",
    23: "extended_master_secret",
    28: "record_size_limit",
    35: "session_ticket",
    43: "supported_versions",
    45: "psk_key_exchange_modes",
    50: "signature_algorithms_cert",
    51: "key_share",
    0xFF01: "renegotiation_info",
}

_CURVES, _SIGNATURES, _VERSIONS, _NAME = 10, 13, 43, 0


class ClientOffer(Struct, frozen=True):
    """What a client offers, best first, by name where it is known, else as ``0x1a2b``. Empty where it says nothing."""

    versions: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    server_name: str = ""

    def __str__(self) -> str:
        told = {
            "": self.versions,
            "cipher suites ": self.suites,
            "curves ": self.curves,
            "signatures ": self.signatures,
            "extensions ": self.extensions,
            "server name ": (self.server_name,) if self.server_name else (),
        }
        return "; ".join(f"{what}{', '.join(names)}" for what, names in told.items() if names) or "nothing readable"


def client_offer(hello: bytes) -> ClientOffer:
    """What the ClientHello handshake message ``hello`` (with its 4-octet header) offers."""
    reader = Octets(hello[4:])
    version = reader.number(2)
    reader.octets(32)  # random
    reader.vector(1)  # session id
    suites = reader.vector(2).numbers(2)
    reader.vector(1)  # compression
    found = {kind: body for kind, body in extensions(reader.vector(2)) if not _grease(kind)}
    offered = {kind: found[kind].vector(1 if kind == _VERSIONS else 2).numbers(2) for kind in _LISTS if kind in found}
    name = found[_NAME].vector(2) if _NAME in found else Octets(b"")
    name.octets(1)  # name type
    return ClientOffer(
        versions=_names(offered.get(_VERSIONS, [version]), VERSIONS),
        suites=_names([suite for suite in suites if suite not in SIGNALS], SUITES),
        curves=_names(offered.get(_CURVES, []), CURVES),
        signatures=_names(offered.get(_SIGNATURES, []), SIGNATURES),
        extensions=_names(list(found), EXTENSIONS),
        server_name=name.vector(2).rest.decode("ascii", "replace"),
    )


_LISTS = (_CURVES, _SIGNATURES, _VERSIONS)


def _names(numbers: list[int], known: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(known.get(number, f"{number:#06x}") for number in numbers if not _grease(number))


def _grease(number: int) -> bool:
    """Whether it stands for nothing, to keep peers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF
