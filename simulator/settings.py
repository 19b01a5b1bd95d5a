"""What every run can be told, whatever its scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Transport = Literal["loopback", "memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What every scenario can be told: transport, PKI folder, faults as typed, where evidence goes (None = nowhere)."""

    transport: Transport = "loopback"
    pki: Path | None = None
    faults: tuple[str, ...] = ()
    evidence: Path | None = None
