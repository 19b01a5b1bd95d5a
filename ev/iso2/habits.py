"""A vehicle with habits in ISO 15118-2: the dialect with some moves replaced, each request as its kind writes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pncsim.ev.habits import Habits, ProfilePoint
from pncsim.ev.iso2 import alternating_current, delivery, direct_current, loop, setup
from pncsim.ev.iso2.ending import stop_request
from pncsim.ev.iso2.requests import pre_charge_request, welding_request
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.iso2.spelling import spelt
from pncsim.ev.iso2.station_status import called_off
from pncsim.wire.exi.beyond import beyond
from pncsim.wire.session.dialect import Dialect, Move
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import PassTime
from pncsim.wire.session.sequence import Row
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_NOTHING = iso2.EVSENotificationType.None_


class HabitualSession(Iso2VehicleSession):
    """What such a vehicle remembers besides: how often it has done what it does at least so often."""

    pre_charged: int = 0
    welded: int = 0
    heard_stop: bool = False
    announced: iso2.ChargingProfileType | None = None

    @property
    def habits(self) -> Habits:
        """Those of its kind."""
        habits = self.vehicle.config.habits
        assert habits is not None
        return habits


def habitual(dialect: Dialect, habits: Habits) -> Dialect:
    """``dialect`` as a vehicle with these habits speaks it."""
    moves = {name: _in_its_way(move) for name, move in {**dialect.moves, **_OWN}.items()}
    spoken = replace(dialect, session=HabitualSession, moves=moves)
    if habits.leaves_at_once:
        for response in ("ChargingStatusRes", "MeteringReceiptRes"):
            ends = ("PowerDeliveryReq(Stop)", "SessionStopReq(Terminate)")
            spoken = spoken.with_row("vehicle", Row(response, "enough", ends, "V2G2-679"))
    return spoken


def _in_its_way(move: Move) -> Move:
    """``move``, with what it says put in the vehicle's own way."""

    def decide(s: HabitualSession, res: Any) -> Decision:
        decision: Decision = move(s, res)
        think = s.habits.think
        if isinstance(decision, Say) and think:
            said = _say(s, decision)
            return Later(PassTime(think), lambda *_: said)
        return _decision(s, decision)

    return decide


def _decision(s: HabitualSession, decision: Decision) -> Decision:
    if isinstance(decision, Say):
        return _say(s, decision)
    if isinstance(decision, Later):
        then = decision.then
        return Later(decision.question, lambda s, answer: _decision(s, then(s, answer)))
    return decision


def _say(s: HabitualSession, say: Say) -> Say:
    """The request with the habits laid over it."""
    request = say.request
    match request:
        case iso2.ServiceDiscoveryReq() if s.vehicle.config.payment != "external":
            return say
        case iso2.ChargeParameterDiscoveryReq(EVChargeParameter=iso2.DC_EVChargeParameterType() as parameter):
            status = replace(parameter.DC_EVStatus, EVReady=s.habits.ready_early)
            request = replace(request, EVChargeParameter=replace(parameter, DC_EVStatus=status))
        case iso2.PreChargeReq():
            request = _pre_charge(s, request)
        case iso2.PowerDeliveryReq():
            request = _power_delivery(s, request)
        case iso2.CurrentDemandReq() if not s.habits.says_complete:
            request = replace(request, ChargingComplete=False)
        case iso2.WeldingDetectionReq():
            request = replace(request, DC_EVStatus=replace(request.DC_EVStatus, EVReady=s.habits.ready_late))
    return replace(say, request=spelt(request, s.habits))


def _pre_charge(s: HabitualSession, request: iso2.PreChargeReq) -> iso2.PreChargeReq:
    first = s.habits.first_pre_charge
    volts, amperes = iso2.UnitSymbolType.V, iso2.UnitSymbolType.A
    if first is not None and not s.pre_charged:
        return replace(
            request,
            EVTargetVoltage=iso2.physical(first.volts, volts),
            EVTargetCurrent=iso2.physical(first.amperes, amperes),
        )
    return replace(request, EVTargetCurrent=iso2.physical(s.habits.pre_charge_amperes, amperes))


def _power_delivery(s: HabitualSession, request: iso2.PowerDeliveryReq) -> iso2.PowerDeliveryReq:
    habits, parameter = s.habits, request.EVPowerDeliveryParameter
    if isinstance(parameter, iso2.DC_EVPowerDeliveryParameterType) and not habits.says_complete:
        request = replace(request, EVPowerDeliveryParameter=replace(parameter, ChargingComplete=False))
    profile, points = request.ChargingProfile, habits.profile.get("dc" if s.is_dc else "ac")
    if profile is not None and points is not None:
        profile = _profile(iso2.amount(profile.ProfileEntry[0].ChargingProfileEntryMaxPower), points)
        request = replace(request, ChargingProfile=profile)
    if request.ChargeProgress == iso2.ChargeProgressType.Start:
        s.announced = profile
    elif request.ChargeProgress == iso2.ChargeProgressType.Stop and habits.profile_at_stop:
        request = replace(request, ChargingProfile=s.announced)
    return request


