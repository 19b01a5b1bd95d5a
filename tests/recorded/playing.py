"""A recorded vehicle at a station of ours: over a stream in memory, in the lab's time.

The vehicle says what it said, when it said it. It adapts where our station answers otherwise than that of the
recording: it uses the session and the schedule it is given, polls as long as something is Ongoing and no longer, and
pre-charges until the voltage is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Any, cast

from msgspec import Struct
from script import HANDSHAKE, VehicleScript

from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import Evse, EvsePlan
from pncsim.secc.questions import AuthorizationAnswer
from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.exi import views
from pncsim.wire.exi.beyond import as_given
from pncsim.wire.pilot import Pilot
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.session.outputs import Close
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Event, Problem, Tolerated, Trace
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.registry import codec

T0 = 1_795_221_000.0
CARD_SECONDS = 2.0
"""How long the driver looks for the card."""
MOST_POLLS = 300
"""How often a vehicle asks again beyond its script."""
NEAR = 20.0
"""Volts between target and output at which a vehicle closes its contactors (IEC 61851-23)."""

_YES = AuthorizationAnswer(accepted=True, certificate_status="Accepted", token_status="Accepted", token="CARD-1")


class Played(Struct):
    """What came of it: each request with the ResponseCode it got, what our station told, and how it ended."""

    answers: list[tuple[str, str]]
    events: list[Event]
    end: Close

    @property
    def reached(self) -> str:
        """The last request that was answered and not refused."""
        return next((name for name, code in reversed(self.answers) if not code.startswith("FAILED")), "")

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Requests with the FAILED code they got."""
        return [(name, code) for name, code in self.answers if code.startswith("FAILED")]

    @property
    def liberties(self) -> set[str]:
        """Codes of what was let pass."""
        return {event.code for event in self.events if isinstance(event, Tolerated)}

    @property
    def problems(self) -> list[str]:
        """What went wrong, in sentences, for whoever reads a failed test."""
        return [event.text for event in self.events if isinstance(event, Problem)]


def play(script: VehicleScript, config: SeccConfig) -> Played:
    """The whole session, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_play(script, config))


async def _play(script: VehicleScript, config: SeccConfig) -> Played:
    clock = Clock(T0)
    events: list[Event] = []

    async def answer(_: object) -> object:
        await clock.sleep(CARD_SECONDS)
        return _YES

    evse = Evse(EvsePlan(config=config), clock=clock, trace=Trace([events.append]), answer=answer)
    evse.pilot.connect()
    station, wire = memory_pipe("vehicle", "station")
    serving = asyncio.create_task(evse.serve(station, tls=False))
    car = _Car(script.first_session, wire, clock, evse.pilot)
    answers = [one async for one in car.drive(script)]
    await wire.close()
    return Played(answers, events, await serving)


class _Car:
    """What the vehicle learns while it goes through its script."""

    def __init__(self, first_session: str, wire: ByteStream, clock: Clock, pilot: Pilot) -> None:
        self._session = bytes.fromhex(first_session)
        self._schedule = 1
        self._wire, self._clock, self._pilot = wire, clock, pilot
        self._reader = v2gtp.V2gtpReader()

    async def drive(self, script: VehicleScript) -> AsyncIterator[tuple[str, str]]:
        """(request, ResponseCode) of each exchange, until the script is over or the station has closed."""
        answered = ((step, values) for step, values in script.requests() if step.answer)
        for name, run in groupby(answered, key=lambda one: one[0].name):
            said = [(step.pause, values) for step, values in run for _ in range(step.times)]
            for turn in range(len(said) + MOST_POLLS):
                pause, values = said[min(turn, len(said) - 1)]
                await self._clock.sleep(pause)
                response = await self._exchange(name, values)
                if response is None:
                    return
                yield name, response.ResponseCode
                if _enough(response, values, last=turn >= len(said) - 1):
                    break

    async def _exchange(self, name: str, values: dict[str, Any]) -> Any:
        """The response to a request; None if the station has closed."""
        if values.get("ChargeProgress") == "Stop":
            self._pilot.signal_not_ready()
        elif name in ("CableCheckReq", "PowerDeliveryReq"):
            self._pilot.signal_ready()
        handshake = name == HANDSHAKE
        self._wire.write(v2gtp.pack(registry.EXI, self._handshake(values) if handshake else self._body(name, values)))
        frames: list[v2gtp.V2gtpFrame] = []
        while not frames:
            if not (data := await self._wire.read()):
                return None
            frames = self._reader.feed(data)
        document = codec("app" if handshake else "iso2").decode(frames[0].payload)
        if handshake:
            return document
        self._session, response = document.Header.SessionID, document.Body.BodyElement
        if isinstance(response, iso2.ChargeParameterDiscoveryRes) and response.SASchedules is not None:
            offered = cast(iso2.SAScheduleListType, response.SASchedules)
            self._schedule = offered.SAScheduleTuple[0].SAScheduleTupleID
        return response

    def _handshake(self, values: dict[str, Any]) -> bytes:
        return codec("app").encode(views.from_json(codec("app"), {HANDSHAKE: values}))

    def _body(self, name: str, values: dict[str, Any]) -> bytes:
        shown = {"Header": {"SessionID": self._session.hex()}, "Body": {name: values}}
        message = views.from_json(codec("iso2"), {"V2G_Message": shown})
        if name == "PowerDeliveryReq":
            message.Body.BodyElement.SAScheduleTupleID = self._schedule
        return codec("iso2").encode(as_given(message))


def _enough(response: Any, values: dict[str, Any], *, last: bool) -> bool:
    """Whether the vehicle goes on to another kind of request; ``last``: it has said all of this kind."""
    if response.ResponseCode.startswith("FAILED"):
        return True
    processing = getattr(response, "EVSEProcessing", None)
    if processing is not None:
        return bool(processing == "Finished")
    if isinstance(response, iso2.PreChargeRes):
        wanted = values["EVTargetVoltage"]
        off = iso2.amount(response.EVSEPresentVoltage) - wanted["Value"] * 10 ** wanted["Multiplier"]
        return last and abs(off) <= NEAR
    return last
