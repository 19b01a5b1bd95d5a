"""The mobility operator (MO): subscriptions, contract certificates, and who may charge."""

from pncsim.backend.mo.service import MobilityOperator
from pncsim.backend.mo.store import SUBSCRIPTIONS, Subscription, SubscriptionState

__all__ = ["SUBSCRIPTIONS", "MobilityOperator", "Subscription", "SubscriptionState"]
