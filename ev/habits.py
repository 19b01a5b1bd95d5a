"""How a kind of vehicle speaks where the standard leaves a choice, and which liberties it takes: plain data.

Nothing here says what the driver wants; that is :class:`ev.config.VehicleConfig`. Requests and their members are called
as in the catalogue of the dialect; a dialect that has no such request leaves the habit aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field


class Offer(Struct, frozen=True, array_like=True):
    """One entry of SupportedAppProtocolReq: what the protocol is called, how the vehicle numbers and ranks it."""

    namespace: str
    major: int
    minor: int
    schema_id: int
    priority: int


class FirstPreCharge(Struct, frozen=True, forbid_unknown_fields=True):
    """What the very first pre-charge asks for, in V and A, where it is not what the others ask for."""

    volts: float
    amperes: float


class ProfilePoint(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the charging profile: from ``start`` (s) on this ``share`` of the power allowed at first, or so many
    ``watts`` whatever is allowed; ``phases`` in use, if it says so."""

    start: int = 0
    share: float = 1.0
    watts: float | None = None
    phases: int | None = None


class Habits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a vehicle of this kind does otherwise than one without habits.

    ``offers``: in the order they are written; empty: what is spoken here. ``first_session``: the SessionID of the
    first request, hex. ``think``: seconds from a response to the next request, outside the charging loop. ``says``:
    request -> members with the values this vehicle gives them, whatever it is about to say; a table goes into the
    part of that name. What ServiceDiscovery is said to look for holds for one that pays at the station: whoever pays
    by contract needs to see all services. ``leaves_out``: request -> members it does not send, a dotted name being
    one of a part. ``exponents``: request or part (``*``: any request) -> unit -> the multiplier its quantities are
    written with.

    ``ready_early``, ``ready_late``: whether EVReady is said before the cable check, and after the charge.
    ``says_complete``: whether ChargingComplete is ever said. ``pre_charges``, ``weldings``: at least so many of these
    requests; 0 weldings: it never looks. ``pre_charge_amperes``: its target current. ``profile``: the charging
    profile it announces, by current; empty: it sends none; where none is named it follows the schedule.
    ``profile_at_stop``: the profile is sent again with the stop. ``minutes``: times that remain are in minutes.
    ``stops_late``: the loop goes round once more after the station has asked to stop. ``pauses``: the currents that
    end with a pause. ``leaves_at_once``: out of the AC loop it goes by SessionStop, without PowerDelivery.
    """

    offers: tuple[Offer, ...] = ()
    first_session: str = "00" * 8
    think: float = 0.0
    says: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    leaves_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exponents: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ready_early: bool = False
    ready_late: bool = False
    says_complete: bool = False
    pre_charges: int = 1
    pre_charge_amperes: float = 2.0
    first_pre_charge: FirstPreCharge | None = None
    weldings: int = 1
    profile: Mapping[Literal["ac", "dc"], tuple[ProfilePoint, ...]] = field(default_factory=dict)
    profile_at_stop: bool = False
    minutes: bool = False
    stops_late: bool = False
    pauses: tuple[Literal["ac", "dc"], ...] = ()
    leaves_at_once: bool = False
