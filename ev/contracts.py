"""The vehicle's contracts: several may be held, one is the default, and each arrives whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.values import Discreet

DISPUTED = "FAILED_CertificateExpired"
"""A refusal by which another one is wanted, but this one may do elsewhere: whose clock is right is open."""


class Contract(Discreet, Struct, frozen=True):
    """A contract certificate with its chain and key, and the EMAID it stands for (14 or 15 characters, no hyphens).

    ``renew`` says that a station announced its end (OK_CertificateExpiresSoon, V2G2-690), whatever our clock says;
    ``refused`` is the ResponseCode with which a station or its back end said that it counts no more, empty if none did.
    """

    _hidden = ("credentials",)

    emaid: str
    credentials: Credentials
    renew: bool = False
    refused: str = ""

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

    def flaw(self, now: float) -> str:
        """Why it does not pay at ``now``, as a clause with date and clock; empty if nothing speaks against it."""
        if now > self.not_after:
            return f"contract {self.emaid} ended at {_shown(self.not_after)}; the vehicle's clock says {_shown(now)}"
        if now < self.not_before:
            return f"contract {self.emaid} begins at {_shown(self.not_before)}; the vehicle's clock says {_shown(now)}"
        if self.refused and self.refused != DISPUTED:
            return f"contract {self.emaid} was refused earlier with {self.refused}"
        return ""

    def validity(self, now: float) -> str:
        """From when to when it counts, and the vehicle's clock to compare with."""
        period = f"{_shown(self.not_before)} to {_shown(self.not_after)}"
        return f"contract {self.emaid} counts from {period}; the vehicle's clock says {_shown(now)}"


class Held(Discreet, Struct, frozen=True):
    """The contracts held, by EMAID in the order they arrived, and which of them is the default."""

    _hidden = ("contracts",)

    contracts: Mapping[str, Contract] = {}
    default: str | None = None


class ContractKeeper(Protocol):
    """Keeps contracts where they outlive the vehicle; others may keep theirs in the same place."""

    def change(self, change: Callable[[Held], Held]) -> Held:
        """Apply ``change`` to what is kept *now*, make the result durable in one step, return it.

        Raises LocalError, and leaves what is kept as it was, when that cannot be done.
        """


class ContractStore:
    """Contracts by EMAID. With a ``keeper`` every change is durable before it is visible here.

    What others have kept in the same place meanwhile is then seen with the next change.
    """

    def __init__(
        self, contracts: Iterable[Contract] = (), *, default: str | None = None, keeper: ContractKeeper | None = None
    ) -> None:
        held = {contract.emaid: contract for contract in contracts}
        self._held = Held(held, default if default is not None else next(iter(held), None))
        self._keeper = keeper

    @property
    def default(self) -> Contract | None:
        """The contract used when the driver names none."""
        return self._held.contracts.get(self._held.default) if self._held.default is not None else None

    @property
    def all(self) -> tuple[Contract, ...]:
        """Every contract held, in the order they arrived."""
        return tuple(self._held.contracts.values())

    def get(self, emaid: str) -> Contract | None:
        """The contract of this EMAID, if held."""
        return self._held.contracts.get(emaid)

    def choose(self, emaid: str | None = None) -> Contract | None:
        """The contract of ``emaid``, or the default when None."""
        return self.default if emaid is None else self.get(emaid)

    def install(self, contract: Contract, *, default: bool = True) -> None:
        """Keep ``contract``, replacing one of the same EMAID. Raises LocalError and changes nothing if it cannot."""

        def install(held: Held) -> Held:
            contracts = {**held.contracts, contract.emaid: contract}
            return Held(contracts, contract.emaid if default or held.default is None else held.default)

        self._change(install)

    def note(self, contract: Contract, learn: Callable[[Contract], Contract]) -> None:
        """Keep what is known anew of a contract that is held: ``learn`` changes it as it is kept by now.

        Changes nothing if its certificate has been replaced meanwhile, or if it cannot: that raises LocalError.
        """

        def note(held: Held) -> Held:
            kept = held.contracts.get(contract.emaid)
            if kept is None or kept.credentials.leaf != contract.credentials.leaf:
                return held
            return Held({**held.contracts, contract.emaid: learn(kept)}, held.default)

        self._change(note)

    def remove(self, emaid: str) -> None:
        """Forget the contract of ``emaid``; the oldest remaining one becomes the default if it was."""

        def remove(held: Held) -> Held:
            contracts = {name: contract for name, contract in held.contracts.items() if name != emaid}
            return Held(contracts, held.default if held.default in contracts else next(iter(contracts), None))

        self._change(remove)

    def prefer(self, emaid: str) -> None:
        """Make the contract of ``emaid`` the default, and no other one (EV-7). Raises LocalError if it is not held."""

        def prefer(held: Held) -> Held:
            if emaid not in held.contracts:
                raise LocalError(f"The vehicle holds no contract {emaid}.", clause="EV-7")
            return Held(held.contracts, emaid)

        self._change(prefer)

    def _change(self, change: Callable[[Held], Held]) -> None:
        self._held = change(self._held) if self._keeper is None else self._keeper.change(change)


def _shown(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
