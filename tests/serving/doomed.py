"""Services that are to be killed: a program that imports all they need once, and forks a process for each order.

An order is a line of JSON: the folder and database, the port, and where the process ends itself, by SIGKILL, at the
``count``-th time it comes there after SIGUSR1; "clock" leaves that to whoever ordered. It answers with a line once the
services answer, and with another one once the process has ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

SENDING = ("attempt", "attempted", "recorded")
PLACES = ("clock", "statement", "commit", "committed", "cascade", "told", *SENDING)
"""In a transaction, before its commit, after it, after one from which others follow, after its facts were told; before
and after a request to an endpoint, and after what came of it was kept."""
OFTEN = {"cascade": 1, **dict.fromkeys(SENDING, 5)}
"""How often a process may come to a place at the most, where that takes time."""


class Trap:
    """Ends this process at the ``count``-th call once it is armed."""

    def __init__(self, count: int) -> None:
        self.count, self.armed = count, False

    def arm(self) -> None:
        self.armed = True

    def step(self) -> None:
        if self.armed:
            self.count -= 1
            if self.count <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def trapped(*given: Any, **named: Any) -> Any:
            self.step()
            return await function(*given, **named)

        return trapped

    def after(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def trapped(*given: Any, **named: Any) -> Any:
            result = await function(*given, **named)
            self.step()
            return result

        return trapped

    def after_a_vehicle_left(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Of a change and its facts: the vehicle is gone, and its contracts are not yet."""
        from pncsim.backend.events.facts import VehicleDeleted

        async def trapped(*given: Any, **named: Any) -> Any:
            result, facts = await function(*given, **named)
            if any(isinstance(fact, VehicleDeleted) for _, fact in facts):
                self.step()
            return result, facts

        return trapped


def set_trap(trap: Trap, place: str) -> None:
    """Set it where the order says."""
    from pncsim.backend.store.sql import SqlStore, _ChangingTable
    from pncsim.backend.webhooks.sender import Sender

    methods = {
        "statement": (_ChangingTable, "put", trap.after),
        "commit": (SqlStore, "_written_down", trap.after),
        "committed": (SqlStore, "_kept", trap.after),
        "cascade": (SqlStore, "_kept", trap.after_a_vehicle_left),
        "told": (SqlStore, "_change", trap.after),
        "attempt": (Sender, "_post", trap.before),
        "attempted": (Sender, "_post", trap.after),
        "recorded": (Sender, "_record", trap.after),
    }
    if place in methods:
        owner, name, trapped = methods[place]
        setattr(owner, name, trapped(getattr(owner, name)))


async def serve(order: dict[str, Any]) -> None:
    """Until this process is killed."""
    from pncsim.simulator.serving.standing import ServeOptions, served
    from pncsim.wire.clock import Clock
    from pncsim.wire.trace import Trace

    trap = Trap(order["count"])
    set_trap(trap, order["place"])
    options = ServeOptions(
        data=Path(order["data"]),
        database=order["database"],
        port=order["port"],
        webhook_retry=order["retry"],
        test_controls=True,
    )
    async with served(options, Clock(), Trace()) as house:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, trap.arm)
        say({"pid": os.getpid(), "ready": house.ready()})
        await asyncio.Event().wait()


def say(what: object) -> None:
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")


def main() -> None:
    """Answer orders until there are no more."""
    import aiosqlite
    import asyncpg  # type: ignore[import-untyped]
    import jwt
    import sqlalchemy.dialects.postgresql.asyncpg

    import pncsim.simulator.serving.standing
    from pncsim.wire.web import aiohttp

    assert all((aiosqlite, asyncpg, jwt, sqlalchemy, pncsim, aiohttp))
    say("imported")
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            asyncio.run(serve(json.loads(line)))
            os._exit(1)
        _, status = os.waitpid(pid, 0)
        say({"ended": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    main()
