"""What a dashboard remembers between two starts: theme, screen, columns, the scenario that was chosen. No secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, field

from pncsim.wire.files import replace_file

NAME = "dashboard.json"
LONGEST = 1 << 20


class Layout(Struct):
    """``seen``: hints that were shown and need not be any more. ``options``: by scenario, as a person typed them."""

    theme: str = "pnc-dark"
    screen: str = "live"
    chart: bool = True
    scenario: str = "pnc-ac"
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    transport: str = "memory"
    car: str = ""
    evidence: bool = True
    seen: list[str] = field(default_factory=list)


def place(environment: Mapping[str, str]) -> Path:
    """Where it is kept (XDG base directories: ``$XDG_STATE_HOME``, else ``~/.local/state``)."""
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path(environment.get("HOME", "~")).expanduser() / ".local/state"
    return base / "pncsim" / NAME


def remembered(path: Path) -> Layout:
    """The layout of the last time; the usual one where there is none, or none that can be read."""
    try:
        octets = path.read_bytes()
        return msgspec.json.decode(octets, type=Layout) if len(octets) <= LONGEST else Layout()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Layout()


def remember(path: Path, layout: Layout) -> str:
    """Keep the layout, readable by its owner alone; why it cannot be kept, as a sentence, else nothing."""
    try:
        os.makedirs(path.parent, mode=0o700, exist_ok=True)
        replace_file(path, msgspec.json.format(msgspec.json.encode(layout)) + b"\n", 0o600)
    except OSError as error:
        return f"The layout is not kept: {path} cannot be written ({error.strerror or error})."
    return ""
