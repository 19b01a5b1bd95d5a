"""Parameters, schedules and switching power: ChargeParameterDiscovery and PowerDelivery (8.4.3.8.2, 8.4.3.9.2)."""

from __future__ import annotations

from collections.abc import Generator

from pncsim.secc import notices
from pncsim.secc.iso2 import offer
from pncsim.secc.iso2.parameters import heed_parameters, schedules_wanted
from pncsim.secc.iso2.schedules import Schedule, check_profile
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.questions import SchedulesAnswer, VehicleReady
from pncsim.wire.errors import PeerError
from pncsim.wire.exi.beyond import Unlisted
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.conversation import ROUNDING
from pncsim.wire.session.responder import Handling, Reply, Until
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.v2g.iso2.tariffs import attached, from_ocpp
from pncsim.wire.v2g.iso2.timing import CONTACTOR_CLOSE, SECC_ONGOING, SECC_PRE_CHARGE, STATE_C
from pncsim.wire.v2g.xmldsig import SignatureType

STATE_C_PATIENCE = 1.4
"""Seconds it gets: what the contactor's 3 s leave of the 4.5 s until PowerDeliveryRes (V2G2-858, -860)."""

_OK = iso2.ResponseCodeType.OK
_Processing = iso2.EVSEProcessingType
_Progress = iso2.ChargeProgressType
_DC_AGAIN = (State.RENEGOTIATING_DC, State.REPLANNING)
_LOOPS = (State.LOOP_AC, State.LOOP_DC, State.RECEIPT_AC, State.RECEIPT_DC)


def charge_parameter_discovery(s: Iso2StationSession, request: iso2.ChargeParameterDiscoveryReq) -> Handling:
    """Compare limits and offer schedules (V2G2-476, -477, -905)."""
    heed_parameters(s, request)
    if s.planning_until is None:
        s.planning_until = s.talk.now + s.config.schedule_seconds
        s.planning = s.ask(schedules_wanted(s, request)) if s.config.smart_charging else None
    if s.talk.now < s.planning_until:
        yield Until(min(s.planning_until, s.talk.now + s.config.poll_seconds))
    if s.planning is not None and s.planning not in s.answers:
        yield Until(s.talk.now + s.config.poll_seconds, s.planning)
    again = s.state in _DC_AGAIN
    if s.talk.now < s.planning_until or (s.planning is not None and s.planning not in s.answers):
        limit = SECC_ONGOING if s.config.ongoing_seconds is None else s.config.ongoing_seconds
        if s.ongoing_too_long(limit):
            raise PeerError(
                f"The station has found no schedule within {limit:g} s.",
                clause="V2G2-713",
            )
        ongoing = iso2.ChargeParameterDiscoveryRes(
            ResponseCode=_OK, EVSEProcessing=_Processing.Ongoing, EVSEChargeParameter=offer.charge_parameter(s)
        )
        return Reply(ongoing, State.REPLANNING if again else State.PLANNING)
    s.ongoing_since = s.planning_until = None
    s.offered, signature = _offer(s, request)
    s.schedule = s.offered[0]
    s.loops, s.receipt_due = 0, s.config.receipts.first
    response = iso2.ChargeParameterDiscoveryRes(
        ResponseCode=_OK,
        EVSEProcessing=_Processing.Finished,
        SASchedules=iso2.SAScheduleListType(SAScheduleTuple=[one.message() for one in s.offered]),
        EVSEChargeParameter=offer.charge_parameter(s),
    )
    ready = State.READY_AGAIN_DC if again else State.READY_DC if s.is_dc else State.READY_AC
    return Reply(response, ready, signature=signature)


def _offer(
    s: Iso2StationSession, request: iso2.ChargeParameterDiscoveryReq
) -> tuple[tuple[Schedule, ...], SignatureType | None]:
    """What the CSMS has given, with its tariffs and their signature (V2G2-297, -905), or the station's own schedule."""
    answer = s.answers.get(s.planning) if s.planning is not None else None
    s.planning, resumes = None, s.joined is not None and s.schedule is None
    own = _schedule(s, request)
    if not isinstance(answer, SchedulesAnswer) or not answer.schedules or resumes or s.wishes.schedule:
        return (own,), None
    limit, most, departure = (
        offer.power_limit(s),
        request.MaxEntriesSAScheduleTuple,
        request.EVChargeParameter.DepartureTime,
    )
    tariffs, signature = _tariffs(s, answer)
    given = []
    for number, (one, tariff) in enumerate(zip(answer.schedules, tariffs, strict=True)):
        tuple_id = (own.tuple_id + number - 1) % 255 + 1
        given.append(Schedule.plan(tuple_id, s.talk.now, departure, limit, one.periods, most, tariff, one.number))
    s.next_tuple_id = given[-1].tuple_id % 255 + 1
    return tuple(given), signature


def _tariffs(
    s: Iso2StationSession, answer: SchedulesAnswer
) -> tuple[list[iso2.SalesTariffType | None], SignatureType | None]:
    """The tariffs of the schedules and their signature; none of them where one cannot be sent to a vehicle.

    Who pays by card is sent no signature: by whose key it would be verified nobody could say there.
    """
    try:
        tariffs = [from_ocpp(one.tariff) if one.tariff is not None else None for one in answer.schedules]
        signed = s.is_contract and answer.signature is not None and any(one is not None for one in tariffs)
        return tariffs, attached(answer.signature) if signed else None
    except PeerError as error:
        s.voice.problem(error)
        return [None] * len(answer.schedules), None


