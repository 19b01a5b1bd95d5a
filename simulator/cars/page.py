"""What each car does differently, as one Markdown page: docs/vehicles.md is the output of ``pnc tables --vehicles``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pncsim.simulator.cars.profile import VehicleProfile, profiles
from pncsim.simulator.cars.traits import declared, different

HEADER = """# Vehicles as they are

This page is printed by `pnc tables --vehicles` from the profiles in `simulator/cars/facts`; do not edit it.

A vehicle of ours speaks as the standard reads. Cars have habits: what they offer and how they number it, the first
SessionID, how often they ask, units and multipliers, how they end. A profile is such a car as data: a station can be
tried with it before the car comes.

```console
$ pnc list --vehicles
$ pnc run eim-dc --vehicle-profile subaru-solterra
$ pnc run pnc-ac --vehicle-profile porsche-taycan
$ pnc ev --dc --eim --vehicle-profile xpeng-p7
```

In a scenario: `await lab.vehicle(energy="dc", profile="vw-id3")`. The scenario says who pays, how much and by which
current; the profile decides how the vehicle speaks, and does not stand in the way: one that pays by contract asks for
all services, one that is to pause does not leave at once. What a scenario or an option says of that itself
(`--interval`, a field of `ev/config.py`) comes before it. A profile of your own is a TOML file, `--vehicle-profile
./mine.toml`; `pnc schema vehicle` says what it can hold.

The facts were counted in the public charging logs of the EVerest project (EVerest/logfiles, 27 models), all of vehicles
that paid at the station. What was not counted, as limits and batteries of most, is as in a vehicle of ours. Where a
recorded session of the car is kept (`tests/vectors/recorded`), a test holds its profile against it; another reads what
is told here off the requests that come to our station, which charges each of them. All of them have an EVCCID of six
octets, EVReady in CableCheckReq and PreChargeReq, EVErrorCode NO_ERROR, no ServiceDetail of their own accord and no
renegotiation. How often a request is repeated is the least: a slow station sees more.

Not here: Mercedes EQC, Opel Ampera-E, Hyundai Kona, and BMW iX since 2024, which offer DIN SPEC 70121 only, and Tesla 3
and Y, which offer that and a protocol of their own. They come with that protocol.
"""

_SHORT = (
    "offers",
    "first SessionID",
    "PreChargeReq",
    "target current of the pre-charge",
    "WeldingDetectionReq",
    "pause in the loop",
    "end",
)


def page() -> str:
    """The whole page."""
    cars = list(profiles())
    parts = [HEADER, "## At a glance\n", _table(("profile", "car", *_SHORT), _glance(cars))]
    for name, car in cars:
        parts += [f"\n## {name}: {car.model}\n", *_car(car)]
    return "\n".join(parts).rstrip() + "\n"


def _glance(cars: Iterable[tuple[str, VehicleProfile]]) -> Iterator[tuple[str, ...]]:
    for name, car in cars:
        for current in car.seen:
            told = declared(car, current)
            yield (f"`{name}`", f"{car.model}, {current.upper()}", *(told.get(trait, "") for trait in _SHORT))


def _car(car: VehicleProfile) -> Iterator[str]:
    for current in car.seen:
        rows = ((trait, value, ours or "as it comes") for trait, (value, ours) in different(car, current).items())
        yield _table((f"in {current.upper()}", "this car", "ours"), rows) + "\n"
    if car.habits.stops_late:
        yield "When the station asks to stop, the loop goes round once more.\n"
    for other in car.besides:
        yield f"Known and not played: {other}.\n"
    if car.recordings:
        yield f"Held against {', '.join(f'`{name}`' for name in car.recordings)}.\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
