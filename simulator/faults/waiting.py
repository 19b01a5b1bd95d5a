"""Faults the sources know that cannot be made here yet: they wait, and nobody counts them as covered."""

from __future__ import annotations

from msgspec import Struct

from pncsim.simulator.faults.fault import FaultGroup


class Waiting(Struct, frozen=True):
    """What cannot be disturbed yet, what demands an answer to it, and what it waits for."""

    name: str
    group: FaultGroup
    title: str
    clause: str
    waits_for: str


WAITING = (
    Waiting(
        "sub-ca-staple-missing",
        "OCSP",
        "the station staples an OCSP response for its certificate and none for a Sub-CA",
        "V2G2-871, V2G2-873",
        "a TLS engine that staples for each certificate (status_request_v2); OpenSSL staples for the leaf in TLS 1.2",
    ),
    Waiting(
        "sub-ca-staple-revoked",
        "OCSP",
        "the station staples an OCSP response by which a Sub-CA is revoked",
        "V2G2-871, V2G2-875",
        "the same",
    ),
    Waiting(
        "malformed-staple",
        "OCSP",
        "the station staples octets that are no OCSP response, or one about another certificate",
        "RFC 6066 8",
        "a TLS engine that sends them: OpenSSL leaves them out of the handshake, and the vehicle sees no staple at all",
    ),
    Waiting(
        "static-ecdh",
        "TLS",
        "vehicle and station agree on TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256 only",
        "V2G2-602",
        "a TLS engine with static ECDH, which OpenSSL has given up",
    ),
    Waiting(
        "root-not-offered",
        "TLS",
        "the station ignores trusted_ca_keys and shows a chain below another root than the vehicle named",
        "V2G2-651, V2G2-871",
        "a station with chains below several V2G roots",
    ),
)
"""All of them."""
