"""The control pilot of somebody else's station, moved by a command or by a person.

``--cp-command "ssh bench cp"`` runs ``ssh bench cp B`` to plug in (or to open the switch), ``C`` or ``D`` to be ready,
``A`` to unplug and ``wake`` for a BCB toggle (B, C, B). It has to be done when the command returns: within 250 ms where
the vehicle gets ready (V2G2-847).
"""

from __future__ import annotations

import asyncio

from pncsim.simulator.conformance.beside import Command, person_does

SETTLES = 1.0
"""Seconds for the data link after the plug is in, where nobody says when it stands."""


class CommandPilot:
    """What a tester does with a :class:`wire.pilot.Pilot`, by a command."""

    def __init__(self, command: str) -> None:
        self._command = Command(command, "moves the control pilot")
        self._state = "A"

    @property
    def plugged(self) -> bool:
        """Whether the vehicle is connected."""
        return self._state != "A"

    def connect(self) -> None:
        """A becomes B."""
        if not self.plugged:
            self._say("B")

    def signal_ready(self, *, ventilation: bool = False) -> None:
        """C, or D."""
        self._say("D" if ventilation else "C")

    def signal_not_ready(self) -> None:
        """B, from C or D."""
        if self._state in ("C", "D"):
            self._say("B")

    def toggle(self) -> None:
        """Wake the station."""
        self._say("wake")
        self._state = "B"

    def disconnect(self) -> None:
        """A."""
        if self.plugged:
            self._say("A")

    async def matched(self) -> None:
        """Give the data link its time."""
        await asyncio.sleep(SETTLES)

    def _say(self, state: str) -> None:
        """Run the command. Raises LocalError where it fails."""
        self._command.run(state)
        self._state = state


async def person_replugs(*, identifies: bool = False, after: float = 0.0) -> None:
    """Ask whoever is at the station to unplug and plug in again, and wait until that is done. Raises LocalError.

    ``identifies``: the case is not paid by contract, so that the driver has to show a card, ``after`` so many seconds.
    """
    shows = f", and show a card {f'{after:g} s from then' if after else 'if it asks for one'}" if identifies else ""
    await person_does(f"Unplug the vehicle side, plug it in again{shows}")
