"""Asking for the revocation lists that certificates name (RFC 5280 4.2.1.13), verifying and remembering them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cryptography import x509

from pncsim.backend.pki.ocsp_client import MAX_AGE
from pncsim.backend.verification import CertificateState
from pncsim.tls_certs import reading
from pncsim.tls_certs.crl import verify_crl
from pncsim.tls_certs.reading import list_addresses
from pncsim.tls_certs.revocation import Status
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.voice import Voice

FetchList = Callable[[str], Awaitable[bytes]]
"""Gets the list (DER) at an address. Raises PeerError."""

_KEPT = 64
"""Lists that are remembered: there is one for each authority."""


class RevocationLists:
    """Looks certificates up in the lists they name; a list is used for an hour at most, and never past its end."""

    def __init__(self, clock: Clock, voice: Voice, fetch: FetchList) -> None:
        self._clock, self._voice, self._fetch = clock, voice, fetch
        self._lists: dict[str, tuple[float, bytes]] = {}

    def named_by(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate names a list."""
        return bool(list_addresses(certificate))

    async def of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState | None:
        """What the list says of ``certificate``; None where it names none.

        Of several addresses the first one that answers counts. Raises PeerError for silence, and CrlError for a list
        that cannot be believed.
        """
        silent: PeerError | None = None
        for url in list_addresses(certificate):
            until, octets = self._lists.get(url, (0.0, b""))
            now = self._clock.now()
            if until < now:
                try:
                    octets = await self._fetch(url)
                except PeerError as error:
                    silent = silent or error
                    continue
            found = verify_crl(octets, certificate, issuer, self._clock.now())
            self._keep(url, min(found.expires, until if until >= now else now + MAX_AGE), octets)
            reason = f" ({found.reason})" if found.reason else ""
            text = f"The revocation list {url} says {found.status}{reason}."
            good = found.status is Status.GOOD
            self._voice.judged(f"Status of {reading.common_name(certificate)}", good, text, "RFC 5280 6.3")
            return CertificateState("good" if good else "revoked", text)
        if silent is not None:
            raise silent
        return None

    def _keep(self, url: str, until: float, octets: bytes) -> None:
        if url not in self._lists and len(self._lists) >= _KEPT:
            del self._lists[next(iter(self._lists))]
        self._lists[url] = until, octets
