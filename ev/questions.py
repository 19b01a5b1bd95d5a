"""What the EVCC engine asks its shell for, because an engine writes no files."""

from __future__ import annotations

from dataclasses import dataclass

from pncsim.ev.contracts import Contract


@dataclass(slots=True, frozen=True)
class StoreContract:
    """Keep this contract, whole or not at all; the answer is None, or the :class:`~wire.errors.LocalError`."""

    contract: Contract
