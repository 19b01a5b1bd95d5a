"""The evidence of a run on disk: what was sent, decoded and judged, without a single private key.

Layout of the folder (all text, UTF-8):

====================  ================================================================
``summary.json``      scenario, verdict, checks, facts, versions, options
``story.txt``         the story as printed, with every message and judgement
``messages.jsonl``    one V2G message per line: time, sender, name, EXI hex, decoded value
``ocpp.jsonl``        OCPP-J frames with time and direction
``events.jsonl``      everything else: states, judgements, power, problems
``certs/*.pem``       the chains used, leaf first
====================  ================================================================
"""

from __future__ import annotations

import dataclasses
import io
import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pncsim.simulator.evidence.story import StoryTeller
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, OcppFrame, V2gMessage


def write_evidence(
    parent: Path,
    result: RunResult,
    events: Iterable[Event],
    *,
    started: float,
    options: Mapping[str, Any],
    chains: Mapping[str, Iterable[x509.Certificate]],
) -> Path:
    """Write a new folder below ``parent`` and return it. Raises LocalError when the place cannot be written."""
    events = list(events)
    try:
        folder = _new_folder(parent, result.scenario, started)
        _write_lines(folder / "messages.jsonl", (_message(e) for e in events if isinstance(e, V2gMessage)))
        _write_lines(folder / "ocpp.jsonl", (_frame(e) for e in events if isinstance(e, OcppFrame)))
        _write_lines(folder / "events.jsonl", (_plain(e) for e in events if not isinstance(e, V2gMessage | OcppFrame)))
        (folder / "certs").mkdir()
        for name, chain in chains.items():
            pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
            (folder / "certs" / f"{name}.pem").write_bytes(pem)
        told = io.StringIO()
        teller = StoryTeller(started, level=2, out=told, width=None)
        for event in events:
            teller(event)
        teller.summary(result)
        (folder / "story.txt").write_text(told.getvalue(), encoding="utf-8")
        (folder / "summary.json").write_text(
            json.dumps(_summary(result, started, options), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise LocalError(
            f"The evidence could not be written: {error}.", advice="Choose another place with --evidence DIR."
        ) from error
    return folder


def _new_folder(parent: Path, scenario: str, started: float) -> Path:
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        folder = parent / (f"{stamp}-{scenario}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise LocalError(f"{parent} already holds ten thousand runs of this second.")


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, default=bytes.hex) + "\n")


def _message(event: V2gMessage) -> dict[str, Any]:
    from pncsim.wire.exi import views
    from pncsim.wire.v2g.registry import codec_of

    return {
        "time": event.time,
        "role": event.role,
        "direction": event.direction,
        "name": event.name,
        "exi": event.payload.hex(),
        "value": views.to_json(codec_of(event.value), event.value) if event.value is not None else None,
    }


def _frame(event: OcppFrame) -> dict[str, Any]:
    return {
        "time": event.time,
        "role": event.role,
        "direction": event.direction,
        "peer": event.peer,
        "action": event.action,
        "frame": event.frame,
    }


def _plain(event: Event) -> dict[str, Any]:
    fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return {"event": type(event).__name__, **fields}


def _summary(result: RunResult, started: float, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario": result.scenario,
        "transport": result.transport,
        "verdict": result.verdict.value,
        "error": result.error,
        "faults": [
            {"name": name, "disturbed": title, "answer": answer} for name, (title, answer) in result.faults.items()
        ],
        "facts": result.facts,
        "checks": [dataclasses.asdict(check) for check in result.checks],
        "problems": result.problems,
        "options": {
            name: value if isinstance(value, str | int | float | bool | None) else str(value)
            for name, value in options.items()
        },
        "started": datetime.fromtimestamp(started, UTC).isoformat(),
        "lab_seconds": round(result.lab_seconds, 3),
        "wall_seconds": round(result.wall_seconds, 3),
        "pncsim": version("pncsim"),
        "python": platform.python_version(),
    }
