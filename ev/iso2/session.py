"""What a vehicle remembers of a session in ISO 15118-2 besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from pncsim.ev.iso2.schedule import OfferedSchedule
from pncsim.ev.session import VehicleSession
from pncsim.ev.session_memory import PausedSession
from pncsim.wire.v2g import iso2

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract


SHOWING = ("PaymentDetailsRes", "AuthorizationRes", "CertificateUpdateRes")
"""Responses to requests in which the vehicle shows its contract or proves to have its key."""
NO_MORE = ("FAILED_CertificateRevoked", "FAILED_ContractCanceled", "FAILED_CertificateExpired")
"""Codes with which they say that another contract is needed."""


class Iso2VehicleSession(VehicleSession):
    """One session in ISO 15118-2: services, payment, schedules and the charging loop.

    ``phases`` are those both the energy transfer mode and the on-board charger have; ``renewal_at`` is the lab time at
    which to ask for another schedule, None if the one chosen lasts.
    """

    resuming: PausedSession | None = None

    payment: str = ""
    contract: Contract | None = None
    action: str = ""
    parameter_sets: dict[str, int] = field(default_factory=dict)
    discovery: iso2.ServiceDiscoveryRes | None = None

    mode: str = ""
    is_dc: bool = False
    phases: int = 1
    schedules: tuple[OfferedSchedule, ...] = ()
    schedule: OfferedSchedule | None = None
    renewal_at: float | None = None
    ac_voltage: float = 0.0
    ac_current: float = 0.0
    dc_limits: tuple[float, float, float] = (0.0, 0.0, 0.0)

    progress: str = ""
    renegotiate: bool = False
    in_vain: int = 0
    energy_then: float = 0.0
    weldings: int = 0
    first_reading: int | None = None

    def refused(self, response: str, code: str) -> None:
        """As :class:`VehicleSession`: a contract that counts no more is remembered as such, and one whose time is
        disputed is told with its dates."""
        if self.contract is None or response not in SHOWING or code not in NO_MORE:
            return
        self.outcome.emaid, self.outcome.contract_refused = self.contract.emaid, code
        if code == "FAILED_CertificateExpired":
            self.voice.story(f"The vehicle's {self.contract.validity(self.talk.now)}.")

    def take_mode(self, mode: str) -> None:
        """Energy is to flow in this mode."""
        self.mode, self.is_dc = mode, mode.startswith("DC")
        possible = 3 if mode == iso2.EnergyTransferModeType.AC_three_phase_core else 1
        self.phases = min(possible, self.vehicle.config.ac.phases)
