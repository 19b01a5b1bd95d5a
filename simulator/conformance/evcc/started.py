"""Somebody else's vehicle, started for one case by a command.

``--ev-command "ssh bench ev"`` runs ``ssh bench ev dc contract`` for a case that charges with direct current by
contract, and has ``install`` behind that where the vehicle is to get its contract through the station, ``update`` where
it is to get a successor of the one it holds. The command may go on for as long as the vehicle drives, or return at
once; what still runs after the case is ended (SIGTERM, then SIGKILL), with all that it has started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from pncsim.ev.config import VehicleConfig
from pncsim.simulator.conformance.beside import words_of
from pncsim.simulator.conformance.evcc.options import VehicleUnderTest
from pncsim.simulator.conformance.suite import Bench
from pncsim.wire.errors import LocalError, PeerSilent

TELLING = 1000
"""Octets of standard error that are looked at."""
LEAVES = 5.0
"""Seconds a command has to end once it was told to."""


@asynccontextmanager
async def started(bench: Bench, like: VehicleConfig) -> AsyncIterator[None]:
    """While in the body the vehicle drives that a case wants to be ``like`` that; without a command it is waited for.

    Raises LocalError where the command cannot be run. Where no vehicle has come (PeerSilent), what became of the
    command is said, too.
    """
    options = bench.options
    assert isinstance(options, VehicleUnderTest)
    if bench.target and options.ev_command is None and bench.asks:
        # On a line of its own: the one before may be that of a bar, which names the case.
        print(f"\nNow {' '.join(map(_WORDS.__getitem__, wanted(like)))}.", file=sys.stderr, flush=True)
    if not bench.target or options.ev_command is None:
        yield
        return
    command = words_of(options.ev_command, "starts the vehicle")
    try:
        # In a group of its own, so that what the command starts can be ended with it.
        running = await asyncio.create_subprocess_exec(
            *command, *wanted(like), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LocalError(f"The command that starts the vehicle cannot be run: {why}.") from error
    said = _Said()
    listening = asyncio.create_task(said.listen(running))
    try:
        yield
    except PeerSilent as silent:
        if running.returncode:
            ended = f"The command that starts the vehicle has failed with {running.returncode}{said.last}."
            raise PeerSilent(f"{silent.sentence} {ended}") from silent
        raise
    finally:
        listening.cancel()
        _tell(running, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(running.wait(), LEAVES)
        _tell(running, signal.SIGKILL)
        await running.wait()


_WORDS = {
    "ac": "a vehicle has to come that charges with alternating current",
    "dc": "a vehicle has to come that charges with direct current",
    "contract": "and pays by contract",
    "external": "and is identified by other means (a card)",
    "install": "that it asks for at the station",
    "update": "that it has renewed",
}
"""What stands behind the command, for a person."""


class _Said:
    """What a command says on standard error, of which the end counts."""

    def __init__(self) -> None:
        self._octets = b""

    async def listen(self, running: Process) -> None:
        """To the end: nobody who says much is held up."""
        assert running.stderr is not None
        while octets := await running.stderr.read(TELLING):
            self._octets = (self._octets + octets)[-TELLING:]

    @property
    def last(self) -> str:
        """Its last line, behind a colon."""
        lines = self._octets.decode(errors="replace").strip().splitlines()
        return f": {lines[-1].strip().removesuffix('.')}" if lines else ""


def wanted(like: VehicleConfig) -> Iterator[str]:
    """What stands behind the command."""
    yield "ac" if like.energy_modes[0].startswith("AC") else "dc"
    yield "contract" if like.payment == "contract" else "external"
    if like.install == "always":
        yield "install"
    elif like.update == "always":
        yield "update"


def _tell(running: Process, what: signal.Signals) -> None:
    """Everybody in the command's group."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, what)
