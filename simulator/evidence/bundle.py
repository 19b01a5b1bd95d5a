"""A bundle read back: its manifest, its rows, and whether its files are still those that were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from pncsim.simulator.evidence.bundle_files import hashed
from pncsim.simulator.evidence.manifest import FORMAT, NAME, Manifest
from pncsim.simulator.evidence.rows import FILES, http_octets
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.gate import Liberty
from pncsim.wire.trace import Event, OcppFrame

JsonRow = dict[str, Any]

_KINDS = {kind.__name__: kind for kind in Event.__subclasses__()}
_HEX = frozenset({"data", "hello", "asked", "answered"})
"""Fields of octets, which rows have as hexadecimal."""


class Bundle:
    """The bundle in ``folder``. Raises LocalError where there is none, or one of a later format.

    ``manifest`` is None where the run was killed before it could be written; who is just about to write it hands it in.
    """

    def __init__(self, folder: Path, manifest: Manifest | None = None) -> None:
        self.folder = folder if folder.is_dir() else folder.parent if folder.name == NAME else folder
        advice = "Name the folder of one run: --evidence DIR keeps a folder for each run in DIR."
        if not (self.folder / NAME).is_file() and not (self.folder / "messages.jsonl").is_file():
            raise LocalError(f"{folder} is no evidence bundle: there is no {NAME} in it.", advice=advice)
        self.manifest = manifest or self._manifest()

    def _manifest(self) -> Manifest | None:
        path = self.folder / NAME
        try:
            octets = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LocalError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            told = msgspec.json.decode(octets, type=_Format).format
            if told > FORMAT:
                what = f"{path} has format {told}, and this pncsim reads up to {FORMAT}."
                raise LocalError(what, advice="Use the release that wrote it, or a later one.")
            return msgspec.json.decode(octets, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LocalError(f"{path} is no manifest: {error}.", advice="Was it edited?") from error

    def result(self) -> RunResult:
        """What the run came to; of one that was killed, that it was."""
        told = self.manifest
        if told is None:
            name = self.folder.name.partition("-")[2] or self.folder.name
            return RunResult(name, "?", error="The run was killed before it could say what it came to.")
        return RunResult(
            told.scenario,
            told.transport,
            checks=told.checks,
            facts=told.facts,
            faults={fault.name: (fault.disturbed, fault.answer) for fault in told.faults},
            expect_fault=told.expect_fault,
            judged=told.verdict if self.alone and told.error is None else None,
            first_problem=told.first_problem,
            problems=told.problems,
            error=told.error,
            lab_seconds=told.lab_seconds,
            wall_seconds=told.wall_seconds,
        )

    @cached_property
    def messages(self) -> list[JsonRow]:
        """V2G messages as each end saw them, see :class:`simulator.evidence.rows.Message`."""
        return self.rows("messages")

    @cached_property
    def events(self) -> list[JsonRow]:
        """Whatever is no message, no frame and no exchange."""
        return self.rows("events")

    def rows(self, name: str) -> list[JsonRow]:
        """The rows of ``name.jsonl``; half a line at the end, of a run that was killed, is left out. LocalError."""
        path = self.folder / f"{name}.jsonl"
        try:
            octets = path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LocalError(f"{path} cannot be read: {error.strerror}.") from error
        found: list[JsonRow] = []
        lines = octets.split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                found.append(_row(line))
            except (ValueError, TypeError) as error:
                raise LocalError(f"Line {number} of {path} is no row: {error}.", advice="Was it edited?") from error
        return found

    @cached_property
    def units(self) -> bool:
        """Whether several vehicles or EVSEs took part."""
        units = {(row["role"], row["unit"]) for row in self.messages}
        return len(units) > len({role for role, _ in units})

    @property
    def alone(self) -> bool:
        """Whether it is of one side alone."""
        return self.manifest is not None and self.manifest.transport == "alone"

    @property
    def started(self) -> float:
        """Lab time at which it began; 0 if nobody has said so."""
        return 0.0 if self.manifest is None else datetime.fromisoformat(self.manifest.started).timestamp()

    def changed(self) -> list[str]:
        """What is other than the manifest says, a sentence for each file; also of a file it does not name."""
        if self.manifest is None:
            return []
        was, now = self.manifest.files, hashed(self.folder)
        told = [f"{name} is missing" for name in was if name not in now]
        told += [f"{name} was not there" for name in now if name not in was]
        return told + [f"{name} was changed" for name in was if name in now and was[name] != now[name]]

    def told(self) -> Iterator[Event]:
        """The events of the run, in order, but for octets on links. Raises LocalError for rows that are none."""
        rows = [(row.get("seq", 0), name, row) for name in FILES for row in self.rows(name)]
        for seq, name, row in sorted(rows, key=lambda one: one[0]):
            try:
                yield _event(name, row)
            except (msgspec.ValidationError, KeyError, ValueError) as error:
                what = f"Event {seq} in {self.folder / f'{name}.jsonl'} is none: {error}."
                raise LocalError(what, advice="Was it edited, or written by another release?") from error


class _Format(msgspec.Struct):
    format: int


def _row(line: bytes) -> JsonRow:
    try:
        return msgspec.json.decode(line, type=JsonRow)
    except msgspec.DecodeError:
        # Half a character stands as an escape that only the standard library reads.
        import json

        row = json.loads(line)
        if not isinstance(row, dict):
            raise
        return row


def _event(name: str, row: JsonRow) -> Event:
    fields = {key: bytes.fromhex(value) if key in _HEX else value for key, value in row.items()}
    match name:
        case "messages":
            fields |= {"payload": bytes.fromhex(row["exi"]), "value": _value(row)}
            kind: type[Event] = _KINDS["V2gMessage"]
        case "ocpp":
            kind = _KINDS[OcppFrame.__name__]
        case "http":
            kind = _KINDS["HttpExchange"]
            fields |= {name: http_octets(row.get(name)) for name in ("request", "response")}
        case _:
            kind = _KINDS[row["event"]]
            if row["event"] == "Secured":
                # These are names of files here; what they hold is beside the point of a story.
                fields = {key: value for key, value in fields.items() if key not in ("chain", "staples")}
    return msgspec.convert(fields, kind, builtin_types=(bytes,))


def _value(row: Mapping[str, Any]) -> Any:
    """What the octets of a message say, read again; None where they say nothing."""
    if row["value"] is None:
        return None
    from pncsim.wire.exi.views.common import ViewError, root_of
    from pncsim.wire.v2g.registry import built_in, codec

    [element] = row["value"]
    for name in built_in():
        try:
            root_of(codec(name).schema, element)
            return codec(name).decode(bytes.fromhex(row["exi"]), gate=_pass_over)
        except ViewError:
            continue
        except PncError:
            return None
    return None


def _pass_over(liberty: Liberty) -> None:
    """What was let pass in the run, or not, is told by an event of its own."""
