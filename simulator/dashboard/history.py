"""What came of the runs of this dashboard and of those before it: the latest, in a file of their owner's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, field

from pncsim.simulator.dashboard.reports import RunBegan
from pncsim.simulator.result import RunResult
from pncsim.wire.files import replace_file

NAME = "results.jsonl"
MOST = 500
"""Runs that are kept."""
LONGEST = 1 << 22
"""Octets of the file; a longer one is not ours, and begun anew."""


class RunOutcome(Struct, frozen=True, kw_only=True):
    """A run that is over: when it ended (machine time, seconds since the epoch), what was run, and what it came to.

    ``options``, ``faults`` and ``car`` are as a person typed them; ``evidence``: where it lies, "" if it was not kept.
    """

    at: float
    scenario: str
    options: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    car: str = ""
    transport: str = "memory"
    verdict: str = ""
    cause: str = ""
    evidence: str = ""

    @property
    def words(self) -> str:
        """What was run, in the words of ``pnc run``."""
        options = (f"--{name} {value}" for name, value in self.options.items())
        faults = (f"--fault {fault}" for fault in self.faults)
        return " ".join([self.scenario, *options, *faults, *([f"--vehicle-profile {self.car}"] if self.car else [])])


def outcome_of_run(began: RunBegan, result: RunResult, at: float) -> RunOutcome:
    """What is kept of a run that ended at this machine time."""
    return RunOutcome(
        at=at,
        scenario=began.scenario,
        options=began.typed,
        faults=began.faults,
        car=began.vehicle_profile,
        transport=began.transport,
        verdict=str(result.verdict),
        cause=result.cause,
        evidence=str(result.evidence or ""),
    )


class History:
    """``runs``: those before, the newest last; they are in ``path``, or nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.runs = [] if path is None else _read(path)

    def add(self, run: RunOutcome) -> str:
        """Keep one more; why that cannot be, as a sentence, else nothing."""
        self.runs.append(run)
        del self.runs[:-MOST]
        if self._path is None:
            return ""
        try:
            os.makedirs(self._path.parent, mode=0o700, exist_ok=True)
            with open(self._path, "ab", opener=_owners_alone) as file:
                file.write(msgspec.json.encode(run) + b"\n")
        except OSError as error:
            return f"The result is not kept: {self._path} cannot be written ({error.strerror or error})."
        return ""

    def last_of(self, scenario: str) -> RunOutcome | None:
        """What came of a scenario the last time."""
        return next((run for run in reversed(self.runs) if run.scenario == scenario), None)


def _owners_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path) -> list[RunOutcome]:
    """The latest; what cannot be read is left out, and a file that has become long is made short again."""
    try:
        octets = path.read_bytes() if path.stat().st_size <= LONGEST else b""
    except OSError:
        return []
    found = []
    for line in (lines := octets.splitlines())[-MOST:]:
        try:
            found.append(msgspec.json.decode(line, type=RunOutcome))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    if len(lines) > 2 * MOST or not octets:
        try:
            replace_file(path, b"".join(msgspec.json.encode(one) + b"\n" for one in found), 0o600)
        except OSError:
            return found  # whoever adds one says so
    return found
