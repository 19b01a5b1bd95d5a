"""The suites there are. Each is loaded when it is asked for; a new one is a row here and a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pncsim.simulator.conformance.suite import Suite


def _secc() -> Suite:
    from pncsim.simulator.conformance.secc.suite import SECC

    return SECC


SUITES: Mapping[str, tuple[str, Callable[[], Suite]]] = {
    "secc": ("hold a charging station's ISO 15118-2 side against the cases of ISO 15118-4", _secc),
}
"""Name -> what it does, and what loads it."""
