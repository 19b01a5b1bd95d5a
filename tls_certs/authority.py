"""A certificate authority of one role: issues by profile, remembers, revokes, answers OCSP and makes CRLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct, field

from pncsim.tls_certs.certid import CertId, RequestMalformed, cert_id, issuer_hashes, parse_request
from pncsim.tls_certs.issue import ORGANIZATION, RequestError, TooLarge, issue, subject_name
from pncsim.tls_certs.keys import CURVES, PrivateKey
from pncsim.tls_certs.ocsp_answers import LIFETIME, MALFORMED, UNAUTHORIZED, Single, by_key, refusal, sign_answer
from pncsim.tls_certs.profiles import PROFILES, Profile, responder_profile
from pncsim.tls_certs.revocation import Reason, Registry, Revocation, Status
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import Discreet, replace

Statuses = dict[CertId, tuple[Status, Revocation | None]]
"""What an authority says of certificates."""
_UNKNOWN = (Status.UNKNOWN, None)


class _Speaker(Struct, frozen=True):
    """What every answer of one delegated signer has in it, and when its certificate ends."""

    signer: Credentials
    responder_id: bytes
    certificate: bytes
    ends: float


class Authority(Discreet, Struct, eq=False, kw_only=True):
    """One issuing CA.

    ``chain`` is its own certificate and those of the CAs above it, without the root: what follows a leaf it has issued.
    ``key`` is None where the folder has only the certificate, or ``keeper`` has it. ``ocsp_url`` and ``crl_url`` go
    into what it issues. Serial numbers and its own keys are drawn from ``source``.
    """

    _hidden = ("key", "registry", "signer", "_hashes", "_speaker")

    role: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKey | None = None
    keeper: str = ""
    registry: Registry = field(default_factory=Registry)
    ocsp_url: str | None = None
    crl_url: str | None = None
    signer: Credentials | None = None
    source: Source = SYSTEM
    _hashes: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    _speaker: _Speaker | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is certified by itself."""
        return self.certificate.subject == self.certificate.issuer

    def issue(
        self,
        profile: Profile,
        common_name: str,
        public_key: ec.EllipticCurvePublicKey,
        now: float,
        *,
        organization: str = ORGANIZATION,
        not_before: float | None = None,
        not_after: float | None = None,
    ) -> x509.Certificate:
        """A certificate of ``profile`` for ``public_key``, valid from about ``now`` (lab seconds since the epoch).

        It lies within this authority's certificate's validity: ``not_before`` and ``not_after`` may only shorten it.
        Raises LocalError.
        """
        subject = subject_name(profile, common_name, organization)
        return self.issue_for(profile, subject, public_key, now, not_after, not_before=not_before)

    def issue_from_request(
        self,
        request: x509.CertificateSigningRequest,
        profile: Profile,
        now: float,
        *,
        common_name: str | None = None,
    ) -> x509.Certificate:
        """A certificate for the key of a checked request (:func:`tls_certs.issue.check_request`).

        CN and O are the request's (or ``common_name``); the rest of the subject and all extensions are the profile's.
        Raises RequestError where its names make the certificate too large.
        """
        names = {attribute.oid: str(attribute.value) for attribute in request.subject}
        subject = subject_name(
            profile, common_name or names[NameOID.COMMON_NAME], names.get(NameOID.ORGANIZATION_NAME, ORGANIZATION)
        )
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise LocalError("A certificate request must be checked before a certificate is issued from it.")
        try:
            return self.issue_for(profile, subject, key, now)
        except TooLarge as error:
            raise RequestError(error.sentence, clause=error.clause) from error

    def issue_for(
        self,
        profile: Profile,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        now: float,
        not_after: float | None = None,
        *,
        not_before: float | None = None,
    ) -> x509.Certificate:
        """As :meth:`issue`, for a whole subject, such as that of a certificate to be renewed."""
        if not_before is not None:
            not_before = max(not_before, self.certificate.not_valid_before_utc.timestamp())
        if not_after is not None:
            not_after = min(not_after, self.certificate.not_valid_after_utc.timestamp())
        certificate = issue(
            profile,
            subject,
            key,
            now,
            issuer=self.certificate,
            issuer_key=self._signing_key(),
            serial=self.source.serial(),
            ocsp_url=self.ocsp_url,
            crl_url=self.crl_url,
            not_before=not_before,
            not_after=not_after,
        )
        self.registry.issue(certificate.serial_number)
        return certificate

    def credentials(
        self,
        profile: Profile,
        common_name: str,
        now: float,
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        organization: str = ORGANIZATION,
        not_after: float | None = None,
    ) -> Credentials:
        """A fresh certificate with its chain and its key (a fresh one unless ``key`` is given)."""
        own = self.source.key(CURVES.get(profile.key.value, CURVES["P-256"])) if key is None else key
        leaf = self.issue(profile, common_name, own.public_key(), now, organization=organization, not_after=not_after)
        return Credentials((leaf, *self.chain), own)

    def revoke(self, certificate: x509.Certificate | int, now: float, reason: Reason = "unspecified") -> None:
        """Revoke a certificate (or a serial number) as of ``now``. The first revocation stands."""
        serial = certificate if isinstance(certificate, int) else certificate.serial_number
        self.registry.revoke(serial, Revocation(now, reason))

    def status(self, certificate: x509.Certificate | int) -> Status:
        """What this authority says of a certificate (or a serial number)."""
        return self.registry.status(certificate if isinstance(certificate, int) else certificate.serial_number)

    def owns(self, name: CertId) -> bool:
        """Whether ``name`` is a certificate of this authority's name and key."""
        return (self._hashes.get(name.algorithm) or self._hashed(name.algorithm)) == name.issuer

    def _hashed(self, algorithm: str) -> tuple[bytes, bytes]:
        hashes = self._hashes.get(algorithm)
        if hashes is None:
            hashes = self._hashes[algorithm] = issuer_hashes(self.certificate, algorithm)
        return hashes

    def answer(self, request: bytes, now: float) -> bytes:
        """The OCSP response (DER) to an OCSP request (DER); refusals are answers too, nothing is raised for them."""
        return answer_request(request, (self,), now)

    def staple(self, certificate: x509.Certificate, now: float) -> bytes:
        """An OCSP response (DER) about ``certificate`` without nonce, as a server staples it."""
        return self.say([cert_id(certificate, self.certificate)], now)

    def say(
        self,
        ids: Sequence[CertId],
        now: float,
        nonce: bytes | None = None,
        *,
        as_asked: bool = False,
        said: Statuses | None = None,
    ) -> bytes:
        """The OCSP response (DER) about ``ids``, signed by a delegated signer whose certificate is inside.

        Each certificate is named as asked, and besides by SHA-1 and by SHA-256: Java 17 and curl 7.88 refuse a staple
        that names it by SHA-256 alone, and OCPP lets nobody ask by SHA-1. GnuTLS 3.7.9 refuses a root's own signature
        where the root is not sent, which is why a root, too, has a delegated signer. ``as_asked``: by no other name
        (RFC 6960 4.2.2.3). ``said``: what its registry has just said of those that are its own; all others are unknown
        to it.
        """
        speaker = self._speaking(now)
        if said is None:
            said = {name: self.registry.said_of(name.serial) for name in ids if self.owns(name)}
        ends = min(now + LIFETIME, speaker.ends)
        singles: dict[CertId, Single] = {}
        for name in ids:
            status, revocation = said.get(name, _UNKNOWN)
            singles[name] = Single(name, status, now, ends, revocation)
        if not as_asked:
            for name in ids:
                for other in self.other_names(name):
                    singles.setdefault(other, replace(singles[name], cert_id=other))
        return sign_answer(
            tuple(singles.values()),
            key=speaker.signer.key,
            responder_id=speaker.responder_id,
            certificates=(speaker.certificate,),
            produced_at=now,
            nonce=nonce,
            repeatable=self.source.seed is not None,
        )

    def other_names(self, name: CertId) -> Iterator[CertId]:
        """The names that verifiers may look for besides ``name``; none for a certificate of somebody else."""
        for algorithm in ("SHA1", "SHA256"):
            if algorithm != name.algorithm and self.owns(name):
                yield CertId(algorithm, self._hashed(algorithm), name.serial)

    def responder(self, now: float) -> Credentials:
        """The delegated OCSP signer, made anew when there is none or it has expired. Raises LocalError without key."""
        if not self._can_sign(now):
            profile = responder_profile(PROFILES[self.role])
            self.signer = self.credentials(profile, f"{ORGANIZATION} {profile.title}", now)
        assert self.signer is not None, "there was one, or it was made"
        return self.signer

    def signer_ends(self, now: float) -> float:
        """Until when the delegated signer's certificate is valid. Raises LocalError as :meth:`responder` does."""
        return self._speaking(now).ends

    def _speaking(self, now: float) -> _Speaker:
        speaker = self._speaker
        if speaker is not None and speaker.signer is self.signer and speaker.ends > now:
            return speaker
        signer = self.responder(now)
        if speaker is None or speaker.signer is not signer:
            leaf = signer.leaf
            ends = leaf.not_valid_after_utc.timestamp()
            speaker = self._speaker = _Speaker(signer, by_key(leaf.public_key()), leaf.public_bytes(Encoding.DER), ends)
        return speaker

    def _can_sign(self, now: float) -> bool:
        """Whether there is a signer that is valid."""
        if self.signer is None:
            return False
        if self._speaker is not None and self._speaker.signer is self.signer:
            return self._speaker.ends > now
        return self.signer.leaf.not_valid_after_utc.timestamp() > now

    def speaks(self, name: CertId, now: float) -> bool:
        """Whether it answers for ``name``: the certificate is of its name and key, and it has what to sign with."""
        return self.owns(name) and self.can_speak(now)

    def can_speak(self, now: float) -> bool:
        """Whether it has what to sign answers with."""
        return self.key is not None or self._can_sign(now)

    def _signing_key(self) -> PrivateKey:
        if self.key is None and self.keeper:
            raise LocalError(
                f"Nothing can be issued by {self.role} here: its key is kept by {self.keeper}.", kind="elsewhere"
            )
        if self.key is None:
            raise LocalError(
                f"Nothing can be issued by {self.role}: its key is not there.",
                advice=f"Add {self.role}_key to the PKI folder.",
            )
        return self.key


def answer_request(request: bytes, authorities: Iterable[Authority], now: float) -> bytes:
    """The OCSP response (DER) to an OCSP request (DER), by whichever authority the first certificate is of.

    Certificates of other authorities in the same request are answered "unknown", since one signer cannot speak for
    them. Requests that cannot be read get malformedRequest, those nobody here is responsible for, or has the key to
    answer, unauthorized.
    """
    try:
        ids, nonce = parse_request(request)
    except RequestMalformed:
        return refusal(MALFORMED)
    for authority in authorities:
        if authority.speaks(ids[0], now):
            return authority.say(ids, now, nonce)
    return refusal(UNAUTHORIZED)
