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
    ``ecosystem``: pools, PKI and operators are the running services at this URL, or those this ready file names;
    ``credentials``: the ready file or ``clients.json`` with the secrets of who calls there, unless it is the usual one.
    ``seed``: draw every random choice, keys included, from it, so that the run can be repeated: in memory and without a
    PKI folder it is then the same to the octet but for TLS records. **Its keys are no secrets.**
    ``command``: what one types to have this run again, where that is not what was typed (one of many).
    ``vehicle_profile``: the car every vehicle is like that a scenario does not say more of (:mod:`simulator.cars`).
    """

    transport: Transport = "loopback"
    pki: Path | None = None
    faults: tuple[str, ...] = ()
    expect_fault: bool = False
    evidence: Path | None = None
    keylog: Path | None = None
    ecosystem: str | None = None
    credentials: Path | None = None
    seed: str | None = None
    vehicle_profile: str = ""
    command: str = ""

    @property
    def contradiction(self) -> str:
        """What cannot be had together, as a sentence; empty where there is nothing of the kind."""
        if self.ecosystem is None:
            return "Credentials are for services: name them with --ecosystem." if self.credentials is not None else ""
        if self.transport == "memory":
            return "In memory there are no sockets and time runs ahead: services are called with --transport loopback."
        if self.pki is not None:
            return "The certificates are those of the services: a PKI folder has no part in it."
        if self.seed is not None:
            return "What services draw cannot be drawn again: a run that uses them cannot be repeated from a seed."
        return ""
