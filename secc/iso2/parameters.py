"""What a vehicle can take, held against what the EVSE can give (8.4.3.8.2, V2G2-476, -477)."""

from __future__ import annotations

from pncsim.secc.config import AcSupply, DcSupply
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.questions import SchedulesWanted
from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import amount


def heed_parameters(s: Iso2StationSession, request: iso2.ChargeParameterDiscoveryReq) -> None:
    """Take note of mode and limits. Raises PeerError ("energy mode", "charge parameter") where they do not fit."""
    mode, given = request.RequestedEnergyTransferMode, request.EVChargeParameter
    _check_mode(s, mode)
    if isinstance(given, iso2.AC_EVChargeParameterType) and not mode.startswith("DC"):
        problem = _ac_problem(given, s.config.ac)
        s.most_amperes = amount(given.EVMaxCurrent)
    elif isinstance(given, iso2.DC_EVChargeParameterType) and not mode.startswith("AC"):
        problem = _dc_problem(given, s.config.dc)
        s.most_volts, s.most_amperes = amount(given.EVMaximumVoltageLimit), amount(given.EVMaximumCurrentLimit)
        s.most_watts = amount(given.EVMaximumPowerLimit) or None if given.EVMaximumPowerLimit is not None else None
        s.soc = given.DC_EVStatus.EVRESSSOC
    else:
        problem = f"it sent {type(given).__name__} for {mode}"
    if problem:
        raise PeerError(
            f"The vehicle's charge parameters are not usable: {problem}.",
            clause="V2G2-477",
            kind="charge parameter",
        )
    s.take_mode(mode)


def schedules_wanted(s: Iso2StationSession, request: iso2.ChargeParameterDiscoveryReq) -> SchedulesWanted:
    """The same, as the CSMS is asked for schedules; limits have been looked at."""
    given = request.EVChargeParameter
    if isinstance(given, iso2.AC_EVChargeParameterType):
        return SchedulesWanted(
            transfer="AC_three_phase" if s.phases == 3 else "AC_single_phase",
            max_voltage=amount(given.EVMaxVoltage),
            max_current=amount(given.EVMaxCurrent),
            min_current=amount(given.EVMinCurrent),
            energy=amount(given.EAmount),
            departure=given.DepartureTime,
        )
    wanted = given.EVEnergyRequest if isinstance(given, iso2.DC_EVChargeParameterType) else None
    return SchedulesWanted(
        transfer="DC",
        max_voltage=s.most_volts,
        max_current=s.most_amperes,
        min_current=0.0,
        energy=amount(wanted) if wanted is not None else 0.0,
        departure=given.DepartureTime,
    )


def _check_mode(s: Iso2StationSession, mode: iso2.EnergyTransferModeType) -> None:
    offered = s.config.energy_modes
    if mode not in offered or (s.mode and s.mode[:2] != mode[:2]):
        had = f", this session began with {s.mode}" if s.mode else ""
        raise PeerError(
            f"The vehicle asked for {mode}; this EVSE offers {', '.join(offered)}{had}.",
            clause="V2G2-476",
            kind="energy mode",
        )


def _ac_problem(given: iso2.AC_EVChargeParameterType, ac: AcSupply) -> str:
    """What is wrong with the vehicle's limits in AC; empty if nothing is."""
    volts, most, least = amount(given.EVMaxVoltage), amount(given.EVMaxCurrent), amount(given.EVMinCurrent)
    if min(volts, most, least, amount(given.EAmount)) < 0:
        return "it sent a negative value"
    if least > most:
        return f"it takes at least {least:g} A and at most {most:g} A"
    if volts < ac.voltage:
        return f"it takes at most {volts:g} V, this EVSE gives {ac.voltage:g} V"
    if most < ac.min_current:
        return f"it takes at most {most:g} A, this EVSE gives at least {ac.min_current:g} A"
    if least > ac.max_current:
        return f"it needs at least {least:g} A, this EVSE gives at most {ac.max_current:g} A"
    return ""


def _dc_problem(given: iso2.DC_EVChargeParameterType, dc: DcSupply) -> str:
    """What is wrong with the vehicle's limits in DC; empty if nothing is."""
    volts, most = amount(given.EVMaximumVoltageLimit), amount(given.EVMaximumCurrentLimit)
    optional = (given.EVMaximumPowerLimit, given.EVEnergyCapacity, given.EVEnergyRequest)
    if min(volts, most, *(amount(value) for value in optional if value is not None)) < 0:
        return "it sent a negative value"
    if volts <= dc.min_voltage:
        return f"it takes at most {volts:g} V, this EVSE gives more than {dc.min_voltage:g} V"
    if most < dc.min_current:
        return f"it takes at most {most:g} A, this EVSE gives at least {dc.min_current:g} A"
    return ""
