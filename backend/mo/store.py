"""What a mobility operator keeps about its drivers' contracts. Contract keys are not among it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from cryptography import x509
from msgspec import Struct

from pncsim.backend.pcp.store import vehicle_key
from pncsim.backend.store.tables import KeptKind

VehicleNow = Literal["there", "new key", "gone", "reset"]
"""What became of a contract's vehicle: as it was, published with another key, not published any more, or reset."""


class SubscriptionState(StrEnum):
    """What the operator has decided about a contract; expiry is not a decision but follows from its times."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class Subscription(Struct, frozen=True, kw_only=True):
    """One driver's contract with ``operator`` (country and provider id). Times are lab seconds since the epoch.

    ``certificate`` is the newest issued for it, which ends at ``ends``; ``earlier`` are those it superseded and that
    have not expired. ``until`` is the end that was agreed on, None if there is none. ``pcid`` is None for a contract
    that came with its certificate and is not bound to a vehicle known here. ``renews``: the driver wants a new
    certificate before the old one ends (MO-4). ``by_service``: its certificates come from the contract service.
    ``cleared``: once it was cancelled, nothing of
    it is left in the contract pool.
    """

    operator: str
    emaid: str
    driver: str
    pcid: str | None
    certificate: x509.Certificate
    ends: float
    state: SubscriptionState = SubscriptionState.ACTIVE
    earlier: tuple[x509.Certificate, ...] = ()
    until: float | None = None
    renews: bool = False
    by_service: bool = False
    vehicle_now: VehicleNow = "there"
    cleared: bool = False

    def over(self, now: float) -> bool:
        """Whether the end that was agreed on has come."""
        return self.until is not None and self.until <= now

    def may_charge(self, now: float) -> bool:
        """Whether it may charge now."""
        return self.state is SubscriptionState.ACTIVE and now <= self.ends and not self.over(now)


def subscription_key(operator: str, emaid: str) -> str:
    """Under what ``operator`` keeps its subscription ``emaid``."""
    return f"{operator}/{emaid}"


def driver_key(operator: str, driver: str) -> str:
    """By what the contracts of, and notices to, one of an operator's drivers are found."""
    return f"{operator}/{driver}"


SUBSCRIPTIONS: KeptKind[Subscription] = KeptKind(
    "subscriptions",
    Subscription,
    key=lambda subscription: subscription_key(subscription.operator, subscription.emaid),
    indexes={
        "operator": lambda subscription: subscription.operator,
        "driver": lambda subscription: driver_key(subscription.operator, subscription.driver),
        "vehicle": lambda subscription: vehicle_key(subscription.pcid or ""),
    },
)

NoticeSubject = Literal[
    "concluded",
    "renewed",
    "renewal failed",
    "ends soon",
    "ended",
    "vehicle key changed",
    "vehicle gone",
    "vehicle reset",
]


class DriverNotice(Struct, frozen=True, kw_only=True):
    """What a driver was told of a contract, and when (lab seconds since the epoch)."""

    operator: str
    driver: str
    emaid: str
    time: float
    subject: NoticeSubject
    text: str


NOTICES: KeptKind[DriverNotice] = KeptKind(
    "notices",
    DriverNotice,
    # The same thing told again is the same notice.
    key=lambda notice: f"{driver_key(notice.operator, notice.driver)}/{notice.time!r}/{notice.emaid}/{notice.subject}",
    indexes={"driver": lambda notice: driver_key(notice.operator, notice.driver)},
)
