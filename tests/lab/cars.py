"""Cars of the profiles at a station of ours, in memory, and the requests as they came in there."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pncsim.ev.outcome import SessionOutcome
from pncsim.simulator.cars.traits import CarRequest, Requests
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Energy, scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.gate import told_before
from pncsim.wire.trace import Event, Secured, Tolerated, V2gMessage
from pncsim.wire.v2g.registry import codec

KWH = 0.2
"""Energy a driver wants, unless a test says otherwise."""
STOPPED_AT = 2
"""The sample of the meter after which a station that is to stop asks for it."""


class Charged(Struct):
    """What came of it."""

    result: RunResult
    events: list[Event]
    outcomes: list[SessionOutcome]

    @property
    def requests(self) -> Requests:
        """What the station read from the line, decoded anew."""
        read, answered = list[CarRequest](), None
        for event in self.events:
            if not isinstance(event, V2gMessage) or event.role != "SECC":
                continue
            if event.direction == "sent":
                answered = event.time
                continue
            pause = 0.0 if answered is None else event.time - answered
            if event.name == "SupportedAppProtocolReq":
                read.append(CarRequest(pause, codec("app").decode(event.payload), b""))
            else:
                message: Any = codec("iso2").decode(event.payload, gate=told_before)
                read.append(CarRequest(pause, message.Body.BodyElement, message.Header.SessionID))
        return Requests(read, any(isinstance(event, Secured) for event in self.events))

    @property
    def after_stop(self) -> list[str]:
        """The requests after the first response in which the station asked to stop."""
        asked, names = False, list[str]()
        for event in self.events:
            if isinstance(event, V2gMessage) and event.role == "SECC":
                if event.direction == "received" and asked:
                    names.append(event.name)
                status = getattr(getattr(_body(event.value), "DC_EVSEStatus", None), "EVSENotification", "")
                asked = asked or status == "StopCharging"
        return names

    @property
    def liberties(self) -> set[str]:
        """What the station let pass."""
        return {event.code for event in self.events if isinstance(event, Tolerated) and event.role == "SECC"}


def charge(
    profile: str,
    current: Energy,
    *,
    kwh: float = KWH,
    contract: bool = False,
    stopped: bool = False,
    visits: int = 1,
) -> Charged:
    """So much by card, or by contract, in so many visits; ``stopped``: the station asks to stop early."""
    events, outcomes = list[Event](), list[SessionOutcome]()

    @scenario("a-car", title="a car charges as it is")
    async def a_car(lab: Lab) -> None:
        paying: dict[str, Any] = {"contract": True, "payment": "contract"} if contract else {"payment": "external"}
        vehicle = await lab.vehicle(energy=current, kwh=kwh, profile=profile, **paying)
        if stopped:
            await lab.station()
            lab.hooks.once("station", "", _ask_to_stop, loop=STOPPED_AT)
        for visit in range(1, visits + 1):
            outcomes.append(await lab.plug_in(vehicle, keep_plugged=visit < visits))
            lab.expect.session(outcomes[-1])
        if visits == 1 and not stopped and contract:
            lab.expect.paid(outcomes[0], vehicle.contracts.all[0].emaid, kwh=kwh)
        elif visits == 1 and not stopped:
            lab.expect.charged(outcomes[0], kwh=kwh, token=lab.card)

    async def main() -> RunResult:
        return await Run(a_car, {}, RunSettings(transport="memory"), readers=(events.append,)).done()

    return Charged(run_on_loop("memory", main), events, outcomes)


def _body(document: object) -> object:
    return getattr(getattr(document, "Body", None), "BodyElement", None)


def run_as(profile: str, name: str) -> RunResult:
    """A scenario that knows nothing of cars, with vehicles of that profile."""

    async def main() -> RunResult:
        return await Run(find_scenario(name), {}, RunSettings(transport="memory", vehicle_profile=profile)).done()

    return run_on_loop("memory", main)


async def _ask_to_stop(plug_in: Any) -> None:
    plug_in.station.evse(1).request_stop()
