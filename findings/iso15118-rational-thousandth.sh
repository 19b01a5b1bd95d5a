#!/usr/bin/env bash
# PyPI iso15118 0.31.2 (EcoG's station and vehicle), RationalNumber.get_rational_repr, which turns every voltage, current,
# power and price of ISO 15118-20 into value times ten to the exponent.
# Sure beforehand: 0.59 (a price per kWh) is 59 and -2; what has two decimals and fits leaves as it is, the rest rounded.
# What happens: it multiplies by ten in binary floating point until nothing is left, at most three times, and cuts off. 0.59
# becomes 589 and -3, a thousandth too little, 1.14 becomes 1.139; one in ten of the amounts of whole cents up to 327.67.
# Values with one decimal come out right. Beyond 16 bits the cut takes the last digit: 32768 becomes 32760. So a comparison
# with what such a station sends needs a tolerance of one unit of the last place, downwards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q iso15118==0.31.2 2>pip.log || { cat pip.log; exit 1; }
cat >rational.py <<'PY'
import logging
import sys
from fractions import Fraction

from iso15118.shared.messages.iso15118_20.common_types import RationalNumber

logging.disable()


def sent(value: float) -> tuple[int, int]:
    number = RationalNumber.get_rational_repr(value)
    return number.value, number.exponent


def less(hundredths: int, unit: int) -> bool:
    value, exponent = sent(hundredths / unit)
    return value * Fraction(10) ** exponent < Fraction(hundredths, unit)


shown = {value: sent(value) for value in (0.59, 1.14, 0.6, 32768)}
short = sum(less(number, 100) for number in range(32768)), sum(less(number, 10) for number in range(32768))
for value, (digits, exponent) in shown.items():
    print(f"{value} is sent as {digits} * 10^{exponent}")
print(f"too small: {short[0]} of 32768 values with two decimals, {short[1]} of as many with one")
if shown != {0.59: (589, -3), 1.14: (1139, -3), 0.6: (6, -1), 32768: (3276, 1)} or short != (3111, 0):
    sys.exit("CHANGED: how iso15118 writes a RationalNumber")
PY
venv/bin/python rational.py
