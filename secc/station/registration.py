"""Registration at the CSMS as a printed table (use cases B01 to B03, and reconnecting)."""

from __future__ import annotations

from typing import Literal

Registration = Literal["Offline", "Booting", "Waiting", "Pending", "Rejected", "Accepted", "Away"]
Happening = Literal["connected", "closed", "accepted", "pending", "rejected", "unanswered", "due", "reset"]

TABLE: dict[Registration, dict[Happening, Registration]] = {
    "Offline": {"connected": "Booting", "closed": "Offline", "reset": "Offline"},
    "Booting": {
        "accepted": "Accepted",  # B01
        "pending": "Pending",  # B02
        "rejected": "Rejected",  # B03
        "unanswered": "Waiting",
        "closed": "Offline",
    },
    "Waiting": {"due": "Booting", "closed": "Offline", "reset": "Offline"},
    "Pending": {"due": "Booting", "closed": "Offline", "reset": "Offline"},
    "Rejected": {"due": "Booting", "closed": "Offline", "reset": "Offline"},
    "Accepted": {"closed": "Away", "reset": "Offline"},
    "Away": {"connected": "Accepted", "closed": "Away", "reset": "Offline"},  # no BootNotification after reconnecting
}
"""state x what happened -> next state. ``due``: the interval is over, or the CSMS triggered a BootNotification."""

MEANING: dict[Registration, str] = {
    "Offline": "not registered, no connection",
    "Booting": "BootNotification sent",
    "Waiting": "BootNotification was not answered; another follows",
    "Pending": "the CSMS wants to configure first; only triggered messages are sent",
    "Rejected": "silent until the interval is over",
    "Accepted": "registered and online",
    "Away": "registered, connection lost",
}


def follow(state: Registration, happening: Happening) -> Registration:
    """The state after ``happening``; what the table does not list changes nothing."""
    return TABLE[state].get(happening, state)
