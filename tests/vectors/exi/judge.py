"""The foreign judge: EXIficient, run from the PyPI package ``iso15118`` with Java 17 or later."""

from __future__ import annotations

import base64
import importlib.util
import subprocess
from pathlib import Path

SCHEMAS = {
    "app": "V2G_CI_AppProtocol.xsd",
    "iso2": "iso15118_2/V2G_CI_MsgDef.xsd",
    "xmldsig": "xmldsig-core-schema.xsd",
}


class Refused(Exception):
    """The judge could not convert."""


def package_directory(site: str | None) -> Path:
    """Where ``iso15118/shared`` is: below ``site`` (a site-packages folder), or where this Python would import it."""
    if site is not None:
        return Path(site, "iso15118", "shared")
    spec = importlib.util.find_spec("iso15118")
    if spec is None or spec.origin is None:
        raise SystemExit("Install the judge (pip install iso15118==0.31.2), or name its site-packages with --site.")
    return Path(spec.origin).parent / "shared"


class Judge:
    """One Java process for one schema set and kind of stream."""

    def __init__(self, shared: Path, set_name: str, kind: str) -> None:
        source = Path(__file__).with_name("Judge.java")
        schema = shared / "schemas" / SCHEMAS[set_name]
        self._process = subprocess.Popen(
            ["java", "-cp", str(shared / "EXICodec.jar"), str(source), str(schema), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def encode(self, xml: str) -> str:
        """The EXI stream of this XML, hexadecimal."""
        return self._ask("E" + base64.b64encode(xml.encode()).decode())

    def decode(self, stream: str) -> str:
        """The XML of this EXI stream."""
        return base64.b64decode(self._ask("D" + stream)).decode()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().rstrip("\n")
        if not answer or answer.startswith("!"):
            raise Refused(answer or "the judge has ended; is this Java 17 or later?")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
