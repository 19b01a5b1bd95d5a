"""Schedules from the CSMS: asked for when a vehicle says what it needs, awaited as a charging profile (OCPP K15)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from pncsim.secc import notices
from pncsim.secc.questions import GivenSchedule, SchedulesAnswer, SchedulesWanted
from pncsim.secc.station.link import CallCsms
from pncsim.secc.station.status_info import because
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

PROFILE_WITHIN = 50.0
"""Seconds the CSMS has for its profile: the vehicle waits 60 s for schedules (V2G2-711), K15 gives the CSMS as much."""

MOST_SCHEDULES = 3
"""Schedules that go to a vehicle (V2G2-297)."""


class SchedulePlanner:
    """Gets schedules for the vehicle at EVSE ``number``, one question at a time."""

    def __init__(self, number: int, clock: Clock, ask: CallCsms, call_timeout: float, voice: Voice) -> None:
        self._number, self._clock, self._ask, self._voice = number, clock, ask, voice
        self._call_timeout = call_timeout
        self._awaited: asyncio.Future[tuple[GivenSchedule, ...]] | None = None
        self._signature: object = None
        self._planned = ""
        self._ahead: tuple[str, tuple[GivenSchedule, ...]] | None = None

    async def schedules(self, wanted: SchedulesWanted, transaction: str) -> SchedulesAnswer:
        """What the CSMS offers; nothing where it offers nothing or is late: the station then has its own.

        What it has sent while this ``transaction`` was going on is taken without asking (K16).
        """
        self._planned = transaction
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == transaction:
            return SchedulesAnswer(schedules=ahead[1])
        self._awaited, self._signature = asyncio.get_running_loop().create_future(), None
        try:
            answer = await self._ask(v201.NotifyEVChargingNeeds(self._needs(wanted)), self._call_timeout)
            if answer["status"] != "Accepted":
                return SchedulesAnswer()
            async with self._clock.timeout(PROFILE_WITHIN):
                return SchedulesAnswer(schedules=await self._awaited, signature=self._signature)
        except TimeoutError:
            late = f"The CSMS wanted to send schedules and has sent none within {PROFILE_WITHIN:g} s."
            self._voice.problem(PeerError(late, kind="silent", clause="K15.FR.08"))
            return SchedulesAnswer()
        except PncError as error:
            self._voice.problem(error)
            return SchedulesAnswer()
        finally:
            self._awaited = None

    def sign(self, signature: object) -> bool:
        """The signature of the tariffs that are to come; whether any are awaited."""
        if self._awaited is None:
            return False
        self._signature = signature
        return True

    def take(
        self, profile: types.ChargingProfileType, again: Callable[[], None] | None = None
    ) -> types.SetChargingProfileResponse:
        """SetChargingProfile for this EVSE's transaction.

        Where none is awaited ``again`` has the vehicle negotiate once more (K16); None: it cannot do that now.
        """
        transaction = profile.get("transactionId", "")
        awaited = self._awaited if self._awaited is not None and not self._awaited.done() else None
        if awaited is None and (again is None or self._planned != transaction):
            return {"status": "Rejected", "statusInfo": because("InvalidMessageSeq")}
        given = profile["chargingSchedule"]
        if any(one["chargingRateUnit"] != "W" for one in given) or len(given) > MOST_SCHEDULES:
            return {"status": "Rejected", "statusInfo": because("InvalidSchedule")}
        schedules = tuple(
            GivenSchedule(
                number=schedule["id"],
                periods=tuple((one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"]),
                tariff=schedule.get("salesTariff"),
            )
            for schedule in given
        )
        if any(one.periods[0][0] != 0 or list(one.periods) != sorted(one.periods) for one in schedules):
            return {
                "status": "Rejected",
                "statusInfo": because("InvalidSchedule", "Periods rise in time, from 0 on."),
            }
        if awaited is not None:
            awaited.set_result(schedules)
        elif again is not None:
            self._ahead = (transaction, schedules)
            again()
        return {"status": "Accepted"}

    async def planned(self, plan: notices.VehiclePlanned) -> bool:
        """Tell the CSMS how the vehicle will charge; whether the CSMS has nothing against it. Raises as ``ask``."""
        periods: list[types.ChargingSchedulePeriodType] = [
            {"startPeriod": start, "limit": watts} for start, watts in plan.periods
        ]
        answer = await self._ask(
            v201.NotifyEVChargingSchedule(
                {
                    "timeBase": timestamp(plan.since),
                    "evseId": self._number,
                    "chargingSchedule": {
                        "id": plan.schedule,
                        "chargingRateUnit": "W",
                        "chargingSchedulePeriod": periods,
                    },
                }
            ),
            self._call_timeout,
        )
        return answer["status"] == "Accepted"

    def _needs(self, wanted: SchedulesWanted) -> types.NotifyEVChargingNeedsRequest:
        needs: types.ChargingNeedsType = {"requestedEnergyTransfer": wanted.transfer}
        if wanted.departure is not None:
            needs["departureTime"] = timestamp(self._clock.now() + wanted.departure)
        if wanted.transfer == "DC":
            needs["dcChargingParameters"] = {
                "evMaxCurrent": round(wanted.max_current),
                "evMaxVoltage": round(wanted.max_voltage),
                "energyAmount": round(wanted.energy),
            }
        else:
            needs["acChargingParameters"] = {
                "energyAmount": round(wanted.energy),
                "evMinCurrent": round(wanted.min_current),
                "evMaxCurrent": round(wanted.max_current),
                "evMaxVoltage": round(wanted.max_voltage),
            }
        return {"evseId": self._number, "maxScheduleTuples": MOST_SCHEDULES, "chargingNeeds": needs}
