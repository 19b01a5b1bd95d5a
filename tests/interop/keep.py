"""Keep what records of runs say as test data: verdicts, reasons and frames, no path of a machine and no time of one.

    python tests/interop/keep.py OUT PICS RECORD...

The records are of one suite; of a case that is in several the later counts. Of what passed the frames that matter are
the step and what was answered first. A failure for which the PICS file gives a reason by now is expected, as it would
be in the next run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.pics import read_pics
from pncsim.simulator.conformance.record import Head, Tried, read_record
from pncsim.simulator.conformance.suites import SUITES
from pncsim.wire.values import replace

LARGEST = 700
"""Octets of a message of a case that passed: larger ones are certificates."""


def kept(tried: Tried, reasons: Mapping[str, str]) -> Tried:
    """The same, as test data."""
    if tried.verdict is CaseVerdict.FAIL and tried.id in reasons:
        why = f"{reasons[tried.id].rstrip('.')}. {tried.why}"
        tried = replace(tried, verdict=CaseVerdict.EXPECTED, why=why)
    said = tried.said
    if tried.verdict is CaseVerdict.PASS:
        most = 4 if said and said[0].octets else 2
        said = tuple(one for one in said[:most] if len(one.octets) <= 2 * LARGEST)
    return replace(tried, said=said, evidence="", wall_seconds=0.0, cpu_seconds=0.0)


def main(out: str, pics: str, *records: str) -> None:
    """As above."""
    found: dict[str, Tried] = {}
    suite = ""
    for record in records:
        head, tried = read_record(Path(record), suite)
        suite = head.suite
        found |= tried
    known = SUITES[suite][1]()
    reasons = read_pics(Path(pics), known.declarations, [case.id for case in known.cases]).reasons
    lines = [Head(suite=suite, target=""), *(kept(one, reasons) for one in found.values())]
    Path(out).write_bytes(msgspec.json.Encoder().encode_lines(lines))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
