"""Whose link an event is of: a vehicle's own, or that of the EVSE the vehicle speaks with.

Before a SessionID is known nothing in an EVSE's events names the vehicle. What both ends have seen of the same octets
does: an answer that is nobody else's (to SDP, with the address of the station's port; a V2G message with a SessionID).
"""

from __future__ import annotations

from pncsim.wire.trace import Event, PilotChanged, SdpDatagram, V2gMessage

MOST = 10_000
"""Sessions that are remembered, the latest."""
UNPLUGGED = "A"
"""The control pilot while no vehicle is there (IEC 61851-1)."""


class VehicleLinks:
    """Learns from events, in order, who speaks with whom. Vehicles and EVSEs are named by their units."""

    def __init__(self) -> None:
        self._at: dict[str, str] = {}
        self._sessions: dict[str, str] = {}

    def see(self, event: Event, said_by: str = "") -> str:
        """The vehicle whose link ``event`` is of, "" where nobody knows; ``said_by``: the unit that had sent what it
        received, where that was seen to be sent."""
        if event.role == "EV":
            vehicle = event.unit
            if said_by and isinstance(event, SdpDatagram | V2gMessage) and self._nobody_elses(event):
                self._at[said_by] = vehicle
        elif event.role == "SECC":
            if isinstance(event, PilotChanged) and event.state == UNPLUGGED:
                return self._at.pop(event.unit, "")
            if isinstance(event, SdpDatagram) and said_by:
                # Others may have asked in the same words; the answer will tell.
                self._at[event.unit] = said_by
            vehicle = self._sessions.get(event.session) or self._at.get(event.unit, "")
        else:
            return self._sessions.get(event.session, "") if event.session else ""
        if event.session and vehicle and self._sessions.get(event.session) != vehicle:
            self._sessions[event.session] = vehicle
            if len(self._sessions) > MOST:
                del self._sessions[next(iter(self._sessions))]
        return vehicle

    @staticmethod
    def _nobody_elses(event: SdpDatagram | V2gMessage) -> bool:
        """Whether no other vehicle can have received the same."""
        return isinstance(event, SdpDatagram) or (
            event.name.endswith("Res") and event.name != "supportedAppProtocolRes"
        )
