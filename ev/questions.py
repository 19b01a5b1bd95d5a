"""What the EVCC engine asks its shell for, because an engine writes no files."""

from __future__ import annotations

from msgspec import Struct

from pncsim.ev.contracts import Contract


class StoreContract(Struct, frozen=True):
    """Keep this contract, whole or not at all; the answer is None, or the :class:`~wire.errors.LocalError`."""

    contract: Contract
