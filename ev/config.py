"""What kind of vehicle this is and what its driver wants: plain data, checked once when it is made."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from pncsim.ev.habits import Habits
from pncsim.tls_certs.judges import OcspPolicy
from pncsim.wire.algorithms import AlgorithmId, allowed
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.session.outputs import Alter
from pncsim.wire.tls import ISO2_CIPHERS

InstallPolicy = Literal["never", "if-needed", "always"]
PaymentPolicy = Literal["contract", "prefer-contract", "external"]
TlsPolicy = Literal["require", "prefer", "off"]

LONGEST_LOOP_INTERVAL = 40.0
"""V2G_EVCC_Sequence_Performance_Time: the vehicle's next request leaves at the latest after this many seconds."""

AC_MODES = ("AC_three_phase_core", "AC_single_phase_core")
DC_MODES = ("DC_extended", "DC_core", "DC_combo_core", "DC_unique")


class AcLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The on-board charger: amperes per phase, volts, number of phases it can use."""

    max_current: float = 16.0
    min_current: float = 6.0
    max_voltage: float = 400.0
    phases: int = 3


class DcLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The direct path to the battery: amperes, volts, watts; ``precharge_tolerance`` is a share of the target voltage.

    ``short_renegotiation`` goes from the renewed parameters straight to PowerDelivery(Start) instead of repeating
    CableCheck and PreCharge; the sources disagree (V2G2-565, -582), the full path is the default. Without
    ``check_voltage`` voltages that do not fit the battery are tolerated, for a station without power electronics.
    """

    max_current: float = 200.0
    max_voltage: float = 450.0
    max_power: float = 80_000.0
    precharge_tolerance: float = 0.05
    welding_detection: bool = True
    short_renegotiation: bool = False
    check_voltage: bool = True


class VehicleConfig(Struct, frozen=True, kw_only=True):
    """One vehicle and one wish to charge.

    ``evccid``: MAC address of the vehicle's link, 6 bytes. ``energy_modes``: EnergyTransferMode names, best first.
    ``departure``: seconds after plug-in, or None. ``energy_wish``: Wh wanted in this charging session, or None for as
    much as the battery takes. The ``*_after_loops`` wishes count requests of the charging loop; None means never.
    ``loop_interval`` is process time between two of them; ``poll_interval`` is waited between repeats of an Ongoing
    step. ``idle_limit``: give up after so many seconds in the loop without energy that the schedule allows.
    ``max_renegotiations``: so many one after the other are followed without energy between them. ``patience``: every
    limit within which something of the station is waited for is so many times as long as the standard's. ``pairing``:
    take the root of a private environment that the station shows (CharIN 2.1.4.1). ``suites``: the TLS
    cipher suites it offers, by OpenSSL's names. ``algorithms``: those it takes in the certificates of stations (CharIN
    2.3). ``refuses``:
    liberties of the station that end the session instead of being let pass (:mod:`wire.gate`). ``habits``: how vehicles
    of this kind speak, None for one that has none. Raises :class:`LocalError` when values make no sense.
    """

    evccid: bytes = bytes.fromhex("021518020001")
    energy_modes: tuple[str, ...] = AC_MODES
    ac: AcLimits = field(default_factory=AcLimits)
    dc: DcLimits = field(default_factory=DcLimits)
    departure: float | None = None
    energy_wish: float | None = None
    payment: PaymentPolicy = "prefer-contract"
    install: InstallPolicy = "if-needed"
    update: InstallPolicy = "if-needed"
    emaid: str | None = None
    tls: TlsPolicy = "prefer"
    ocsp: OcspPolicy = "prefer"
    resume: bool = True
    pause_after_loops: int | None = None
    renegotiate_after_loops: int | None = None
    stop_after_loops: int | None = None
    loop_interval: float = 1.0
    poll_interval: float = 0.1
    idle_limit: float = 900.0
    max_renegotiations: int = 10
    patience: float = 1.0
    max_schedule_entries: int = 24
    pairing: bool = False
    algorithms: tuple[AlgorithmId, ...] = ("P-256",)
    suites: tuple[str, ...] = ISO2_CIPHERS
    refuses: frozenset[Tolerance] = LENIENT
    habits: Habits | None = None
    alter: Alter | None = None

    def __post_init__(self) -> None:
        allowed(self.algorithms)
        if len(self.evccid) != 6:
            raise LocalError(f"The EVCCID has {len(self.evccid)} bytes; it is a MAC address, 6 bytes long.")
        if not 0 < self.loop_interval <= LONGEST_LOOP_INTERVAL:
            raise LocalError(
                f"A loop interval of {self.loop_interval:g} s was asked for; it has to be above 0, and the station "
                f"expects the next request within {LONGEST_LOOP_INTERVAL:g} s.",
                clause="V2G2-485",
            )
        if not 1 <= self.patience < float("inf"):
            raise LocalError(
                f"A patience of {self.patience:g} was asked for; it stretches the standard's limits, so 1 is the least."
            )
        if self.poll_interval <= 0:
            raise LocalError(f"A poll interval of {self.poll_interval:g} s was asked for; it has to be above 0.")
        if not self.energy_modes:
            raise LocalError("The vehicle has no energy transfer mode; name at least one.")
        unknown = [mode for mode in self.energy_modes if mode not in AC_MODES + DC_MODES]
        if unknown:
            raise LocalError(f"{unknown[0]} is no energy transfer mode; known are {', '.join(AC_MODES + DC_MODES)}.")
        if self.payment == "contract" and self.tls == "off":
            raise LocalError(
                "Payment by contract needs TLS and TLS is switched off.",
                clause="V2G2-634",
                advice="Choose external payment or allow TLS.",
            )
