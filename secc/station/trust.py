"""The station's roots, and how the CSMS reads, adds and removes them (use cases M03 to M05)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.tls_certs.reading import Unreadable, is_ca, issued_by, load_all, valid_at
from pncsim.wire.credentials import Credentials

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

CAPACITY = 20
MOST_ISSUERS = 64
"""Certificates whose issuer is remembered."""
ROOT_USES = ("V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "ManufacturerRootCertificate")
"""OCPP InstallCertificateUseEnumType."""


class TrustStore:
    """Roots by use. ``own`` are the credentials whose certificates are listed, but never deleted."""

    def __init__(self, roots: Iterable[tuple[str, x509.Certificate]] = ()) -> None:
        self._roots: list[tuple[str, x509.Certificate]] = list(roots)
        self._issuers: dict[tuple[x509.Certificate, tuple[str, ...]], x509.Certificate | None] = {}
        self.own: Credentials | None = None

    def __len__(self) -> int:
        return len(self._roots)

    @property
    def all(self) -> list[tuple[str, x509.Certificate]]:
        """Every root and its use."""
        return list(self._roots)

    def restore(self, roots: Iterable[tuple[str, x509.Certificate]]) -> None:
        """Have these roots and no others."""
        self._roots = list(roots)
        self._issuers.clear()

    def roots(self, *uses: str) -> list[x509.Certificate]:
        """The roots of any of ``uses``."""
        return [root for use, root in self._roots if use in uses]

    def issuer_of(self, certificate: x509.Certificate, *uses: str) -> x509.Certificate | None:
        """The root of ``uses`` that has issued ``certificate`` (name and signature), or None.

        Remembered until the roots change: the Sub-CAs of many vehicles are few.
        """
        key = certificate, uses
        if key not in self._issuers:
            if len(self._issuers) >= MOST_ISSUERS:
                self._issuers.clear()
            self._issuers[key] = self._find_issuer(certificate, uses)
        return self._issuers[key]

    def _find_issuer(self, certificate: x509.Certificate, uses: tuple[str, ...]) -> x509.Certificate | None:
        for root in self.roots(*uses):
            if root.subject == certificate.issuer:
                if not issued_by(certificate, root):
                    continue
                return root
        return None

    def install(self, payload: types.InstallCertificateRequest, now: float) -> types.InstallCertificateResponse:
        """InstallCertificate (M05): a root must be a CA certificate, signed by itself and valid now."""
        try:
            root = load_all(payload["certificate"])[0]
        except Unreadable:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        if not (issued_by(root, root) and is_ca(root) and valid_at(root, now)):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        entry = (payload["certificateType"], root)
        if entry in self._roots:
            return {"status": "Accepted"}
        if len(self._roots) >= CAPACITY:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "OutOfStorage"}}
        self._roots.append(entry)
        self._issuers.clear()
        return {"status": "Accepted"}

    def installed(self, payload: types.GetInstalledCertificateIdsRequest) -> types.GetInstalledCertificateIdsResponse:
        """GetInstalledCertificateIds (M03): NotFound without a list where there is nothing."""
        uses = payload.get("certificateType")
        found: list[types.CertificateHashDataChainType] = [
            _entry(use, [hash_data(root, root)]) for use, root in self._roots if uses is None or use in uses
        ]
        if self.own is not None and (uses is None or "V2GCertificateChain" in uses):
            found += self._own_chain(self.own)
        if not found:
            return {"status": "NotFound"}
        return {"status": "Accepted", "certificateHashDataChain": found}

    def delete(self, payload: types.DeleteCertificateRequest) -> types.DeleteCertificateResponse:
        """DeleteCertificate (M04): the station's own certificates cannot be deleted (TC_M_23)."""
        wanted = HashData.from_payload(dict(payload["certificateHashData"]))
        for entry in self._roots:
            if hash_data(entry[1], entry[1], wanted.algorithm).same_certificate(wanted):
                self._roots.remove(entry)
                self._issuers.clear()
                return {"status": "Accepted"}
        for certificate, issuer in self.pairs(self.own.chain if self.own is not None else ()):
            if hash_data(certificate, issuer, wanted.algorithm).same_certificate(wanted):
                return {"status": "Failed", "statusInfo": {"reasonCode": "UnsupportedRequest"}}
        return {"status": "NotFound"}

    def pairs(self, chain: tuple[x509.Certificate, ...], *uses: str) -> list[tuple[x509.Certificate, x509.Certificate]]:
        """(certificate, issuer) for each certificate of ``chain`` whose issuer is at hand, the roots' included."""
        root = self.issuer_of(chain[-1], *(uses or ROOT_USES)) if chain else None
        issuers = [*chain[1:], *([root] if root is not None else [])]
        return list(zip(chain, issuers, strict=False))

    def _own_chain(self, own: Credentials) -> list[types.CertificateHashDataChainType]:
        hashes = [hash_data(*pair) for pair in self.pairs(own.chain, "V2GRootCertificate")]
        return [_entry("V2GCertificateChain", hashes)] if hashes else []


def _entry(use: str, hashes: list[HashData]) -> types.CertificateHashDataChainType:
    """A certificate, and after it the Sub-CAs above it, four at most."""
    first, *children = (entry.certificate_payload() for entry in hashes)
    chain: Any = {"certificateType": use, "certificateHashData": first}
    if children:
        chain["childCertificateHashData"] = children[:4]
    return chain  # type: ignore[no-any-return]  # ``use`` comes from an OCPP request or from ROOT_USES
