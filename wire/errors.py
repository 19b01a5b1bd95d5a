"""Errors that know what kind of thing went wrong, whose fault it is and what a tester should look at.

Two families: :class:`LocalError` (our configuration, our caller, our resources) and :class:`PeerError` (bytes or
behaviour of the other side). An error names its ``kind``; which ResponseCode, alert or status that is on a link is for
the link's own table to say. What a *peer* has said in so many numbers is kept beside it.
"""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "unspecific",
    # the line and its bytes
    "silent",
    "closed",
    "unreachable",
    "malformed",
    "out of turn",
    "flood",
    "refused",
    # the conversation
    "no common protocol",
    "sequence",
    "unknown session",
    "unexpected answer",
    # services and payment
    "service unknown",
    "service selection",
    "no charge service",
    "payment selection",
    # certificates
    "chain",
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
    "unknown certificate",
    # certificate status (OCSP, CRL, staples)
    "staple missing",
    "status stale",
    "status of another",
    "status signer",
    "status malformed",
    # signatures and challenges on messages
    "signature",
    "challenge",
    "receipt signature",
    "contract key",
    # contracts and their delivery
    "no contract",
    "contract cancelled",
    "not allowed here",
    "not authorised",
    "wrong EMAID",
    # energy
    "energy mode",
    "charge parameter",
    "tariff",
    "charging profile",
    "power delivery",
    "contactor",
    "isolation",
    # ours
    "configuration",
    "elsewhere",
    "unsupported",
    "defect",
]
"""What can go wrong. Readers, faults and tables compare these words; nothing compares sentences."""

KINDS: frozenset[str] = frozenset(get_args(Kind))


class PncError(Exception):
    """One thing that went wrong.

    ``sentence`` says who did what, what was received and what was allowed. ``advice`` says what to try. ``clause``
    names the requirement (``V2G2-475``, ``RFC 6960 4.2.2.3``). ``response_code`` is the ISO 15118 ResponseCode the peer
    has answered, never one of ours: that follows from the kind. ``alert``, ``http_status`` and ``ocpp_status`` are what
    was received or is owed on those links.
    """

    kind: Kind = "unspecific"
    """What an error of this class is where its raiser does not say more."""

    def __init__(
        self,
        sentence: str,
        *,
        kind: Kind | None = None,
        clause: str = "",
        advice: str = "",
        response_code: str | None = None,
        alert: int | None = None,
        http_status: int | None = None,
        ocpp_status: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if kind is not None:
            self.kind = kind
        self.clause = clause
        self.advice = advice
        self.response_code = response_code
        self.alert = alert
        self.http_status = http_status
        self.ocpp_status = ocpp_status

    def __str__(self) -> str:
        clause = f" [{self.clause}]" if self.clause else ""
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.sentence}{clause}{advice}"


class LocalError(PncError):
    """Ours: wrong options, a missing file, a port in use, a message we could not build."""

    kind: Kind = "configuration"


class PeerError(PncError):
    """The peer's: bytes that do not decode, a message out of order, a certificate that does not verify, silence."""


class PeerSilent(PeerError):
    """The peer did not answer within the time the standard allows."""

    kind: Kind = "silent"


class PeerClosed(PeerError):
    """The peer closed or reset the connection before the exchange was over."""

    kind: Kind = "closed"