def _schedule(s: Iso2StationSession, request: iso2.ChargeParameterDiscoveryReq) -> Schedule:
    """A new schedule under a new id (V2G2-773), or what is left of the paused session's (V2G2-741)."""
    joined, limit, most = s.joined, offer.power_limit(s), request.MaxEntriesSAScheduleTuple
    if joined is not None and s.schedule is None:
        s.next_tuple_id = joined.tuple_id % 255 + 1
        old = Schedule(joined.tuple_id, joined.paused_at, joined.schedule, joined.schedule_end).moved_to(s.talk.now)
        if old is not None and joined.energy_mode == s.mode:
            return old.fitted(limit, most)
    tuple_id = s.next_tuple_id
    s.next_tuple_id = tuple_id % 255 + 1
    departure = request.EVChargeParameter.DepartureTime
    return Schedule.plan(tuple_id, s.talk.now, departure, limit, s.wishes.schedule, most)


def power_delivery(s: Iso2StationSession, request: iso2.PowerDeliveryReq) -> Handling:
    """Start, stop or renegotiate."""
    progress = request.ChargeProgress
    if isinstance(progress, Unlisted):
        raise PeerError(f"The vehicle sent PowerDeliveryReq({progress}), which says neither start nor stop.")
    in_loop = s.state in _LOOPS
    if (progress is _Progress.Renegotiate and not in_loop) or (progress is _Progress.Start and in_loop):
        raise PeerError(
            f"The vehicle sent PowerDeliveryReq({progress}) while the station was {s.state}; "
            f"{'Start' if not in_loop else 'Renegotiate'} and Stop were allowed.",
            clause="V2G2-812",
        )
    schedule = next((one for one in s.offered if one.tuple_id == request.SAScheduleTupleID), None)
    if schedule is None:
        were = " and ".join(str(one.tuple_id) for one in s.offered)
        raise PeerError(
            f"The vehicle chose schedule {request.SAScheduleTupleID}; the last offer was {were} only.",
            clause="V2G2-286, V2G2-479",
            kind="tariff",
        )
    s.schedule = schedule
    _judge_pre_charge(s)
    if progress is _Progress.Start:
        yield from _start(s, request, schedule)
        state = State.LOOP_DC if s.is_dc else State.LOOP_AC
    elif progress is _Progress.Renegotiate:
        s.wishes.renegotiation = False
        s.voice.story("The vehicle renegotiates its schedule.")
        state = State.RENEGOTIATING_DC if s.is_dc else State.RENEGOTIATING_AC
    else:
        s.stop_charging("the station asked for it" if s.wishes.stop_at is not None else "the vehicle has stopped")
        if s.is_dc:
            s.power.ramp(0.0, s.config.dc.volts_per_second, s.talk.now)
            s.isolation = iso2.IsolationLevelType.Invalid
        state = State.STOPPED_DC if s.is_dc else State.STOPPED_AC
    return Reply(iso2.PowerDeliveryRes(ResponseCode=_OK, EVSEStatus=s.dc_status() if s.is_dc else s.ac_status()), state)


def _judge_pre_charge(s: Iso2StationSession) -> None:
    """The vehicle is done with pre-charging: say so if this station took longer than it should."""
    since, s.pre_charging_since = s.pre_charging_since, None
    if since is not None and s.talk.now - since > SECC_PRE_CHARGE + ROUNDING:
        reason = f"it took the station {s.talk.now - since:.1f} s; it should take {SECC_PRE_CHARGE:g} s at most"
        s.voice.judged("pre-charge in time", False, reason, "Table 111")


def _start(s: Iso2StationSession, request: iso2.PowerDeliveryReq, schedule: Schedule) -> Generator[Until, object, None]:
    if request.ChargingProfile is not None:
        check_profile(request.ChargingProfile, schedule, dc=s.is_dc, gate=s.tolerate)
        s.profile = tuple(
            (entry.ChargingProfileEntryStart, iso2.amount(entry.ChargingProfileEntryMaxPower))
            for entry in request.ChargingProfile.ProfileEntry
        )
        if s.config.smart_charging:
            number = schedule.tuple_id if schedule.given is None else schedule.given
            s.notice(notices.VehiclePlanned(time=s.talk.now, since=schedule.since, schedule=number, periods=s.profile))
    else:
        s.profile = ()
    if fault := s.fault:
        raise PeerError(
            f"The station cannot deliver power: {fault}.",
            clause="V2G2-480",
            kind="power delivery",
        )
    if not s.is_dc:
        yield from _await_state_c(s)
        closed_at = s.power.close_contactor(s.talk.now, s.config.ac.contactor_seconds)
        if s.talk.now < closed_at:
            yield Until(min(closed_at, s.talk.now + CONTACTOR_CLOSE))
        if not s.power.contactor_closed(s.talk.now):
            raise PeerError(
                f"The station's contactor did not close within {CONTACTOR_CLOSE:g} s.",
                clause="V2G2-858, V2G2-860, V2G2-862",
                kind="contactor",
            )
    s.start_charging()


def _await_state_c(s: Iso2StationSession) -> Generator[Until, object, None]:
    """The contactor closes only for a vehicle in state C or D, which it is to signal within 250 ms (V2G2-847, -860)."""
    if s.power.vehicle_ready():
        return
    asked = s.talk.now
    yield Until(s.talk.now + STATE_C_PATIENCE, s.ask(VehicleReady()))
    if not s.power.vehicle_ready():
        raise PeerError(
            f"The vehicle has asked for power and has not signalled state C or D within {STATE_C_PATIENCE:g} s.",
            clause="V2G2-847",
            advice="Look at the vehicle's switch on the control pilot.",
            kind="power delivery",
        )
    if s.talk.now - asked > STATE_C:
        s.tolerate(
            Tolerance.STATE_C_LATE(
                f"The vehicle signalled state C {s.talk.now - asked:.2f} s after PowerDeliveryReq(Start).", "V2G2-847"
            )
        )
