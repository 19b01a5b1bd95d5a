"""A token of SoftHSM2 for a test run; a process loads the module once, so all tests share its settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
LABEL = "a token; of 100%"
LOCKED = "locked"
"""A token that nobody opens."""
PIN = "1234"


class SoftHsm:
    """One token; ``module`` reaches it."""

    def __init__(self, folder: Path) -> None:
        tool = shutil.which("softhsm2-util")
        found = [module for module in MODULES if Path(module).exists()]
        if tool is None or not found:
            pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
        self.module = found[0]
        (folder / "tokens").mkdir()
        settings = folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(settings)
        for label in (LABEL, LOCKED):
            made = subprocess.run(
                [tool, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678"],
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
            )
            assert made.returncode == 0, made.stderr
        self.pin_file = folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.pin_file.chmod(0o600)

    def uri(self, name: str = "", *, token: str = LABEL, module: str = "", pin: str | None = None) -> str:
        """What names the token, or with ``name`` objects in it."""
        path = f"pkcs11:token={quote(token)}" + (f";object={quote(name)}" if name else "")
        pin = f"pin-source={quote(str(self.pin_file))}" if pin is None else pin
        return f"{path}?module-path={module or self.module}" + (f"&{pin}" if pin else "")
