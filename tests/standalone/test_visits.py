"""Visits at a lone station: who hinders whom, what counts as one, how many there are, and how they end."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from alone_lab import OFFER, QUICK, Address, charge, free_port, open_station

from pncsim.simulator.alone.options import StationOptions
from pncsim.simulator.alone.sides import run_station, run_vehicle
from pncsim.simulator.commands.main import main
from pncsim.simulator.lab.back_end import BackEnd
from pncsim.simulator.lab.region import open_back_end
from pncsim.simulator.plan import OtherSide
from pncsim.wire.clock import Clock
from pncsim.wire.network.loopback import LoopbackNetwork
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.websocket import WebSocketServer
from pncsim.wire.trace import Event, Problem, StateEntered, Story, Trace
from pncsim.wire.v2g import registry, v2gtp
from pncsim.wire.v2g.registry import codec
from pncsim.wire.v2g.sdp import Security
from pncsim.wire.values import replace

HELLO = v2gtp.pack(registry.EXI, codec("app").encode(OFFER))
ELSEWHERE = replace(QUICK, payment="eim")
"""A vehicle without the station's root: it fails the TLS handshake."""


def opened(address: Address) -> socket.socket:
    """A connection on which nothing is said until its owner does."""
    return socket.create_connection(address)


def reset(address: Address) -> None:
    """A connection that is reset at once."""
    connection = opened(address)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def seen(trace: Trace, wanted: Callable[[Event], bool]) -> asyncio.Queue[Event]:
    """The events that are wanted, as they come."""
    events: asyncio.Queue[Event] = asyncio.Queue()
    trace.subscribe(lambda event: events.put_nowait(event) if wanted(event) else None)
    return events


Connected = Callable[[Address], socket.socket]


def half_a_message(address: Address) -> socket.socket:
    connection = opened(address)
    connection.sendall(HELLO[:5])
    return connection


@pytest.mark.parametrize("connected", [opened, half_a_message], ids=["silent", "half a message"])
@pytest.mark.parametrize("kind", ["TLS", "plain"])
@pytest.mark.parametrize("tls", [True, False], ids=["vehicle over TLS", "plain vehicle"])
async def test_who_says_nothing_does_not_keep_the_vehicle_that_speaks_from_charging(
    connected: Connected, kind: str, tls: bool, folder: Path
) -> None:
    silent: list[socket.socket] = []

    async def guests(where: dict[str, Address]) -> None:
        silent.extend(connected(where[kind]) for _ in range(3))
        await asyncio.sleep(0)

    vehicle = replace(QUICK, pki=folder, tls=tls)
    try:
        station, code, _ = await charge(StationOptions(pki=folder), vehicle, guests=guests)
    finally:
        for connection in silent:
            connection.close()
    assert (station, code) == (0, 0)


async def test_a_connection_that_is_reset_is_gone_at_once_and_without_a_complaint(folder: Path) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))

    async def guests(where: dict[str, Address]) -> None:
        for address in where.values():
            reset(address)  # even before it is accepted
            connection = opened(address)
            await asyncio.sleep(0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    station, code, events = await charge(StationOptions(pki=folder), replace(QUICK, pki=folder), guests=guests)
    assert (station, code) == (0, 0)
    assert events[-1].time - events[0].time < 15, "nothing had to time out"
    assert complaints == []


async def test_a_vehicle_that_fails_tls_and_comes_back_plain_is_served_within_one_visit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    serving = asyncio.create_task(run_station(link, StationOptions(pki=folder), clock, trace))
    assert await run_vehicle(link, ELSEWHERE, clock, trace) == 1
    assert await run_vehicle(link, replace(ELSEWHERE, tls=False), clock, trace) == 0
    assert await serving == 0
    [verdict] = [line for line in capsys.readouterr().out.splitlines() if " secc" in line]
    assert verdict.startswith("PASS secc: The vehicle has ended the session; ")
    assert "a TLS handshake had failed before: " in verdict and "unknown_ca" in verdict


async def test_a_vehicle_that_fails_tls_twice_and_stays_away_is_one_visit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    failed = seen(trace, lambda e: isinstance(e, Problem) and e.role == "SECC")
    again = seen(trace, lambda e: isinstance(e, Story) and e.text.startswith("Waiting for the next vehicle"))
    serving = asyncio.create_task(run_station(link, StationOptions(pki=folder, sessions=2, wait=5), clock, trace))
    for _ in range(2):
        assert await run_vehicle(link, ELSEWHERE, clock, trace) == 1
        await failed.get()
    clock.jump(18)
    await again.get()
    clock.jump(5)
    assert await serving == 1
    said = [line for line in capsys.readouterr().out.splitlines() if " secc" in line]
    assert [line.split(":")[0] for line in said] == ["FAIL secc visit 1", "FAIL secc"]
    assert said[1] == "FAIL secc: 0 of 1 visits passed; 0.000 kWh delivered; then no vehicle came within 5 s"


async def test_several_visits_have_a_verdict_each_and_one_for_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    options = StationOptions(pki=folder, sessions=3, current="ac")
    serving = asyncio.create_task(run_station(link, options, clock, trace))
    good = replace(QUICK, pki=folder)
    assert await run_vehicle(link, good, clock, trace) == 0
    assert await run_vehicle(link, replace(good, current="dc"), clock, trace) == 1
    assert await run_vehicle(link, replace(good, tls=False), clock, trace) == 0
    assert await serving == 1
    said = [line for line in capsys.readouterr().out.splitlines() if " secc" in line]
    verdicts = [line.split(":")[0] for line in said]
    assert verdicts == ["PASS secc visit 1", "FAIL secc visit 2", "PASS secc visit 3", "FAIL secc"]
    assert said[-1].startswith("FAIL secc: 2 of 3 visits passed; ")


async def test_a_station_that_serves_for_ever_says_its_verdict_when_it_is_ended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    serving = asyncio.create_task(run_station(link, StationOptions(pki=folder, forever=True), clock, trace))
    for _ in range(2):
        assert await run_vehicle(link, replace(QUICK, pki=folder), clock, trace) == 0
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("PASS secc: 2 of 2 visits passed; ")


def test_to_serve_so_many_and_for_ever_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["secc", "--sessions", "2", "--forever"])
    assert left.value.code == 2
    assert "leave out one of them" in capsys.readouterr().err


