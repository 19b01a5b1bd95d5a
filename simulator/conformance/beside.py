"""What has to be done at somebody else's device and no protocol does: by a command, or by the person beside it."""

from __future__ import annotations

import asyncio
import shlex
import subprocess

from pncsim.wire.errors import LocalError

PATIENCE = 10.0
"""Seconds a command may take, unless told otherwise."""


class Command:
    """A command of the user's, run with words behind it. ``does``: what it is for ("moves the control pilot").

    Raises LocalError where there is nothing to run.
    """

    def __init__(self, command: str, does: str, patience: float = PATIENCE) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise LocalError(f"The command that {does} cannot be read: {error}.") from None
        self._does, self._patience = does, patience
        if not self._command:
            raise LocalError(f"The command that {does} is empty.")

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

    Raises LocalError where there is no terminal.
    """
    await asyncio.to_thread(_ask, what)


def _ask(what: str) -> None:
    try:
        with open("/dev/tty", "r+", buffering=1) as terminal:
            terminal.write(f"{what}, and press Enter: ")
            terminal.readline()
    except OSError as error:
        raise LocalError("--manual asks a person at a terminal, and there is none.") from error
