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


SHOWING = ("PaymentDetailsRes", "AuthorizationRes", "CertificateUpdateRes")
"""Responses to requests in which the vehicle shows its contract or proves to have its key."""
NO_MORE = ("FAILED_CertificateRevoked", "FAILED_ContractCanceled", "FAILED_CertificateExpired")
"""Codes with which they say that another contract is needed."""


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
    first_reading: int | None = None

    def refused(self, response: str, code: str) -> None:
        """As :class:`VehicleSession`: a contract that counts no more is remembered as such, and one whose time is
        disputed is told with its dates."""
        if self.contract is None or response not in SHOWING or code not in NO_MORE:
            return
        self.outcome.emaid, self.outcome.contract_refused = self.contract.emaid, code
        if code == "FAILED_CertificateExpired":
            self.voice.story(f"The vehicle's {self.contract.validity(self.talk.now)}.")

    @property
    def is_dc(self) -> bool:
        """Whether the chosen energy transfer mode is a DC one."""
        return self.mode.startswith("DC")
