"""What a run came to, as ``summary.json`` has it: for machines, and for whoever finds the folder years later."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from msgspec import structs

from pncsim.simulator.result import RunResult
from pncsim.wire.urls import without_password


def summary_of(
    result: RunResult,
    *,
    started: float,
    ended: float,
    options: Mapping[str, Any],
    clauses: Sequence[str],
    cited: Sequence[str],
) -> dict[str, Any]:
    """``started`` and ``ended`` in lab seconds since the epoch; ``clauses`` are what the scenario shows, ``cited``
    those that problems and judgements named."""
    return {
        "scenario": result.scenario,
        "transport": result.transport,
        "verdict": result.verdict.value,
        "cause": result.cause,
        "first_problem": result.first_problem,
        "error": result.error,
        "clauses": list(clauses),
        "clauses_cited": list(cited),
        "faults": [
            {"name": name, "disturbed": title, "answer": answer} for name, (title, answer) in result.faults.items()
        ],
        "expect_fault": result.expect_fault,
        "facts": result.facts,
        "checks": [structs.asdict(check) for check in result.checks],
        "problems": result.problems,
        "options": {name: _plain(value) for name, value in options.items()},
        "command": command_line(),
        "started": _iso(started),
        "ended": _iso(ended),
        "lab_seconds": round(result.lab_seconds, 3),
        "wall_seconds": round(result.wall_seconds, 3),
        "versions": versions(),
    }


def command_line() -> str:
    """What was typed, without the passwords in addresses."""
    program, *words = sys.argv or ["pnc"]
    return without_password(f"{program_name(program)} {shlex.join(words)}".rstrip())


def program_name(path: str) -> str:
    """How the program at ``path`` is called: ``pnc``, or ``python -m pncsim`` where it is run as a module."""
    place = Path(path)
    return f"python -m {place.parent.name}" if place.name == "__main__.py" else place.name


def versions() -> dict[str, str]:
    """Of everything that can make a difference."""
    from cryptography.hazmat.backends.openssl import backend

    ours = {name: version(name) for name in ("pncsim", "cryptography", "pyOpenSSL", "ocpp")}
    return ours | {
        "openssl": backend.openssl_version_text(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def _plain(value: object) -> object:
    if isinstance(value, str):
        return without_password(value)
    return value if isinstance(value, int | float | None) else str(value)
