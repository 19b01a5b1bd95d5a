"""What an EVSE is and how it behaves: everything the SECC engine is told before a vehicle comes. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from pncsim.wire.algorithms import AlgorithmId, allowed
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.session.outputs import Alter
from pncsim.wire.session.responder import AfterFailed

if TYPE_CHECKING:
    from cryptography import x509


class AcSupply(Struct, frozen=True, kw_only=True):
    """An AC outlet. Currents are per phase, the voltage is phase to neutral."""

    voltage: float = 230.0
    max_current: float = 32.0
    min_current: float = 6.0
    contactor_seconds: float = 0.2
    """How long the contactor takes to close; over 3 s is a welded or broken one (V2G2-860)."""
    rcd: bool = False
    """True: the residual current device has tripped, reported to the vehicle in every status."""


class DcSupply(Struct, frozen=True, kw_only=True):
    """A DC output."""

    max_voltage: float = 920.0
    min_voltage: float = 150.0
    max_current: float = 300.0
    min_current: float = 1.0
    max_power: float = 150_000.0
    peak_ripple: float = 1.0
    isolation_seconds: float = 1.5
    """Length of the isolation test during CableCheck."""
    isolation: Literal["Valid", "Warning", "Fault", "Invalid"] = "Valid"
    """How that test ends; Fault and Invalid refuse the vehicle."""
    volts_per_second: float = 800.0
    """Slope of the output voltage in PreCharge and after the stop."""


class ReceiptPolicy(Struct, frozen=True, kw_only=True):
    """When signed metering receipts are asked for. They exist only under Contract."""

    first: int = 2
    """The loop response that asks first, counted from 1; 0 asks for none."""
    every: int = 10
    """Ask again after this many further loop responses; 0 asks once only."""
    required: bool = True
    """Refuse a receipt that does not verify (V2G2-481); False notes it and goes on (V2G2-904 is a may)."""


class ServiceOffer(Struct, frozen=True, kw_only=True):
    """A value added service (Table 105). ``parameter_sets``: set id -> parameter name -> value."""

    service_id: int
    category: Literal["Internet", "ContractCertificate", "OtherCustom"]
    name: str | None = None
    scope: str | None = None
    free: bool = True
    parameter_sets: tuple[tuple[int, tuple[tuple[str, str | int | bool], ...]], ...] = ()


CERTIFICATE_SERVICE = ServiceOffer(
    service_id=2,
    category="ContractCertificate",
    name="Certificate",
    parameter_sets=((1, (("Service", "Installation"),)), (2, (("Service", "Update"),))),
)


class KeptSession(Struct, kw_only=True):
    """What a station keeps of a paused session (V2G2-741, -753). ``schedule``: (start, watts) pairs from ``paused_at``
    on, and when they end."""

    session_id: bytes
    payment: str
    energy_mode: str
    tuple_id: int
    schedule: tuple[tuple[int, float], ...]
    schedule_end: int
    paused_at: float
    energy_wh: float
    emaid: str = ""


PowerSchedule = tuple[tuple[int, float], ...]
"""PMax over time: (seconds from now, watts) pairs, rising, the first at 0."""


class SeccConfig(Struct, frozen=True, kw_only=True):
    """One EVSE. Raises LocalError when the parts do not fit together."""

    evse_id: str = "DE*PNC*E00001"
    energy_modes: tuple[str, ...] = ("AC_three_phase_core", "AC_single_phase_core")
    """Values of EnergyTransferModeType; the first one is the preferred one."""
    ac: AcSupply = field(default_factory=AcSupply)
    dc: DcSupply = field(default_factory=DcSupply)
    free_charging: bool = False

    contract: bool = True
    """Plug & Charge is available now: configured and the back end reachable. Offered only inside TLS (V2G2-633)."""
    external: bool = True
    """External identification (card, app) is offered."""
    certificate_service: bool = True
    """Service 2: contract certificate installation and update through this station."""
    services: tuple[ServiceOffer, ...] = ()
    """Further value added services."""

    contract_anchors: tuple[x509.Certificate, ...] = ()
    """MO and V2G roots a contract chain may end in; for a charge point none means those its CSMS sees in it."""
    central_validation: bool = False
    """A chain under no anchor of ours goes to the back end instead of being refused."""
    authorize_early: bool = False
    """Ask the back end already in PaymentDetails, where the specific FAILED_ codes can be told to the vehicle."""
    algorithms: tuple[AlgorithmId, ...] = ("P-256",)
    """Those taken in contract certificates and in what vehicles sign (CharIN 2.3)."""
    expires_soon_days: float = 21.0
    """OK_CertificateExpiresSoon from this many days before the end (V2G2-690)."""

    receipts: ReceiptPolicy = field(default_factory=ReceiptPolicy)
    schedule: PowerSchedule = ()
    """What the vehicle may draw and when; empty: the full power all the time."""
    smart_charging: bool = False
    """Ask the CSMS for schedules once the vehicle has said what it needs (OCPP K15)."""
    schedule_seconds: float = 0.0
    """How long the station thinks about schedules; the vehicle sees Ongoing meanwhile."""
    notification_delay: int = 10
    """NotificationMaxDelay (s) sent with StopCharging and ReNegotiation."""
    stop_patience: float = 60.0
    """Seconds after which a vehicle that ignores StopCharging is cut off."""
    meter_interval: float = 1.0
    """At most one MeterSample notice and Power event per this many seconds."""
    has_clock: bool = True
    """Send EVSETimeStamp in SessionSetupRes and TMeter; False for a station without synchronised time."""

    ongoing_seconds: float | None = None
    """Authorization, schedules and the cable check may stay Ongoing this long; None: as long as the dialect allows."""
    external_wait: float | None = 300.0
    """How long to wait for a driver's card; None: as long as the vehicle does."""
    poll_seconds: float = 1.2
    """An undecided answer is held back this long before it is sent as Ongoing; below the 1.5 s performance time."""

    refuses: frozenset[Tolerance] = LENIENT
    """Which deviations of vehicles are not let pass: :data:`wire.gate.STRICT` for all of them."""
    after_failed: AfterFailed = "continue"
    """What follows a FAILED answer. By default a vehicle that got no new contract certificate may pay with the one it
    holds (V2G2-557, -558), and everything else ends the session; ``close`` ends it there, too."""

    pause_seconds: float = 86_400.0
    """How long a paused session is kept: a day, what a schedule without departure time covers."""
    paused: dict[int, KeptSession] = field(default_factory=dict)
    """Paused sessions of this EVSE by SessionID as a number. Shared by all sessions of the EVSE."""
    alter: Alter | None = None
    """For fault injection: gets (message name, message) before encoding and returns what to send: a message, bytes as
    they are, or None for nothing."""

    def __post_init__(self) -> None:
        allowed(self.algorithms)
        if not 7 <= len(self.evse_id) <= 37:
            raise LocalError(
                f"The EVSEID {self.evse_id!r} has {len(self.evse_id)} characters, 7 to 37 are allowed.",
                advice="A station without one of its own uses ZZ00000.",
            )
        if not self.energy_modes:
            raise LocalError("The EVSE offers no energy transfer mode.", advice="Give at least one in energy_modes.")
        if not self.contract and not self.external:
            raise LocalError("The EVSE offers no payment option.", advice="Set contract or external.")
        if self.schedule and (self.schedule[0][0] != 0 or list(self.schedule) != sorted(self.schedule)):
            raise LocalError("The EVSE's power schedule must start at 0 s and rise in time.")
