"""The state of one charging session, as the handlers see it, and the few things a handler may do besides answering."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pncsim.secc import notices
from pncsim.secc.config import PausedSession, SeccConfig
from pncsim.secc.power import EvsePower
from pncsim.secc.questions import Question
from pncsim.secc.schedules import Schedule
from pncsim.wire import trace
from pncsim.wire.amounts import shown_energy
from pncsim.wire.session.outputs import Ask, Notice, Output
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

NO_SESSION = bytes(8)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A whole V2G_Message as the back end wrote it, to go out byte for byte: ``exi``, what it says, and its code."""

    exi: bytes
    root: iso2.V2G_Message
    code: iso2.ResponseCodeType


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's answer and the state it leads to. ``forwarded`` if the answer is not the station's own."""

    message: iso2.BodyElement
    state: State
    forwarded: Forwarded | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A handler yields this to be resumed with the answer to ``ask``, or with None once ``until`` has come."""

    until: float
    ask: int | None = None


Handling = Generator[Wait, object, Reply]
Handler = Callable[["Session", Any], Reply | Handling]


class Session:
    """Everything known about the vehicle that is connected. Handlers read and write it; the engine owns it."""

    __slots__ = (
        "answers",
        "ask_id",
        "authorization",
        "certificate_selected",
        "challenge",
        "charging",
        "config",
        "contract_chain",
        "contract_key",
        "contract_validated",
        "emaid",
        "evccid",
        "header",
        "id",
        "isolation_until",
        "isolation_valid",
        "joined",
        "loops",
        "max_watts",
        "mode",
        "next_tuple_id",
        "now",
        "ongoing_since",
        "out",
        "payload",
        "payment",
        "planning_until",
        "policy",
        "power",
        "profile",
        "random",
        "receipt_due",
        "receipt_sent",
        "renegotiation_wanted",
        "sampled_at",
        "schedule",
        "soc",
        "start_wh",
        "state",
        "stop_wanted_at",
        "tls",
        "was_charging",
    )

    def __init__(self, config: SeccConfig, power: EvsePower, tls: bool, random: Callable[[int], bytes]) -> None:
        self.config, self.power, self.tls, self.random = config, power, tls, random
        self.out: list[Output] = []
        self.now = 0.0
        self.state = State.CONNECTED
        self.header = iso2.MessageHeaderType(SessionID=NO_SESSION)
        self.payload = b""
        self.answers: dict[int, object] = {}
        self.ask_id = 0
        # who
        self.id = NO_SESSION
        self.evccid = ""
        self.joined: PausedSession | None = None
        # payment
        self.payment = ""
        self.certificate_selected = False
        self.emaid = ""
        self.contract_chain: tuple[bytes, ...] = ()
        self.contract_key: ec.EllipticCurvePublicKey | None = None
        self.contract_validated = False
        self.challenge: bytes | None = None
        self.authorization: int | None = None
        self.ongoing_since: float | None = None
        # charging
        self.mode = ""
        self.schedule: Schedule | None = None
        self.policy = config.schedule
        self.next_tuple_id = 1
        self.planning_until: float | None = None
        self.profile: tuple[tuple[int, float], ...] = ()
        self.max_watts = 0.0
        self.isolation_until: float | None = None
        self.isolation_valid = False
        self.charging = self.was_charging = False
        self.loops = 0
        self.receipt_due = config.receipts.first
        self.receipt_sent: iso2.MeterInfoType | None = None
        self.stop_wanted_at: float | None = None
        self.renegotiation_wanted = False
        self.sampled_at: float | None = None
        self.soc: int | None = None
        self.start_wh = 0.0

    # ---- saying things -------------------------------------------------------------------------------------------

    def notice(self, content: notices.StationNotice) -> None:
        """Tell the station."""
        self.out.append(Notice(content))

    def story(self, text: str) -> None:
        """A milestone for people."""
        self.out.append(trace.Story(time=self.now, role=self.config.actor, text=text))

    def tolerated(self, what: str, clause: str = "") -> None:
        """A liberty that was let pass."""
        self.out.append(trace.Tolerated(time=self.now, role=self.config.actor, what=what, clause=clause))

    def judged(self, what: str, ok: bool, reason: str, clause: str = "") -> None:
        """Something was verified."""
        self.out.append(
            trace.Judged(time=self.now, role=self.config.actor, what=what, ok=ok, reason=reason, clause=clause)
        )

    def problem(self, text: str, clause: str = "", advice: str = "") -> None:
        """Something went wrong."""
        self.out.append(trace.Problem(time=self.now, role=self.config.actor, text=text, clause=clause, advice=advice))

    def ask(self, question: Question) -> int:
        """Put a question; the answer appears in ``answers`` under the returned number, or resumes a :class:`Wait`."""
        self.ask_id += 1
        self.out.append(Ask(self.ask_id, question))
        return self.ask_id

    # ---- what several chapters need ------------------------------------------------------------------------------

    @property
    def contract_offered(self) -> bool:
        """Contract needs TLS (V2G2-633, -634) and a station that can reach its back end."""
        return self.tls and self.config.contract

    @property
    def is_contract(self) -> bool:
        """Plug & Charge was selected."""
        return self.payment == iso2.PaymentOptionType.Contract

    @property
    def is_dc(self) -> bool:
        """DC was requested; before the request, whether it is what the EVSE prefers."""
        return (self.mode or self.config.energy_modes[0]).startswith("DC")

    @property
    def energy_wh(self) -> float:
        """Energy of this session so far, with that before its pause."""
        return self.power.energy(self.now) - self.start_wh

    def ongoing_too_long(self, limit: float | None) -> bool:
        """Note that an Ongoing answer is about to be sent; True once the first is ``limit`` seconds ago (V2G2-712)."""
        if self.ongoing_since is None:
            self.ongoing_since = self.now
        return limit is not None and self.now - self.ongoing_since >= limit

    def notification(self, *, loop: bool) -> tuple[int, iso2.EVSENotificationType]:
        """NotificationMaxDelay and EVSENotification to send. ReNegotiation counts in the loop only (V2G2-680, -841)."""
        if self.stop_wanted_at is not None:
            left = self.stop_wanted_at + self.config.notification_delay - self.now
            return max(0, int(left)), iso2.EVSENotificationType.StopCharging
        if loop and self.renegotiation_wanted:
            return self.config.notification_delay, iso2.EVSENotificationType.ReNegotiation
        return 0, iso2.EVSENotificationType.None_

    def ac_status(self, *, loop: bool = False) -> iso2.AC_EVSEStatusType:
        """The EVSE's status in AC messages."""
        delay, what = self.notification(loop=loop)
        return iso2.AC_EVSEStatusType(NotificationMaxDelay=delay, EVSENotification=what, RCD=self.config.ac.rcd)

    def dc_status(
        self,
        code: iso2.DC_EVSEStatusCodeType | None = None,
        isolation: iso2.IsolationLevelType | None = None,
        *,
        loop: bool = False,
    ) -> iso2.DC_EVSEStatusType:
        """The EVSE's status in DC messages; by default what is so now."""
        delay, what = self.notification(loop=loop)
        codes, levels = iso2.DC_EVSEStatusCodeType, iso2.IsolationLevelType
        if code is None:
            if self.power.fault:
                code = codes.EVSE_Malfunction
            elif self.stop_wanted_at is not None:
                code = codes.EVSE_Shutdown
            else:
                code = codes.EVSE_Ready if self.isolation_valid else codes.EVSE_NotReady
        if isolation is None:
            isolation = levels(self.config.dc.isolation) if self.isolation_valid else levels.Invalid
        return iso2.DC_EVSEStatusType(
            NotificationMaxDelay=delay, EVSENotification=what, EVSEIsolationStatus=isolation, EVSEStatusCode=code
        )

    def meter_info(self) -> iso2.MeterInfoType:
        """The meter's own output (V2G2-902), in Wh."""
        return iso2.MeterInfoType(
            MeterID=self.power.meter_id,
            MeterReading=self.power.reading(self.now),
            TMeter=int(self.now) if self.config.has_clock else None,
        )

    def sample(self, *, last: bool = False) -> None:
        """Report the meter, at most once per ``config.meter_interval``; ``last`` does so in any case."""
        if not last and self.sampled_at is not None and self.now - self.sampled_at < self.config.meter_interval:
            return
        self.sampled_at = self.now
        power = self.power
        energy = self.energy_wh
        self.notice(
            notices.MeterSample(
                time=self.now,
                watts=power.watts,
                energy_wh=energy,
                register_wh=power.reading(self.now),
                volts=power.volts,
                amperes=power.amperes,
                soc=self.soc,
            )
        )
        self.out.append(
            trace.Power(
                time=self.now,
                role=self.config.actor,
                watts=power.watts,
                energy_wh=energy,
                volts=power.volts,
                amperes=power.amperes,
                soc=self.soc,
            )
        )

    def start_charging(self) -> None:
        """Energy may flow from now on."""
        if self.charging:
            return
        self.charging = True
        self.notice(
            notices.ChargingStarted(time=self.now, register_wh=self.power.reading(self.now), resumed=self.was_charging)
        )
        self.was_charging = True
        self.story("Energy may flow: the vehicle has started to charge.")

    def stop_charging(self, reason: str) -> None:
        """No energy flows from now on, whatever the state."""
        if self.charging:
            self.sample(last=True)
        self.power.off(self.now)
        if not self.charging:
            return
        self.charging = False
        self.notice(
            notices.ChargingStopped(
                time=self.now, energy_wh=self.energy_wh, register_wh=self.power.reading(self.now), reason=reason
            )
        )
        self.story(f"Charging has stopped after {shown_energy(self.energy_wh)}: {reason}.")
