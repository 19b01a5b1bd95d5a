"""What docs/ecosystem.md shows a developer of a CSMS can be typed as it stands, and says what it is shown to say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pncsim.backend.faces import FACES

PAGE = (Path(__file__).parents[2] / "docs" / "ecosystem.md").read_text()
PROGRAMS = ("bash", "curl", "jq", "openssl")


def test_the_services_on_the_page_are_served() -> None:
    table = PAGE[PAGE.index("| service |") : PAGE.index("All of it is below")]
    named = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert {"token", "rcp", "pcp", "ccp", "cps", "ocsp"} <= named <= set(FACES)


@pytest.mark.skipif(any(shutil.which(name) is None for name in PROGRAMS), reason=f"needs {', '.join(PROGRAMS)}")
def test_the_commands_of_the_page_say_what_the_page_says(tmp_path: Path) -> None:
    (start,) = re.findall(r"^\$ pnc (serve ecosystem .*)$", PAGE, re.MULTILINE)
    blocks = re.findall(r"```(bash|text)\n(.*?)```", PAGE, re.DOTALL)
    script = "set -euo pipefail\n" + "".join(block for language, block in blocks if language == "bash")
    shown = "".join(block for language, block in blocks if language == "text")
    assert len(blocks) == PAGE.count("```bash") + PAGE.count("```text") >= 11 and shown
    command = [sys.executable, "-m", "pncsim", *start.split(), "--port", "0"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Ready."):
                break
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr, done.stdout) == (0, "", shown)
    finally:
        process.terminate()
        process.communicate()
