"""What the EVCC engine asks its shell for, because an engine neither waits nor writes files."""

from __future__ import annotations

from dataclasses import dataclass

from pncsim.ev.contracts import Contract


@dataclass(slots=True, frozen=True)
class PassTime:
    """Let ``seconds`` of process time go by (a battery charging, a cable being tested); the answer is None.

    A lab whose clock leaps may jump over it: nothing outside the lab's own models happens meanwhile.
    """

    seconds: float


@dataclass(slots=True, frozen=True)
class Wait:
    """Wait ``seconds`` before asking the station again, while somebody else works; the answer is None."""

    seconds: float


@dataclass(slots=True, frozen=True)
class StoreContract:
    """Keep this contract, whole or not at all; the answer is None, or the :class:`~wire.errors.LocalError`."""

    contract: Contract
