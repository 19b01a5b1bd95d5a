"""What this room's tests share: lab time, addresses, a pair of certificates."""

from __future__ import annotations

from cryptography import x509

from pncsim.tls_certs.pki import Pki

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
OCSP_URL = "http://127.0.0.1:40404/ocsp"


def pair(pki: Pki) -> tuple[x509.Certificate, x509.Certificate]:
    """A contract and who has issued it."""
    return pki.certificate("contract_leaf"), pki.certificate("mo_sub2")
