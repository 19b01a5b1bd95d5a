"""TLS alerts by number, and the errors that carry them."""

from __future__ import annotations

from typing import Literal

from pncsim.wire.errors import Kind, PeerClosed, PeerError

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

# What to look at when the peer sends one of these to us.
ADVICE = {
    40: "Compare cipher suites and curves; a peer may also send this for a certificate it dislikes.",
    42: "The peer could not use our certificate: check its profile and its time of validity.",
    43: "The peer does not accept this kind of certificate: check key usage and domain component.",
    44: "The peer holds our certificate for revoked: check the OCSP response or CRL it sees.",
    45: "The peer's clock lies outside our certificate's validity.",
    46: "The peer did not say what is wrong with our certificate; look at its log.",
    48: "The peer does not know our root: is our V2G root installed there?",
    51: "A signature did not verify at the peer: does our key fit our certificate, and each certificate its issuer?",
    70: "No TLS version is common to both.",
    113: "The peer did not accept the stapled OCSP response, or missed one.",
    116: "The peer demands a client certificate.",
}


def alert_text(alert: int) -> str:
    """``alert 48 unknown_ca``."""
    return f"alert {alert} {ALERTS.get(alert, 'of an unknown number')}"


class TlsError(PeerError):
    """TLS could not be set up, or broke: ``alert`` is the one that was sent or received, None if there was none.

    ``alert_from`` says who sent it: ``"us"``, ``"peer"`` or None. What both had shown by then is
    here as :class:`wire.tls.stream.TlsStream` has it.
    """

    peer_chain: tuple[bytes, ...] = ()
    staples: tuple[bytes | None, ...] = ()
    own_chain: tuple[bytes, ...] = ()
    own_staples: tuple[bytes | None, ...] = ()

    def __init__(
        self,
        sentence: str,
        *,
        kind: Kind | None = None,
        alert: int | None = None,
        alert_from: Literal["us", "peer"] | None = None,
        clause: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(sentence, kind=kind, clause=clause, advice=advice, alert=alert)
        self.alert_from = alert_from


class TlsClosed(TlsError, PeerClosed):
    """The connection ended in the middle of the handshake, without an alert."""