def _profile(allowed: float, points: tuple[ProfilePoint, ...]) -> iso2.ChargingProfileType | None:
    """An entry for each point, where ``allowed`` W may flow at first; None for none."""
    if not points:
        return None
    return iso2.ChargingProfileType(
        ProfileEntry=[
            iso2.ProfileEntryType(
                ChargingProfileEntryStart=point.start,
                ChargingProfileEntryMaxPower=iso2.physical(
                    math.floor(allowed * point.share) if point.watts is None else point.watts, iso2.UnitSymbolType.W
                ),
                ChargingProfileEntryMaxNumberOfPhasesInUse=None if point.phases is None else beyond(point.phases),
            )
            for point in points
        ]
    )


# ---- moves of its own ------------------------------------------------------------------------------------------------


def _agreed(s: HabitualSession, res: object) -> Decision:
    """As the standard has it, with another number for no session yet."""
    s.id = bytes.fromhex(s.habits.first_session)
    return setup.agreed(s, res)


def _pre_charged(s: HabitualSession, res: iso2.PreChargeRes) -> Decision:
    """Ask again until that was often enough, whatever the voltage."""
    s.pre_charged += 1
    if s.pre_charged < s.habits.pre_charges and not called_off(s, res.DC_EVSEStatus):
        return Later(
            PassTime(s.vehicle.config.poll_interval), lambda s, _: Say("voltage differs", pre_charge_request(s))
        )
    return direct_current.pre_charge(s, res)


def _looked_at_welding(s: HabitualSession, res: iso2.WeldingDetectionRes) -> Decision:
    """Ask again until that was often enough."""
    s.welded += 1
    if s.welded < s.habits.weldings:
        return Later(
            PassTime(s.vehicle.config.poll_interval), lambda s, _: Say("voltage still high", welding_request(s))
        )
    return direct_current.welding_detection(s, res)


def _power_delivered(s: HabitualSession, res: iso2.PowerDeliveryRes) -> Decision:
    """A charge that ends in order may end with a pause."""
    current = "dc" if s.is_dc else "ac"
    if s.progress == iso2.ChargeProgressType.Stop and s.ending_error is None and current in s.habits.pauses:
        s.pausing = True
    return delivery.power_delivery_done(s, res)


def _current_demanded(s: HabitualSession, res: iso2.CurrentDemandRes) -> Decision:
    """A wish to stop may be heard the second time only."""
    status = res.DC_EVSEStatus
    if _overlooked(s, status):
        code = status.EVSEStatusCode
        calm = iso2.DC_EVSEStatusCodeType.EVSE_Ready if code == iso2.DC_EVSEStatusCodeType.EVSE_Shutdown else code
        res = replace(res, DC_EVSEStatus=replace(status, EVSENotification=_NOTHING, EVSEStatusCode=calm))
    return direct_current.current_demand_done(s, res)


def _charging(s: HabitualSession, res: iso2.ChargingStatusRes) -> Decision:
    """The same in AC; and the way out of the loop may be the short one."""
    if _overlooked(s, res.AC_EVSEStatus):
        res = replace(res, AC_EVSEStatus=replace(res.AC_EVSEStatus, EVSENotification=_NOTHING))
    return _leaving(s, alternating_current.charging_status(s, res))


def _receipt_taken(s: HabitualSession, res: iso2.MeteringReceiptRes) -> Decision:
    """Out of the loop after a receipt it goes the same way."""
    return _leaving(s, loop.metering_receipt(s, res))


def _leaving(s: HabitualSession, decision: Decision) -> Decision:
    at_once = s.habits.leaves_at_once and not s.is_dc and not s.pausing
    if at_once and isinstance(decision, Say) and decision.condition == "enough":
        return replace(decision, request=stop_request(iso2.ChargingSessionType.Terminate))
    return decision


def _overlooked(s: HabitualSession, status: iso2.EVSEStatusType) -> bool:
    """Whether the station asks to stop for the first time and the vehicle goes round once more."""
    asks = s.habits.stops_late and status.EVSENotification == iso2.EVSENotificationType.StopCharging
    first = asks and not s.heard_stop
    s.heard_stop = s.heard_stop or asks
    return first


_OWN: Mapping[str, Move] = {
    "SupportedAppProtocolRes": _agreed,
    "PreChargeRes": _pre_charged,
    "WeldingDetectionRes": _looked_at_welding,
    "PowerDeliveryRes": _power_delivered,
    "CurrentDemandRes": _current_demanded,
    "ChargingStatusRes": _charging,
    "MeteringReceiptRes": _receipt_taken,
}
