"""What a vehicle remembers of a paused session so that it can join it again (V2G2-739 to -743)."""

from __future__ import annotations

from msgspec import Struct


class PausedSession(Struct, frozen=True, kw_only=True):
    """A session the station agreed to pause. Times in lab seconds since the epoch, energy in Wh."""

    session_id: bytes
    paused_at: float
    payment: str
    emaid: str
    energy_mode: str
    schedule_tuple: int
    departure_at: float | None
    energy_left: float | None


class SessionMemory(Struct):
    """Holds at most one paused session; it survives the connection, not the vehicle's program."""

    paused: PausedSession | None = None
