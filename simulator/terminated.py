"""SIGTERM as an exception, for a process that has not yet a loop to end. Imports nothing that takes time."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

BREATH = 1.0
"""Seconds in which SIGTERM counts once however often it comes: timeout(1) sends it to its child, and then to the whole
group, that child among it."""


class Terminated(BaseException):
    """SIGTERM has come: what was open is closed by now. Like KeyboardInterrupt it is no error to be handled."""


def raise_at_sigterm() -> None:
    """From now on a first SIGTERM raises :class:`Terminated`; one more, a breath later, ends the process at once."""
    signal.signal(signal.SIGTERM, _raise)


@contextmanager
def terminable() -> Iterator[None]:
    """In the body, SIGTERM is Terminated, as Ctrl-C is KeyboardInterrupt."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _HasCome:
    """SIGTERM that comes once more."""

    def __init__(self) -> None:
        self._at_once_from = time.monotonic() + BREATH

    def __call__(self, *_: object) -> None:
        if time.monotonic() >= self._at_once_from:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)


def has_come() -> None:
    """A first SIGTERM has: the next one ends the process at once, unless it comes with the same breath."""
    signal.signal(signal.SIGTERM, _HasCome())


def came_before() -> bool:
    """Whether SIGTERM has come in what goes on now."""
    return isinstance(signal.getsignal(signal.SIGTERM), _HasCome)


def _raise(*_: object) -> None:
    has_come()
    raise Terminated
