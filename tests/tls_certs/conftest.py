"""One PKI for the whole room, made at a fixed lab time."""

from __future__ import annotations

import pytest
from certs_lab import NOW, OCSP_URL

from pncsim.tls_certs.pki import Pki, create_pki


@pytest.fixture(scope="session")
def pki() -> Pki:
    """Shared: tests that revoke or change anything make their own."""
    return create_pki(NOW, ocsp_url=OCSP_URL)
