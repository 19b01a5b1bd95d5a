"""Stations of ours that are wrong in one point: a handler, variable or rule replaced. Each says who has to see it."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.station.wrong import answers, charging, keeping, model

WRONG: Mapping[str, Mutant] = {**model.WRONG, **answers.WRONG, **keeping.WRONG, **charging.WRONG}
"""By name."""
