"""The mobility operators of an ecosystem behind one door: who is asked about a contract follows from its EMAID."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.backend.answers import TokenStatus
from pncsim.backend.mo.store import SUBSCRIPTIONS, subscription_key
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Store
from pncsim.wire.errors import LocalError
from pncsim.wire.identifiers import emaid_provider, normal_emaid

if TYPE_CHECKING:
    from pncsim.backend.bundle import SignedContractData
    from pncsim.backend.mo.service import MobilityOperator


class Operators:
    """Operators by country and provider id. A CSMS asks here who may charge, a contract pool who renews.

    An operator that has not been added yet, and of which ``store`` keeps the contract that is asked about, is made by
    ``make``: an earlier process had it.
    """

    def __init__(self, store: Store, make: Callable[[str], MobilityOperator]) -> None:
        self._store, self._make = store, make
        self._operators: dict[str, MobilityOperator] = {}

    def add(self, operator: MobilityOperator) -> None:
        """Ask ``operator`` about its contracts from now on. Raises LocalError where its provider id is taken."""
        if operator.provider in self._operators:
            raise LocalError(f"There is a mobility operator {operator.provider} already.")
        self._operators[operator.provider] = operator

    def leave(self, provider: str) -> None:
        """Ask the operator no more; one of its contracts has it made anew (``make``)."""
        self._operators.pop(normal_emaid(provider), None)

    def find(self, provider: str) -> MobilityOperator | None:
        """The operator of a provider id, in any spelling."""
        return self._operators.get(normal_emaid(provider))

    async def authorize(self, emaid: str) -> TokenStatus:
        """As the contract's operator says."""
        operator = await self._of(emaid)
        if operator is None:
            return TokenStatus("Unknown", f"No mobility operator here has the provider id {emaid_provider(emaid)}.")
        return await operator.authorize(emaid)

    async def renew(self, emaid: str, previous: x509.Certificate, *, roots: Sequence[str] = ()) -> SignedContractData:
        """As :meth:`MobilityOperator.renew` of the contract's operator."""
        operator = await self._of(emaid)
        if operator is None:
            raise Refused(
                "This pool has no mobility operator to ask for a new contract.",
                clause="V2G2-696",
                http_status=404,
                kind="no contract",
            )
        return await operator.renew(emaid, previous, roots=roots)

    async def _of(self, emaid: str) -> MobilityOperator | None:
        provider = emaid_provider(emaid)
        operator = self._operators.get(provider)
        if operator is None and await self._store.of(SUBSCRIPTIONS).get(
            subscription_key(provider, normal_emaid(emaid))
        ):
            operator = self._make(provider)
        return operator
