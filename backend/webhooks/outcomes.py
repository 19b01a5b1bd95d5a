"""What an attempt's answer means: delivered, tried again or given up, and what the operator is told (EVT-3, EVT-4)."""

from __future__ import annotations

from msgspec import Struct

from pncsim.backend.webhooks.store import DeliveryState
from pncsim.backend.webhooks.types import ACCEPTED, REJECTED, RETRYING, EventType

RETRIES = 3
"""Attempts after the first."""
INTERVAL = 3_600.0
"""Seconds of lab time between two attempts."""

_FINAL = (400, 409)
"""What ends the delivery of an event about a contract."""


class Outcome(Struct, frozen=True):
    """What becomes of a delivery, and the events that come of it."""

    state: DeliveryState
    follows: tuple[EventType, ...] = ()


def outcome_of(type: EventType, status: int | None, tries: int) -> Outcome:
    """What attempt number ``tries`` means, answered with ``status``; None: not answered at all.

    An event that is not about a contract of a manufacturer's is given up after any answer between 2xx and 5xx. One that
    is is tried again after these, too, and its operator hears of it.
    """
    about_contract = type in ACCEPTED
    if status is not None and 200 <= status < 300:
        return Outcome(DeliveryState.DELIVERED, (ACCEPTED[type],) if about_contract else ())
    rejected: tuple[EventType, ...] = (REJECTED,) if about_contract and status is not None else ()
    again = status is None or status >= 500 or (about_contract and status not in _FINAL)
    if not again or tries > RETRIES:
        return Outcome(DeliveryState.FAILED, rejected)
    return Outcome(DeliveryState.RETRY, (*rejected, RETRYING) if about_contract else ())
