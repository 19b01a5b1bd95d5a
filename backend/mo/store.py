"""What a mobility operator keeps about its drivers' contracts. Contract keys are not among it."""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store.tables import KeptKind


class SubscriptionState(StrEnum):
    """What the operator has decided about a contract; expiry is not a decision but follows from ``ends``."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class Subscription(Struct, frozen=True, kw_only=True):
    """One driver's contract with ``operator`` (country and provider id).

    ``certificate`` is the newest issued for it, ``ends`` the contract's end (lab seconds since the epoch). ``pcid`` is
    None for a contract that came with its certificate and is not bound to a vehicle known here.
    """

    operator: str
    emaid: str
    driver: str
    pcid: str | None
    certificate: x509.Certificate
    ends: float
    state: SubscriptionState = SubscriptionState.ACTIVE


def subscription_key(operator: str, emaid: str) -> str:
    """Under what ``operator`` keeps its subscription ``emaid``."""
    return f"{operator}/{emaid}"


SUBSCRIPTIONS: KeptKind[Subscription] = KeptKind(
    "subscriptions",
    Subscription,
    key=lambda subscription: subscription_key(subscription.operator, subscription.emaid),
    indexes={"operator": lambda subscription: subscription.operator},
)
