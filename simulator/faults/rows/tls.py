"""What is wrong between vehicle and station before a message is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.demands import NO_COMMON_SUITE, NO_COMMON_VERSION, alerts
from pncsim.simulator.faults.fault import Fault, FaultPlace
from pncsim.wire.tls import TLS_1_3
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

OTHER_SUITES = ("ECDHE-ECDSA-AES256-GCM-SHA384",)
"""A good suite, and none of those ISO 15118-2 knows."""

_WHO: dict[str, FaultPlace] = {"vehicle": "vehicle", "station": "station"}


def wrong_suite(
    lab: Lab, where: str, /, *, of: Annotated[Literal["vehicle", "station"], "Whose suites they are."] = "station"
) -> None:
    """Vehicle or station speaks a cipher suite only that ISO 15118-2 does not know."""

    async def do(plug_in: PlugIn) -> None:
        if of == "station":
            plug_in.station.presented.suites = OTHER_SUITES
        else:
            plug_in.vehicle.config = replace(plug_in.vehicle.config, suites=OTHER_SUITES)

    lab.hooks.once("station" if of == "station" else "vehicle", where, do)


async def another_version(plug_in: PlugIn) -> None:
    """The station speaks TLS 1.3 and nothing before it."""
    plug_in.station.presented.versions = (TLS_1_3, TLS_1_3)
    plug_in.station.presented.suites = OTHER_SUITES


async def no_root(plug_in: PlugIn) -> None:
    """The vehicle has lost its V2G roots."""
    plug_in.vehicle.v2g_roots = deeds.foreign(plug_in, "v2g_root").chain


async def leaf_alone(plug_in: PlugIn) -> None:
    """The station sends its certificate without Sub-CAs."""
    held = plug_in.station.station.credentials
    assert held is not None, "a station is ready only with its certificate"
    plug_in.station.presented.credentials = replace(held, chain=held.chain[:1])


ROWS = (
    Fault(
        name="wrong-suite",
        title="the {of} speaks a cipher suite only that ISO 15118-2 does not know",
        group="TLS",
        place=lambda of: _WHO[of],
        answer=(NO_COMMON_SUITE, Reports("EV", "refused")),
        deed=wrong_suite,
    ),
    Fault(
        name="wrong-version",
        title="the station speaks TLS 1.3 only",
        group="TLS",
        place="station",
        answer=(NO_COMMON_VERSION,),
        deed=deeds.beforehand("station", another_version),
    ),
    Fault(
        name="root-missing",
        title="the vehicle does not have the V2G root of the station",
        group="TLS",
        place="vehicle",
        answer=(alerts("no anchor"), Reports("EV", "no anchor")),
        deed=deeds.beforehand("vehicle", no_root),
    ),
    Fault(
        name="short-chain",
        title="the station sends its certificate without the Sub-CAs",
        group="TLS",
        place="station",
        answer=(alerts("no anchor"), Reports("EV", "no anchor")),
        deed=deeds.beforehand("station", leaf_alone),
    ),
)
