"""What a contract is worth now: what an operator answers who asks whether it may charge (CSO-2)."""

from __future__ import annotations

from pncsim.backend.answers import TokenStatus
from pncsim.backend.mo.store import Subscription, SubscriptionState


def standing(emaid: str, contract: Subscription | None, now: float) -> TokenStatus:
    """Whether ``contract``, called ``emaid`` in normal form, may charge at ``now`` (lab seconds since the epoch)."""
    if contract is None:
        return TokenStatus("Unknown", f"The operator has no contract {emaid}.")
    if contract.state is SubscriptionState.CANCELLED:
        return TokenStatus("Invalid", f"The contract {emaid} was cancelled.")
    if contract.state is SubscriptionState.BLOCKED:
        return TokenStatus("Blocked", f"The contract {emaid} is blocked.")
    if not contract.may_charge(now):
        return TokenStatus("Expired", f"The contract {emaid} has ended.")
    return TokenStatus("Accepted", f"{contract.driver} may charge with {emaid}.")
