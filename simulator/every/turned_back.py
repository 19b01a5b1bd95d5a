"""The time of services that many runs go by: what one of them has moved it by, the next one would not get over."""

from __future__ import annotations

import time

from pncsim.backend.refusal import Refused
from pncsim.simulator.lab.elsewhere.callers import Callers, open_callers
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.trace import Trace

DRIFT = 3_600.0
"""Seconds by which a run may have moved it: no certificate ends meanwhile."""


def time_ahead(settings: RunSettings) -> float:
    """The seconds that the time of the services is ahead of the machine's. Raises PncError."""

    async def main() -> float:
        callers = _open(settings)
        try:
            return await _ahead(callers)
        finally:
            await callers.close()

    return run_on_loop("loopback", main)


def turn_back(settings: RunSettings, ahead: float) -> None:
    """Have the services begin anew where their time was moved since it was ``ahead``, if they may (--test-controls).

    Who cannot be asked says so in the run that comes.
    """

    async def main() -> None:
        callers = _open(settings)
        try:
            if await _ahead(callers) > ahead + DRIFT:
                await callers.administrator().call("admin", "POST", "/admin/reset", {"time": True})
        except Refused as error:
            if error.http_status != 403:
                raise
        finally:
            await callers.close()

    try:
        run_on_loop("loopback", main)
    except PncError:
        return


def _open(settings: RunSettings) -> Callers:
    assert settings.ecosystem is not None, "otherwise there is one time"
    return open_callers(Clock(), Trace(), settings.ecosystem, settings.credentials)


async def _ahead(callers: Callers) -> float:
    told = await callers.administrator().call("admin", "GET", "/admin/clock")
    return float(told["seconds"]) - time.time()
