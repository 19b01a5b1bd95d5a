"""Events for those who want to hear of them: subscriptions, and what is delivered to their endpoints (EVT-1 to -5)."""

from pncsim.backend.webhooks.outbox import Outbox
from pncsim.backend.webhooks.service import Webhooks
from pncsim.backend.webhooks.store import DELIVERIES, ENDPOINTS, Attempt, Delivery, DeliveryState, Endpoint

__all__ = [
    "DELIVERIES",
    "ENDPOINTS",
    "Attempt",
    "Delivery",
    "DeliveryState",
    "Endpoint",
    "Outbox",
    "Webhooks",
]
