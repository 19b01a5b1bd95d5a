"""Bad OCSP answers on purpose, as named data: what a careless or hostile station may staple."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.certid import cert_id
from pncsim.tls_certs.issue import ORGANIZATION, issue, subject_name
from pncsim.tls_certs.ocsp_answers import TRY_LATER, Single, by_key, generalized_time, refusal, sign_answer
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import DAY, PROFILES, responder_profile
from pncsim.tls_certs.revocation import Revocation, Status
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import Kind, LocalError
from pncsim.wire.values import replace

Build = Callable[[Authority, x509.Certificate, float], bytes]


class StapleFlaw(Struct, frozen=True):
    """One bad answer; ``kind`` says what a right verifier reports.

    ``build`` makes it from the issuing authority, the certificate and lab time.
    """

    text: str
    kind: Kind
    build: Build


def _answer(
    authority: Authority,
    certificate: x509.Certificate,
    now: float,
    *,
    status: Status = Status.GOOD,
    age: float = 0,
    signer: Credentials | None = None,
    revocation: Revocation | None = None,
) -> bytes:
    """An answer about ``certificate`` that is ``age`` seconds old."""
    by = signer or authority.responder(now)
    name = cert_id(certificate, authority.certificate)
    return sign_answer(
        [
            Single(one, status, now - age, now - age + 7 * DAY, revocation)
            for one in (name, *authority.other_names(name))
        ],
        key=by.key,
        responder_id=by_key(by.leaf.public_key()),
        certificates=[by.leaf.public_bytes(Encoding.DER)],
        produced_at=now - age,
    )


def _revoked(authority: Authority, certificate: x509.Certificate, now: float) -> bytes:
    revocation = Revocation(now - DAY, "key_compromise")
    return _answer(authority, certificate, now, status=Status.REVOKED, revocation=revocation)


def _other(authority: Authority, certificate: x509.Certificate, now: float) -> bytes:
    name = replace(cert_id(certificate, authority.certificate), serial=certificate.serial_number ^ 1)
    by = authority.responder(now)
    return sign_answer(
        [Single(name, Status.GOOD, now, now + DAY)],
        key=by.key,
        responder_id=by_key(by.leaf.public_key()),
        certificates=[by.leaf.public_bytes(Encoding.DER)],
        produced_at=now,
    )


def _signer(authority: Authority, now: float, *, purpose: bool = True, expired: bool = False) -> Credentials:
    profile = responder_profile(PROFILES[authority.role])
    if not purpose:
        profile = replace(profile, extended_key_usage=())
    if authority.key is None:
        raise LocalError(f"A bad OCSP signer needs the key of {authority.role}, which is not there.")
    key = authority.source.key()
    certificate = issue(
        profile,
        subject_name(profile, f"{ORGANIZATION} {profile.title}"),
        key.public_key(),
        now,
        issuer=authority.certificate,
        issuer_key=authority.key,
        serial=authority.source.serial(),
        not_before=now - 2 * DAY,
        not_after=now - DAY if expired else now + DAY,
    )
    return Credentials((certificate,), key)


def _foreign(authority: Authority, certificate: x509.Certificate, now: float) -> bytes:
    """By the signer of another CA of the same name."""
    signer = create_pki(now, source=authority.source.of("foreign")).authority(authority.role).responder(now)
    return _answer(authority, certificate, now, signer=signer)


def _broken(authority: Authority, certificate: x509.Certificate, now: float) -> bytes:
    """Dated a minute later than what was signed."""
    stamp = generalized_time(now)
    other = generalized_time(now + 60)
    return _answer(authority, certificate, now).replace(stamp, other, 1)


STAPLE_FLAWS: dict[str, StapleFlaw] = {
    "revoked": StapleFlaw("says that the certificate is revoked", "revoked", _revoked),
    "unknown": StapleFlaw(
        "says that the certificate is unknown",
        "status unknown",
        lambda a, c, now: _answer(a, c, now, status=Status.UNKNOWN),
    ),
    "stale": StapleFlaw("counted until yesterday", "status stale", lambda a, c, now: _answer(a, c, now, age=8 * DAY)),
    "future": StapleFlaw("counts from tomorrow on", "not yet valid", lambda a, c, now: _answer(a, c, now, age=-DAY)),
    "other-certificate": StapleFlaw("is about another certificate", "status of another", _other),
    "foreign-signer": StapleFlaw("is signed by somebody the issuer has not appointed", "status signer", _foreign),
    "signer-without-purpose": StapleFlaw(
        "is signed by a certificate that is not for OCSP signing",
        "status signer",
        lambda a, c, now: _answer(a, c, now, signer=_signer(a, now, purpose=False)),
    ),
    "signer-expired": StapleFlaw(
        "is signed by a certificate that has expired",
        "status signer",
        lambda a, c, now: _answer(a, c, now, signer=_signer(a, now, expired=True)),
    ),
    "wrong-signature": StapleFlaw("was changed after it was signed", "status malformed", _broken),
    "refusal": StapleFlaw(
        "says only that the responder is busy", "status unknown", lambda a, c, now: refusal(TRY_LATER)
    ),
    "garbage": StapleFlaw("is no OCSP response", "status malformed", lambda a, c, now: b"\x30\x03garbage"),
}
"""Bad staples by name."""


def wrong_staple(authority: Authority, certificate: x509.Certificate, fault: str, now: float) -> bytes:
    """The bad OCSP answer of that name about ``certificate``, which ``authority`` has issued. Raises LocalError."""
    if fault not in STAPLE_FLAWS:
        raise LocalError(f"There is no OCSP fault {fault!a}.", advice=f"There are: {', '.join(STAPLE_FLAWS)}.")
    return STAPLE_FLAWS[fault].build(authority, certificate, now)
