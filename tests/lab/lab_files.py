"""Lab files of tests: written, laid out with what they name, and used by a run."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.labs.checks import lab_at
from pncsim.simulator.labs.taking_part import plan_of
from pncsim.simulator.plan import Plan
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run as LabRun
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.tls_certs.pki import create_pki, load_pki, write_pki
from pncsim.tls_certs.reading import pem
from pncsim.wire.trace import Event, V2gMessage
from pncsim.wire.values import replace

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.toml"))
SECRETS = {"PNC_CSMS_PASSWORD": "a-password-of-the-lab", "PNC_POOL_TOKEN": "a-token-of-the-lab"}

Act = Callable[[Lab], Awaitable[None]]


def written(folder: Path, text: str) -> Path:
    path = folder / "lab.toml"
    path.write_text(text)
    return path


def example(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """An example in a folder of its own, with addresses of this machine instead of those it shows."""
    text = (DOCS / "examples" / name).read_text()
    for shown, here in changes:
        assert shown in text
        text = text.replace(shown, here)
    return written(folder, text)


def furnish(folder: Path) -> Path:
    """The folder, with the files that the examples name."""
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), folder / "pki")
    pki = load_pki(folder / "pki")
    (folder / "csms-root.pem").write_text(pem(pki.anchors("csms_root")))
    (folder / "v2g-root.pem").write_text(pem(pki.anchors("v2g_root")))
    (folder / "ready.json").write_text("{}")
    return folder


def in_lab(
    path: Path,
    what: str | Act,
    transport: Transport = "memory",
    *,
    faults: tuple[str, ...] = (),
) -> tuple[LabRun, list[Event]]:
    """A run of a scenario with those who take part in the lab file; make it on its loop."""
    events: list[Event] = []
    found = find_scenario(what) if isinstance(what, str) else Scenario("acted", "acted", (), what, plan=Plan())
    merged = plan_of(lab_at(path, SECRETS), found.plan, SECRETS, transport=transport)
    settings = RunSettings(transport=transport, faults=faults)
    return LabRun(replace(found, plan=merged), settings=settings, readers=(events.append,)), events


def came_to(
    path: Path, what: str | Act, transport: Transport = "memory", *, faults: tuple[str, ...] = ()
) -> tuple[RunResult, list[Event]]:
    events: list[Event] = []

    async def run() -> RunResult:
        lab_run, seen = in_lab(path, what, transport, faults=faults)
        result = await lab_run.done()
        events.extend(seen)
        return result

    return run_on_loop(transport, run), events


def sent(events: list[Event], name: str) -> Any:
    """The first message of that name on the wire."""
    seen = (event for event in events if isinstance(event, V2gMessage) and event.name == name)
    message: Any = next(event.value for event in seen)
    return message.Body.BodyElement
