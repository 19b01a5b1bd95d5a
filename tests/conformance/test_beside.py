"""A person at a terminal is asked, and can break off."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time

import pytest
from signals import hear_ctrl_c

from pncsim.simulator.conformance.beside import person_does
from pncsim.wire.errors import LocalError

ASKS = """
import asyncio
from pncsim.simulator.conformance.beside import person_does
asyncio.run(person_does("Unplug the vehicle side"))
print("that is done")
"""


def at_a_terminal(types: bytes) -> tuple[int, str]:
    """Exit code and output of a process with a terminal, at which this is typed once it has asked."""
    pid, terminal = pty.fork()
    if not pid:
        hear_ctrl_c()
        os.execv(sys.executable, (sys.executable, "-c", ASKS))
    said, end = b"", time.monotonic() + 30
    while select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            octets = os.read(terminal, 4096)
        except OSError:
            break
        if not octets:
            break
        said += octets
        if said.endswith(b"press Enter: "):
            os.write(terminal, types)
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


def test_a_person_is_asked_and_goes_on_with_enter() -> None:
    code, said = at_a_terminal(b"well\n")
    assert (code, "Unplug the vehicle side, and press Enter: " in said, "that is done" in said) == (0, True, True)


def test_a_person_who_is_asked_can_break_off() -> None:
    code, said = at_a_terminal(b"\x03")
    assert code != 0 and "KeyboardInterrupt" in said and "that is done" not in said


async def test_where_there_is_no_terminal_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*words: object) -> int:
        raise OSError("No such device or address")

    monkeypatch.setattr(os, "open", none)
    with pytest.raises(LocalError, match="asks a person at a terminal, and there is none"):
        await person_does("Unplug it")
