"""How amounts are shown to people, so that the same energy looks the same wherever it is told."""

from __future__ import annotations


def shown_energy(wh: float) -> str:
    """``wh`` (Wh) in kWh with three decimals, which is what a meter of whole Wh knows."""
    return f"{wh / 1000:.3f} kWh"
