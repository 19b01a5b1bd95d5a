"""What goes round in a conversation: names that are told once, with a count, while nothing else comes between."""

from __future__ import annotations

from collections import deque

from pncsim.wire.ocpp.frames import Call
from pncsim.wire.trace import OcppFrame

POLLED = frozenset(
    {
        "Authorization",
        "CableCheck",
        "ChargeParameterDiscovery",
        "ChargingStatus",
        "CurrentDemand",
        "MeteringReceipt",
        "PreCharge",
        "WeldingDetection",
        # ISO 15118-20
        "AC_ChargeLoop",
        "DC_CableCheck",
        "DC_ChargeLoop",
        "DC_PreCharge",
        "DC_WeldingDetection",
        "MeteringConfirmation",
        "ScheduleExchange",
        # OCPP
        "Heartbeat",
        "MeterValues",
        "NotifyEvent",
        "TransactionEvent Updated",
    }
)
"""Pairs of messages that come again and again; others are told each by itself, however often they come."""

WINDOW = 4
"""Rows of one conversation a repetition may go back: two pairs, as in ChargingStatus and MeteringReceipt in turn."""


def stem(name: str) -> str:
    """A V2G message's pair: its name without Req or Res."""
    return name[:-3] if name.endswith(("Req", "Res")) else name


def frame_name(event: OcppFrame) -> str:
    """How a frame is called in a row: its action, of a TransactionEvent with what happened."""
    if event.action == "TransactionEvent" and isinstance(content := event.content, Call):
        told = content.payload.get("eventType") if isinstance(content.payload, dict) else None
        return f"{event.action} {told}" if isinstance(told, str) else event.action
    return event.action


class Rounds:
    """The last rows of each conversation, to see what repeats one of them."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[tuple[str, int]]] = {}

    def again(self, conversation: str, pair: str, name: str) -> int | None:
        """The row that ``name`` of ``pair`` repeats, if it does."""
        if pair not in POLLED:
            return None
        return next((row for told, row in self._recent.get(conversation, ()) if told == name), None)

    def told(self, conversation: str, name: str, row: int) -> None:
        """A row of its own was made for ``name``."""
        recent = self._recent.get(conversation)
        if recent is None:
            recent = self._recent[conversation] = deque(maxlen=WINDOW)
        recent.append((name, row))
