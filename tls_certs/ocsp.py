"""OCSP (RFC 6960): verifying answers, with the lab's clock, and one door to everything else about OCSP.

Requests are made in :mod:`tls_certs.certid`, answers in :mod:`tls_certs.ocsp_answers` and
:class:`tls_certs.authority.Authority`; OCPP's hash data come from :mod:`tls_certs.hash_data`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from pncsim.tls_certs.authority import answer_request
from pncsim.tls_certs.certid import (
    CertId,
    build_request,
    cert_id,
    cert_id_from_hash_data,
    issuer_hashes,
    request_for,
    request_from_hash_data,
)
from pncsim.tls_certs.chain_error import BAD_STATUS_RESPONSE
from pncsim.tls_certs.facts import bound
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.tls_certs.keys import key_hash, signed_by
from pncsim.tls_certs.reading import (
    CLOCK_TOLERANCE,
    UNREADABLE,
    Unreadable,
    der,
    load_answer,
    not_after,
    not_before,
    responder_url,
)
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance, Tolerate, refuse

__all__ = [
    "CertId",
    "HashData",
    "OcspError",
    "OcspStatus",
    "Status",
    "answer_request",
    "build_request",
    "cert_id",
    "cert_id_from_hash_data",
    "hash_data",
    "request_for",
    "request_from_hash_data",
    "responder_url",
    "verify_response",
    "verify_response_for",
]

DEFAULT_LIFETIME = 86_400
"""Seconds an answer without nextUpdate counts."""


class OcspError(PeerError):
    """An OCSP response that cannot be believed; not the same as one that says "revoked"."""

    def __init__(
        self, sentence: str, *, kind: Kind = "status malformed", clause: str = "RFC 6960 3.2", advice: str = ""
    ) -> None:
        super().__init__(
            sentence,
            clause=clause,
            advice=advice,
            kind=kind,
            alert=BAD_STATUS_RESPONSE,
            ocpp_status="CertChainError",
        )


class OcspStatus(Struct, frozen=True):
    """What a verified answer says. Times in seconds since the epoch; ``expires`` is when the answer stops counting."""

    status: Status
    this_update: float
    expires: float
    revoked_at: float | None = None
    reason: str = ""
    responder: str = ""


def verify_response(
    response: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: float,
    *,
    nonce: bytes | None = None,
    gate: Tolerate = refuse,
) -> OcspStatus:
    """What ``response`` (DER) says of ``certificate``, at lab time ``now``. Raises OcspError when not to be believed.

    ``nonce`` is the one asked with; a responder that leaves it out (a pre-signed answer) goes through ``gate``, a
    different one is refused. "revoked" and "unknown" are answers, not errors.
    """
    return _verify(response, certificate.serial_number, issuer, now, nonce, gate)


def verify_response_for(
    response: bytes,
    name: CertId,
    issuer: x509.Certificate,
    now: float,
    *,
    nonce: bytes | None = None,
    gate: Tolerate = refuse,
) -> OcspStatus:
    """As :func:`verify_response`, for a certificate known by its name alone, such as OCPP's hash data give it.

    ``issuer`` must be the certificate whose hashes ``name`` has. Raises OcspError.
    """
    if issuer_hashes(issuer, name.algorithm) != name.issuer:
        raise OcspError(
            "The hash data does not belong to the issuer at hand.", kind="status of another", clause="RFC 6960 4.1.1"
        )
    return _verify(response, name.serial, issuer, now, nonce, gate)


def _verify(
    octets: bytes, serial: int, issuer: x509.Certificate, now: float, nonce: bytes | None, gate: Tolerate
) -> OcspStatus:
    """As :func:`verify_response`. The same octets on the same certificate are believed again while they count."""
    asked = (octets, serial, der(issuer))
    before = _BELIEVED.get(asked) if nonce is None else None
    if before is not None and before[0].this_update <= now <= before[0].expires:
        status, liberties = before
    else:
        status, liberties = _believe(asked, issuer, now, nonce)
    try:
        for liberty in liberties:
            gate(liberty)
    except NotTolerated as refusal:
        raise OcspError(refusal.sentence, kind=refusal.kind, clause=refusal.clause, advice=refusal.advice) from refusal
    return status


def _believe(asked: _Asked, issuer: x509.Certificate, now: float, nonce: bytes | None) -> _Answer:
    liberties: list[Liberty] = []
    octets, serial, _ = asked
    status, signer = _read_answer(octets, serial, issuer, now, nonce, liberties.append)
    answer = (status, tuple(liberties))
    # Its signer may be valid for less long than what it says.
    if nonce is None and signer.not_valid_after_utc.timestamp() >= status.expires:
        bound(_BELIEVED, _BELIEVED_MAX)
        _BELIEVED[asked] = answer
    return answer


_Asked = tuple[bytes, int, bytes]
_Answer = tuple[OcspStatus, tuple[Liberty, ...]]
_BELIEVED: dict[_Asked, _Answer] = {}
_BELIEVED_MAX = 512


def _read_answer(
    octets: bytes, serial: int, issuer: x509.Certificate, now: float, nonce: bytes | None, gate: Tolerate
) -> tuple[OcspStatus, x509.Certificate]:
    """What an answer says, and who has signed it."""
    try:
        response = load_answer(octets)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise OcspError(
                f"The OCSP responder refused to answer: {response.response_status.name.lower().replace('_', ' ')}.",
                kind="status unknown",
                clause="RFC 6960 4.2.2.3",
            )
        single = single_about(response, serial, issuer)
        signer = _signer(response, issuer, now)
        if not signed_by(
            signer.public_key(), response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
        ):
            raise OcspError("The signature of the OCSP response is wrong.")
        _check_nonce(response, nonce, gate)
        this_update, expires = period(single)
        following = single.next_update_utc
    except Unreadable as error:
        raise OcspError(error.sentence, clause=error.clause) from error
    except UNREADABLE as error:
        raise OcspError(f"The OCSP response cannot be read: {error}.", clause="RFC 6960 4.2.1") from error
    if this_update > now + CLOCK_TOLERANCE:
        raise OcspError(
            f"The OCSP response is from the future ({single.this_update_utc:%Y-%m-%d %H:%M} UTC).", kind="not yet valid"
        )
    if expires < now:
        raise OcspError(
            f"The OCSP response is stale: it counted until {datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M} UTC.",
            kind="status stale",
            advice="Have the responder asked again.",
        )
    if following is None:
        what = "The OCSP response has no nextUpdate; it counts for 24 hours."
        gate(Tolerance.OCSP_NEXT_UPDATE(what, "RFC 6960 4.2.2.1"))
    revoked = single.revocation_time_utc
    status = OcspStatus(
        status=_STATUS[single.certificate_status],
        this_update=this_update,
        expires=expires,
        revoked_at=revoked.timestamp() if revoked else None,
        reason=single.revocation_reason.value if single.revocation_reason else "",
        responder=signer.subject.rfc4514_string(),
    )
    return status, signer


_WORST = (ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN, ocsp.OCSPCertStatus.GOOD)
_STATUS = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}


def period(single: ocsp.OCSPSingleResponse) -> tuple[float, float]:
    """From when until when a single response counts, seconds since the epoch; one without nextUpdate for a day."""
    begins, following = single.this_update_utc.timestamp(), single.next_update_utc
    return begins, following.timestamp() if following else begins + DEFAULT_LIFETIME


def answer_ends(octets: bytes) -> float:
    """Until when an OCSP response (DER) counts, seconds since the epoch. Raises Unreadable."""
    return period(next(iter(load_answer(octets).responses)))[1]


def single_about(response: ocsp.OCSPResponse, serial: int, issuer: x509.Certificate) -> ocsp.OCSPSingleResponse:
    """What a response says of the certificate that ``issuer`` has given the number ``serial``. Raises OcspError.

    It may name it by whatever hash algorithm, also by several at once; should they disagree, the worst of it counts.
    """
    found = [
        single
        for single in response.responses
        if single.serial_number == serial
        and issuer_hashes(issuer, single.hash_algorithm.name.upper())
        == (single.issuer_name_hash, single.issuer_key_hash)
    ]
    if found:
        return min(found, key=lambda single: _WORST.index(single.certificate_status))
    raise OcspError(
        "The OCSP response is not about the certificate in question.",
        kind="status of another",
        clause="RFC 6960 3.2 1.",
    )


def _signer(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: float) -> x509.Certificate:
    """Whose answer it is: the issuer's own, or that of a signer to whom the issuer itself has delegated."""
    for candidate in (issuer, *response.certificates):
        if _is_named(response, candidate):
            if candidate.public_key() != issuer.public_key():
                _check_delegation(candidate, issuer, now)
            return candidate
    raise OcspError(
        "The OCSP response does not come with the certificate of its signer.",
        kind="status signer",
        clause="RFC 6960 4.2.2.2",
    )


