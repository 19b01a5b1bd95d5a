"""Asking OCSP responders, verifying and remembering what they say; serves the pools and, as its port, the CSMS."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from pncsim.backend.answers import RevocationStatus
from pncsim.backend.events.facts import CertificateRevoked, RootRemoved
from pncsim.backend.pki.fetch import Fetch
from pncsim.backend.verification import CertificateState, Pair
from pncsim.tls_certs import reading
from pncsim.tls_certs.certid import issuer_hashes
from pncsim.tls_certs.ocsp import (
    CertId,
    HashData,
    OcspError,
    OcspStatus,
    Status,
    cert_id,
    cert_id_from_hash_data,
    request_for,
    responder_url,
    verify_response,
    verify_response_for,
)
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.voice import Voice

MAX_AGE = 3_600
"""Seconds for which an answer is used again, however far its nextUpdate: what a revocation takes to be noticed."""

_CACHE_SIZE = 4_096
_STATUS: dict[Status, RevocationStatus] = {
    Status.GOOD: "good",
    Status.REVOKED: "revoked",
    Status.UNKNOWN: "unknown",
}


class OcspClient:
    """Implements :class:`backend.verification.StatusSource` and the CSMS's ``Revocation``.

    ``issuers`` are the CA certificates known here: OCPP names an issuer by hashes only, and without its certificate an
    answer cannot be verified. ``max_age`` 0 asks anew every time.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        fetch: Fetch,
        *,
        issuers: Iterable[x509.Certificate] = (),
        max_age: float = MAX_AGE,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._fetch = fetch
        self._issuers = {reading.der(issuer): issuer for issuer in issuers}
        self._by_hashes: dict[tuple[str, tuple[bytes, bytes]], x509.Certificate] = {}
        self._max_age = max_age
        self._names: dict[Pair, CertId] = {}
        self._known: dict[CertId, tuple[float, OcspStatus]] = {}

    def known(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState | None:
        """What was heard before and still counts, without asking anybody."""
        known = self._recall(self._name_of(certificate, issuer))
        return None if known is None else _state(known)

    def heard(self, certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[float, OcspStatus] | None:
        """What was heard last, and until when it counts (lab seconds since the epoch), which may be over."""
        return self._known.get(self._name_of(certificate, issuer))

    async def of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState:
        """What the responder named in ``certificate`` says of it. Raises PeerError for silence or a wrong answer."""
        name = self._name_of(certificate, issuer)
        known = self._recall(name)
        if known is None:
            response = await self._fetch(responder_url(certificate), request_for([name]))
            known = verify_response(response, certificate, issuer, self._clock.now(), gate=self._voice.tolerate)
            self._remember(name, known, reading.common_name(certificate))
        return _state(known)

    def known_status(self, hash_data: HashData) -> RevocationStatus | None:
        """What was heard before of the certificate OCPP names; None also where the name itself calls for a report."""
        try:
            name = cert_id_from_hash_data(hash_data)
        except PeerError:
            return None
        known = self._recall(name)
        return None if known is None else _STATUS[known.status]

    async def status(self, hash_data: HashData) -> RevocationStatus:
        """What the responder says of the certificate OCPP names. Raises PeerError, also for an unknown issuer."""
        name = self._name(hash_data)
        known = self._recall(name)
        if known is None:
            issuer = self._issuer(name)
            response = await self._fetch(hash_data.responder_url, request_for([name]))
            known = verify_response_for(response, name, issuer, self._clock.now(), gate=self._voice.tolerate)
            self._remember(name, known, f"serial {name.serial:x}")
        return _STATUS[known.status]

    async def fetch(self, hash_data: HashData) -> bytes:
        """The responder's fresh answer as DER: what a station staples.

        Raises PeerError where the issuer is not known here, before anybody is asked, and where what came is not its
        answer about this certificate: content of others goes to nobody.
        """
        with self._voice.call("fetch OCSP response") as call:
            name = self._name(hash_data)
            issuer = self._issuer(name)
            try:
                response, status = await self._stapling(
                    hash_data.responder_url, _names_of_a_staple(name, issuer), issuer
                )
            except OcspError as refusal:
                if refusal.kind != "status unknown":
                    raise
                # Some responders speak about one certificate at a time.
                response, status = await self._stapling(hash_data.responder_url, [name], issuer)
            self._remember(name, status, f"serial {name.serial:x}")
            call.text = f"{len(response)} octets about serial {name.serial:x} from {hash_data.responder_url or 'here'}."
            return response

    async def _stapling(self, url: str, names: list[CertId], issuer: x509.Certificate) -> tuple[bytes, OcspStatus]:
        response = await self._fetch(url, request_for(names))
        return response, verify_response_for(response, names[0], issuer, self._clock.now(), gate=self._voice.tolerate)

    def learn(self, issuer: x509.Certificate) -> None:
        """Know one more CA certificate; only ones from a chain that was verified belong here."""
        self._issuers.setdefault(reading.der(issuer), issuer)
        self._by_hashes.clear()

    async def certificate_revoked(self, fact: CertificateRevoked) -> None:
        """Ask anew about certificates with this serial number (CCP-CLEAN-2)."""
        for name in [name for name in self._known if f"{name.serial:x}" == fact.serial]:
            del self._known[name]

    async def root_removed(self, fact: RootRemoved) -> None:
        """With a purge, forget every answer: some may be signed below the root (RCP-9)."""
        if fact.purge:
            self.forget()

    def forget(self) -> None:
        """Ask anew about every certificate."""
        self._known.clear()

    def _name_of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertId:
        """The certificate's name; hashing an issuer anew costs more than remembering it."""
        name = self._names.get((certificate, issuer))
        if name is None:
            if len(self._names) >= _CACHE_SIZE:
                self._names.clear()
            name = self._names[certificate, issuer] = cert_id(certificate, issuer)
        return name

    def _name(self, hash_data: HashData) -> CertId:
        return cert_id_from_hash_data(hash_data, gate=self._voice.tolerate)

    def _issuer(self, name: CertId) -> x509.Certificate:
        key = name.algorithm, name.issuer
        if key not in self._by_hashes:
            for known in self._issuers.values():
                self._by_hashes[name.algorithm, issuer_hashes(known, name.algorithm)] = known
        issuer = self._by_hashes.get(key)
        if issuer is None:
            raise PeerError(
                f"The issuer with the name hash {name.issuer[0].hex()[:16]}… is not known here, so no OCSP answer "
                "about its certificates can be verified.",
                kind="no anchor",
                clause="RFC 6960 3.2",
                advice="Let the station send the certificate chain (central validation), or add the Sub-CA here.",
                ocpp_status="CertChainError",
            )
        return issuer

    def _recall(self, name: CertId) -> OcspStatus | None:
        """What was said before, if it still counts."""
        found = self._known.get(name)
        if found is None:
            return None
        until, status = found
        return status if self._clock.now() < until else None

    def _remember(self, name: CertId, status: OcspStatus, who: str) -> None:
        self._voice.judged(f"OCSP status of {who}", status.status is Status.GOOD, _state(status).text, "RFC 6960 2.2")
        if len(self._known) >= _CACHE_SIZE:
            del self._known[next(iter(self._known))]
        self._known.pop(name, None)
        self._known[name] = (min(status.expires, self._clock.now() + self._max_age), status)


def _names_of_a_staple(name: CertId, issuer: x509.Certificate) -> list[CertId]:
    """The certificate by OCPP's name and by SHA-1, under which alone Java 17 and curl 7.88 look for it."""
    return [name, CertId("SHA1", issuer_hashes(issuer, "SHA1"), name.serial)]


def _state(status: OcspStatus) -> CertificateState:
    reason = f" ({status.reason})" if status.reason else ""
    text = f"{status.responder} says {status.status}{reason}."
    return CertificateState(_STATUS[status.status], text)
