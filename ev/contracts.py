"""The vehicle's contracts: several may be held, one is the default, and each arrives whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from pncsim.wire.credentials import Credentials
from pncsim.wire.values import Discreet


class Contract(Discreet, Struct, frozen=True):
    """A contract certificate with its chain and key, and the EMAID it stands for (14 or 15 characters, no hyphens).

    ``renew`` says that a station announced its end (OK_CertificateExpiresSoon, V2G2-690), whatever our clock says.
    """

    _hidden = ("credentials",)

    emaid: str
    credentials: Credentials
    renew: bool = False

    @property
    def not_before(self) -> float:
        """Start of validity, lab seconds since the epoch."""
        return self.credentials.leaf.not_valid_before_utc.timestamp()

    @property
    def not_after(self) -> float:
        """End of validity, lab seconds since the epoch."""
        return self.credentials.leaf.not_valid_after_utc.timestamp()

    def usable(self, now: float) -> bool:
        """Whether ``now`` lies within the leaf's validity."""
        return self.not_before <= now <= self.not_after


class ContractWriter(Protocol):
    """Makes a set of contracts durable in one step; raises LocalError and leaves the old set when it cannot."""

    def write(self, contracts: tuple[Contract, ...], default: str | None) -> None:
        """Replace what was kept before by ``contracts``."""


class ContractStore:
    """Contracts by EMAID. With a ``writer`` every change is durable before it is visible here."""

    def __init__(
        self, contracts: Iterable[Contract] = (), *, default: str | None = None, writer: ContractWriter | None = None
    ) -> None:
        self._contracts = {contract.emaid: contract for contract in contracts}
        self._default = default if default is not None else next(iter(self._contracts), None)
        self._writer = writer

    @property
    def default(self) -> Contract | None:
        """The contract used when the driver names none."""
        return self._contracts.get(self._default) if self._default is not None else None

    @property
    def all(self) -> tuple[Contract, ...]:
        """Every contract held, in the order they arrived."""
        return tuple(self._contracts.values())

    def get(self, emaid: str) -> Contract | None:
        """The contract of this EMAID, if held."""
        return self._contracts.get(emaid)

    def choose(self, emaid: str | None = None) -> Contract | None:
        """The contract of ``emaid``, or the default when None."""
        return self.default if emaid is None else self.get(emaid)

    def install(self, contract: Contract, *, default: bool = True) -> None:
        """Keep ``contract``, replacing one of the same EMAID. Raises LocalError and changes nothing if it cannot."""
        contracts = {**self._contracts, contract.emaid: contract}
        self._replace(contracts, contract.emaid if default or self._default is None else self._default)

    def remove(self, emaid: str) -> None:
        """Forget the contract of ``emaid``; the oldest remaining one becomes the default if it was."""
        contracts = {name: contract for name, contract in self._contracts.items() if name != emaid}
        kept = self._default if self._default in contracts else next(iter(contracts), None)
        self._replace(contracts, kept)

    def _replace(self, contracts: dict[str, Contract], default: str | None) -> None:
        if self._writer is not None:
            self._writer.write(tuple(contracts.values()), default)
        self._contracts, self._default = contracts, default
