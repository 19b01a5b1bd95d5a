"""The mobility operator (MO): subscriptions, contract certificates, and who may charge."""

from pncsim.backend.mo.service import MobilityOperator
from pncsim.backend.mo.store import NOTICES, SUBSCRIPTIONS, DriverNotice, Subscription, SubscriptionState

__all__ = ["NOTICES", "SUBSCRIPTIONS", "DriverNotice", "MobilityOperator", "Subscription", "SubscriptionState"]
