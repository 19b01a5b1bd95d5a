"""Rows become cases: the id, and the words for people, follow from what a row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.evcc.step import AnswerStep, HandshakeStep

PUBLISHED = "ISO 15118-4, Annex E"
MIRRORED = "ISO 15118-2, 8.7 and 8.8; a mirrored case of our own"
CONTRACTS = "ISO 15118-2, 8.4.3 and V2G2-814 to V2G2-824; a mirrored case of our own"
LOOP = "ISO 15118-2, 8.4.4 and 8.4.5; a mirrored case of our own"
TLS = "ISO 15118-2, 7.7.3 and Annex F; RFC 5280, RFC 6960; a mirrored case of our own"

ISO, OURS = "TC_EVCC_", "LAB_EVCC_"
"""What ids begin with."""

EvccRow = AnswerStep | HandshakeStep
"""What a row can be."""


def table(prefix: str, source: str, rows: Mapping[str, EvccRow]) -> Iterator[Case]:
    """The cases of rows by their ids without ``prefix``."""
    for id, how in rows.items():
        goes_on = isinstance(how, AnswerStep) and how.follows
        yield Case(
            id=f"{prefix}{id}",
            title=f"{how.stimulus}: {'the vehicle goes on' if goes_on else 'the vehicle ends the session'}",
            group=how.group,
            source=source,
            precondition=how.precondition,
            stimulus=how.stimulus,
            expectation=how.expectation,
            when=how.setting.when,
            how=how,
        )
