"""What a vehicle remembers of a session in ISO 15118-2 besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from pncsim.ev.iso2.schedule import OfferedSchedule
from pncsim.ev.session import VehicleSession
from pncsim.ev.session_memory import PausedSession

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.wire.v2g import iso2


class Iso2VehicleSession(VehicleSession):
    """One session in ISO 15118-2: services, payment, schedules and the charging loop."""

    resuming: PausedSession | None = None

    payment: str = ""
    contract: Contract | None = None
    action: str = ""
    parameter_sets: dict[str, int] = field(default_factory=dict)
    discovery: iso2.ServiceDiscoveryRes | None = None

    mode: str = ""
    schedules: tuple[OfferedSchedule, ...] = ()
    schedule: OfferedSchedule | None = None
    ac_voltage: float = 0.0
    ac_current: float = 0.0
    dc_limits: tuple[float, float, float] = (0.0, 0.0, 0.0)

    progress: str = ""
    renegotiate: bool = False
    in_vain: int = 0
    energy_then: float = 0.0
    weldings: int = 0
    pausing: bool = False
    first_reading: int | None = None

    @property
    def is_dc(self) -> bool:
        """Whether the chosen energy transfer mode is a DC one."""
        return self.mode.startswith("DC")
