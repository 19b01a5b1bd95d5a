"""The openssl program as a foreign judge, for whichever room wants one."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from foreign import Openssl


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
