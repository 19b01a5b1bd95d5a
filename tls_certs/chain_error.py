"""What can be wrong with a certificate chain, and the answer each fault is owed on every kind of link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pncsim.wire.errors import PeerError

Kind = Literal[
    "empty",
    "unparsable",
    "too big",
    "too long",
    "key type",
    "signature algorithm",
    "profile",
    "no anchor",
    "wrong anchor",
    "wrong signature",
    "key identifier",
    "not a CA",
    "path length",
    "critical extension",
    "not yet valid",
    "expired",
    "revoked",
    "status unknown",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a fault is answered with: ISO 15118-2 ResponseCode, TLS alert (RFC 5246 7.2.2), OCPP certificateStatus."""

    response_code: str
    alert: int
    ocpp_status: str


BAD_CERTIFICATE, UNSUPPORTED_CERTIFICATE, CERTIFICATE_REVOKED = 42, 43, 44
CERTIFICATE_EXPIRED, CERTIFICATE_UNKNOWN, UNKNOWN_CA = 45, 46, 48
BAD_STATUS_RESPONSE = 113


def _chain_error(alert: int) -> Answer:
    return Answer("FAILED_CertChainError", alert, "CertChainError")


ANSWERS: dict[Kind, Answer] = {
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
    "not yet valid": Answer("FAILED_CertificateExpired", CERTIFICATE_EXPIRED, "CertificateExpired"),
    "expired": Answer("FAILED_CertificateExpired", CERTIFICATE_EXPIRED, "CertificateExpired"),
    "revoked": Answer("FAILED_CertificateRevoked", CERTIFICATE_REVOKED, "CertificateRevoked"),
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
            response_code=answer.response_code,
            alert=answer.alert,
            http_status=400,
            ocpp_status=answer.ocpp_status,
        )
        self.kind: Kind = kind
