"""ChargeParameterDiscovery: limits, schedules and tariffs (8.4.2.8, 8.7.2)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.iso2.ending import give_up, hang_up, stop_in_order
from pncsim.ev.iso2.requests import cable_check, ev_status, power_delivery, wanted_energy
from pncsim.ev.iso2.schedule import OfferedSchedule, choose, in_order, mean_price, read_schedule
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.iso2.station_status import called_off
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import Wait
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.v2g.signature import verify
from pncsim.wire.v2g.xmldsig import SignatureType

_A, _V, _W, _WH = (iso2.UnitSymbolType[unit] for unit in ("A", "V", "W", "Wh"))


def request_parameters(s: Iso2VehicleSession) -> iso2.ChargeParameterDiscoveryReq:
    """What the vehicle can take and wants, with what was delivered already taken off (V2G2-742, -743)."""
    departure = None if s.departure_at is None else max(0, int(s.departure_at - s.talk.now))
    parameter: iso2.EVChargeParameterType
    if s.is_dc:
        dc = s.vehicle.config.dc
        parameter = iso2.DC_EVChargeParameterType(
            DepartureTime=departure,
            DC_EVStatus=ev_status(s),
            EVMaximumCurrentLimit=iso2.physical(dc.max_current, _A),
            EVMaximumPowerLimit=iso2.physical(dc.max_power, _W),
            EVMaximumVoltageLimit=iso2.physical(dc.max_voltage, _V),
            EVEnergyCapacity=iso2.physical(s.vehicle.battery.capacity, _WH),
            EVEnergyRequest=iso2.physical(wanted_energy(s), _WH),
            FullSOC=100,
            BulkSOC=int(s.vehicle.battery.taper_from),
        )
    else:
        ac = s.vehicle.config.ac
        parameter = iso2.AC_EVChargeParameterType(
            DepartureTime=departure,
            EAmount=iso2.physical(wanted_energy(s), _WH),
            EVMaxVoltage=iso2.physical(ac.max_voltage, _V),
            EVMaxCurrent=iso2.physical(ac.max_current, _A),
            EVMinCurrent=iso2.physical(ac.min_current, _A),
        )
    return iso2.ChargeParameterDiscoveryReq(
        MaxEntriesSAScheduleTuple=s.vehicle.config.max_schedule_entries,
        RequestedEnergyTransferMode=iso2.EnergyTransferModeType(s.mode),
        EVChargeParameter=parameter,
    )


def charge_parameter_discovery(s: Iso2VehicleSession, res: iso2.ChargeParameterDiscoveryRes) -> Decision:
    """Wait for schedules, choose one, and start: AC at once, DC with the cable check."""
    off = called_off(s, _status(res.EVSEChargeParameter))
    if off and (res.EVSEProcessing != iso2.EVSEProcessingType.Finished or not _may_stop(s)):
        return hang_up(s)
    if res.EVSEProcessing != iso2.EVSEProcessingType.Finished:
        s.begin_phase(
            "charge parameters",
            timing.EVCC_ONGOING,
            "V2G2-711",
            "Look at where the station gets its schedules from.",
            performance=timing.SECC_ONGOING,
        )
        return Later(Wait(s.vehicle.config.poll_interval), lambda s, _: Say("ongoing", request_parameters(s)))
    s.end_phase()
    if not isinstance(res.SASchedules, iso2.SAScheduleListType):
        error = PeerError(
            "ChargeParameterDiscoveryRes is Finished without an SAScheduleList.",
            clause="V2G2-905",
            advice="The station has to offer at least one schedule, or say Ongoing.",
        )
        return give_up(s, error)
    error_or_none = _read_limits(s, res.EVSEChargeParameter)
    if error_or_none is not None:
        return give_up(s, error_or_none)
    s.schedules = _read_schedules(s, res.SASchedules)
    wanted = s.schedule.tuple_id if s.schedule else s.resuming.schedule_tuple if s.resuming else None
    s.schedule = choose(s.schedules, wanted if s.outcome.resumed and not s.outcome.renegotiations else None)
    s.renewal_at = s.schedule.renewal(s.departure_at)
    if off:
        return stop_in_order(s)
    s.voice.story(
        f"The vehicle takes schedule {s.schedule.tuple_id} ({len(s.schedules)} offered), "
        f"{s.schedule.limit(s.talk.now) / 1000:.1f} kW now."
    )
    if not s.is_dc:
        return Say("AC agreed", power_delivery(s, iso2.ChargeProgressType.Start))
    if s.charging_since is not None and s.vehicle.config.dc.short_renegotiation:
        return Say("DC renewed, cable still checked", power_delivery(s, iso2.ChargeProgressType.Start))
    return Say("DC agreed", cable_check(s))


def _status(offered: iso2.EVSEChargeParameterType) -> object:
    """What the station says of itself beside its limits."""
    if isinstance(offered, iso2.AC_EVSEChargeParameterType):
        return offered.AC_EVSEStatus
    return offered.DC_EVSEStatus if isinstance(offered, iso2.DC_EVSEChargeParameterType) else None


def _may_stop(s: Iso2VehicleSession) -> bool:
    """Whether PowerDelivery may be next: in DC only on the short way back into the loop."""
    return not s.is_dc or (s.charging_since is not None and s.vehicle.config.dc.short_renegotiation)


def _read_limits(s: Iso2VehicleSession, offered: iso2.EVSEChargeParameterType) -> PeerError | None:
    """Keep the station's limits, or answer why the vehicle cannot work within them."""
    amount = iso2.amount
    if isinstance(offered, iso2.AC_EVSEChargeParameterType) and not s.is_dc:
        s.ac_voltage, s.ac_current = amount(offered.EVSENominalVoltage), amount(offered.EVSEMaxCurrent)
        return None
    if isinstance(offered, iso2.DC_EVSEChargeParameterType) and s.is_dc:
        s.dc_limits = (
            amount(offered.EVSEMaximumVoltageLimit),
            amount(offered.EVSEMaximumCurrentLimit),
            amount(offered.EVSEMaximumPowerLimit),
        )
        low, voltage = amount(offered.EVSEMinimumVoltageLimit), s.vehicle.battery.voltage
        if low <= voltage <= s.dc_limits[0]:
            return None
        misfit = f"The station delivers {low:g} to {s.dc_limits[0]:g} V; the vehicle's battery is at {voltage:.0f} V."
        if s.vehicle.config.dc.check_voltage:
            return PeerError(misfit, clause="V2G2-477")
        s.tolerate(Tolerance.PARAMETER_MISFIT(misfit, "V2G2-477"))
        return None
    return PeerError(
        f"The station answered the mode {s.mode} with {type(offered).__name__}.",
        clause="V2G2-477",
        advice="AC modes need AC_EVSEChargeParameter, DC modes DC_EVSEChargeParameter.",
    )


