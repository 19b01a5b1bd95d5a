"""What the SECC engine tells its station, in the order a session brings it up. No answer is expected.

The OCPP station turns these into TransactionEvents. Times are lab seconds since the epoch; energies are Wh.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class PluggedIn(Struct, frozen=True, kw_only=True):
    """A vehicle is plugged in (control pilot A to B); nothing is known about it yet. The EVSE says so, not its engine.

    ``register_wh`` is the meter's register, None if it is not known.
    """

    time: float
    connector: int = 1
    register_wh: int | None = None


class Unplugged(Struct, frozen=True, kw_only=True):
    """The vehicle is unplugged (control pilot A); whatever it was doing is over. The EVSE says so."""

    time: float
    register_wh: int | None = None


class ShuttingDown(Struct, frozen=True, kw_only=True):
    """The EVSE goes out of service: what is going on ends now, for this reason. The EVSE says so."""

    time: float


class ProtocolAnswered(Struct, frozen=True, kw_only=True):
    """SupportedAppProtocolReq was answered: whoever has connected is a vehicle. ``agreed``: on a protocol."""

    time: float
    agreed: bool


class SessionStarted(Struct, frozen=True, kw_only=True):
    """SessionSetup was answered; ``resumed``: a paused session was joined. ``evccid`` is the vehicle's MAC, hex."""

    time: float
    session_id: bytes
    evccid: str
    resumed: bool


class Authorized(Struct, frozen=True, kw_only=True):
    """The vehicle may charge. ``emaid`` under Contract, ``token`` under external payment; the other is empty."""

    time: float
    emaid: str = ""
    token: str = ""


class AuthorizationRefused(Struct, frozen=True, kw_only=True):
    """The vehicle may not charge; ``text`` says why."""

    time: float
    emaid: str = ""
    text: str = ""


class ChargingStarted(Struct, frozen=True, kw_only=True):
    """Energy may flow: contactor closed (AC) or output on (DC). ``resumed``: after a renegotiation or a pause."""

    time: float
    register_wh: int
    resumed: bool = False


class VehiclePlanned(Struct, frozen=True, kw_only=True):
    """The vehicle says how it will charge (ChargingProfile): (start in s from ``since``, watts) pairs, rising.

    ``schedule``: the schedule it has chosen, by the number its giver gave it, else by its SAScheduleTupleID.
    """

    time: float
    since: float
    schedule: int
    periods: tuple[tuple[int, float], ...]


class MeterSample(Struct, frozen=True, kw_only=True):
    """The meter now. ``energy_wh`` since the session began, ``register_wh`` the meter's own running register."""

    time: float
    watts: float
    energy_wh: float
    register_wh: int
    volts: float
    amperes: float
    soc: int | None = None


class ReceiptVerified(Struct, frozen=True, kw_only=True):
    """The vehicle signed what the meter said; ``exi`` is the signed MeteringReceiptReq as received."""

    time: float
    register_wh: int
    exi: bytes


class ChargingStopped(Struct, frozen=True, kw_only=True):
    """Energy no longer flows."""

    time: float
    energy_wh: float
    register_wh: int
    reason: str


EndKind = Literal["ended", "paused", "failed"]
StoppedBy = Literal["vehicle", "station", "silence"]


class SessionEnded(Struct, frozen=True, kw_only=True):
    """The last notice of every session.

    ``kind``: ``ended`` by SessionStop(Terminate), ``paused`` by SessionStop(Pause), ``failed`` otherwise; ``reason``
    is a sentence. ``stopped_by`` says who ended it: the ``vehicle`` (it stopped, or closed the connection), the
    ``station`` (it asked for the stop, refused a request or gave up), or nobody, for the vehicle's ``silence``.
    ``state``: the last state of the sequence table before the end.
    """

    time: float
    kind: EndKind
    reason: str
    energy_wh: float
    register_wh: int
    stopped_by: StoppedBy = "vehicle"
    state: str = ""


StationNotice = (
    PluggedIn
    | Unplugged
    | ShuttingDown
    | ProtocolAnswered
    | SessionStarted
    | Authorized
    | AuthorizationRefused
    | ChargingStarted
    | VehiclePlanned
    | MeterSample
    | ReceiptVerified
    | ChargingStopped
    | SessionEnded
)
