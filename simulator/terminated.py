"""SIGTERM as an exception, for a process that has not yet a loop to end. Imports nothing that takes time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(BaseException):
    """SIGTERM has come: what was open is closed by now. Like KeyboardInterrupt it is no error to be handled."""


def raise_at_sigterm() -> None:
    """From now on a first SIGTERM raises :class:`Terminated`; a second one ends the process at once."""
    signal.signal(signal.SIGTERM, _raise)


@contextmanager
def terminable() -> Iterator[None]:
    """In the body, SIGTERM is Terminated, as Ctrl-C is KeyboardInterrupt."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated
