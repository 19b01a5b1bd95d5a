"""What a person sees of a lab that is played by hand: one panel for each vehicle and each EVSE. Plain data."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pncsim.secc.display import Lamp

NAME = "by-hand"
"""What a run that is played by hand is called, where others have the name of their scenario."""

Whereabouts = Literal["in the vehicle", "waits for approval", "in the pool"]


class ContractSeen(Struct, frozen=True, kw_only=True):
    """A contract: its EMAID, where it is, whether it is the default, when it ends (lab seconds), who issued it."""

    emaid: str
    where: Whereabouts
    default: bool = False
    ends: float | None = None
    issuer: str = ""


class VehicleSeen(Struct, frozen=True, kw_only=True):
    """A vehicle. ``ours`` False: somebody else's, of which only the plug is seen.

    ``at``: where it is or would be plugged in; ``doing``: what it does, in words; ``in_session``: it speaks with the
    station. ``wish_wh``: energy wanted, None for as much as the battery takes. ``contracts`` are told while its driver
    has given the PIN (``open``). ``asks``: the contract whose installation waits for the driver's word; without the PIN
    no more than its operator is said. ``notices``: what the vehicle tells its driver, the newest last.
    """

    name: str
    ours: bool = True
    at: str = ""
    plugged: bool = False
    in_session: bool = False
    doing: str = ""
    soc: float = 0.0
    watts: float = 0.0
    energy_wh: float = 0.0
    wish_wh: float | None = None
    current: str = "ac"
    car: str = ""
    plug_and_charge: bool = True
    installs: str = "if-needed"
    asks_first: bool = True
    asks: str = ""
    telematics: bool = False
    open: bool = False
    contracts: tuple[ContractSeen, ...] = ()
    notices: tuple[str, ...] = ()


class StationSeen(Struct, frozen=True, kw_only=True):
    """An EVSE as who stands before it sees it. ``ours`` False: somebody else's, nothing is seen of it.

    ``pilot``: the state of the control pilot, empty where no wire leads to the vehicle (somebody else's).
    """

    place: str
    ours: bool = True
    lamp: Lamp = "free"
    text: str = ""
    pilot: str = ""
    vehicle: str = ""
    emergency: bool = False
    online: bool = True


class HandSeen(Struct, frozen=True, kw_only=True):
    """All of them. ``lapse``: what lasts is leapt over instead of waited for."""

    vehicles: tuple[VehicleSeen, ...] = ()
    stations: tuple[StationSeen, ...] = ()
    lapse: bool = False
