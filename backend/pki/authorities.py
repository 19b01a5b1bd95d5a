"""Several certificate services behind one door, for who does not know which of them has issued what."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from pncsim.backend.pki.ca import CertificateService
from pncsim.tls_certs.revocation import Reason


class Authorities:
    """Revokes what any of ``services`` has issued, and knows whose it is; looked through anew each time, so that more
    may come."""

    def __init__(self, services: Iterable[CertificateService]) -> None:
        self._services = services

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """As :meth:`CertificateService.revoke_certificate`: False if none of them has issued it."""
        for service in tuple(self._services):
            if await service.revoke_certificate(certificate, reason):
                return True
        return False

    async def holder(self, certificate: x509.Certificate) -> str:
        """As :meth:`CertificateService.holder`."""
        for service in tuple(self._services):
            if holder := await service.holder(certificate):
                return holder
        return ""
