"""What can be wrong with a certificate chain, and the answer each fault is owed on every kind of link."""

from __future__ import annotations

from msgspec import Struct

from pncsim.wire.errors import Kind, PeerError


class Codes(Struct, frozen=True):
    """What a fault is answered with: TLS alert (RFC 5246 7.2.2), OCPP certificateStatus."""

    alert: int
    ocpp_status: str


BAD_CERTIFICATE, UNSUPPORTED_CERTIFICATE, CERTIFICATE_REVOKED = 42, 43, 44
CERTIFICATE_EXPIRED, CERTIFICATE_UNKNOWN, UNKNOWN_CA = 45, 46, 48
BAD_STATUS_RESPONSE = 113


def _chain_error(alert: int) -> Codes:
    return Codes(alert, "CertChainError")


ANSWERS: dict[Kind, Codes] = {
    "empty": _chain_error(BAD_CERTIFICATE),
    "unparsable": _chain_error(BAD_CERTIFICATE),
    "too big": _chain_error(BAD_CERTIFICATE),
    "too long": _chain_error(BAD_CERTIFICATE),
    "key type": _chain_error(UNSUPPORTED_CERTIFICATE),
    "signature algorithm": _chain_error(UNSUPPORTED_CERTIFICATE),
    "profile": _chain_error(BAD_CERTIFICATE),
    "no anchor": _chain_error(UNKNOWN_CA),
    "wrong anchor": _chain_error(UNKNOWN_CA),
    "wrong signature": _chain_error(BAD_CERTIFICATE),
    "key identifier": _chain_error(BAD_CERTIFICATE),
    "not a CA": _chain_error(BAD_CERTIFICATE),
    "path length": _chain_error(BAD_CERTIFICATE),
    "critical extension": _chain_error(UNSUPPORTED_CERTIFICATE),
    # Not yet valid is answered like expired (V2G2-824).
    "not yet valid": Codes(CERTIFICATE_EXPIRED, "CertificateExpired"),
    "expired": Codes(CERTIFICATE_EXPIRED, "CertificateExpired"),
    "revoked": Codes(CERTIFICATE_REVOKED, "CertificateRevoked"),
    "status unknown": _chain_error(CERTIFICATE_UNKNOWN),
}


class ChainError(PeerError):
    """A certificate chain that must be refused; ``kind`` is a row of :data:`ANSWERS`."""

    def __init__(self, kind: Kind, sentence: str, *, clause: str = "", advice: str = "") -> None:
        answer = ANSWERS[kind]
        super().__init__(
            sentence,
            clause=clause,
            advice=advice,
            kind=kind,
            alert=answer.alert,
            http_status=400,
            ocpp_status=answer.ocpp_status,
        )
