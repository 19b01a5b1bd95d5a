"""What cases came to: a line of JSON for each, written as it ends, so that an interrupted run can be taken up again.

The first line says what was run against what. The same files are baselines: what failed there is no news.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from io import RawIOBase
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.said import Uttered
from pncsim.simulator.result import EXIT_DEFECT
from pncsim.wire.errors import LocalError
from pncsim.wire.exi.store import cache_root
from pncsim.wire.values import replace

EXIT_FAILED, EXIT_UNREACHED, EXIT_INCONCLUSIVE = 1, 3, 4

ALIKE = {CaseVerdict.ERROR: 3, CaseVerdict.INCONCLUSIVE: 5}
"""Cases of which nothing has come, from the first on and for one and the same reason, after which no other is tried."""
_SERVED = (CaseVerdict.PASS, CaseVerdict.FLAKY, CaseVerdict.EXPECTED)
BAD = frozenset({CaseVerdict.FAIL, CaseVerdict.INCONCLUSIVE, CaseVerdict.ERROR})
"""Verdicts that are worth another attempt, and the trouble of whoever waits."""


class Tried(Struct, frozen=True, kw_only=True):
    """A case and what it came to, after so many attempts, in seconds of wall time and of CPU.

    ``known``: it is as bad in the baseline. ``unreached``, ``evidence`` and ``said`` are those of its finding
    (:class:`simulator.conformance.case.Finding`). ``defect``: it broke off because of one of ours.
    """

    id: str
    verdict: CaseVerdict
    why: str = ""
    attempts: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    evidence: str = ""
    known: bool = False
    unreached: bool = False
    defect: bool = False
    said: tuple[Uttered, ...] = ()

    @property
    def anew(self) -> bool:
        """Whether a run that is resumed tries it again: nobody was there, or more may have been declared by now."""
        return self.unreached or self.verdict is CaseVerdict.NOT_APPLICABLE

    @property
    def line(self) -> str:
        """Verdict, case and why."""
        known = " (known)" if self.known else ""
        return f"{self.verdict.upper()}{known} {self.id}{f': {self.why}' if self.why else ''}"


class Head(Struct, frozen=True, kw_only=True):
    """The first line of a record. ``mutant``: the wrong device of ours that stood in."""

    suite: str
    target: str
    mutant: str | UnsetType = UNSET


def exit_code(tried: Iterable[Tried]) -> int:
    """A defect outweighs a new failure, that what could not be reached or done, and that what was inconclusive.

    A device that is not reached in the end and has passed nothing was never there: what failed before says nothing.
    """
    tried = list(tried)
    news = [one for one in tried if not one.known]
    if any(one.defect for one in news):
        return EXIT_DEFECT
    found = {one.verdict for one in news}
    if any(one.unreached for one in tried) and not any(one.verdict in _SERVED for one in tried):
        return EXIT_UNREACHED
    order = (
        (CaseVerdict.FAIL, EXIT_FAILED),
        (CaseVerdict.ERROR, EXIT_UNREACHED),
        (CaseVerdict.INCONCLUSIVE, EXIT_INCONCLUSIVE),
    )
    return next((code for verdict, code in order if verdict in found), 0)


def none_applied(tried: Sequence[Tried]) -> bool:
    """Whether nothing was tried at all, since no case applies: that says nothing of any device."""
    return bool(tried) and all(one.verdict is CaseVerdict.NOT_APPLICABLE for one in tried)


def usual_place(suite: str) -> Path | None:
    """Where the last run of a suite is remembered; None on a machine that keeps nothing (no HOME)."""
    root = cache_root()
    return None if root is None else root / f"conformance-{suite}.jsonl"


def held_against(tried: Tried, baseline: Mapping[str, Tried]) -> Tried:
    """``tried``, known where the baseline has it as bad, in the same way."""
    before = baseline.get(tried.id)
    return replace(tried, known=before is not None and tried.verdict in BAD and tried.verdict is before.verdict)


def done_before(path: Path, head: Head) -> list[Tried]:
    """All that the record at ``path`` has, against the same device. Raises LocalError for another one's."""
    before, tried = read_record(path, head.suite)
    if before != head:
        whose = before.target or (f"the mutant {before.mutant}" if before.mutant else "a device of ours")
        raise LocalError(f"The record {path} is of {whose}.", advice="Name another with --record FILE.")
    return list(tried.values())


def all_alike(tried: Sequence[Tried]) -> bool:
    """Whether nothing has come of a run yet but that several cases could not be run, or begin, all for one reason."""
    applied = [one for one in tried if one.verdict is not CaseVerdict.NOT_APPLICABLE]
    ends = {(one.verdict, one.why) for one in applied}
    return len(ends) == 1 and len(applied) >= ALIKE.get(applied[0].verdict, len(applied) + 1)


class RecordTaken(LocalError):
    """Another run is writing that record."""


class RecordFile:
    """A record that is being written, by nobody else; ``already``: what it begins with. Raises LocalError where it
    cannot be.

    ``path`` None: nothing is kept.
    """

    def __init__(self, path: Path | None, head: Head, already: Iterable[Tried] = ()) -> None:
        self._path = path
        self._file: RawIOBase | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file.truncate(0)
            self._file.write(msgspec.json.Encoder().encode_lines([head, *already]))
        except BlockingIOError:
            self.close()
            raise RecordTaken(
                f"Another run writes the record {path}.", advice="Give each its own: --record FILE."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error

    def add(self, tried: Tried) -> None:
        """One more case. Raises LocalError."""
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(tried) + b"\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """That was all."""
        if self._file is not None:
            self._file.close()

    def _unwritable(self, error: OSError) -> LocalError:
        return LocalError(f"The record {self._path} cannot be written: {(error.strerror or str(error)).lower()}.")


def read_record(path: Path, suite: str = "") -> tuple[Head, Mapping[str, Tried]]:
    """What a record of ``suite`` ("": of any) holds, by id; a line that was cut off at its end counts as not written.

    Raises LocalError for what is no record, or one of another suite.
    """
    try:
        octets = path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LocalError(
            f"The record {path} cannot be read: {why}.", advice="A run of the suite writes one."
        ) from error
    first, _, rest = octets.partition(b"\n")
    whole = rest[: rest.rfind(b"\n") + 1]
    try:
        head = msgspec.json.decode(first, type=Head)
        tried = msgspec.json.Decoder(Tried).decode_lines(whole)
    except msgspec.DecodeError as error:
        raise LocalError(f"{path} is no record of a conformance run: {error}.") from error
    if suite and head.suite != suite:
        raise LocalError(f"{path} is a record of the suite {head.suite}, not of {suite}.")
    return head, {one.id: one for one in tried}
