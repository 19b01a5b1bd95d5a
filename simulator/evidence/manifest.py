"""What a run came to and what lies beside it, as ``manifest.json`` says: for machines, and for whoever finds it later.

``pnc schema manifest`` prints its JSON Schema, which is ``docs/manifest.schema.json``.
"""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from pncsim.simulator.result import Check, RunResult, Verdict
from pncsim.simulator.scenario import UseCase
from pncsim.wire.urls import without_password

FORMAT = 1
NAME = "manifest.json"

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Moment = Annotated[str, Meta(description="RFC 3339, UTC")]


class Disturbance(Struct, frozen=True):
    """A fault of the run: as it was asked for, what it is, and what the standard answers."""

    name: str
    disturbed: str
    answer: str


class File(Struct, frozen=True):
    """A file of the bundle."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, description="octets")]


class Manifest(Struct, frozen=True, kw_only=True):
    """The manifest of a run's bundle.

    Times are the lab's, but those called ``wall_``: they are the machine's. ``clauses`` are what the scenario shows
    (``use_case``: the published one),
    ``clauses_cited`` those that problems and failed judgements named. ``seed``: every key and every random choice came
    from it, so that none is a secret. ``files`` has every other file of the bundle, by its path in there.
    """

    format: Annotated[int, Meta(ge=1, description="of bundle and manifest; 1 is the only one so far")] = FORMAT
    scenario: str
    run: str
    transport: Annotated[str, Meta(description="memory, loopback, or alone: one side against somebody else's")]
    seed: str | None
    verdict: Verdict
    cause: str
    first_problem: str
    error: str | None
    clauses: list[str]
    use_case: UseCase | None = None
    clauses_cited: list[str]
    faults: list[Disturbance]
    expect_fault: bool
    facts: dict[str, str]
    checks: list[Check]
    problems: list[str]
    options: dict[str, str | int | float | bool | None]
    command: str
    started: Moment
    ended: Moment
    lab_seconds: float
    wall_started: Moment
    wall_seconds: float
    versions: dict[str, str]
    files: dict[str, File] = field(default_factory=dict)


def manifest_of(
    result: RunResult,
    *,
    run: str,
    seed: str | None,
    started: float,
    ended: float,
    wall_started: float,
    options: Mapping[str, Any],
    clauses: Sequence[str],
    cited: Sequence[str],
    use_case: UseCase | None = None,
    command: str = "",
) -> Manifest:
    """The manifest, but for its ``files``.

    ``started`` and ``ended`` in lab seconds since the epoch, ``wall_started`` in the machine's. ``command``: what is
    typed to have the run again, unless it is what was typed to have it now.
    """
    return Manifest(
        scenario=result.scenario,
        run=run,
        transport=result.transport,
        seed=seed,
        verdict=result.verdict,
        cause=result.cause,
        first_problem=result.first_problem,
        error=result.error,
        clauses=list(clauses),
        use_case=use_case,
        clauses_cited=list(cited),
        faults=[Disturbance(name, title, answer) for name, (title, answer) in result.faults.items()],
        expect_fault=result.expect_fault,
        facts=result.facts,
        checks=result.checks,
        problems=result.problems,
        options={name: _plain(value) for name, value in options.items()},
        command=command or command_line(),
        started=_iso(started),
        ended=_iso(ended),
        lab_seconds=round(result.lab_seconds, 3),
        wall_started=_iso(wall_started),
        wall_seconds=round(result.wall_seconds, 3),
        versions=dict(versions()),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``manifest.json``."""
    [top], components = msgspec.json.schema_components([Manifest], ref_template="#/$defs/{name}")
    own = components.pop("Manifest")
    assert top == {"$ref": "#/$defs/Manifest"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **own, "$defs": components}


def command_line() -> str:
    """What was typed, without the passwords in addresses."""
    program, *words = sys.argv or ["pnc"]
    return without_password(f"{program_name(program)} {shlex.join(words)}".rstrip())


def program_name(path: str) -> str:
    """How the program at ``path`` is called: ``pnc``, or ``python -m pncsim`` where it is run as a module."""
    place = Path(path)
    return f"python -m {place.parent.name}" if place.name == "__main__.py" else place.name


@cache
def versions() -> Mapping[str, str]:
    """Of everything that can make a difference."""
    from cryptography.hazmat.backends.openssl import backend

    ours = {name: version(name) for name in ("pncsim", "cryptography", "pyOpenSSL", "ocpp")}
    return ours | {
        "openssl": backend.openssl_version_text(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, str):
        return without_password(value)
    return value if isinstance(value, int | float | None) else str(value)
