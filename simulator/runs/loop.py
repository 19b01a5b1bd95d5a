"""The event loop of a run: the one that belongs to its transport, ended in order by signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pncsim.simulator.evidence.story import printable
from pncsim.simulator.terminated import Terminated, has_come
from pncsim.wire.clock import VirtualTimeLoop
from pncsim.wire.errors import LocalError

T = TypeVar("T")


def run_on_loop(transport: str, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine ``main()`` on the loop that belongs to the transport.

    SIGINT and SIGTERM cancel it, so that it closes what is open; they end in KeyboardInterrupt and Terminated. Raises
    LocalError where a loop is running already, whatever its kind: this thread cannot wait for two.
    """
    if _inside_a_loop():
        raise LocalError(
            "A loop is running in this thread already, and run_on_loop makes one of its own.",
            advice="Await Run(...).done() on the loop that runs, or call this from another thread.",
        )
    factory = VirtualTimeLoop if transport == "memory" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(_Complaint())
        return runner.run(_terminable(main))


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def check_loop(transport: str) -> None:
    """Raise LocalError unless the running loop is the kind that belongs to the transport.

    On an ordinary loop minutes of lab time in memory would really be waited for; on virtual time every limit would run
    out before a socket has said a word.
    """
    virtual = isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    if virtual == (transport == "memory"):
        return
    found, wanted = ("virtual", "real") if virtual else ("real", "virtual")
    raise LocalError(
        f"A run with transport {transport} needs a loop of {wanted} time; this one's time is {found}.",
        advice=f"Let run_on_loop({transport!r}, ...) of pncsim.simulator.runs.loop make the loop.",
    )


async def _terminable(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """``main()``, which a first SIGTERM cancels; one more, a breath later, ends the process at once.

    Raises Terminated.
    """
    if threading.current_thread() is not threading.main_thread():
        return await main()
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        told = True
        has_come()
        loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        done = await main()
    except asyncio.CancelledError:
        if told:
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if told:
        # It was over before it was cancelled, or has passed over that: the process is to end all the same.
        raise Terminated
    return done


class _Complaint:
    """What fails where nobody waits for it (a full table of open files, a defect in a connection's handler): one
    sentence for each kind of failure instead of a stack trace, unless PNC_DEBUG asks for it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if os.environ.get("PNC_DEBUG"):
            loop.default_exception_handler(context)
            return
        error = context.get("exception")
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        said = printable(f"{context.get('message', 'something failed')}{why}")
        if said not in self._said:
            self._said.add(said)
            print(f"pnc: {said}. Set PNC_DEBUG=1 for the traceback.", file=sys.stderr)
