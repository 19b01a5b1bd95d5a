"""What runs came to: one line of JSON each, so that a record of many can be read as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from pncsim.simulator.alone.told import ALONE
from pncsim.simulator.every.cases import typed
from pncsim.simulator.evidence.manifest import NAME, Manifest
from pncsim.simulator.result import EXIT_CODES, EXIT_DEFECT, Verdict
from pncsim.simulator.scenario import Scenario
from pncsim.wire.errors import LocalError
from pncsim.wire.exi.store import cache_root
from pncsim.wire.files import replace_file

LAST = "last-run.jsonl"


class Ran(Struct, frozen=True, kw_only=True):
    """One run: what one types for it, what its manifest says, where its bundle is ("" nowhere), CPU seconds it took.

    ``defect``: it broke off because of one of ours. ``left_out``: it needs what services elsewhere do not do for it.
    """

    name: str
    manifest: Manifest
    evidence: str = ""
    cpu_seconds: float = 0.0
    defect: bool = False
    left_out: bool = False

    @property
    def exit_code(self) -> int:
        """What ``pnc run`` would have ended with."""
        if self.left_out:
            return 0
        return EXIT_DEFECT if self.defect else EXIT_CODES[self.manifest.verdict]

    @property
    def line(self) -> str:
        """Verdict, name, and why."""
        cause = f": {self.manifest.cause}" if self.manifest.cause else ""
        return f"{'LEFT OUT' if self.left_out else self.manifest.verdict.upper()} {self.name}{cause}"


def exit_code(runs: Iterable[Ran]) -> int:
    """A defect outweighs what was not as expected, and that what could not be done here."""
    found = {run.exit_code for run in runs}
    order = (EXIT_DEFECT, EXIT_CODES[Verdict.FAIL], EXIT_CODES[Verdict.ERROR])
    return next((code for code in order if code in found), 0)


def usual_record() -> Path | None:
    """Where the last run of all is remembered; None on a machine that keeps nothing (no HOME)."""
    root = cache_root()
    return None if root is None else root / LAST


def write_record(path: Path, runs: Iterable[Ran]) -> None:
    """Keep what runs came to. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, msgspec.json.Encoder().encode_lines(list(runs)))


def read_runs(place: Path, scenarios: Mapping[str, Scenario]) -> list[Ran]:
    """The runs of a record, or of the bundles below a folder, in the order they were begun. Raises LocalError.

    ``scenarios`` say which options of a bundle's run were the usual ones. Bundles of lone sides are passed over.
    """
    try:
        if place.is_dir():
            found = [_of_bundle(path, scenarios) for path in place.rglob(NAME)]
            return sorted((run for run in found if run is not None), key=lambda run: run.manifest.wall_started)
        return msgspec.json.Decoder(Ran).decode_lines(place.read_bytes())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LocalError(f"{place} cannot be read: {why}.", advice="Name a folder of bundles or a record.") from error
    except msgspec.DecodeError as error:
        what = f"{place} holds no runs: {error}."
        raise LocalError(what, advice="A record is written by `pnc run --all --record FILE`.") from error


def _of_bundle(path: Path, scenarios: Mapping[str, Scenario]) -> Ran | None:
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise LocalError(f"{path} is no manifest: {error}.", advice="Take it out of the folder.") from error
    if manifest.transport == ALONE:
        return None
    known = scenarios.get(manifest.scenario)
    usual = {option.name: option.default for option in known.options} if known is not None else {}
    options = {name: value for name, value in manifest.options.items() if name not in usual or usual[name] != value}
    name = typed(manifest.scenario, options, [fault.name for fault in manifest.faults])
    return Ran(name=name, manifest=manifest, evidence=str(path.parent))
