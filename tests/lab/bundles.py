"""Bundles for tests: made once per way of making them, and what a foreign program sees in their packets."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings, Transport

PATIENCE = 120


def bundle(
    parent: Path,
    name: str,
    transport: Transport = "memory",
    *,
    seed: str | None = None,
    faults: tuple[str, ...] = (),
    **options: Any,
) -> Path:
    """The bundle of a run."""

    async def main() -> Path | None:
        settings = RunSettings(transport=transport, evidence=parent, seed=seed, faults=faults)
        return (await Run(find_scenario(name), options, settings).done()).evidence

    folder = run_on_loop(transport, main)
    assert folder is not None
    return folder


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def tshark(path: Path, *arguments: str) -> str:
    """What tshark says of a capture; it asks for checksums to be right."""
    check = ("-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    command = ("tshark", "-r", str(path), *check, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return done.stdout


class Packet(NamedTuple):
    """A packet of a pcapng file."""

    interface: int
    time: int
    octets: bytes


def packets(path: Path) -> list[Packet]:
    """The packets of a capture, in order."""
    found = []
    for kind, body in blocks(path):
        if kind == 6:
            interface, high, low, length, _ = struct.unpack_from("<IIIII", body)
            found.append(Packet(interface, high << 32 | low, body[20 : 20 + length]))
    return found


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Type and body of each block of a pcapng file."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert struct.unpack_from("<I", data, at + length - 4) == (length,)
        yield kind, data[at + 8 : at + length - 4]
        at += length
