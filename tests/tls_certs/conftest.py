"""One PKI for the whole room, made at a fixed lab time, and the openssl program as foreign judge."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from certs_lab import NOW, OCSP_URL, Openssl

from pncsim.tls_certs.pki import Pki, create_pki


@pytest.fixture(scope="session")
def pki() -> Pki:
    """Shared: tests that revoke or change anything make their own."""
    return create_pki(NOW, ocsp_url=OCSP_URL)


@pytest.fixture(scope="session")
def openssl() -> Openssl:
    """Runs the openssl program, both outputs in ``stdout``."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the openssl program is not installed")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=20,
        )

    return run
