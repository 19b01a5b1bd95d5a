"""docs/grid.md: what must come of every cell, printed from the tables."""

from __future__ import annotations

from collections.abc import Iterable

from pncsim.simulator.grid.expected import ACTORS, HOWS, expected
from pncsim.simulator.grid.tables import EXCHANGES, ORDER, SEQUENCE, STATION_SETUP
from pncsim.simulator.lab.lives.life import RESTART, SILENCE, How

HEADER = f"""# Killed and silenced

This page is printed by `pnc tables --grid` from the tables the tests hold every cell against; do not edit it.

The main job, from plug-in on: a vehicle installs its contract, charges by it and pays. In each cell below one actor is
taken away as the message at the left is about to be sent for the first time, for itself or on its way to it.

* **killed**: all it held in memory is gone and its connections are reset; {RESTART:g} s later it begins anew with
  what it had stored: the vehicle its keys, roots and contracts; the station its variables, password, roots,
  certificates and keys, the open transaction and the TransactionEvents nobody has confirmed; the CSMS its register and
  transactions; contract pool, operator and OCSP responder what is in the store of the services. Meter, wire and
  battery are no memory.
* **silent**: nothing it says leaves it for {SILENCE:g} s; then it goes on.

A cell names who reports what kind of error (`wire/errors.py`), after how many seconds, and why the transaction ends
(OCPP stoppedReason). *goes on*: nobody had set up a session, and the next one is of the same transaction. *charges*:
the session takes no harm. Before the first session a station waits {STATION_SETUP.seconds:g} s
({STATION_SETUP.source}), in one {SEQUENCE.seconds:g} s for the next request ({SEQUENCE.source}).

In every cell, once everybody is back, the vehicle charges and pays with the one contract it has, and: no transaction
is open without its station, none lacks an event, the contract is in the vehicle whole and with its key or not at all,
pools and operator keep what they had, and every contract that was handed out is told as an event.

As real processes, with SIGKILL, while energy flows: a station (`pnc secc --state FILE`) and a CSMS begin anew from
their files (tests/standalone/test_killed_processes.py), and the services (`pnc serve`) at eight kinds of points, of
which every acknowledged write and event is there afterwards (tests/serving/test_kills.py).

`pnc run install-contract --transport memory --fault killed:CSMS,AuthorizeRequest` does one of them by itself, as does
`--fault silent:…`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEADER, "## Who waits for whom\n", _table(("asks", "answers", "from", "seconds", "why"), _waits())]
    for how in HOWS:
        parts += [f"\n## {how.capitalize()}\n", _table(("message", *ACTORS), _cells(how))]
    return "\n".join(parts).rstrip() + "\n"


def _waits() -> Iterable[tuple[str, ...]]:
    for one in EXCHANGES:
        yield one.asks, one.answers, f"`{one.request}`", f"{one.limit:g}", one.source


def _cells(how: How) -> Iterable[tuple[str, ...]]:
    for message in ORDER:
        yield f"`{message}`", *(str(expected(message, actor, how)) for actor in ACTORS)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
