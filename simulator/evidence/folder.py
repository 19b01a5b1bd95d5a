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

import contextlib
import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import structs

from pncsim.simulator.evidence.story import StoryTeller
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.trace import Event, OcppFrame, V2gMessage


class Recorder:
    """A reader of the trace that writes a new folder below ``parent`` as the run goes on.

    Nothing is written before something has happened. A place that cannot be written is said by :meth:`finish`.
    ``units``: the story tells vehicles and EVSEs apart.
    """

    def __init__(self, parent: Path, scenario: str, started: float, *, units: bool = False) -> None:
        self._parent, self._scenario, self._started, self._units = parent, scenario, started, units
        self._folder: Path | None = None
        self._files: dict[str, TextIO] = {}
        self._teller: StoryTeller | None = None
        self._error: OSError | None = None

    def __call__(self, event: Event) -> None:
        """Write ``event`` down."""
        if self._error is not None:
            return
        try:
            if self._folder is None:
                self._open()
            assert self._teller is not None
            self._teller(event)
            match event:
                case V2gMessage():
                    name, row = "messages", _message(event)
                case OcppFrame():
                    name, row = "ocpp", _frame(event)
                case _:
                    name, row = "events", _plain(event)
            self._files[name].write(json.dumps(row, ensure_ascii=False, default=bytes.hex) + "\n")
        except OSError as error:
            self._error = error

    def finish(
        self, result: RunResult, *, options: Mapping[str, Any], chains: Mapping[str, Iterable[x509.Certificate]]
    ) -> Path | None:
        """Write what is known at the end, and close; the folder, None where nothing has happened. Raises LocalError."""
        try:
            if self._error is not None:
                raise self._error
            if self._folder is None:
                return None
            for name, chain in chains.items():
                pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
                (self._folder / "certs" / f"{name}.pem").write_bytes(pem)
            assert self._teller is not None
            self._teller.summary(result)
            # The last file, and there as a whole: a folder without it is visibly that of a run that was broken off.
            summary = json.dumps(_summary(result, self._started, options), indent=2, ensure_ascii=False) + "\n"
            replace_file(self._folder / "summary.json", summary.encode())
        except OSError as error:
            raise LocalError(
                f"The evidence could not be written: {error}.", advice="Choose another place with --evidence DIR."
            ) from error
        finally:
            self.close()
        return self._folder

    def close(self) -> None:
        """Close the files; what was written stays. Idempotent."""
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()

    def _open(self) -> None:
        self._folder = folder = _new_folder(self._parent, self._scenario, self._started)
        (folder / "certs").mkdir()
        for name in ("messages", "ocpp", "events"):
            self._files[name] = (folder / f"{name}.jsonl").open("w", encoding="utf-8")
        self._files["story"] = (folder / "story.txt").open("w", encoding="utf-8")
        out = self._files["story"]
        self._teller = StoryTeller(self._started, level=2, out=out, width=None, units=self._units)


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
    raise OSError(f"{parent} already holds ten thousand runs of this second")


def _message(event: V2gMessage) -> dict[str, Any]:
    from pncsim.wire.exi import views
    from pncsim.wire.v2g.registry import codec_of

    return {
        "seq": event.seq,
        "time": event.time,
        "role": event.role,
        "unit": event.unit,
        "session": event.session,
        "direction": event.direction,
        "name": event.name,
        "exi": event.payload.hex(),
        "value": views.to_json(codec_of(event.value), event.value) if event.value is not None else None,
    }


def _frame(event: OcppFrame) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "time": event.time,
        "role": event.role,
        "unit": event.unit,
        "session": event.session,
        "direction": event.direction,
        "peer": event.peer,
        "action": event.action,
        "frame": event.frame,
    }


def _plain(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
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
        "checks": [structs.asdict(check) for check in result.checks],
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
