"""Physical values: numbers with a unit as ISO 15118-2 sends them, Value x 10^Multiplier (8.5.2.7)."""

from __future__ import annotations

from pncsim.wire.errors import LocalError
from pncsim.wire.v2g.iso2.datatypes import PhysicalValueType
from pncsim.wire.v2g.iso2.enumerations import UnitSymbolType

_SHORT_LOW, _SHORT_HIGH = -0x8000, 0x7FFF
_POWERS = ((0, 1), (-1, 10), (1, 10), (-2, 100), (2, 100), (-3, 1000), (3, 1000))
"""Multipliers, the preferred ones first, and ten to their magnitude."""


def physical(value: float, unit: UnitSymbolType) -> PhysicalValueType:
    """``value`` in ``unit``, exactly where three decimals and 16 bits allow it, else as precisely as they do.

    Prefers the multiplier nearest to zero, so that 400 V is sent as 400 x 10^0. Raises LocalError if the value is
    beyond 32 767 x 10^3.
    """
    best: tuple[float, int, int] | None = None
    for multiplier, power in _POWERS:
        scaled = round(value * power) if multiplier <= 0 else round(value / power)
        if _SHORT_LOW <= scaled <= _SHORT_HIGH:
            error = abs((scaled / power if multiplier <= 0 else float(scaled * power)) - value)
            if best is None or error < best[0]:
                best = error, multiplier, scaled
                if not error:
                    break
    if best is None:
        raise LocalError(f"A physical value of {value!r} {unit} does not fit: the range is 16 bits times 10^3 at most.")
    return PhysicalValueType(Multiplier=best[1], Unit=unit, Value=best[2])


def amount(value: PhysicalValueType) -> float:
    """The number a physical value stands for, in its own unit."""
    multiplier = value.Multiplier
    return float(value.Value * 10**multiplier) if multiplier >= 0 else value.Value / 10**-multiplier
