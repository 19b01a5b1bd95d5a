"""A peer that falls silent: the other side waits as long as the standard says, says so, closes, keeps nothing open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from lab_runs import Run, plugged, run

from pncsim.simulator.lab.lab import Lab
from pncsim.wire.errors import PncError
from pncsim.wire.network import SeccAddress, Security
from pncsim.wire.streams import ByteStream, Layer
from pncsim.wire.trace import Event, Problem, V2gMessage
from pncsim.wire.v2g.sdp import ATTEMPTS, Wish
from pncsim.wire.voice import Voice

Mute = Callable[[Event], bool]


class Line(Layer):
    """A stream of the vehicle. Once ``dead`` nothing passes in either direction, an end of the connection neither."""

    def __init__(self, stream: ByteStream, dead: asyncio.Event) -> None:
        super().__init__(stream)
        self.dead = dead

    def received(self, data: bytes) -> None:
        if not self.dead.is_set():
            super().received(data)

    def ended(self, error: PncError | None) -> None:
        if not self.dead.is_set():
            super().ended(error)

    def write(self, data: bytes) -> None:
        if not self.dead.is_set():
            super().write(data)

    async def drain(self) -> None:
        if not self.dead.is_set():
            await super().drain()

    def finish(self) -> None:
        if not self.dead.is_set():
            super().finish()

    async def close(self) -> None:
        if not self.dead.is_set():
            await super().close()

    def abort(self) -> None:
        if not self.dead.is_set():
            super().abort()


class Link:
    """The vehicle's view of a lab's network, with a line that can die."""

    def __init__(self, lab: Lab, when: Mute) -> None:
        self._network, self.dead = lab.network, asyncio.Event()
        lab.trace.subscribe(lambda event: self.dead.set() if when(event) else None)

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        return await self._network.find(want, voice, attempts=attempts)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        return Line(await self._network.connect(address, voice), self.dead)


def at(name: str, number: int = 1) -> Mute:
    """When the vehicle sends its ``number``th message ``name``, which does not arrive any more."""
    seen = 0

    def reached(event: Event) -> bool:
        nonlocal seen
        seen += isinstance(event, V2gMessage) and event.role == "EV" and event.name == name
        return seen >= number

    return reached


def dies(when: Mute, scenario: str = "pnc-ac") -> Run:
    async def cut(lab: Lab) -> None:
        line = Link(lab, when)
        lab.through = lambda network: line  # type: ignore[assignment, return-value]

    done = run(scenario, meanwhile=cut)
    assert done.result.exit_code == 1
    assert done.result.error is None
    assert done.after is not None and done.before is not None
    assert not (done.after.session or done.after.transaction_of_station or done.after.waiting)
    assert all(complete for _, complete in done.after.transactions)
    assert done.after.contracts == done.before.contracts
    return done


def waited(done: Run, actor: str, since: str) -> float:
    """Seconds from the last message ``since`` that ``actor`` sent to its complaint."""
    said = next(p for p in done.problems() if p.role == actor)
    sent = [e for e in done.events if isinstance(e, V2gMessage) and e.role == actor and e.name == since]
    return said.time - sent[-1].time


@pytest.mark.parametrize(
    ("scenario", "request_name", "number", "vehicle", "station"),
    [
        ("pnc-ac", "ServiceDiscoveryReq", 1, 2.0, 60.0),
        ("pnc-ac", "PaymentDetailsReq", 1, 5.0, 60.0),
        ("pnc-ac", "AuthorizationReq", 1, 2.0, 60.0),
        ("pnc-ac", "ChargingStatusReq", 5, 2.0, 60.0),
        ("pnc-ac", "MeteringReceiptReq", 1, 2.0, 60.0),
        ("pnc-ac", "SessionStopReq", 1, 2.0, 60.0),
        ("install-contract", "CertificateInstallationReq", 1, 5.0, 60.0),
        ("pnc-dc", "CableCheckReq", 1, 2.0, 60.0),
        ("pnc-dc", "PreChargeReq", 1, 2.0, 60.0),
        ("pnc-dc", "CurrentDemandReq", 4, 0.25, 60.0),
        ("pnc-dc", "WeldingDetectionReq", 1, 2.0, 60.0),
    ],
)
def test_the_line_dies(scenario: str, request_name: str, number: int, vehicle: float, station: float) -> None:
    """Table 109 for the vehicle, V2G_SECC_Sequence_Timeout for the station."""
    done = dies(at(request_name, number), scenario)
    assert waited(done, "EV", request_name) == pytest.approx(vehicle, abs=0.01)
    gave_up = next(p for p in done.problems() if p.role == "SECC")
    sent = [e for e in done.events if isinstance(e, V2gMessage) and e.role == "SECC" and e.direction == "sent"]
    assert gave_up.time - sent[-1].time == pytest.approx(station, abs=0.01)
    assert "has sent nothing for 60 s" in gave_up.text and request_name in gave_up.text


def test_the_line_dies_while_energy_flows() -> None:
    done = dies(at("ChargingStatusReq", 6))
    assert any("Charging has stopped after" in getattr(event, "text", "") for event in done.events)
    assert "closed in the CSMS" in done.result.facts["transaction"]


def test_the_line_dies_before_the_first_message() -> None:
    """The vehicle gives up 2 s after SupportedAppProtocolReq, the station 18 s after the plug (V2G2-714)."""
    done = dies(at("SupportedAppProtocolReq"))
    assert waited(done, "EV", "SupportedAppProtocolReq") == pytest.approx(2.0, abs=0.01)
    [said] = [p for p in done.problems() if p.role == "SECC"]
    assert "has not set up a session within 18 s" in said.text


def test_the_line_dies_before_the_handshake() -> None:
    done = dies(lambda event: "A station answers" in getattr(event, "text", ""))
    ev, secc = (next(p for p in done.problems() if p.role == actor) for actor in ("EV", "SECC"))
    start = next(e.time for e in done.events if "is plugged in" in getattr(e, "text", ""))
    assert ev.time - start == pytest.approx(20.0, abs=0.01)
    assert "20 s after plug-in" in ev.text
    assert secc.time - start == pytest.approx(18.0, abs=0.01)
    assert "did not complete the TLS handshake in time" in secc.text


def test_nobody_answers_the_discovery() -> None:
    async def withdraw(lab: Lab) -> None:
        (await plugged(lab)).withdraw()

    done = run("pnc-ac", meanwhile=withdraw)
    assert done.result.exit_code == 1
    assert done.result.lab_seconds == pytest.approx(12.5, abs=0.3)  # 50 requests, 250 ms each
    assert "50" in done.problems()[0].text


@pytest.mark.parametrize("security", list(Security), ids=lambda kind: kind.name)
def test_a_guest_that_says_nothing_is_shown_out_and_the_next_vehicle_is_served(security: Security) -> None:
    guests: list[ByteStream] = []

    async def visit(lab: Lab) -> None:
        guests.append(await lab.network.connect((await plugged(lab)).addresses[security]))
        await lab.clock.sleep(1)
        await lab.site.quiet()

    done = run("pnc-ac", meanwhile=visit)
    assert [check.expected for check in done.result.checks if not check.ok] == []
    [said] = [e for e in done.events if isinstance(e, Problem)]
    assert said.clause.startswith("V2G2-714")
