"""The catalogue of faults: what is disturbed, and what the standard answers to it.

The rows are in :mod:`simulator.faults.rows`, one file for each group of them.
"""

from __future__ import annotations

from pncsim.simulator.faults.fault import Chosen, read_fault
from pncsim.simulator.faults.rows import (
    certificates,
    delivery,
    http,
    line,
    messages,
    ocpp,
    process,
    station,
    status,
    tls,
    turns,
)

_GROUPS = (certificates, status, tls, line, turns, messages, station, delivery, ocpp, http, process)

FAULTS = {fault.name: fault for group in _GROUPS for fault in group.ROWS}
"""Every fault by name."""


def find_fault(text: str) -> Chosen:
    """The fault that a person has named, see :mod:`simulator.faults.fault`. Raises LocalError."""
    return read_fault(text, FAULTS)
