"""What a station keeps where no loss of power reaches: all it is after one, since memory and connections are gone.

What is connected, what is being asked and what a vehicle has shown is not in it; a transaction that was open ends once
the station stands again (:meth:`secc.station.transactions.TransactionBook.interrupted`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pncsim.secc.notices import ReceiptVerified
from pncsim.secc.station.variables import Key
from pncsim.tls_certs.keys import kept_ec_key, private_octets
from pncsim.tls_certs.reading import Unreadable, load
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.values import Discreet


class KeptTransaction(Struct, frozen=True, kw_only=True):
    """The open transaction of an EVSE, as far as its end needs it; see :class:`OpenTransaction`."""

    id: str
    seq: int
    connector: int
    token: dict[str, Any] | None
    evse_sent: bool
    began_metering: bool
    kept: list[Any]
    receipt: ReceiptVerified | None


class StationState(Discreet, Struct, frozen=True, kw_only=True):
    """Variables that were written, the CSMS's password, roots (use, DER), the V2G certificates with their keys (PKCS
    #8, DER), TransactionEvents nobody has confirmed, open transactions and meter readings (Wh) by EVSE,
    and what is known of tokens."""

    _hidden = ("password", "own")

    variables: list[tuple[Key, str]]
    password: str | None
    roots: list[tuple[str, bytes]]
    own: list[tuple[list[bytes], bytes]]
    waiting: list[Any]
    transactions: dict[int, KeptTransaction]
    meters: dict[int, int]
    tokens: list[tuple[tuple[str, str], tuple[str, float]]]

    def octets(self) -> bytes:
        """As it is kept."""
        return msgspec.json.encode(self)

    def credentials(self) -> list[Credentials]:
        """The V2G certificates and keys, in the order they came."""
        return [Credentials(tuple(map(load, chain)), kept_ec_key(key)) for chain, key in self.own]


def read_state(octets: bytes) -> StationState:
    """What :meth:`StationState.octets` has written. Raises LocalError for anything else."""
    try:
        state = msgspec.json.decode(octets, type=StationState)
        state.credentials()
    except (msgspec.MsgspecError, Unreadable, ValueError, TypeError) as error:
        raise LocalError(
            f"This is no state of a station: {str(error).rstrip('.')}.",
            advice="Name the file the station has written itself, or leave it away to begin anew.",
        ) from error
    return state


def own(credentials: Credentials) -> tuple[list[bytes], bytes]:
    """A chain and its key, as they are kept."""
    return list(credentials.chain_der), private_octets(credentials.key)
