"""Standard output and standard error where they cannot be written: closed, full, or read by somebody who has gone."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from pncsim.simulator.result import EXIT_UNAVAILABLE, EXIT_UNREAD, EXIT_USAGE, OutputLost
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.identifiers import IdentifierError


class _Output(io.TextIOWrapper):
    """Standard output that says so where it takes no more, whoever prints, and whoever passes over it."""

    lost: OutputLost | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise self._lose(error) from None

    def flush(self) -> None:
        if self.lost is not None:
            raise self.lost
        try:
            super().flush()
        except OSError as error:
            raise self._lose(error) from None

    def _lose(self, error: OSError) -> OutputLost:
        self.lost = OutputLost(error.errno, error.strerror)
        forget(self)
        return self.lost


def refused(error: PncError) -> int:
    """Say what a command could not do; 2 for an identifier that is none, 3 for a folder that cannot be used, else 1."""
    if isinstance(error, IdentifierError):
        return complain(str(error), EXIT_USAGE)
    return complain(str(error), EXIT_UNAVAILABLE if isinstance(error, LocalError) else 1)


@contextmanager
def guarded() -> Iterator[None]:
    """In the body, output that cannot be written is OutputLost, and what a terminal cannot show a question mark.

    Raises LocalError where there is no standard output at all (``>&-``): the next file or socket that is opened would
    get its number, and whoever prints would write into that.
    """
    if sys.stdout is None:
        raise LocalError("Standard output is closed.", advice="Use >/dev/null where nothing shall be told.")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process lives)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")
    before = sys.stdout
    if not isinstance(before, io.TextIOWrapper):
        # Somebody reads along in this process, and sees what there is to see.
        yield
        return
    ours = _Output(
        before.buffer,
        encoding=before.encoding,
        errors="replace",
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )
    sys.stdout = ours
    try:
        yield
    finally:
        sys.stdout = before
        with suppress(OSError):
            ours.flush()
        # What could not be written has been let go.
        ours.lost = None
        ours.detach()


def given_up(lost: OutputLost) -> int:
    """The exit code where standard output takes no more; a sentence unless its reader has gone, as ``head`` does."""
    if lost.errno == errno.EPIPE:
        return EXIT_UNREAD
    return complain(f"pnc: Standard output cannot be written: {lost.strerror or lost}.", EXIT_UNAVAILABLE)


def complain(sentence: str, code: int) -> int:
    """Say it on standard error, if that can be; ``code`` goes on."""
    from pncsim.simulator.evidence.story import printable

    if sys.stderr is not None:
        try:
            print(printable(sentence), file=sys.stderr, flush=True)
        except OSError:
            forget(sys.stderr)
    return code


def forget(stream: TextIO) -> None:
    """Let what ``stream`` still holds go nowhere: Python would complain once more as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