def _is_named(response: ocsp.OCSPResponse, candidate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == candidate.subject
    return key_hash(candidate.public_key()) == response.responder_key_hash


def _check_delegation(signer: x509.Certificate, issuer: x509.Certificate, now: float) -> None:
    who = f"The OCSP signer {signer.subject.rfc4514_string()}"
    if signer.issuer != issuer.subject or not signed_by(
        issuer.public_key(), signer.signature, signer.tbs_certificate_bytes, signer.signature_hash_algorithm
    ):
        raise OcspError(
            f"{who} was not appointed by the issuer of the certificate in question.",
            kind="status signer",
            clause="RFC 6960 4.2.2.2",
        )
    try:
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        purposes = x509.ExtendedKeyUsage([])
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise OcspError(
            f"{who} lacks the extended key usage OCSPSigning.", kind="status signer", clause="RFC 6960 4.2.2.2"
        )
    # A responder whose clock is ahead may just have made its signer, as it may just have made the answer.
    if not not_before(signer) - CLOCK_TOLERANCE <= now < not_after(signer) + 1:
        raise OcspError(
            f"{who} has a certificate that is not valid now.", kind="status signer", clause="RFC 6960 4.2.2.2"
        )


def _check_nonce(response: ocsp.OCSPResponse, nonce: bytes | None, gate: Tolerate) -> None:
    if nonce is None:
        return
    try:
        found = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        what = "The OCSP response does not repeat the nonce it was asked with."
        gate(Tolerance.OCSP_NONCE(what, "RFC 6960 4.4.1"))
        return
    if found != nonce:
        raise OcspError("The OCSP response repeats another nonce than it was asked with.", clause="RFC 6960 4.4.1")
