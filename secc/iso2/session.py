"""What a station remembers of a session in ISO 15118-2 besides, and the elements several of its responses carry."""

from __future__ import annotations

from collections.abc import Callable

from pncsim.secc.config import SeccConfig
from pncsim.secc.contract import CheckedContract
from pncsim.secc.iso2.schedules import Schedule
from pncsim.secc.power import EvsePower
from pncsim.secc.session import StationSession, Wishes
from pncsim.wire.session.responder import Responder
from pncsim.wire.v2g import iso2


class Iso2StationSession(StationSession):
    """One vehicle that speaks ISO 15118-2."""

    def __init__(
        self,
        talk: Responder,
        config: SeccConfig,
        power: EvsePower,
        tls: bool,
        random: Callable[[int], bytes],
        wishes: Wishes,
    ) -> None:
        super().__init__(talk, config, power, tls, random, wishes)
        # payment
        self.payment = ""
        self.is_contract = False
        """Plug & Charge was selected."""
        self.certificate_selected = False
        self.contract: CheckedContract | None = None
        self.challenge: bytes | None = None
        self.authorization: int | None = None
        self.ongoing_since: float | None = None
        # charging
        self.mode = ""
        self.is_dc = config.energy_modes[0].startswith("DC")
        """DC was requested; before the request, whether it is what the EVSE prefers."""
        self.phases = 1
        """Phases of the AC mode requested."""
        self.schedule: Schedule | None = None
        self.next_tuple_id = 1
        self.offered: tuple[Schedule, ...] = ()
        self.planning_until: float | None = None
        self.planning: int | None = None
        self.profile: tuple[tuple[int, float], ...] = ()
        # What the vehicle takes at most: volts and watts in DC (0 W says nothing), amperes in both, per phase in AC.
        self.most_volts = self.most_amperes = 0.0
        self.most_watts: float | None = None
        self.isolation_until: float | None = None
        self.isolation = iso2.IsolationLevelType.Invalid
        self.pre_charging_since: float | None = None
        self.loops = 0
        self.receipt_due = config.receipts.first
        self.receipt_sent: iso2.MeterInfoType | None = None

    def take_payment(self, option: iso2.PaymentOptionType) -> None:
        """The vehicle has selected how it pays."""
        self.payment, self.is_contract = option, option == iso2.PaymentOptionType.Contract

    def take_mode(self, mode: iso2.EnergyTransferModeType) -> None:
        """The vehicle has requested how energy is to flow."""
        self.mode, self.is_dc = mode, mode.startswith("DC")
        self.phases = 3 if mode == iso2.EnergyTransferModeType.AC_three_phase_core else 1

    @property
    def isolation_valid(self) -> bool:
        """The isolation was tested and is good enough for power to flow."""
        return self.isolation in (iso2.IsolationLevelType.Valid, iso2.IsolationLevelType.Warning)

    @property
    def fault(self) -> str:
        """Why no power may flow now; empty if it may."""
        if self.power.fault:
            return self.power.fault
        if self.is_dc:
            return "" if self.isolation_valid else "its isolation has not been tested"
        return "its residual current device has tripped" if self.config.ac.rcd else ""

    def ongoing_too_long(self, limit: float | None) -> bool:
        """Note that an Ongoing answer is about to be sent; True once the first is ``limit`` seconds ago (V2G2-712)."""
        if self.ongoing_since is None:
            self.ongoing_since = self.talk.now
        return limit is not None and self.talk.now - self.ongoing_since >= limit

    def notification(self, *, loop: bool) -> tuple[int, iso2.EVSENotificationType]:
        """NotificationMaxDelay and EVSENotification to send. ReNegotiation counts in the loop only (V2G2-680, -841)."""
        if self.wishes.stop_at is not None:
            left = self.wishes.stop_at + self.config.notification_delay - self.talk.now
            return max(0, int(left)), iso2.EVSENotificationType.StopCharging
        if loop and self.wishes.renegotiation:
            return self.config.notification_delay, iso2.EVSENotificationType.ReNegotiation
        return 0, iso2.EVSENotificationType.None_

    def ac_status(self, *, loop: bool = False) -> iso2.AC_EVSEStatusType:
        """The EVSE's status in AC messages."""
        delay, what = self.notification(loop=loop)
        return iso2.AC_EVSEStatusType(NotificationMaxDelay=delay, EVSENotification=what, RCD=self.config.ac.rcd)

    def dc_status(
        self,
        code: iso2.DC_EVSEStatusCodeType | None = None,
        *,
        loop: bool = False,
    ) -> iso2.DC_EVSEStatusType:
        """The EVSE's status in DC messages; by default what is so now."""
        delay, what = self.notification(loop=loop)
        codes, levels = iso2.DC_EVSEStatusCodeType, iso2.IsolationLevelType
        if code is None:
            if self.power.fault or self.isolation is levels.Fault:
                code = codes.EVSE_Malfunction
            elif self.wishes.stop_at is not None:
                code = codes.EVSE_Shutdown
            else:
                code = codes.EVSE_Ready if self.isolation_valid else codes.EVSE_NotReady
        return iso2.DC_EVSEStatusType(
            NotificationMaxDelay=delay,
            EVSENotification=what,
            EVSEIsolationStatus=self.isolation,
            EVSEStatusCode=code,
        )

    def meter_info(self) -> iso2.MeterInfoType:
        """The meter's own output (V2G2-902), in Wh."""
        now = self.talk.now
        return iso2.MeterInfoType(
            MeterID=self.power.meter_id,
            MeterReading=self.power.reading(now),
            TMeter=int(now) if self.config.has_clock else None,
        )
