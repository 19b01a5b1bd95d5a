"""TLS between station and CSMS as both have it: over a socket, or in memory for runs without any.

What was agreed and shown, and what a refusal means: one sentence and kind for each, whichever way it was met.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple

from cryptography import x509

from pncsim.wire.errors import Kind, PeerError

MOST_FLIGHTS = 8
"""Turns within which a handshake is over: TLS 1.2 takes four."""

_REFUSED: Mapping[str, int] = {
    "CERTIFICATE_REQUIRED": 116,
    "UNKNOWN_CA": 48,
    "BAD_CERTIFICATE": 42,
    "CERTIFICATE_EXPIRED": 45,
    "CERTIFICATE_UNKNOWN": 46,
    "UNSUPPORTED_CERTIFICATE": 43,
}
"""How OpenSSL names the alerts by which a peer refuses a certificate."""

PROTOCOL_VERSION = 70
"""The alert that says: no version of TLS in common (RFC 8446 6)."""

_TOO_OLD = frozenset({"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION"})
"""How OpenSSL says the same, whoever of both has ended it."""


class LinkSecurity(NamedTuple):
    """What one end sees of a completed handshake; ``shown`` is the peer's certificate (DER), empty without one."""

    version: str
    cipher: str
    shown: bytes

    @property
    def subject(self) -> str:
        """Of the peer's certificate; empty where it has shown none, or one that cannot be read."""
        try:
            return x509.load_der_x509_certificate(self.shown).subject.rfc4514_string() if self.shown else ""
        except ValueError:
            return ""


def security_of(link: ssl.SSLObject) -> LinkSecurity:
    """What ``link`` has agreed."""
    cipher = link.cipher()
    return LinkSecurity(link.version() or "", cipher[0] if cipher else "", link.getpeercert(binary_form=True) or b"")


def shake_hands(station: ssl.SSLContext, csms: ssl.SSLContext, host: str) -> tuple[LinkSecurity, LinkSecurity]:
    """A handshake of both without a socket: what the station and what the CSMS see of it.

    The station knows the CSMS by the name ``host``. Raises PeerError as the station would: who refused what.
    """
    to_csms, to_station = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = station.wrap_bio(to_station, to_csms, server_hostname=host)
    far = csms.wrap_bio(to_csms, to_station, server_side=True)
    try:
        for _ in range(MOST_FLIGHTS):
            _turn(near)
            try:
                _turn(far)
            except ssl.SSLError as error:
                _turn(near)  # it hears why
                raise refused_in_handshake("The CSMS", error) from error
        return security_of(near), security_of(far)
    except ssl.SSLCertVerificationError as error:
        raise distrusted("The CSMS", error) from error
    except ssl.SSLError as error:
        raise refused_in_handshake("The CSMS", error) from error


def _turn(end: ssl.SSLObject) -> None:
    """Let one end take what has come. Raises ssl.SSLError for what it refuses, or by what it was refused."""
    try:
        end.do_handshake()
        end.read(0 if end.server_side else 1)
    except ssl.SSLWantReadError:
        return


def distrusted(who: str, error: ssl.SSLCertVerificationError) -> PeerError:
    """The station does not trust the CSMS's certificate (A00.FR.309)."""
    return PeerError(
        f"{who} showed a certificate that does not verify ({error.verify_message or error}).",
        kind="chain",
        clause="A00.FR.309",
        advice="Give the root of the CSMS's certificate, and the address by the name the certificate has.",
        alert=42,
    )


def refused_in_handshake(who: str, error: ssl.SSLError) -> PeerError:
    """The CSMS ended the handshake: it did not take the station's certificate, or they have nothing in common."""
    reason = error.reason or str(error)
    if reason in _TOO_OLD:
        return PeerError(
            f"{who} speaks no version of TLS that this station does ({reason}).",
            kind="no common protocol",
            clause="A00.FR.301",
            advice="TLS 1.2 or 1.3 is required on both sides.",
            alert=PROTOCOL_VERSION,
        )
    alert = next((number for name, number in _REFUSED.items() if reason.endswith(f"ALERT_{name}")), None)
    if alert is None:
        return PeerError(
            f"{who} did not complete a TLS handshake ({reason}).",
            kind="no common protocol",
            clause="A00.FR.301",
            advice="Is it ws:// there, without TLS?",
        )
    named = reason.partition("ALERT_")[2].lower().replace("_", " ")
    return PeerError(
        f"{who} refused the station's certificate ({named}).",
        kind="not authorised",
        clause="A00.FR.404",
        advice="Security profile 3 wants a certificate that the operator of the CSMS trusts.",
        alert=alert,
    )


def turned_away(who: str, status: int) -> PeerError:
    """The CSMS refused the station by an HTTP status: 401 or 403, else 404."""
    if status == 404:
        return PeerError(
            f"{who} does not know this station (HTTP 404).",
            kind="refused",
            clause="OCPP-J 3.2",
            advice="Check the path of the address, and that the identity is registered at the CSMS.",
            http_status=status,
        )
    return PeerError(
        f"{who} refused the password (HTTP {status}).",
        kind="not authorised",
        clause="A00.FR.204",
        advice="Check identity and BasicAuthPassword on both sides.",
        http_status=status,
    )


def out_of_date(who: str, shown: bytes, now: float) -> PeerError | None:
    """What is wrong with the time of a CSMS's certificate (DER), if anything is."""
    certificate = x509.load_der_x509_certificate(shown)
    if now < certificate.not_valid_before_utc.timestamp():
        text = f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} on"
    elif now > certificate.not_valid_after_utc.timestamp():
        text = f"was valid only until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}"
    else:
        return None
    kind: Kind = "expired"
    return PeerError(f"{who} showed a certificate that {text}.", kind=kind, clause="A00.FR.309", alert=45)
