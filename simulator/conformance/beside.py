"""What has to be done at somebody else's device and no protocol does: by a command, or by the person beside it."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess

from pncsim.wire.errors import LocalError

PATIENCE = 10.0
"""Seconds a command may take, unless told otherwise."""
LINE = 4096
"""Octets of what a person types that are taken off the terminal: those up to Enter count for nothing."""


def words_of(command: str, does: str) -> list[str]:
    """A command of the user's as words, which ``does`` something. Raises LocalError where there is nothing to run."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise LocalError(f"The command that {does} cannot be read: {error}.") from None
    if not words:
        raise LocalError(f"The command that {does} is empty.")
    return words


class Command:
    """A command of the user's, run with words behind it. ``does``: what it is for ("moves the control pilot").

    Raises LocalError where there is nothing to run.
    """

    def __init__(self, command: str, does: str, patience: float = PATIENCE) -> None:
        self._command = words_of(command, does)
        self._does, self._patience = does, patience

    def run(self, *words: str) -> str:
        """What it prints. Raises LocalError where it fails or takes too long."""
        said = " ".join(words)
        try:
            done = subprocess.run(
                [*self._command, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._patience,
            )
        except subprocess.TimeoutExpired:
            raise LocalError(
                f"The command that {self._does} has not come to an end with {said!a} in {self._patience:g} s."
            ) from None
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise LocalError(f"The command that {self._does} cannot be run: {why}.") from error
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            why = f": {lines[-1]}" if lines else ""
            raise LocalError(f"The command that {self._does} has failed with {done.returncode} at {said!a}{why}.")
        return done.stdout


async def person_does(what: str) -> None:
    """Ask whoever is at the terminal to do ``what`` ("Unplug the vehicle"), and wait until that is done.

    Raises LocalError where there is no terminal, or it is closed meanwhile.
    """
    try:
        # As a file of Python's that is read and written it would have to be one in which positions can be sought.
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise LocalError("--manual asks a person at a terminal, and there is none.") from error
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    try:
        # On a line of its own: the one before may be that of a bar, which names the case.
        os.write(terminal, f"\n{what}, and press Enter: ".encode())
        # No thread waits here: one that reads could not be told to stop when somebody breaks off.
        loop.add_reader(terminal, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(terminal)
        if not os.read(terminal, LINE):
            raise LocalError("The terminal at which a person was asked has been closed.")
    finally:
        os.close(terminal)