@pytest.mark.parametrize("identity", ["a:b", "x" * 49, ""])
def test_an_identity_no_csms_can_know_is_wrong_usage(identity: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["secc", "--identity", identity])
    assert left.value.code == 2
    assert "is no station identity" in capsys.readouterr().err


async def test_a_station_for_contracts_only_serves_no_plain_port(folder: Path) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    serving, where = await open_station(link, StationOptions(pki=folder, payment="pnc"), clock, trace)
    assert list(where) == ["TLS"]
    found = await LoopbackNetwork(clock, sdp_port=link.sdp_port).find(Security.NONE)
    assert (found.security, found.port) == (Security.TLS, where["TLS"][1]), "who asks for no TLS is told where there is"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


# With a CSMS of somebody else


async def csms(folder: Path, clock: Clock) -> BackEnd:
    """Somebody's CSMS on loopback, which knows the folder's contract."""
    back = await open_back_end("loopback", clock, Trace(), folder=folder)
    await back.ecosystem.mo.register("the driver", back.pki.certificate("contract_leaf"))
    return back


def managed_by(back: BackEnd, folder: Path) -> StationOptions:
    return StationOptions(pki=folder, csms=back.csms_url, csms_password=back.password)


Wrong = Callable[[StationOptions], StationOptions]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(lambda o: replace(o, csms_password="not-the-right-password"), "HTTP 401", id="password"),
        pytest.param(lambda o: replace(o, csms_password=None), "HTTP 401", id="no password"),
        pytest.param(lambda o: replace(o, csms=f"{o.csms}/elsewhere"), "HTTP 404", id="path"),
        pytest.param(lambda o: replace(o, identity="NOBODY"), "HTTP 404", id="identity"),
        pytest.param(lambda o: replace(o, csms=o.csms.replace("wss", "ws")), "in HTTP", id="ws to TLS"),
        pytest.param(lambda o: replace(o, csms=o.csms.replace("127.0.0.1", "127.0.0.2")), "", id="another host"),
    ],
)
async def test_a_csms_that_will_not_have_the_station_ends_it_with_a_sentence_at_start(
    wrong: Wrong, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, trace, events = Clock(), Trace(), list[Event]()
    trace.subscribe(events.append)
    back = await csms(folder, clock)
    try:
        options = replace(wrong(managed_by(back, folder)), wait=0.1)
        code = await run_station(OtherSide(sdp_port=free_port()), options, clock, trace)
    finally:
        await back.close()
    verdict = capsys.readouterr().out.splitlines()[-1]
    waited = any(isinstance(e, Story) and e.text.startswith("Waiting for a vehicle") for e in events)
    assert code == 1
    # Where nobody is there yet the station may wait for vehicles: the CSMS may come.
    assert waited is (not said)
    if said:
        assert verdict.startswith("FAIL secc: The CSMS at ") and said in verdict


async def test_tls_to_a_csms_that_speaks_none_ends_the_station_at_start(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def serve(identity: str, channel: FrameChannel) -> None:
        await channel.close()

    server = WebSocketServer(lambda identity, user, password: "welcome", serve)
    await server.start()
    try:
        options = StationOptions(pki=folder, csms=server.url.replace("ws:", "wss:"), wait=0.1)
        assert await run_station(OtherSide(sdp_port=free_port()), options, Clock(), Trace()) == 1
    finally:
        await server.close()
    assert "did not complete a TLS handshake" in capsys.readouterr().out.splitlines()[-1]


async def test_a_vehicle_at_a_station_that_can_offer_nothing_is_a_visit_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    back = await csms(folder, clock)
    offline = seen(trace, lambda e: isinstance(e, StateEntered) and e.state == "Away")
    try:
        serving, where = await open_station(link, replace(managed_by(back, folder), payment="pnc"), clock, trace)
        await back.stop_csms()
        await offline.get()
        reset(where["TLS"])  # that is no vehicle
        assert await run_vehicle(link, replace(QUICK, pki=folder), clock, trace) == 1
        assert await serving == 1
    finally:
        await back.close()
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert verdict.startswith("FAIL secc: The EVSE offers no payment option")


async def test_a_station_that_is_terminated_in_mid_charge_ends_its_transaction_and_closes_its_websocket(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link, clock, trace = OtherSide(sdp_port=free_port()), Clock(), Trace()
    back = await csms(folder, clock)
    charging = seen(trace, lambda e: isinstance(e, StateEntered) and e.unit == "CS001/1" and e.state == "charging AC")
    try:
        serving, _ = await open_station(link, managed_by(back, folder), clock, trace)
        vehicle = asyncio.create_task(run_vehicle(link, replace(QUICK, pki=folder, loops=1000), clock, trace))
        await charging.get()
        serving.cancel()  # as SIGTERM and Ctrl-C do
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert await vehicle == 1
        [transaction] = (await back.csms.transactions.page()).values
    finally:
        await back.close()
    assert transaction.complete
    ended = transaction.events[max(transaction.events)]
    assert (ended["eventType"], ended["transactionInfo"].get("stoppedReason")) == ("Ended", "Reboot")
    assert any(line.startswith("FAIL secc: ") for line in capsys.readouterr().out.splitlines())
