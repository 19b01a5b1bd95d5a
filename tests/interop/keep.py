"""Keep what records of runs say as test data: verdicts, reasons and frames, no path of a machine and no time of one.

    python tests/interop/keep.py OUT RECORD...

The records are of one suite; of a case that is in several the later counts. Of what passed the frames that matter are
the step and what was answered first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.record import Head, Tried, read_record
from pncsim.wire.values import replace

LARGEST = 700
"""Octets of a message of a case that passed: larger ones are certificates."""


def kept(tried: Tried) -> Tried:
    """The same, as test data."""
    said = tried.said
    if tried.verdict is CaseVerdict.PASS:
        most = 4 if said and said[0].octets else 2
        said = tuple(one for one in said[:most] if len(one.octets) <= 2 * LARGEST)
    return replace(tried, said=said, evidence="", wall_seconds=0.0, cpu_seconds=0.0)


def main(out: str, *records: str) -> None:
    """As above."""
    found: dict[str, Tried] = {}
    suite = ""
    for record in records:
        head, tried = read_record(Path(record), suite)
        suite = head.suite
        found |= tried
    lines = [Head(suite=suite, target=""), *(kept(one) for one in found.values())]
    Path(out).write_bytes(msgspec.json.Encoder().encode_lines(lines))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
