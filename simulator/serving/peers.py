"""The pools of other operators that served ones ask (``--peers FILE``)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pncsim.backend.ccp.peer import Peer
from pncsim.wire.errors import LocalError


def read_peers(file: Path) -> tuple[Peer, ...]:
    """The peers in a JSON list. Raises LocalError for a file that holds none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Peer, ...])
    except OSError as error:
        raise LocalError(f"The peers in {file} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise LocalError(
            f"The file of peers {file} is not what it should be: {error}.",
            advice='Give a list of {"name", "ccp", "token", "client_id", "client_secret"}.',
        ) from error
