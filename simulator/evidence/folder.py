"""The evidence of a run on disk: what was sent, decoded and judged, without a single private key.

Layout of the folder (text in UTF-8):

====================  ================================================================================================
``summary.json``      verdict and cause, checks, facts, clauses, versions, command line, options, times
``story.txt``         the story as printed, with every message and judgement
``messages.jsonl``    one V2G message per line: time, sender, name, EXI hex, decoded value
``ocpp.jsonl``        OCPP-J frames with time and direction
``events.jsonl``      everything else: SDP, TLS, states, judgements, power, problems
``certs/``            the chains and OCSP responses that were presented, see :mod:`simulator.evidence.presented`, and
                      a lab's roots
====================  ================================================================================================
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from pncsim.simulator.evidence.presented import PresentedChains
from pncsim.simulator.evidence.rows import FILES, row_of
from pncsim.simulator.evidence.story import StoryTeller
from pncsim.simulator.evidence.summary import summary_of
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.trace import Event


class Recorder:
    """A reader of the trace that writes a new folder below ``parent`` as the run goes on.

    Nothing is written before something has happened; what is written is on disk at once, so that a run that is killed
    leaves it behind. A place that cannot be written is said by :meth:`finish`, an event that no line could be made of
    by :attr:`flaws`; :attr:`folder` is where, once there is something. ``units``: the story tells vehicles and EVSEs
    apart. ``wall``: it tells the time of day.
    """

    def __init__(self, parent: Path, scenario: str, started: float, *, units: bool = False, wall: bool = False) -> None:
        self._parent, self._scenario, self._started = parent, scenario, started
        self._units, self._wall = units, wall
        self.folder: Path | None = None
        self._files: dict[str, TextIO] = {}
        self._teller: StoryTeller | None = None
        self._presented: PresentedChains | None = None
        self._error: OSError | None = None
        self._cited: dict[str, None] = {}
        self.flaws: list[str] = []

    def __call__(self, event: Event) -> None:
        """Write ``event`` down."""
        if self._error is not None:
            return
        try:
            if self.folder is None:
                self._open()
            assert self._teller is not None and self._presented is not None
            self._cite(event)
            try:
                name, line = row_of(event, self._presented(event))
                self._files[name].write(f"{line}\n")
                self._teller(event)
            except OSError:
                raise
            except Exception as error:
                self.flaws.append(f"Event {event.seq} is not in the evidence: {type(error).__name__}: {error}.")
        except OSError as error:
            self._error = error

    def finish(
        self,
        result: RunResult,
        *,
        ended: float,
        options: Mapping[str, Any],
        clauses: Sequence[str] = (),
        roots: Mapping[str, Iterable[bytes]] | None = None,
    ) -> Path | None:
        """Write what is known at the end, and close; the folder, None where nothing has happened. Raises LocalError.

        ``ended``: lab time. ``clauses``: what the scenario shows. ``roots``: a lab's trust anchors as DER, by role.
        """
        try:
            if self._error is not None:
                raise self._error
            if self.folder is None:
                return None
            assert self._teller is not None and self._presented is not None
            self._presented.roots(roots or {})
            self._teller.summary(result)
            told = summary_of(
                result,
                started=self._started,
                ended=ended,
                options=options,
                clauses=clauses,
                cited=list(self._cited),
            )
            # The last file, and there as a whole: a folder without it is visibly that of a run that was broken off.
            text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
            replace_file(self.folder / "summary.json", text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise LocalError(
                f"The evidence could not be written: {error}.", advice="Choose another place with --evidence DIR."
            ) from error
        finally:
            self.close()
        return self.folder

    def close(self) -> None:
        """Close the files; what was written stays. Idempotent."""
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()

    def _cite(self, event: Event) -> None:
        clause = getattr(event, "clause", "")
        if clause and not getattr(event, "ok", False):
            self._cited[clause] = None

    def _open(self) -> None:
        self.folder = folder = _new_folder(self._parent, self._scenario, self._started)
        (folder / "certs").mkdir()
        self._presented = PresentedChains(folder / "certs")
        for name in (*FILES, "story"):
            path = folder / (f"{name}.jsonl" if name in FILES else f"{name}.txt")
            # A peer may have put half a character into a text: it is spelled out.
            self._files[name] = path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._teller = StoryTeller(
            self._started,
            level=2,
            out=self._files["story"],
            width=None,
            units=self._units,
            wall=self._wall,
            colour=False,
        )


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
