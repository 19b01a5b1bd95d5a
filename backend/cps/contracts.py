"""Contracts for operators without a PKI of their own: key, certificate, wrapping and signature in one (CPS-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.cps.service import ProvisioningService
from pncsim.backend.mo.packing import Packing
from pncsim.backend.pki.ca import CertificateService, ContractCa
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import BACKDATE, moment
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice


class _SubCa(Struct, frozen=True):
    """The Sub-CA ``role`` of ``service``, which issues contract certificates that begin at ``begins`` (None: now)."""

    service: CertificateService
    role: str
    begins: float | None = None

    async def issue_contract(
        self, emaid: str, key: ec.EllipticCurvePublicKey, ends: float
    ) -> tuple[x509.Certificate, ...]:
        """As :meth:`CertificateService.issue_contract`."""
        return await self.service.issue_contract(emaid, key, ends, begins=self.begins, issuer=self.role)

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """As :meth:`CertificateService.revoke_certificate`."""
        return await self.service.revoke_certificate(certificate, reason)


class ContractService:
    """Makes contracts below the V2G roots that ``authorities`` have a Sub-CA for; looked through anew each time.

    A contract's key is drawn from ``source`` and forgotten once it is wrapped for its vehicle (CPS-13).
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        *,
        signing: ProvisioningService,
        authorities: Mapping[str, CertificateService],
        source: Source = SYSTEM,
    ) -> None:
        self._clock, self._voice, self._source = clock, voice, source
        self._signing, self._authorities = signing, authorities

    async def generate(
        self, emaid: str, pcid: str, *, begins: float, ends: float, roots: Sequence[str] = ()
    ) -> x509.Certificate:
        """Make the contract ``emaid`` and have it wait in the pool for the vehicle ``pcid``; its certificate.

        ``begins`` and ``ends`` are lab seconds since the epoch. The certificate is not valid before now, and ends with
        the provisioning certificate or its issuer at the latest (CPS-9). A contract that is there already for the same
        vehicle is replaced. ``roots`` as for :meth:`ProvisioningService.sign`. Raises Refused; no certificate exists
        then.
        """
        with self._voice.call("generate contract") as call:
            now = self._clock.now()
            if ends <= now:
                raise Refused(
                    "The contract would have ended before now.",
                    clause="CPS-10",
                    message="The given contractEnds date is in the past.",
                )
            issuers = self._issuers()
            if not issuers:
                raise Refused(
                    "Nobody here issues contracts below a V2G root.",
                    clause="CPS-11",
                    http_status=503,
                    advice="The PKI folder needs v2g_mo_sub2 with its key, or the key of v2g_root to make it.",
                )
            vehicle, signer = await self._signing.prospects(emaid, pcid, roots=roots, among=issuers)
            service, issuer = issuers[signer.fingerprint]
            last = min(ends, reading.not_after(vehicle.leaf), reading.not_after(issuer.certificate))
            if begins >= last:
                raise Refused(
                    f"The contract {emaid} would begin at {moment(begins)} and end at {moment(last)}.",
                    clause="CPS-9",
                    advice="The provisioning certificate and the issuing Sub-CA have to be valid by then.",
                )
            packing = Packing(_SubCa(service, issuer.role, max(begins, now - BACKDATE)), self._signing, self._source)
            contract = await packing.make(emaid, ends, vehicle)
            await packing.store(contract, vehicle, (signer.fingerprint,))
            call.text = f"{emaid} made for {vehicle.pcid}, until {contract.leaf.not_valid_after_utc}."
            return contract.leaf

    def _issuers(self) -> dict[str, tuple[CertificateService, ContractCa]]:
        """Who issues below which V2G root (its fingerprint), and by which Sub-CA."""
        found = {}
        for service in self._authorities.values():
            if (issuer := service.below_v2g()) is not None:
                found[reading.fingerprint(reading.der(issuer.root))] = (service, issuer)
        return found
