"""Physical values: as exact as 16 bits and three decimals allow, with the multiplier nearest to zero."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import iso2

V = iso2.UnitSymbolType.V
LIMIT = 32_767_000


def stated(multiplier: int, number: int) -> float:
    """What a receiver makes of the two numbers."""
    return float(Fraction(number) * Fraction(10) ** multiplier)


@pytest.mark.parametrize(
    ("value", "multiplier", "number"),
    [
        (400, 0, 400),
        (0, 0, 0),
        (-5.0, 0, -5),
        (230.5, -1, 2305),
        (0.125, -3, 125),
        (150_000, 1, 15_000),
        (32_768, 1, 3277),
    ],
)
def test_the_multiplier_nearest_to_zero_is_taken(value: float, multiplier: int, number: int) -> None:
    made = iso2.physical(value, V)
    assert (made.Multiplier, made.Value) == (multiplier, number)


@given(st.floats(-LIMIT, LIMIT) | st.integers(-LIMIT, LIMIT) | st.decimals(-99_999, 99_999, places=3).map(float))
@example(0.05)
@example(-0.0)
@example(32_767.5)
@example(1e-9)
def test_no_other_choice_would_be_nearer_or_simpler(value: float) -> None:
    made = iso2.physical(value, V)
    assert -0x8000 <= made.Value <= 0x7FFF
    assert iso2.amount(made) == stated(made.Multiplier, made.Value)
    chosen = (abs(iso2.amount(made) - value), abs(made.Multiplier), made.Multiplier)
    for multiplier in range(-3, 4):
        number = round(value * 10**-multiplier) if multiplier <= 0 else round(value / 10**multiplier)
        if -0x8000 <= number <= 0x7FFF:
            assert chosen <= (abs(stated(multiplier, number) - value), abs(multiplier), multiplier)


@pytest.mark.parametrize("value", [32_768_000, -33_000_000])
def test_what_no_multiplier_can_hold_is_refused(value: float) -> None:
    with pytest.raises(LocalError, match="does not fit"):
        iso2.physical(value, V)
