"""Errors that know whose fault they are, what answer they imply and what a tester should look at.

Two families: :class:`LocalError` (our configuration, our caller, our resources) and :class:`PeerError` (bytes or
behaviour of the other side). The same error is a sentence for a person and an answer on the wire: an ISO 15118
``ResponseCode``, a TLS alert, an HTTP status or an OCPP status, whichever link it happened on.
"""

from __future__ import annotations


class PncError(Exception):
    """One thing that went wrong.

    ``sentence`` says who did what, what was received and what was allowed. ``advice`` says what to try. ``clause``
    names the requirement (``V2G2-475``, ``RFC 6960 4.2.2.3``). The others are the answer each kind of link owes.
    """

    def __init__(
        self,
        sentence: str,
        *,
        clause: str = "",
        advice: str = "",
        response_code: str | None = None,
        alert: int | None = None,
        http_status: int | None = None,
        ocpp_status: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
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


class PeerError(PncError):
    """The peer's: bytes that do not decode, a message out of order, a certificate that does not verify, silence."""


class PeerSilent(PeerError):
    """The peer did not answer within the time the standard allows."""


class PeerClosed(PeerError):
    """The peer closed or reset the connection before the exchange was over."""
