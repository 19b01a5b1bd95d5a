"""The evidence of a run: a bundle of files that says what was sent, decoded and judged, without a single private key.

Layout of the folder (text in UTF-8):

======================  ==============================================================================================
``manifest.json``       verdict, cause, checks, facts, clauses, versions, command, options, times; hashes of all files
``story.txt``           the story as printed, with every message and judgement
``messages.jsonl``      V2G messages: EXI hex, decoded value, judgements, timing, packet: :class:`rows.Message`
``ocpp.jsonl``          OCPP-J frames with time and direction
``http.jsonl``          HTTP requests and their answers
``events.jsonl``        everything else: SDP, TLS, states, judgements, power, problems
``trace.pcapng``        all protocols as packets, with the keys of the TLS sessions inside; 0600
``keys.log``            the same keys as an NSS key log; 0600
``certs/``              the chains and OCSP responses that were presented, see :mod:`simulator.evidence.presented`, and
                        a lab's roots
``sequence.mmd``        who said what to whom, for Mermaid
``result.junit.xml``    the checks for a CI system
``report.html``         all of it on one page, for people: :mod:`simulator.evidence.report`
======================  ==============================================================================================
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from pncsim.simulator.evidence.bundle_files import BundleFiles, new_folder
from pncsim.simulator.evidence.junit import junit_of
from pncsim.simulator.evidence.link_packets import LinkPackets
from pncsim.simulator.evidence.manifest import NAME, Manifest, manifest_of, versions
from pncsim.simulator.evidence.pcapng import Packets
from pncsim.simulator.evidence.presented import PresentedChains
from pncsim.simulator.evidence.rows import FILES, Message, RowMaker, event_row, judgement, line
from pncsim.simulator.evidence.said_packets import HTTP, OCPP, SaidPackets
from pncsim.simulator.evidence.sequence import SequenceChart
from pncsim.simulator.evidence.story import StoryTeller
from pncsim.simulator.evidence.wire_told import Once
from pncsim.simulator.result import RunResult
from pncsim.simulator.scenario import UseCase
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    Judged,
    LinkBytes,
    OcppFrame,
    OcppSecured,
    Problem,
    Secured,
    ServiceCall,
    Tolerated,
    Trace,
    V2gMessage,
)

WAITS = 0.5
"""Seconds of machine time after which what was seen is on disk: that much a process that is killed may lose."""
MOST = 4000
"""Events that wait to be written; what waits costs the run nothing but the memory."""
BATCH = 256
"""Events of which packets are made at once: one by one, between others' work, it takes twice the time."""

_NOTHING: dict[str, Any] = {}
_SHOW = frozenset({Secured, OcppSecured})
"""Events in which certificates are presented."""
LINK = "the octets between vehicle and station, in frames made for them"


