"""The power a vehicle announces and takes, judged by a station that steps its PMax up and down."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from two_engines import Conversation, converse

from pncsim.ev.config import AC_MODES, DC_MODES
from pncsim.wire.trace import Power, V2gMessage
from pncsim.wire.v2g import iso2

Steps = tuple[tuple[int, float], ...]

SCHEDULES: dict[str, Steps] = {
    "rising": ((0, 7_000), (5, 8_000), (31, 9_500), (90, 20_000)),
    "falling": ((0, 20_000), (3, 10_400), (47, 7_000), (95, 4_500)),
    "up and down": ((0, 4_500), (1, 11_000), (2, 5_000), (44, 10_000), (70, 6_000), (130, 11_000)),
    "nothing at first": ((0, 0), (61, 8_000)),
    "late at night": ((0, 0), (600, 1_000), (1800, 8_000)),
    "30 steps": tuple((second * 11, 5_000 + 500 * (second % 7)) for second in range(30)),
}
"""PMax over time: (seconds after ChargeParameterDiscoveryRes, W)."""


def bodies(talk: Conversation, kind: type[Any]) -> list[tuple[float, Any]]:
    """When the vehicle sent or received messages of one kind, and what they said."""
    return [
        (event.time, event.value.Body.BodyElement)
        for event in talk.of(V2gMessage, "EV")
        if isinstance(event.value, iso2.V2G_Message) and isinstance(event.value.Body.BodyElement, kind)
    ]


def pmax(steps: Steps, second: float) -> float:
    return [watts for start, watts in steps if start <= second][-1]


@pytest.mark.parametrize("steps", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("modes", [AC_MODES, DC_MODES], ids=["AC", "DC"])
@pytest.mark.parametrize("late", [0.01, 0.7, 9.3], ids="{} s of answer".format)
def test_a_vehicle_announces_and_takes_at_every_second_what_the_schedule_allows(
    steps: Steps, modes: tuple[str, ...], late: float
) -> None:
    """Counted from ChargeParameterDiscoveryRes, however long the way from there to PowerDelivery is."""
    talk = converse(
        wishes={"energy_modes": modes, "loop_interval": 20.0, "patience": 10.0},
        changes={"energy_modes": modes, "schedule": steps},
        slow={"CableCheckRes": late, "PreChargeRes": late / 2},
    )
    assert [end.error for end in talk.ends.values()] == [None, None], "our own station accepts the profile"
    assert talk.ev.outcome.energy_wh == pytest.approx(500, abs=1)
    [(now, _)] = bodies(talk, iso2.ChargeParameterDiscoveryRes)
    [(_, start), _] = bodies(talk, iso2.PowerDeliveryReq)
    entries = [
        (entry.ChargingProfileEntryStart, iso2.amount(entry.ChargingProfileEntryMaxPower))
        for entry in start.ChargingProfile.ProfileEntry
    ]
    assert entries[0][0] == 0
    for second in range(2000):
        assert pmax(tuple(entries), second) <= pmax(steps, second)
    samples = talk.of(Power, "EV")
    for sample, after in pairwise(samples):
        # 30 ms: more than the time a question and its answer take between the two engines.
        for moment in (sample.time, after.time - 0.03):
            assert sample.watts <= pmax(steps, moment - now) + 1
    assert any(sample.watts > 0 for sample in samples)


@pytest.mark.parametrize("modes", [AC_MODES, DC_MODES], ids=["AC", "DC"])
def test_a_schedule_that_ends_is_renewed_before_its_end_while_energy_is_wanted(modes: tuple[str, ...]) -> None:
    def shorten(name: str, message: Any) -> Any:
        """The station plans for two minutes at a time."""
        if name == "ChargeParameterDiscoveryRes" and isinstance(message, iso2.V2G_Message):
            body: Any = message.Body.BodyElement
            [offered] = body.SASchedules.SAScheduleTuple
            [entry] = offered.PMaxSchedule.PMaxScheduleEntry
            entry.TimeInterval = iso2.RelativeTimeIntervalType(start=0, duration=120)
        return message

    talk = converse(
        wishes={"energy_modes": modes, "loop_interval": 40.0, "energy_wish": 1_300.0},
        changes={"energy_modes": modes, "alter": shorten, "schedule": ((0, 11_000),)},
    )
    assert [end.error for end in talk.ends.values()] == [None, None]
    assert talk.ev.outcome.energy_wh == pytest.approx(1_300, abs=1)
    offered = [now for now, res in bodies(talk, iso2.ChargeParameterDiscoveryRes)]
    asked = [
        now
        for now, request in bodies(talk, iso2.PowerDeliveryReq)
        if request.ChargeProgress == iso2.ChargeProgressType.Renegotiate
    ]
    assert len(asked) == talk.ev.outcome.renegotiations == 4
    assert len(offered) == len(asked) + 1, "nothing is asked for once the energy is there"
    for began, renewed in zip(offered, asked, strict=False):
        assert began + 60 < renewed < began + 120


def test_a_departure_the_schedule_covers_is_no_reason_to_renew_it() -> None:
    talk = converse(wishes={"departure": 200.0, "energy_wish": 50_000.0})
    assert talk.ev.outcome.renegotiations == 0
    assert talk.ev.outcome.ok
