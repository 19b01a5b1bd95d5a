"""Connectors: what is told of them, and taking them out of service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doing import charging, occupied, over
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

AVAILABILITY = OcttCases("availability", "CS")
CASES = AVAILABILITY.cases

Operation = Literal["Operative", "Inoperative"]
AvailabilityLevel = Literal["EVSE", "Charging Station", "Connector"]

_PLACES: dict[AvailabilityLevel, Any] = {
    "EVSE": {"evse": {"id": 1}},
    "Charging Station": {},
    "Connector": {"evse": {"id": 1, "connectorId": 1}},
}
SETTLES = 2.0
"""Seconds within which a station has told how all its connectors are."""
_TOLD: dict[Operation, str] = {"Operative": "Available", "Inoperative": "Unavailable"}


async def _plugged(desk: CsmsDesk) -> None:
    said = await occupied(desk)
    must((said["evseId"], said["connectorId"]) == (1, 1), "StatusNotification is of another connector.")


async def _freed(desk: CsmsDesk) -> None:
    await occupied(desk)
    await desk.hand.unplug()
    said = await desk.expect(
        "StatusNotification", lambda said: said["connectorStatus"] == "Available", what="(Available)"
    )
    must((said["evseId"], said["connectorId"]) == (1, 1), "StatusNotification is of another connector.")


async def _change(desk: CsmsDesk, place: AvailabilityLevel, status: Operation, *allowed: str) -> None:
    request: Any = {"operationalStatus": status} | _PLACES[place]
    await desk.status(v201.ChangeAvailability(request), *(allowed or ("Accepted",)))


async def _told(desk: CsmsDesk, status: Operation) -> None:
    word = _TOLD[status]
    await desk.expect("StatusNotification", lambda said: said["connectorStatus"] == word, what=f"({word})")


def _changes(place: AvailabilityLevel, before: Operation, after: Operation) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        desk.afterwards(lambda: _change(desk, place, "Operative"))
        if before == "Inoperative":
            await _change(desk, place, before)
            await _told(desk, before)
            await desk.clock.sleep(SETTLES)  # each connector is told of
        desk.mark()
        await _change(desk, place, after)
        if before != after:
            await _told(desk, after)
        else:
            await desk.never("StatusNotification", within=5.0, what="though nothing has changed")

    return play


def _charges_first(place: AvailabilityLevel) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        desk.afterwards(lambda: _change(desk, place, "Operative"))
        transaction = await charging(desk)
        await _change(desk, place, "Inoperative", "Scheduled")
        await desk.hand.unplug()
        await over(desk, transaction)
        await _told(desk, "Inoperative")

    return play


def _outlives_reset(place: AvailabilityLevel) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        desk.afterwards(lambda: _change(desk, place, "Operative"))
        await _change(desk, place, "Inoperative")
        await _told(desk, "Inoperative")
        desk.mark()
        reset: Any = {"type": "OnIdle"}
        await desk.status(v201.Reset(reset), "Accepted")
        await desk.expect("BootNotification", within=desk.options.wait)
        await _told(desk, "Inoperative")

    return play


def _rows() -> Iterator[tuple[str, str, Playing, str, str]]:
    numbers: dict[AvailabilityLevel, tuple[str, str, str, str, str, str]] = {
        "EVSE": ("G_03", "G_09", "G_04", "G_10", "G_11", "G_18"),
        "Charging Station": ("G_05", "G_12", "G_06", "G_13", "G_14", "G_21"),
        "Connector": ("G_07", "G_15", "G_08", "G_16", "G_17", "G_19"),
    }
    steps: tuple[tuple[Operation, Operation], ...] = (
        ("Operative", "Inoperative"),
        ("Operative", "Operative"),
        ("Inoperative", "Operative"),
        ("Inoperative", "Inoperative"),
    )
    for place, ids in numbers.items():
        for id, (before, after) in zip(ids, steps, strict=False):
            yield (
                id,
                f"Change Availability {place}: {before} to {after.lower()}",
                _changes(place, before, after),
                f"it is {before.lower()}; ChangeAvailability ({after})",
                "status Accepted; StatusNotification where it has changed, and only there",
            )
        yield (
            ids[4],
            f"Change Availability {place}: With ongoing transaction",
            _charges_first(place),
            "a vehicle charges; ChangeAvailability (Inoperative), then the cable is pulled",
            "status Scheduled; StatusNotification (Unavailable) once the transaction has ended",
        )
        yield (
            ids[5],
            f"Change Availability {place}: state persists across reboot",
            _outlives_reset(place),
            "ChangeAvailability (Inoperative), then Reset",
            "StatusNotification (Unavailable) after the reset",
        )
    yield (
        "B_23",
        "Reset Charging Station: Unavailable persists reset",
        _outlives_reset("Charging Station"),
        "ChangeAvailability (Inoperative), then Reset",
        "StatusNotification (Unavailable) after the reset",
    )


AVAILABILITY.add(
    "G_01",
    "Connector status Notification: Available to Occupied",
    _plugged,
    use_case="G01, N07",
    does="a cable is plugged in",
    expects="StatusNotification (Occupied) of that connector",
)
AVAILABILITY.add(
    "G_02",
    "Connector status Notification: Occupied to Available",
    _freed,
    use_case="G01, N07",
    does="the cable that is plugged in is pulled",
    expects="StatusNotification (Available) of that connector",
)
for _number, _title, _play, _does, _expects in _rows():
    AVAILABILITY.add(
        _number,
        _title,
        _play,
        use_case="G03, G04",
        does=_does,
        expects=_expects,
        when=(*has("Availability"), *(has("StopsOnUnplug") if "charges" in _does else ())),
    )
