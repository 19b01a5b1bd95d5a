"""Issuing and revoking as services over the authorities of one PKI (rules PKI-1 to PKI-10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct

from pncsim.backend.answers import SigningUse
from pncsim.backend.events.facts import CertificateRevoked
from pncsim.backend.pki.naming import certified_name
from pncsim.backend.pki.store import ISSUED, IssuedCertificate, issued_key, issuer_key
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store
from pncsim.tls_certs import reading
from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.folder_work import renew_authority
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.pki import OCPP_ROLES, Pki
from pncsim.tls_certs.profiles import PROFILES, Profile
from pncsim.tls_certs.revocation import Reason, Status
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

_SIGNING: dict[SigningUse, str] = {
    "V2GCertificate": "secc_leaf",
    "ChargingStationCertificate": "station_client",
    # The V2G certificate restricts no extended use: what vehicles believe as a server a CSMS believes as a client.
    "Combined": "secc_leaf",
}
"""The profile a station's request is for; it names the issuing authority."""


class ContractCa(Struct, frozen=True):
    """A Sub-CA that issues contract certificates, and the V2G root above it."""

    role: str
    certificate: x509.Certificate
    root: x509.Certificate


class CertificateService:
    """One operator's authorities: for stations (CSR), contracts and vehicles. What they issue is kept in ``store``."""

    def __init__(self, clock: Clock, voice: Voice, store: Store, pki: Pki) -> None:
        self._clock = clock
        self._voice = voice
        self._store = store
        self._pki = pki

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        """The PEM chain for a PEM (or base64-less DER as Latin-1) request: leaf first, then Sub-CAs, without root.

        The request's signature proves possession of the key (PKI-3); its CN and O are kept, everything else comes from
        the profile. Raises RequestError (OCPP status Rejected) or LocalError.
        """
        with self._voice.call(f"sign certificate request for {use}") as call:
            profile = PROFILES[_SIGNING[use]]
            chain = await self._sign(check_request(csr), profile)
            call.text = _described(profile, chain)
            answer = "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in chain)
            call.asked, call.answered = csr.encode("utf-8", "replace"), answer.encode()
            return answer

    async def enrol(
        self, csr: bytes, role: str, owns: Callable[[str], bool], *, holder: str = ""
    ) -> tuple[x509.Certificate, ...]:
        """A certificate of the leaf ``role`` for a request (PEM or DER), and its Sub-CAs (PKI-2 to PKI-4).

        The CN has to be what the role's certificates are called by, and ``owns`` says whether it is the caller's; an
        EMAID is certified in its normal form. ``holder``: the client that asks, who may renew it by showing it. Raises
        RequestError or Refused.
        """
        profile = PROFILES[role]
        with self._voice.call(f"enrol for {profile.title}") as call:
            self._issuer(role, within=self._pki.keys)
            request = check_request(csr)
            (given,) = reading.values_of(request.subject, NameOID.COMMON_NAME)
            name = certified_name(given, profile.name, gate=self._voice.tolerate)
            if not owns(name):
                raise Refused(f"{name} is not among the ids the caller owns.", clause="PKI-4", http_status=403)
            chain = await self._sign(request, profile, name, holder)
            call.text = _described(profile, chain)
            return chain

    def ca_certificates(self, role: str) -> tuple[x509.Certificate, ...]:
        """What stands above certificates of the leaf ``role``: the issuing Sub-CA first, the root last.

        Raises Refused where that Sub-CA is not here.
        """
        issuer = self._issuer(role, within=self._pki.certificates)
        return (*self._pki.chain(issuer), self._pki.root(issuer))

    async def issue_contract(
        self,
        emaid: str,
        key: ec.EllipticCurvePublicKey,
        ends: float,
        *,
        begins: float | None = None,
        issuer: str | None = None,
    ) -> tuple[x509.Certificate, ...]:
        """A contract certificate and its Sub-CAs; it ends at ``ends`` or with its issuer, whichever is earlier.

        ``issuer``: the role of the issuing Sub-CA, if not the usual one's. Without ``begins`` it is valid from now on.
        """
        return await self.issue("contract_leaf", emaid, key, ends, begins=begins, issuer=issuer)

    def below_v2g(self) -> ContractCa | None:
        """Who issues contract certificates below the V2G root here, for operators without a PKI of their own."""
        for role in ("mo_sub2", "v2g_mo_sub2"):
            if role in self._pki.certificates and role in self._pki.keys:
                root = self._pki.root(role)
                if root in self._pki.anchors("v2g_root"):
                    return ContractCa(role, self._pki.certificate(role), root)
        return None

    async def issue_provisioning(
        self, pcid: str, key: ec.EllipticCurvePublicKey, ends: float | None = None
    ) -> tuple[x509.Certificate, ...]:
        """A provisioning certificate and its Sub-CAs; without ``ends`` it lasts as its profile says."""
        return await self.issue("oem_leaf", pcid, key, ends)

    async def holder(self, certificate: x509.Certificate) -> str:
        """The client that enrolled for ``certificate``; empty for one it was not issued to, and for one that is not
        good now: who shows that proves nothing."""
        try:
            authority = self._pki.issuer_authority(certificate)
            if authority.status(certificate) is Status.REVOKED:  # by another program, in the PKI's folder
                return ""
        except LocalError:
            return ""
        key = issued_key(issuer_key(authority.certificate), certificate.serial_number)
        issued = await self._store.of(ISSUED).get(key)
        good = issued is not None and issued.revoked_at is None and reading.valid_at(certificate, self._clock.now())
        return issued.holder if issued is not None and good and issued.certificate == certificate else ""

    async def revoked(self, certificate: x509.Certificate) -> bool:
        """Whether an authority of this PKI has revoked a certificate of its own."""
        try:
            authority = self._pki.issuer_authority(certificate)
        except LocalError:
            return False
        if authority.status(certificate) is Status.REVOKED:  # by another program, in the PKI's folder
            return True
        key = issued_key(issuer_key(authority.certificate), certificate.serial_number)
        issued = await self._store.of(ISSUED).get(key)
        return issued is not None and issued.revoked_at is not None

    async def renew(self, role: str, *, new_key: bool = False) -> Credentials:
        """A new certificate for the name and the key of a leaf (PKI-9), with its chain; the old one stays good.

        The PKI has the new one from now on; its folder keeps the old. ``new_key``: the old key is in wrong hands.
        Raises LocalError without the keys for it.
        """
        profile, old = PROFILES[role], self._pki.credentials(role)
        with self._voice.call(f"renew {profile.title}") as call:
            authority = self._pki.authority(profile.issuer or role)
            key = self._pki.source.of(f"new {role}").key() if new_key else old.key
            leaf = authority.issue_for(profile, old.leaf.subject, key.public_key(), self._clock.now())
            await self._keep(leaf, authority)
            self._pki.certificates[role], self._pki.keys[role] = (leaf,), key
            call.text = f"{reading.common_name(leaf)} is valid until {leaf.not_valid_after_utc}."
            return Credentials((leaf, *old.chain[1:]), key)

    async def renew_authorities(self, lasts: float) -> list[tuple[str, x509.Certificate]]:
        """Certify those of its authorities again that last less than ``lasts`` seconds, roots before what is below them
        (PKI-11). They keep their keys, so that everything below stays good (RCP-12)."""
        renewed = []
        for role, profile in PROFILES.items():
            if not profile.ca or role in OCPP_ROLES or not {role, profile.issuer or role} <= self._pki.keys.keys():
                continue
            if role in self._pki.certificates and self._ends(role) <= self._clock.now() + lasts:
                renewed.append((role, await self.renew_authority(role)))
        return renewed

    async def renew_authority(self, role: str) -> x509.Certificate:
        """Certify one of them again. Raises LocalError where its key, or its issuer's, is not here."""
        with self._voice.call(f"renew {PROFILES[role].title}") as call:
            new = renew_authority(self._pki, role, self._clock.now())
            await self._keep(new, self._pki.issuer_authority(new))
            call.text = f"{reading.common_name(new)} is certified until {new.not_valid_after_utc}."
            return new

    def _ends(self, role: str) -> float:
        return reading.not_after(self._pki.certificate(role))

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason = "unspecified") -> bool:
        """Revoke a certificate an authority of this PKI issued; False if none did. The first revocation stands."""
        try:
            authority = self._pki.issuer_authority(certificate)
        except LocalError:
            return False
        with self._voice.call("revoke certificate") as call:
            await self._revoke(certificate, authority, reason)
            call.text = f"{reading.common_name(certificate)} is revoked: {reason.replace('_', ' ')}."
        return True

    async def revoke(self, role: str, reason: Reason = "unspecified") -> None:
        """Revoke the certificate of a PKI role (``oem_leaf``, ``cps_sub2`` …). Raises LocalError if there is none."""
        certificate = self._pki.certificate(role)
        if not await self.revoke_certificate(certificate, reason):
            raise Refused(
                f"The certificate of {role} was issued by somebody else, who alone can revoke it.",
                clause="PKI-6",
                http_status=404,
            )

    async def issue(
        self,
        role: str,
        common_name: str,
        key: ec.EllipticCurvePublicKey,
        ends: float | None,
        *,
        begins: float | None = None,
        issuer: str | None = None,
    ) -> tuple[x509.Certificate, ...]:
        """A certificate of the leaf ``role`` for ``key``, and its Sub-CAs; times as for :meth:`issue_contract`."""
        profile = PROFILES[role]
        with self._voice.call(f"issue {profile.title}") as call:
            authority = self._pki.authority(issuer or profile.issuer or role)
            leaf = authority.issue(profile, common_name, key, self._clock.now(), not_before=begins, not_after=ends)
            await self._keep(leaf, authority)
            call.text = f"{profile.title} {common_name} until {leaf.not_valid_after_utc}."
            return (leaf, *authority.chain)

    def _issuer(self, role: str, *, within: Collection[str]) -> str:
        """The authority that issues to the leaf ``role``; a PKI folder may have come without it or its key."""
        issuer = PROFILES[role].issuer or role
        if issuer not in within:
            raise Refused(f"This PKI has no {issuer} for that.", clause="PKI-1", http_status=404)
        return issuer

    async def _sign(
        self,
        request: x509.CertificateSigningRequest,
        profile: Profile,
        common_name: str | None = None,
        holder: str = "",
    ) -> tuple[x509.Certificate, ...]:
        """The chain for a checked request."""
        authority = self._pki.authority(profile.issuer or profile.role)
        leaf = authority.issue_from_request(request, profile, self._clock.now(), common_name=common_name)
        await self._keep(leaf, authority, holder)
        return (leaf, *authority.chain)

    async def _keep(self, certificate: x509.Certificate, authority: Authority, holder: str = "") -> None:
        issued = IssuedCertificate(
            issuer=issuer_key(authority.certificate),
            certificate=certificate,
            issued_at=self._clock.now(),
            holder=holder,
        )
        await self._store.of(ISSUED).put(issued)

    async def _revoke(self, certificate: x509.Certificate, authority: Authority, reason: Reason) -> None:
        """Keep the revocation and tell it in one step; then the responder says so too."""
        now, issuer = self._clock.now(), issuer_key(authority.certificate)

        async def revoke(change: Change) -> None:
            issued = await change.of(ISSUED).get(issued_key(issuer, certificate.serial_number))
            if issued is None:  # made with the PKI itself, or by an earlier run of its folder
                issued = IssuedCertificate(
                    issuer=issuer, certificate=certificate, issued_at=reading.not_before(certificate)
                )
            if issued.revoked_at is None:
                await change.of(ISSUED).put(replace(issued, revoked_at=now, reason=reason))
                # Before anybody is told, who may ask the responder at once.
                authority.revoke(certificate, now, reason)
                change.tell(
                    CertificateRevoked(
                        time=now,
                        certificate=reading.der(certificate),
                        serial=f"{certificate.serial_number:x}",
                        reason=reason,
                    )
                )

        await self._store.change(revoke)


def _described(profile: Profile, chain: Sequence[x509.Certificate]) -> str:
    leaf, by = chain[0], reading.shown(chain[0].issuer)
    return f"{profile.title} for {reading.common_name(leaf)} until {leaf.not_valid_after_utc}, issued by {by}."
