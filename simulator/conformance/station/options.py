"""What the suite for stations at a CSMS can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from pncsim.simulator.parameters import AtTarget, Flag, Shown
from pncsim.wire.errors import LocalError


class StationAtCsms(Struct, frozen=True, kw_only=True):
    """What somebody's station knows the tester by, and what can be done at it; the defaults are what ours has.

    ``wait``: for the station to connect, in each case. ``silence``: how long it may take to give an answer up.
    """

    password: Annotated[Path | None, "file with the password the station comes with", Shown("FILE"), AtTarget()] = None
    pki: Annotated[
        Path | None, "PKI folder of the tester: its certificate for wss://, roots, contracts", Shown("DIR")
    ] = None
    wait: Annotated[float, "seconds the station may take to connect, in each case", Shown("SECONDS"), AtTarget()] = (
        120.0
    )
    silence: Annotated[float, "seconds after which the station gives an answer up", Shown("SECONDS"), AtTarget()] = 60.0
    card: Annotated[str, "card the tester accepts, shown at the station's reader", Shown("UID")] = "04A2B3C4D5E680"
    other_card: Annotated[str, "another card", Shown("UID")] = "04FFFFFFFFFF80"
    log_location: Annotated[str, "address to which the station may upload its logs", Shown("URL"), AtTarget()] = ""
    cp_command: Annotated[
        str | None,
        "does what a person would do at the station: run with A, B, C (the pilot) or card UID behind it",
        Shown("COMMAND"),
        AtTarget(),
    ] = None
    manual: Annotated[bool, "ask a person to plug in, show a card and the like", Flag("--manual"), AtTarget()] = False

    @property
    def secret(self) -> str | None:
        """What is in the file of the password. Raises LocalError."""
        if self.password is None:
            return None
        try:
            return self.password.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LocalError(f"The password in {self.password} cannot be read: {error}.") from error


class ListeningAt(Struct, frozen=True):
    """Where the tester waits for which station."""

    host: str
    port: int
    path: str
    identity: str
    secured: bool


def listening_at(target: str) -> ListeningAt:
    """What ``ws(s)://ADDRESS:PORT/PATH/ID`` says. Raises LocalError for what does not say it."""
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    path, _, identity = parts.path.rpartition("/")
    known = parts.scheme in ("ws", "wss") and parts.hostname and port and "@" not in parts.netloc
    if not known or not 1 <= len(unquote(identity)) <= 48:
        raise LocalError(
            f"The tester cannot wait at {target!a} for a station.",
            advice="Say ws(s)://ADDRESS:PORT/PATH/ID: an address of this machine (0.0.0.0 is all), and the station's"
            " identity.",
        )
    assert parts.hostname is not None and port is not None
    return ListeningAt(parts.hostname, port, path, unquote(identity), parts.scheme == "wss")