class Recorder:
    """A reader of the trace that writes a new folder below ``parent`` as the run goes on.

    Nothing is written before something has happened. What was seen is kept, and written every :data:`WAITS` seconds, so
    that a run that is killed leaves it behind. A place that cannot be written is said by :meth:`finish`, an event that
    no line could be made of by :attr:`flaws`; :attr:`folder` is where, once there is something. ``units``: the story
    tells vehicles and EVSEs apart. ``wall``: it tells the time of day. ``seed``: what all is drawn from, if anything.
    ``in_process``: services call each other without HTTP. ``live``: the loop's time is real, so that silence is no
    reason to wait with writing; a run from a seed that is not is written by the number of its events alone.
    """

    def __init__(
        self,
        parent: Path,
        scenario: str,
        started: float,
        *,
        units: bool = False,
        wall: bool = False,
        seed: str | None = None,
        in_process: bool = False,
        live: bool = False,
    ) -> None:
        self._parent, self._scenario, self._started = parent, scenario, started
        self._wall_started, self._seed, self._live = time.time(), seed, live
        # What a line says depends on what waits beside it: a run that can be repeated is not cut by the machine's time.
        self._hurries = live or seed is None
        self.folder: Path | None = None
        self._waiting: list[Event] = []
        self._packed_of_waiting = 0
        self._keys: list[str] = []
        self._known_keys: set[str] = set()
        self._due = time.monotonic() + WAITS
        self._timer: asyncio.TimerHandle | None = None
        self._files: BundleFiles | None = None
        self._presented: PresentedChains | None = None
        self._text, self._once = StringIO(), Once()
        self._teller = StoryTeller(
            started, level=2, out=self._text, width=None, units=units, wall=wall, colour=False, once=self._once
        )
        self._packets = Packets(
            f"pncsim {versions()['pncsim']}", [("v2g", f"synthetic: {LINK}"), ("ocpp", OCPP), ("http", HTTP)]
        )
        self._link = LinkPackets(self._packets, 0)
        self._said = SaidPackets(self._packets, 1, 2, calls=in_process)
        self._rows, self._chart = RowMaker(), SequenceChart(units=units, once=self._once)
        self._unsent: dict[str, Message] = {}
        self._underway: dict[bytes, Message] = {}
        self._arrived: dict[str, int] = {}
        self._unanswered: dict[str, Message] = {}
        self._unfinished: list[Message] = []
        self._numbers: dict[int, int] = {}
        self._packed: dict[type[Event], Callable[[Any], object]] = {
            LinkBytes: self._octets,
            OcppFrame: self._said.frame,
            HttpExchange: self._said.exchange,
            ServiceCall: self._said.call,
        }
        self._also: dict[type[Event], Callable[[Any], object]] = {
            OcppFrame: self._chart.tell,
            ServiceCall: self._chart.tell,
            Judged: self._judged,
            Problem: self._problem,
            Tolerated: self._tolerated,
        }
        self._error: OSError | None = None
        self._cited: dict[str, None] = {}
        self._run = ""
        self.flaws: list[str] = []

    def listen(self, trace: Trace) -> None:
        """See all of ``trace`` from now on: events, octets on the links, TLS keys."""
        trace.wants_bytes = True
        before = trace.key_log

        def keys(line: str) -> None:
            if before is not None:
                before(line)
            if line not in self._known_keys:
                self._known_keys.add(line)
                self._keys.append(line)

        trace.key_log = keys
        trace.subscribe(self)

    def __call__(self, event: Event) -> None:
        """Keep ``event``, and make packets of a batch that is complete; write what waits if it has waited for long."""
        self._waiting.append(event)
        if self._files is None and self._error is None:
            self._open(event)
        if not len(self._waiting) % BATCH:
            self._pack()
        if isinstance(event, LinkBytes):
            # The keys for what has just arrived may come in a moment, and are to stand ahead of it.
            return
        if len(self._waiting) >= MOST or (self._hurries and time.monotonic() > self._due):
            self.write()
        elif self._live and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAITS, self.write)

    def _pack(self) -> None:
        """Make packets of what has passed between two since the last time."""
        for event in islice(self._waiting, self._packed_of_waiting, None):
            packed = self._packed.get(type(event))
            if packed is not None:
                try:
                    packed(event)
                except Exception as error:
                    self._flaw(event, error)
        self._packed_of_waiting = len(self._waiting)

    def _flaw(self, event: Event, error: Exception) -> None:
        self.flaws.append(f"Event {event.seq} is not in the evidence: {type(error).__name__}: {error}.")

    def write(self, *, last: bool = False) -> None:
        """Write what waits. Why it could not be is kept for :meth:`finish`.

        Messages of which more may be told in a moment (what was judged, the packet it leaves in) wait once more, unless
        it is the ``last`` time.
        """
        self._due = time.monotonic() + WAITS
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pack()
        events, self._waiting, self._packed_of_waiting = self._waiting, [], 0
        if self._error is not None or not (events or self._unfinished):
            return
        try:
            self._write(events, last=last)
        except OSError as error:
            self._error = error
        if self._live and self._unfinished:
            self._timer = asyncio.get_running_loop().call_later(WAITS, self.write)

    def finish(
        self,
        result: RunResult,
        *,
        ended: float,
        options: Mapping[str, Any],
        clauses: Sequence[str] = (),
        use_case: UseCase | None = None,
        roots: Mapping[str, Iterable[bytes]] | None = None,
        command: str = "",
    ) -> Path | None:
        """Write what is known at the end, and close; the folder, None where nothing has happened. Raises LocalError.

        ``ended``: lab time. ``clauses``, ``use_case``: what the scenario shows. ``roots``: a lab's trust anchors as
        DER, by role. ``command``: as :func:`manifest_of` takes it.
        """
        try:
            self.write(last=True)
            if self._error is not None:
                raise self._error
            if self.folder is None:
                return None
            assert self._files is not None and self._presented is not None
            self._presented.roots(roots or {})
            self._teller.summary(result, timed=False)
            self._drain()
            self._files.write("sequence.mmd", _utf8(self._chart.text()))
            manifest = manifest_of(
                result,
                run=self._run,
                seed=self._seed,
                started=self._started,
                ended=ended,
                wall_started=self._wall_started,
                options=options,
                clauses=clauses,
                use_case=use_case,
                cited=list(self._cited),
                command=command,
            )
            self._files.write("result.junit.xml", _utf8(junit_of(manifest)))
            self._report(manifest, result)
            manifest = msgspec.structs.replace(manifest, files=self._files.written)
            # The last file, and there as a whole: a folder without it is visibly that of a run that was broken off.
            replace_file(self.folder / NAME, _json(manifest))
        except OSError as error:
            raise LocalError(
                f"The evidence could not be written: {error}.", advice="Choose another place with --evidence DIR."
            ) from error
        finally:
            self.close()
        return self.folder

    def _report(self, manifest: Manifest, result: RunResult) -> None:
        """Write the report, which is read from the other files. Whatever is wrong with it, the evidence is kept."""
        assert self._files is not None and self.folder is not None
        from pncsim.simulator.evidence.bundle import Bundle
        from pncsim.simulator.evidence.report import report_of

        try:
            self._files.write("report.html", _utf8(report_of(Bundle(self.folder, manifest))))
        except OSError:
            raise
        except Exception as error:
            result.problems.append(f"There is no report.html: {type(error).__name__}: {error}.")

    def close(self) -> None:
        """Close the files; what was written stays. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._files is not None:
            self._files.close()

    # How events become files

    def _write(self, events: list[Event], *, last: bool) -> None:
        assert self._files is not None and self._presented is not None
        if self._keys:
            # Ahead of the packets they open: who reads the file meets them first.
            self._packets.secrets(self._keys)
            self._files.write("keys.log", "".join(f"{key}\n" for key in self._keys).encode())
            self._keys.clear()
        lines: dict[str, list[bytes]] = {name: [] for name in FILES}
        messages, waited = self._unfinished, len(self._unfinished)
        for event in events:
            try:
                self._tell(event, lines, messages)
            except OSError:
                raise
            except Exception as error:
                self._flaw(event, error)
        more = {id(one) for one in (*self._unanswered.values(), *self._unsent.values())}
        finished = next((at for at, one in enumerate(messages) if at >= waited and id(one) in more), len(messages))
        if last:
            finished = len(messages)
        lines["messages"] += map(line, messages[:finished])
        self._unfinished = messages[finished:]
        self._underway.clear()
        for name, told in lines.items():
            self._files.write(f"{name}.jsonl", b"\n".join((*told, b"")) if told else b"")
        self._drain()

    def _tell(self, event: Event, lines: dict[str, list[bytes]], messages: list[Message]) -> None:
        assert self._presented is not None
        # By its type itself: isinstance is slow to say no to a struct.
        kind = type(event)
        if type(event) is LinkBytes:
            self._numbered(event)
            return
        if type(event) is V2gMessage:
            messages.append(self._message(event, self._presented(event)))
            if not self._once.tell(event):
                return
            self._chart.tell(event)
        else:
            name, row = event_row(event, self._presented(event) if kind in _SHOW else _NOTHING)
            lines[name].append(row)
            also = self._also.get(kind)
            if also is not None:
                also(event)
        self._teller(event)

    def _tolerated(self, event: Tolerated | Problem) -> None:
        if event.clause:
            self._cited[event.clause] = None

    def _problem(self, event: Problem) -> None:
        self._chart.tell(event)
        self._tolerated(event)

    def _octets(self, event: LinkBytes) -> None:
        self._numbers[event.seq] = self._link.tell(event)

    def _numbered(self, event: LinkBytes) -> None:
        """The packet of a message: it arrived in the last one before it is told, or leaves in the first one after."""
        packet = self._numbers.pop(event.seq, 0)
        if event.carrier == "UDP" or not packet:
            return
        if event.direction == "received":
            self._arrived[event.unit] = packet
        elif event.unit in self._unsent:
            self._unsent.pop(event.unit).packet = packet

    def _message(self, event: V2gMessage, presented: dict[str, Any]) -> Message:
        row, unit = self._rows.message(event, presented), event.unit
        self._unanswered.pop(unit, None)
        if event.direction == "received":
            # One read may have brought more than this message: who sent it knows better.
            twin = self._underway.pop(event.payload, None)
            row.packet = self._arrived.get(unit) if twin is None else twin.packet
            self._unanswered[unit] = row
        else:
            self._unsent[unit] = self._underway[event.payload] = row
        return row

    def _judged(self, event: Judged) -> None:
        """A judgement is about what its unit has received last; the back end's, if only one waits for an answer."""
        if event.clause and not event.ok:
            self._cited[event.clause] = None
        about = self._unanswered.get(event.unit)
        if about is None and len(self._unanswered) == 1 and event.role not in ("EV", "SECC"):
            about = next(iter(self._unanswered.values()))
        if about is not None:
            about.judged.append(judgement(event))

    def _drain(self) -> None:
        assert self._files is not None
        self._files.write("story.txt", _utf8(self._text.getvalue()))
        self._text.seek(0)
        self._text.truncate()
        self._files.write("trace.pcapng", self._packets.taken())

    def _open(self, event: Event) -> None:
        try:
            self.folder = folder = new_folder(self._parent, self._scenario, self._started)
            self._files = BundleFiles(folder)
            self._presented = PresentedChains(self._files)
        except OSError as error:
            self._error = error
            return
        self._run = event.run


def _utf8(text: str) -> bytes:
    # A peer may have put half a character into a text: it is spelled out.
    return text.encode("utf-8", "backslashreplace")


def _json(manifest: Manifest) -> bytes:
    try:
        return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(manifest), indent=2).encode() + b"\n"
