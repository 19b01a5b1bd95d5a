"""Hold a device of the PyPI package iso15118 (Josev) against a suite, over a link of two network namespaces.

    PNC_JOSEV_PYTHON=josev/bin/python python tests/interop/held.py secc|evcc FOLDER [words of pnc conformance]

What is recorded goes into FOLDER: ``SUITE.jsonl`` and the evidence of each case below ``evidence/``; an interrupted run
is taken up again. Their station can be left deaf by a vehicle that goes (docs/interop.md): it is then started anew, and
the run goes on where it was. Needs root for the namespaces, and Java.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from josev_layout import write_layout
from link import EV, SE, Link, link

from pncsim.tls_certs.pki import create_pki, write_pki

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "conformance"
JOSEV = os.environ.get("PNC_JOSEV_PYTHON", "")
STARTS = 60
"""Times that their station is started at most."""
SLOW = "8"
"""How many times as long as the standard says its answers are waited for: they come out of a Java program."""
SETTINGS = ("AUTH_MODES",)
"""What their station is told beside that, where it is set."""
READY = 60.0
"""Seconds it has for that."""


def pnc(namespace: str, *words: str) -> int:
    """A command of ours in ``namespace``; its exit code."""
    program = (sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()", *words)
    return subprocess.run(("ip", "netns", "exec", namespace, *program), check=False).returncode


@contextmanager
def their_station(namespace: str, layout: Path, work: Path) -> Iterator[None]:
    """Their station, once it hears SDP."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "NETWORK_INTERFACE": SE,
        "PKI_PATH": f"{layout}/",
        "PROTOCOLS": "ISO_15118_2",
        **{name: os.environ[name] for name in SETTINGS if name in os.environ},
    }
    log = work / f"station-{time.time_ns()}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ("ip", "netns", "exec", namespace, JOSEV, "-m", "iso15118.secc.main"),
            cwd=work, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            end = time.monotonic() + READY
            while "UDP server started" not in log.read_text() and time.monotonic() < end:
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(20)


def station_suite(both: Link, folder: Path, layout: Path, words: tuple[str, ...]) -> int:
    """Their station against our suite for stations; the exit code."""
    code = 0
    for _ in range(STARTS):
        more = ("--resume",) if _record(folder, "secc").exists() else ()
        with their_station(both.station, layout, folder):
            code = pnc(both.vehicle, *_words("secc", folder, EV), "--patience", SLOW, *more, *words)
        if not _deaf(_record(folder, "secc")):
            break
    return code


def _deaf(record: Path) -> bool:
    """Whether it was not reached in the last case that was run."""
    return record.exists() and json.loads(record.read_text().splitlines()[-1]).get("unreached", False)


def vehicle_suite(both: Link, folder: Path, layout: Path, words: tuple[str, ...]) -> int:
    """Their vehicle against our suite for vehicles; the exit code."""
    vehicle = (sys.executable, str(ROOT / "tests" / "interop" / "josev_vehicle.py"), JOSEV, str(layout), EV)
    command = shlex.join(("ip", "netns", "exec", both.vehicle, *vehicle))
    more = ("--resume",) if _record(folder, "evcc").exists() else ()
    return pnc(both.station, *_words("evcc", folder, SE), "--ev-command", command, *more, *words)


def _record(folder: Path, suite: str) -> Path:
    return folder / f"{suite}.jsonl"


def _words(suite: str, folder: Path, interface: str) -> tuple[str, ...]:
    pics = EXAMPLES / f"iso15118-{suite}.toml"
    record, evidence = _record(folder, suite), folder / "evidence"
    return (
        *("conformance", suite, "--target", interface, "--pki", str(folder / "pki"), "--pics", str(pics), "-v"),
        *("--record", str(record), "--evidence", str(evidence), "--retry", "2"),
    )


def main(suite: str, place: str, *words: str) -> int:
    """As above."""
    folder = Path(place).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "pki").exists():
        write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), folder / "pki")
        write_layout(folder / "pki", folder / "josev-pki")
    with link() as both:
        held = {"secc": station_suite, "evcc": vehicle_suite}[suite]
        return held(both, folder, folder / "josev-pki", words)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("secc", "evcc") or not JOSEV:
        sys.exit(__doc__)
    # What was started is ended then, and the namespaces go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(*sys.argv[1:]))
