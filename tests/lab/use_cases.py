"""Which of the published use cases no scenario shows yet; what has to be seen of each is the product's own table."""

from __future__ import annotations

from pncsim.simulator.coverage.use_cases import ITEMS

__all__ = ["AWAITED", "ITEMS"]

AWAITED: frozenset[str] = frozenset()
"""Use cases that no scenario shows yet."""
