"""What the EVCC engine tells its vehicle; no answer is expected."""

from __future__ import annotations

from msgspec import Struct


class Switch(Struct, frozen=True):
    """The vehicle's switch on the control pilot: closed, it is ready for energy (state C); open, it is not (B).

    Told before the request it belongs to: PowerDeliveryReq(Start) of AC (V2G2-847), CableCheckReq, and
    PowerDeliveryReq(Stop) (V2G2-848).
    """

    closed: bool
