"""Which of the processes that run here a person means to attach to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.attach.place import SocketPlace
from pncsim.simulator.dashboard.attached import Running, running
from pncsim.simulator.parameters import did_you_mean
from pncsim.wire.errors import LocalError


def chosen(folder: Path, wanted: str) -> SocketPlace:
    """The process that is ``wanted``: by name ("secc-4711"), by kind ("secc"), by number; "": the only one there is.

    Where several may be meant, the person is asked. Raises LocalError where there is none.
    """
    found = running(folder)
    if not found:
        raise LocalError(
            "Nothing runs here that a dashboard could attach to.",
            advice="Start `pnc secc`, `pnc ev` or `pnc serve` as the same user, without --no-attach.",
        )
    meant = [one for one in found if wanted in ("", one.place.name, one.place.kind, str(one.place.pid))]
    meant = meant or [one for one in found if one.place.kind.partition("-")[0] == wanted]
    if not meant:
        raise LocalError(f"{wanted!r} does not run here.", advice=did_you_mean(wanted, [o.place.name for o in found]))
    return meant[0].place if len(meant) == 1 else _asked(meant)


def _asked(meant: Sequence[Running]) -> SocketPlace:
    """The one a person picks of a list. Raises LocalError where nothing is picked."""
    print("Which of them?")
    for number, one in enumerate(meant, 1):
        print(f"  {number}  {described(one)}")
    try:
        typed = input(f"1 to {len(meant)}: ").strip()
    except EOFError:
        typed = ""
    if typed.isdecimal() and 1 <= int(typed) <= len(meant):
        return meant[int(typed) - 1].place
    names = ", ".join(one.place.name for one in meant)
    raise LocalError("Nothing was chosen.", advice=f"Name one: `pnc dashboard --attach WHAT` of {names}.")


def described(one: Running) -> str:
    """A process in one line: its name, since when it runs, and what it was told that tells it from others."""
    if one.began is None:
        return f"{one.place.name:<22} says nothing: it may be stopped"
    since = time.strftime("%H:%M:%S", time.localtime(one.began.started))
    told = [f"{name} {one.began.options[name]}" for name in _TELLING if name in one.began.options]
    return f"{one.place.name:<22} since {since}  {', '.join(told)}".rstrip()


_TELLING = ("interface", "sdp_port", "identity", "evse_id", "host", "port")
"""The options that tell one from another, in the order they are named."""