def _read_schedules(s: Iso2VehicleSession, offered: iso2.SAScheduleListType) -> tuple[OfferedSchedule, ...]:
    tuples = offered.SAScheduleTuple
    if len({t.SAScheduleTupleID for t in tuples}) != len(tuples):
        s.tolerate(Tolerance.SCHEDULE_ID("Two schedules of the station have the same SAScheduleTupleID.", "V2G2-300"))
    if not all(in_order(t) for t in tuples):
        what = "The entries of a schedule are not in the order of their starts."
        s.tolerate(Tolerance.SCHEDULE_ORDER(what, "V2G2-328, V2G2-329"))
    tariffs = [t.SalesTariff for t in tuples if t.SalesTariff is not None]
    trusted = bool(tariffs) and _tariffs_trusted(s, tariffs)
    schedules = tuple(
        read_schedule(t, s.talk.now, mean_price(t.SalesTariff) if trusted and t.SalesTariff is not None else None)
        for t in tuples
    )
    if trusted and len(schedules) == 1:
        s.voice.story("The station's sales tariff changes nothing: there is no other schedule to choose.")
    elif trusted and any(schedule.price is None for schedule in schedules):
        s.voice.story(
            "The station's sales tariffs are left aside: not every schedule has one with a price level in each entry."
        )
    return schedules


def _tariffs_trusted(s: Iso2VehicleSession, tariffs: list[iso2.SalesTariffType]) -> bool:
    """Whether the tariffs are signed by the MO's Sub-CA 2 of the vehicle's contract; if not they are left aside."""
    signature = s.received.signature
    if s.contract is None or s.payment != iso2.PaymentOptionType.Contract:
        return True
    chain = s.contract.credentials.chain
    key = chain[1].public_key() if len(chain) > 1 else None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        s.voice.story("The station's sales tariffs are left aside: the contract's chain has no issuer to verify them.")
        return False
    try:
        signed = [("SalesTariff", t) for t in tariffs]
        verify(signature if isinstance(signature, SignatureType) else None, signed, key, gate=s.tolerate)
    except PeerError as error:
        s.voice.judged("signature of the sales tariffs", False, error.sentence, error.clause)
        what = f"The station's sales tariffs are left aside: {error.sentence}"
        s.tolerate(Tolerance.SALES_TARIFF(what, error.clause))
        return False
    s.voice.judged("signature of the sales tariffs", True, "made by the contract's issuing CA")
    return True
