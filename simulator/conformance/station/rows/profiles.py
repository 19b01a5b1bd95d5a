"""Charging profiles: setting, replacing, reporting and clearing them, and what comes of several."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doing import charging
from pncsim.simulator.conformance.station.rows.remote import begun_remotely, start
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.when import timestamp

PROFILES = OcttCases("charging profiles", "CS")
CASES = PROFILES.cases

DEFAULT, LARGEST, OF_ONE = "TxDefaultProfile", "ChargingStationMaxProfile", "TxProfile"
NOBODYS = "no-transaction-of-anybody"
HOUR = 3600.0


def _unit(desk: CsmsDesk) -> tuple[str, float]:
    """The unit the station takes limits in, and how many of it a kilowatt is, near enough."""
    return ("W", 1000.0) if desk.pics.has("RateUnit", "W") else ("A", 1.5)


def profile(desk: CsmsDesk, purpose: str, *, id: int = 1, level: int = 0, kilowatts: float = 6.0, **more: Any) -> Any:
    """A profile with one period. ``more``: further fields; ``unit``, ``start``: of its schedule."""
    unit, each = _unit(desk)
    schedule = {
        "id": id,
        "chargingRateUnit": more.pop("unit", unit),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": kilowatts * each}],
        "startSchedule": more.pop("start", desk.time),
        "duration": 86_400,
    }
    kind = more.pop("kind", "Absolute")
    if kind == "Relative":
        del schedule["startSchedule"]
    return {
        "id": id,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    } | more


async def _set(desk: CsmsDesk, evse: int, given: Any, *allowed: str) -> None:
    desk.afterwards(lambda: _clear(desk, "Accepted", "Unknown", id=given["id"]))
    request: Any = {"evseId": evse, "chargingProfile": given}
    await desk.status(v201.SetChargingProfile(request), *(allowed or ("Accepted",)))


async def _clear(desk: CsmsDesk, *allowed: str, id: int = 0, **criteria: Any) -> None:
    request: Any = {"chargingProfileId": id} if id else {"chargingProfileCriteria": criteria}
    await desk.status(v201.ClearChargingProfile(request), *allowed)


async def _reported(desk: CsmsDesk, evse: int | None = None, **criterion: Any) -> list[Any]:
    """The profiles that GetChargingProfiles brings; none where it says NoProfiles."""
    place = {} if evse is None else {"evseId": evse}
    request: Any = {"requestId": 9, "chargingProfile": criterion, **place}
    answer = await desk.status(v201.GetChargingProfiles(request), "Accepted", "NoProfiles")
    found: list[Any] = []
    more = answer["status"] == "Accepted"
    while more:
        part = await desk.expect("ReportChargingProfiles")
        must(part["requestId"] == 9, "ReportChargingProfiles is of another request.")
        found += part["chargingProfile"]
        more = part.get("tbc", False)
    return found


def _sets(evse: int, purpose: str, *allowed: str, busy: bool = False, **more: Any) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        extra = dict(more)
        if busy:
            transaction = await charging(desk)
            if purpose == OF_ONE:
                extra.setdefault("transactionId", transaction)
        await _set(desk, evse, profile(desk, purpose, **extra), *allowed)

    return play


async def _wrong_unit(desk: CsmsDesk) -> None:
    other = "A" if _unit(desk)[0] == "W" else "W"
    await _set(desk, 1, profile(desk, DEFAULT, unit=other), "Rejected")


def _in_time(field: str, hours: float) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        moment = timestamp(desk.clock.now() + hours * HOUR)
        more: Any = {"start": moment} if field == "startSchedule" else {field: moment}
        given = profile(desk, DEFAULT, **more)
        await _set(desk, 1, given)
        found = await _reported(desk, 1, chargingProfileId=[1])
        must(len(found) == 1, f"{len(found)} profiles with that id are reported, not 1.")

    return play


async def _replaces(desk: CsmsDesk) -> None:
    await _set(desk, 1, profile(desk, DEFAULT, kilowatts=6.0))
    await _set(desk, 1, profile(desk, DEFAULT, kilowatts=8.0))
    found = await _reported(desk, 1, chargingProfileId=[1])
    must(len(found) == 1, f"{len(found)} profiles with that id are reported, not 1.")
    limit = found[0]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
    must(limit == 8.0 * _unit(desk)[1], f"The profile that was replaced is still there: its limit is {limit:g}.")


async def _outlives(desk: CsmsDesk) -> None:
    await _set(desk, 1, profile(desk, DEFAULT))
    reset: Any = {"type": "OnIdle"}
    await desk.status(v201.Reset(reset), "Accepted")
    await desk.expect("BootNotification", within=desk.options.wait)
    await desk.expect("StatusNotification", within=desk.options.wait)
    must(await _reported(desk, 1, chargingProfileId=[1]), "The profile is gone after a reset.")


def _gets(evse: int | None, **criterion: Any) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        place = 1 if evse is None else evse
        purpose = LARGEST if place == 0 else DEFAULT
        await _set(desk, place, profile(desk, purpose, id=4))
        wanted = criterion or {"chargingProfilePurpose": purpose}
        found = await _reported(desk, evse, **wanted)
        must(any(one["id"] == 4 for one in found), "The profile that was set is not reported.")

    return play


async def _started_with_one(desk: CsmsDesk) -> None:
    await desk.hand.drive()
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)")
    await start(desk, chargingProfile=profile(desk, OF_ONE, id=4, kind="Relative"))
    transaction = await begun_remotely(desk)
    found = await _reported(desk, 1, chargingProfilePurpose=OF_ONE)
    mine = [one for one in found if one.get("transactionId") == transaction]
    must(mine, "The profile of the request is not reported as one of the transaction that was begun.")


async def _composite(desk: CsmsDesk, *allowed: str, evse: int = 1, unit: str = "") -> Any:
    request: Any = {"duration": 300, "evseId": evse, "chargingRateUnit": unit or _unit(desk)[0]}
    return await desk.status(v201.GetCompositeSchedule(request), *(allowed or ("Accepted",)))


async def _limited(desk: CsmsDesk, kilowatts: float) -> None:
    answer = await _composite(desk)
    limit = answer["schedule"]["chargingSchedulePeriod"][0]["limit"]
    must(limit == kilowatts * _unit(desk)[1], f"The composite schedule has the limit {limit:g}, not {kilowatts} kW.")


async def _stacked(desk: CsmsDesk) -> None:
    await _set(desk, 1, profile(desk, DEFAULT, id=1, level=0, kilowatts=6.0))
    await _set(desk, 1, profile(desk, DEFAULT, id=2, level=1, kilowatts=8.0))
    await _limited(desk, 8.0)


async def _combined(desk: CsmsDesk) -> None:
    await _set(desk, 0, profile(desk, LARGEST, id=1, kilowatts=5.0))
    await _set(desk, 1, profile(desk, DEFAULT, id=2, kilowatts=8.0))
    await _limited(desk, 5.0)


async def _no_profile(desk: CsmsDesk) -> None:
    await _composite(desk)


async def _composite_of_nobody(desk: CsmsDesk) -> None:
    await _composite(desk, "Rejected", evse=77)


async def _composite_wrong_unit(desk: CsmsDesk) -> None:
    await _composite(desk, "Rejected", unit="A" if _unit(desk)[0] == "W" else "W")


def _clears(*, by_id: bool = False, busy: bool = False, several: bool = False) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        if busy:
            await charging(desk)
        await _set(desk, 1, profile(desk, DEFAULT, id=5))
        if several:
            await _set(desk, 2, profile(desk, DEFAULT, id=6))
        if by_id:
            await _clear(desk, "Accepted", id=5)
        else:
            place = {} if several else {"evseId": 1}
            await _clear(desk, "Accepted", chargingProfilePurpose=DEFAULT, stackLevel=0, **place)
        left = await _reported(desk, None, chargingProfileId=[5, 6])
        must(not left, "A profile that was cleared is still reported.")

    return play


async def _clears_nothing(desk: CsmsDesk) -> None:
    await _clear(desk, "Unknown", chargingProfilePurpose=DEFAULT, stackLevel=7)


async def _clears_none(desk: CsmsDesk) -> None:
    await _clear(desk, "Unknown", id=4711)


_TAKES, _KEEPS, _TELLS = has("SetChargingProfile"), has("ChargingProfiles"), has("CompositeSchedule")
_SET, _GET, _CLEAR, _COMPOSITE = (
    "Set Charging Profile",
    "Get Charging Profile",
    "Clear Charging Profile",
    "Get Composite Schedule",
)

for _number, _title, _play, _use, _does, _expects, _when in (
    ("K_01", f"{_SET}: TxDefaultProfile - Specific EVSE", _sets(1, DEFAULT), "K01", "of EVSE 1", "Accepted", _KEEPS),
    ("K_10", f"{_SET}: TxDefaultProfile - All EVSE", _sets(0, DEFAULT), "K01", "of every EVSE", "Accepted", _KEEPS),
    (
        "K_60",
        f"{_SET}: TxProfile with ongoing transaction on the specified EVSE",
        _sets(1, OF_ONE, busy=True, kind="Relative"),
        "K01",
        "for the transaction that goes on",
        "Accepted",
        _KEEPS,
    ),
    (
        "K_02",
        f"{_SET}: TxProfile without ongoing transaction on the specified EVSE",
        _sets(1, OF_ONE, "Rejected", kind="Relative"),
        "K01",
        "for a transaction, while none goes on",
        "Rejected",
        _TAKES,
    ),
    (
        "K_11",
        f"{_SET}: Unable to set TxProfile on all EVSE at once",
        _sets(0, OF_ONE, "Rejected", kind="Relative"),
        "K01",
        "for a transaction, at every EVSE",
        "Rejected",
        _TAKES,
    ),
    ("K_03", f"{_SET}: ChargingStationMaxProfile", _sets(0, LARGEST), "K01", "of the station", "Accepted", _KEEPS),
    (
        "K_19",
        f"{_SET}: ChargingProfileKind is Recurring",
        _sets(1, DEFAULT, kind="Recurring", recurrencyKind="Daily"),
        "K01",
        "that recurs daily",
        "Accepted",
        _KEEPS,
    ),
    ("K_12", f"{_SET}: ChargerRateUnit Rejected", _wrong_unit, "K01", "in the other unit", "Rejected", _TAKES),
    (
        "K_13",
        f"{_SET}: Persistent over reboot",
        _outlives,
        "K01",
        "and Reset",
        "Accepted; it is there after it",
        _KEEPS,
    ),
    (
        "K_14",
        f"{_SET}: Unexisting EVSEid",
        _sets(77, DEFAULT, "Rejected"),
        "K01",
        "of an EVSE there is not",
        "Rejected",
        _TAKES,
    ),
    (
        "K_28",
        f"{_SET}: TxDefaultProfile with transaction ongoing",
        _sets(1, DEFAULT, busy=True),
        "K01",
        "of EVSE 1, where a vehicle charges",
        "Accepted",
        _KEEPS,
    ),
    (
        "K_16",
        f"{_SET}: Unknown transactionId",
        _sets(1, OF_ONE, "Rejected", busy=True, transactionId=NOBODYS, kind="Relative"),
        "K01",
        "for a transaction there is not, where a vehicle charges",
        "Rejected",
        _TAKES,
    ),
    ("K_21", f"{_SET}: ValidFrom", _in_time("validFrom", 1), "K01", "with validFrom", "Accepted, and reported", _KEEPS),
    ("K_22", f"{_SET}: ValidTo", _in_time("validTo", 1), "K01", "with validTo", "Accepted, and reported", _KEEPS),
    (
        "K_23",
        f"{_SET}: StartSchedule",
        _in_time("startSchedule", 1),
        "K01",
        "with startSchedule",
        "Accepted, and reported",
        _KEEPS,
    ),
    (
        "K_04",
        "Replace charging profile: With chargingProfileId",
        _replaces,
        "K01",
        "twice with one id",
        "Accepted; the second one alone is reported",
        _KEEPS,
    ),
    (
        "K_37",
        "Remote start transaction with charging profile: Success",
        _started_with_one,
        "F01",
        "",
        "",
        _KEEPS,
    ),
    ("K_39", f"{_COMPOSITE}: No ChargingProfile installed on Charging Station", _no_profile, "K08", "", "", _TELLS),
    ("K_40", f"{_COMPOSITE}: Stacking ChargingProfiles", _stacked, "K08", "", "the higher level counts", _TELLS),
    ("K_41", f"{_COMPOSITE}: Combining chargingProfilePurposes", _combined, "K08", "", "the lower counts", _TELLS),
    ("K_42", f"{_COMPOSITE}: chargingRateUnit not supported", _composite_wrong_unit, "K08", "", "Rejected", _TELLS),
    ("K_47", f"{_COMPOSITE}: Unknown EVSEId", _composite_of_nobody, "K08", "", "Rejected", _TELLS),
    ("K_29", f"{_GET}: Evseld 0", _gets(0), "K09", "", "", _KEEPS),
    ("K_30", f"{_GET}: Evseld > 0", _gets(1), "K09", "", "", _KEEPS),
    ("K_31", f"{_GET}: No Evseld", _gets(None), "K09", "", "", _KEEPS),
    ("K_32", f"{_GET}: chargingProfileId", _gets(None, chargingProfileId=[4]), "K09", "", "", _KEEPS),
    ("K_33", f"{_GET}: Evseld > 0 + stackLevel", _gets(1, stackLevel=0), "K09", "", "", _KEEPS),
    (
        "K_34",
        f"{_GET}: Evseld > 0 + chargingLimitSource",
        _gets(1, chargingLimitSource=["CSO"]),
        "K09",
        "",
        "",
        _KEEPS,
    ),
    (
        "K_35",
        f"{_GET}: Evseld > 0 + chargingProfilePurpose",
        _gets(1, chargingProfilePurpose=DEFAULT),
        "K09",
        "",
        "",
        _KEEPS,
    ),
    (
        "K_36",
        f"{_GET}: Evseld > 0 + chargingProfilePurpose + stackLevel",
        _gets(1, chargingProfilePurpose=DEFAULT, stackLevel=0),
        "K09",
        "",
        "",
        _KEEPS,
    ),
    ("K_05", f"{_CLEAR}: With chargingProfileId", _clears(by_id=True), "K10", "by its id", "", _KEEPS),
    (
        "K_06",
        f"{_CLEAR}: With stackLevel/purpose combination for one profile",
        _clears(),
        "K10",
        "by stack level and purpose",
        "",
        _KEEPS,
    ),
    (
        "K_24",
        f"{_CLEAR}: With stackLevel/purpose combination for multiple profiles",
        _clears(several=True),
        "K10",
        "by stack level and purpose, at two EVSEs",
        "",
        (*_KEEPS, *has("Evses")),
    ),
    (
        "K_07",
        f"{_CLEAR}: With unknown stackLevel/purpose combination",
        _clears_nothing,
        "K10",
        "by a stack level of no profile",
        "Unknown",
        _KEEPS,
    ),
    (
        "K_08",
        f"{_CLEAR}: Without previous charging profile",
        _clears_none,
        "K10",
        "by an id of none",
        "Unknown",
        _KEEPS,
    ),
    (
        "K_09",
        f"{_CLEAR}: Clearing a TxDefaultProfile - With ongoing transaction",
        _clears(busy=True),
        "K10",
        "by stack level and purpose, where a vehicle charges",
        "",
        _KEEPS,
    ),
):
    _what, _result = {
        "K01": (f"SetChargingProfile {_does}", f"status {_expects}"),
        "F01": (
            "a vehicle is plugged in; then RequestStartTransaction with a chargingProfile, and GetChargingProfiles",
            "status Accepted, and energy flows; the profile is reported as one of the transaction",
        ),
        "K08": ("GetCompositeSchedule, after what the title says was set", f"status {_expects or 'Accepted'}"),
        "K09": ("SetChargingProfile, then GetChargingProfiles by what the title says", "the profile is reported"),
        "K10": (f"ClearChargingProfile {_does}", f"status {_expects or 'Accepted, and it is not reported any more'}"),
    }[_use]
    if _result.startswith("status the"):
        _result = f"status Accepted; {_expects}"
    PROFILES.add(_number, _title, _play, use_case=_use, does=_what, expects=_result, when=_when)
