"""One connection at an EVSE, and what became of it."""

from __future__ import annotations

from msgspec import Struct, field

from pncsim.secc import notices
from pncsim.wire.errors import LocalError, PncError

UNSERVED = "The station broke off without a reason."


class Visitor(Struct, eq=False, kw_only=True):
    """Whoever has connected, from ``peer``, over TLS or not.

    ``spoke_tls``: its TLS handshake failed, but it was one. ``vehicle``: its SupportedAppProtocolReq
    was answered, which nobody but a vehicle sends. ``set_up``: it has a session. ``charged``: energy could flow.
    ``state``: the state of the sequence table it reached. ``reason`` and ``error``: how it ended, the latter unless
    that was in order; who is told nothing of an end has met a defect.
    """

    peer: str
    tls: bool
    spoke_tls: bool = False
    vehicle: bool = False
    set_up: bool = False
    paused: bool = False
    charged: bool = False
    state: str = ""
    energy_wh: float = 0.0
    reason: str = UNSERVED
    error: PncError | None = field(default_factory=lambda: LocalError(UNSERVED, kind="defect"))

    @property
    def counts(self) -> bool:
        """It was a vehicle, or what became of it is our own fault."""
        return self.vehicle or self.spoke_tls or (self.error is not None and self.error.kind == "defect")

    def note(self, notice: object) -> None:
        """Keep what a notice of its engine says of it."""
        # By its type itself: isinstance is slow to say no to a struct, and most notices say nothing new.
        kind = type(notice)
        if kind is notices.ProtocolAnswered:
            self.vehicle = True
        elif kind is notices.SessionStarted:
            self.set_up = True
        elif kind is notices.ChargingStarted:
            self.charged = True
        elif type(notice) is notices.SessionEnded:
            self.paused = notice.kind == "paused"
            self.energy_wh, self.state = notice.energy_wh, notice.state
            self.left(notice.reason, LocalError(notice.reason) if notice.kind == "failed" else None)

    def left(self, reason: str, error: PncError | None = None) -> None:
        """It is gone, or was sent away."""
        self.reason, self.error = reason, error
