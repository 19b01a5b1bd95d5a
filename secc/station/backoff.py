"""How long to wait before trying again: two of OCPP's rules as plain iterators."""

from __future__ import annotations

from collections.abc import Iterator

from pncsim.wire.source import Source


def reconnect_waits(minimum: float, spread: float, doublings: int, source: Source) -> Iterator[float]:
    """Seconds before each attempt to reconnect, without end (Part 4, 5.3; RetryBackOff* variables; TC_B_57).

    The first is ``minimum`` plus a random part up to ``spread``; each later one is twice the one before plus a new
    random part, until ``doublings`` are used up; from then on the last wait repeats.
    """
    wait = minimum + source.uniform(0, spread)
    yield wait
    for _ in range(doublings):
        wait = 2 * wait + source.uniform(0, spread)
        yield wait
    while True:
        yield wait


def signing_waits(minimum: float, repeats: int) -> Iterator[float]:
    """Seconds to wait for CertificateSigned after each of 1 + ``repeats`` SignCertificate, doubling (A02.FR.17-19)."""
    for repeat in range(repeats + 1):
        yield minimum * 2.0**repeat
