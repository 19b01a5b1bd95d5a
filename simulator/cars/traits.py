"""What can be told of a car from its requests alone: each trait as a profile declares it, and as it is read off them.

Both halves stand in one row, so that a table for people and a judgement on recorded or played sessions cannot part. A
trait a profile does not decide is "" in either half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from msgspec import Struct

from pncsim.ev.config import AcLimits, DcLimits
from pncsim.ev.habits import Habits, Offer
from pncsim.simulator.cars.profile import VehicleProfile
from pncsim.simulator.scenario import Energy
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

OURS = VehicleProfile(
    model="vehicle without habits",
    seen=("ac", "dc"),
    tls=True,
    ac=AcLimits(),
    dc=DcLimits(),
    loop={"ac": 30.0, "dc": 5.0},
    habits=Habits(offers=(Offer(ISO2_NAMESPACE, 2, 0, 1, 1),), ready_early=True, ready_late=True, says_complete=True),
)
"""What a vehicle of a lab does that is like no car."""


class CarRequest(Struct, frozen=True):
    """A request as it came, ``pause`` seconds after the last response."""

    pause: float
    body: Any
    session: bytes

    @property
    def name(self) -> str:
        """What the catalogue calls it."""
        return type(self.body).__name__


class Requests(Struct, frozen=True):
    """All of a session, in order; ``asks_tls``: what SDP asked for before it, None if nobody saw that."""

    all: Sequence[CarRequest]
    asks_tls: bool | None = None


class Trait(Struct, frozen=True):
    """One thing cars differ in; ``timed``: a time, which no two stations and no two clocks show alike."""

    name: str
    declared: Callable[[VehicleProfile, Energy], str]
    seen: Callable[[Requests], str]
    timed: bool = False


def declared(profile: VehicleProfile, current: Energy) -> dict[str, str]:
    """The traits a profile decides."""
    told = {trait.name: trait.declared(profile, current) for trait in TRAITS}
    return {name: value for name, value in told.items() if value}


def seen(requests: Requests) -> dict[str, str]:
    """The traits these requests show."""
    told = {trait.name: trait.seen(requests) for trait in TRAITS}
    return {name: value for name, value in told.items() if value}


def different(profile: VehicleProfile, current: Energy) -> dict[str, tuple[str, str]]:
    """What such a car does otherwise than ours: (the car, ours) by trait."""
    ours = declared(OURS, current)
    return {
        name: (value, ours.get(name, ""))
        for name, value in declared(profile, current).items()
        if value != ours.get(name)
    }


# ---- reading ---------------------------------------------------------------------------------------------------------


def _all(requests: Requests, *names: str) -> list[Any]:
    return [request.body for request in requests.all if request.name in names]


def _first(requests: Requests, name: str) -> Any:
    return next(iter(_all(requests, name)), None)


def _parameters(requests: Requests) -> Any:
    asked = _first(requests, "ChargeParameterDiscoveryReq")
    return None if asked is None else asked.EVChargeParameter


def _dc_parameters(requests: Requests) -> iso2.DC_EVChargeParameterType | None:
    found = _parameters(requests)
    return found if isinstance(found, iso2.DC_EVChargeParameterType) else None


def _delivery(requests: Requests, progress: str) -> Any:
    return next((one for one in _all(requests, "PowerDeliveryReq") if one.ChargeProgress == progress), None)


def _says(habits: Habits, request: str, *path: str) -> Any:
    """What a profile makes of a member: its value, "" where it leaves it out, None where it says nothing of it."""
    if ".".join(path) in habits.leaves_out.get(request, ()):
        return ""
    found: Any = habits.says.get(request, {})
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _or_not(value: object) -> str:
    return "not said" if value is None or value == "" else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _list(values: Iterable[object], none: str = "nothing") -> str:
    return ", ".join(map(str, values)) or none


# ---- the traits ------------------------------------------------------------------------------------------------------


def _offered(offers: Iterable[Offer]) -> str:
    short = {ISO2_NAMESPACE: "-2", "urn:din:70121:2012:MsgDef": "DIN"}
    return "; ".join(
        f"{short.get(one.namespace, one.namespace)} {one.major}.{one.minor} as {one.schema_id}, priority {one.priority}"
        for one in offers
    )


def _offers_seen(requests: Requests) -> str:
    asked = next((one.body for one in requests.all if isinstance(one.body, app.SupportedAppProtocolReq)), None)
    return _offered(
        Offer(one.ProtocolNamespace, one.VersionNumberMajor, one.VersionNumberMinor, one.SchemaID, one.Priority)
        for one in (asked.AppProtocol if asked is not None else ())
    )


def _session(octets: str) -> str:
    count = len(octets) // 2
    if octets.strip("0"):
        return f"{count} octets of another session"
    return f"{count} x 00" if count else "no octet"


def _session_seen(requests: Requests) -> str:
    return next((_session(one.session.hex()) for one in requests.all if one.name == "SessionSetupReq"), "")


def _filter(category: object, scope: object) -> str:
    return "no filter" if not category else f"{category}{f', scope of {len(str(scope))} characters' if scope else ''}"


def _filter_declared(profile: VehicleProfile, _: Energy) -> str:
    asked = "ServiceDiscoveryReq"
    return _filter(_says(profile.habits, asked, "ServiceCategory"), _says(profile.habits, asked, "ServiceScope"))


def _filter_seen(requests: Requests) -> str:
    asked = _first(requests, "ServiceDiscoveryReq")
    return "" if asked is None else _filter(asked.ServiceCategory, asked.ServiceScope)


def _entries_declared(profile: VehicleProfile, _: Energy) -> str:
    told = _says(profile.habits, "ChargeParameterDiscoveryReq", "MaxEntriesSAScheduleTuple")
    return "24" if told is None else _or_not(told)


def _entries_seen(requests: Requests) -> str:
    asked = _first(requests, "ChargeParameterDiscoveryReq")
    return "" if asked is None else _or_not(asked.MaxEntriesSAScheduleTuple)


def _departure_declared(profile: VehicleProfile, current: Energy) -> str:
    part = f"{current.upper()}_EVChargeParameter"
    return _or_not(_says(profile.habits, "ChargeParameterDiscoveryReq", part, "DepartureTime"))


def _departure_seen(requests: Requests) -> str:
    found = _parameters(requests)
    return "" if found is None else _or_not(found.DepartureTime)


def _limits_declared(profile: VehicleProfile, current: Energy) -> str:
    if current == "ac":
        ac = profile.ac
        return "" if ac is None else f"{ac.max_voltage:g} V, {ac.min_current:g} to {ac.max_current:g} A"
    dc = profile.dc
    if dc is None:
        return ""
    left = _says(profile.habits, "ChargeParameterDiscoveryReq", "DC_EVChargeParameter", "EVMaximumPowerLimit") == ""
    return f"{dc.max_voltage:g} V, {dc.max_current:g} A{'' if left else f', {dc.max_power / 1000:g} kW'}"


def _limits_seen(requests: Requests) -> str:
    found, amount = _parameters(requests), iso2.amount
    if isinstance(found, iso2.AC_EVChargeParameterType):
        least, most = amount(found.EVMinCurrent), amount(found.EVMaxCurrent)
        return f"{amount(found.EVMaxVoltage):g} V, {least:g} to {most:g} A"
    if not isinstance(found, iso2.DC_EVChargeParameterType):
        return ""
    power = found.EVMaximumPowerLimit
    watts = "" if power is None else f", {amount(power) / 1000:g} kW"
    return f"{amount(found.EVMaximumVoltageLimit):g} V, {amount(found.EVMaximumCurrentLimit):g} A{watts}"


def _multiplier(habits: Habits, unit: str, *places: str) -> str:
    """That of a unit in the innermost of ``places`` a profile says one for."""
    found = [habits.exponents[place][unit] for place in places if unit in habits.exponents.get(place, {})]
    return f"10^{found[-1]}" if found else ""


def _parameter_multiplier(profile: VehicleProfile, current: Energy) -> str:
    limits = profile.ac if current == "ac" else profile.dc
    places = ("*", "ChargeParameterDiscoveryReq", f"{current.upper()}_EVChargeParameter")
    return "" if limits is None else _multiplier(profile.habits, "V", *places)


def _parameter_multiplier_seen(requests: Requests) -> str:
    found = _parameters(requests)
    volts = getattr(found, "EVMaxVoltage", None) or getattr(found, "EVMaximumVoltageLimit", None)
    return "" if volts is None else f"10^{volts.Multiplier}"


def _loop_multiplier_seen(requests: Requests) -> str:
    asked = _first(requests, "CurrentDemandReq")
    return "" if asked is None else f"10^{asked.EVTargetVoltage.Multiplier}"


def _ready_seen(requests: Requests) -> str:
    found = _dc_parameters(requests)
    return "" if found is None else _yes(found.DC_EVStatus.EVReady)


def _soc_declared(profile: VehicleProfile, current: Energy) -> str:
    usual = {"FullSOC": 100, "BulkSOC": 80}
    told = {name: _says(profile.habits, "ChargeParameterDiscoveryReq", "DC_EVChargeParameter", name) for name in usual}
    both = " / ".join(_or_not(usual[name] if value is None else value) for name, value in told.items())
    return both if current == "dc" else ""


def _soc_seen(requests: Requests) -> str:
    found = _dc_parameters(requests)
    return "" if found is None else f"{_or_not(found.FullSOC)} / {_or_not(found.BulkSOC)}"


def _target_declared(profile: VehicleProfile, current: Energy) -> str:
    first, then = profile.habits.first_pre_charge, f"{profile.habits.pre_charge_amperes:g} A"
    if current == "ac":
        return ""
    return then if first is None else f"{first.amperes:g} A at {first.volts:g} V, then {then}"


def _target_seen(requests: Requests) -> str:
    asked = _all(requests, "PreChargeReq")
    if not asked:
        return ""
    first, last = (
        (iso2.amount(one.EVTargetCurrent), iso2.amount(one.EVTargetVoltage)) for one in (asked[0], asked[-1])
    )
    return f"{last[0]:g} A" if first[0] == last[0] else f"{first[0]:g} A at {first[1]:g} V, then {last[0]:g} A"


def _profile_declared(profile: VehicleProfile, current: Energy) -> str:
    points = profile.habits.profile.get(current)
    if points is None:  # it follows the schedule it is offered
        return ""
    odd = [f"{one.watts:g} W on {one.phases} phases" for one in points if one.watts is not None]
    return _list(odd) if odd else f"entries from {_list((f'{one.start} s' for one in points), 'never')}"


def _profile_seen(requests: Requests) -> str:
    started = _delivery(requests, "Start")
    if started is None:
        return ""
    entries = [] if started.ChargingProfile is None else started.ChargingProfile.ProfileEntry
    watts = [iso2.amount(one.ChargingProfileEntryMaxPower) for one in entries]
    odd = [
        f"{power:g} W on {one.ChargingProfileEntryMaxNumberOfPhasesInUse} phases"
        for power, one in zip(watts, entries, strict=True)
        if power < 0
    ]
    told = (f"{one.ChargingProfileEntryStart} s" for one in entries)
    return _list(odd) if odd else f"entries from {_list(told, 'never')}"


def _again_declared(profile: VehicleProfile, current: Energy) -> str:
    gone = profile.habits.leaves_at_once and current == "ac"
    return "" if gone else _yes(profile.habits.profile_at_stop)


def _again_seen(requests: Requests) -> str:
    stopped = _delivery(requests, "Stop")
    return "" if stopped is None else _yes(stopped.ChargingProfile is not None)


def _complete_seen(requests: Requests) -> str:
    asked = _all(requests, "CurrentDemandReq")
    return _yes(any(one.ChargingComplete for one in asked)) if asked else ""


def _remaining_seen(requests: Requests) -> str:
    told = (one.RemainingTimeToFullSoC for one in _all(requests, "CurrentDemandReq"))
    return next((str(one.Unit) for one in told if one is not None), "")


_OPTIONAL = ("EVMaximumPowerLimit", "BulkChargingComplete")


def _left_out_seen(requests: Requests) -> str:
    asked = _first(requests, "CurrentDemandReq")
    return "" if asked is None else _list(name for name in _OPTIONAL if getattr(asked, name) is None)


def _welding_seen(requests: Requests) -> str:
    return str(len(_all(requests, "WeldingDetectionReq"))) if _all(requests, "CurrentDemandReq") else ""


def _late_seen(requests: Requests) -> str:
    asked = _first(requests, "WeldingDetectionReq")
    return "" if asked is None else _yes(asked.DC_EVStatus.EVReady)


def _end_declared(profile: VehicleProfile, current: Energy) -> str:
    habits = profile.habits
    stop = "SessionStop(Pause)" if current in habits.pauses else "SessionStop(Terminate)"
    return stop if habits.leaves_at_once and current == "ac" else f"PowerDelivery(Stop), {stop}"


def _end_seen(requests: Requests) -> str:
    told = [f"PowerDelivery({one.ChargeProgress})" for one in _all(requests, "PowerDeliveryReq")[1:]]
    stopped = _first(requests, "SessionStopReq")
    return "" if stopped is None else _list([*told, f"SessionStop({stopped.ChargingSession})"])


def _milliseconds(pauses: Iterable[float]) -> str:
    found = list(pauses)
    return f"{median(found) * 1000:.0f} ms" if found else ""


def _dc(text: str, current: Energy) -> str:
    return text if current == "dc" else ""


TRAITS = (
    Trait(
        "SDP asks for TLS",
        lambda p, _: _yes(p.tls),
        lambda requests: "" if requests.asks_tls is None else _yes(requests.asks_tls),
    ),
    Trait("offers", lambda p, _: _offered(p.habits.offers), _offers_seen),
    Trait("first SessionID", lambda p, _: _session(p.habits.first_session), _session_seen),
    Trait(
        "EVCCID",
        lambda *_: "6 octets",
        lambda requests: f"{len(asked.EVCCID)} octets" if (asked := _first(requests, "SessionSetupReq")) else "",
    ),
    Trait("ServiceDiscovery", _filter_declared, _filter_seen),
    Trait("MaxEntriesSAScheduleTuple", _entries_declared, _entries_seen),
    Trait("DepartureTime", _departure_declared, _departure_seen),
    Trait("limits", _limits_declared, _limits_seen),
    Trait("multiplier of the voltage limit", _parameter_multiplier, _parameter_multiplier_seen),
    Trait("EVReady before the cable check", lambda p, c: _dc(_yes(p.habits.ready_early), c), _ready_seen),
    Trait("FullSOC / BulkSOC", _soc_declared, _soc_seen),
    Trait(
        "PreChargeReq",
        lambda p, c: _dc(str(p.habits.pre_charges), c),
        lambda requests: str(n) if (n := len(_all(requests, "PreChargeReq"))) else "",
    ),
    Trait("target current of the pre-charge", _target_declared, _target_seen),
    Trait(
        "multiplier of that current",
        lambda p, c: _dc(_multiplier(p.habits, "A", "*", "PreChargeReq"), c),
        lambda requests: (
            f"10^{asked.EVTargetCurrent.Multiplier}" if (asked := _first(requests, "PreChargeReq")) else ""
        ),
    ),
    Trait("ChargingProfile", _profile_declared, _profile_seen),
    Trait("ChargingProfile with the stop", _again_declared, _again_seen),
    Trait(
        "multiplier of the target voltage",
        lambda p, c: _dc(_multiplier(p.habits, "V", "*", "CurrentDemandReq"), c),
        _loop_multiplier_seen,
    ),
    Trait("ChargingComplete ever", lambda p, c: _dc(_yes(p.habits.says_complete), c), _complete_seen),
    Trait("unit of remaining times", lambda p, c: _dc("m" if p.habits.minutes else "s", c), _remaining_seen),
    Trait(
        "left out of the loop",
        lambda p, c: _dc(_list(n for n in _OPTIONAL if _says(p.habits, "CurrentDemandReq", n) == ""), c),
        _left_out_seen,
    ),
    Trait("WeldingDetectionReq", lambda p, c: _dc(str(p.habits.weldings), c), _welding_seen),
    Trait(
        "EVReady while welding is looked for",
        lambda p, c: _dc(_yes(p.habits.ready_late), c) if p.habits.weldings else "",
        _late_seen,
    ),
    Trait("end", _end_declared, _end_seen),
    Trait(
        "time for a request",
        lambda p, _: f"{p.habits.think * 1000:.0f} ms",
        lambda requests: _milliseconds(
            one.pause for one in requests.all if one.name in ("ServiceDiscoveryReq", "PaymentServiceSelectionReq")
        ),
        timed=True,
    ),
    Trait(
        "pause in the loop",
        lambda p, c: f"{p.loop.get(c, p.habits.think) * 1000:.0f} ms",
        lambda requests: _milliseconds(
            one.pause for one in requests.all if one.name in ("ChargingStatusReq", "CurrentDemandReq")
        ),
        timed=True,
    ),
)
"""In the order of a session; what only a station's wish shows (``stops_late``) is not among them."""
