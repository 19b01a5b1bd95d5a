"""What every run can be told, whatever its scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

Transport = Literal["loopback", "memory"]


class RunSettings(Struct, frozen=True, kw_only=True):
    """What every scenario can be told: transport, PKI folder, faults as typed, where evidence goes (None = nowhere).

    ``expect_fault``: the verdict is about the faults' answers alone. ``keylog``: where the TLS keys of the V2G
    connections go, so that a capture can be read; **whoever has that file can read them, too.**
    ``seed``: draw every random choice, keys included, from it, so that the run can be repeated: in memory and without a
    PKI folder it is then the same to the octet but for TLS records. **Its keys are no secrets.**
    """

    transport: Transport = "loopback"
    pki: Path | None = None
    faults: tuple[str, ...] = ()
    expect_fault: bool = False
    evidence: Path | None = None
    keylog: Path | None = None
    seed: str | None = None
