"""The vehicle's shell on a link in memory: virtual time, real TLS, scripted stations good and bad."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import NOW, SESSION, vehicle

from pncsim.ev.contract_files import open_contract_folder
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import PeerClosed, PeerSilent
from pncsim.wire.network import SdpError, Security
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.pilot import Pilot, PilotState
from pncsim.wire.streams import BUFFER, ByteStream
from pncsim.wire.tls import TlsServer, open_server
from pncsim.wire.trace import Event, Judged, Secured, Trace
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import V2gtpReader, pack

Handler = Callable[[ByteStream, Clock], Awaitable[None]]


def scripted(*answers: Any) -> Handler:
    """A station that answers each request with the next of ``answers``: bodies, (body, signature), or raw bytes."""

    async def handle(stream: ByteStream, clock: Clock) -> None:
        reader, script = V2gtpReader(), list(answers)
        while script and (data := await stream.read()):
            for _ in reader.feed(data):
                answer = script.pop(0)
                if answer == "close":
                    break
                stream.write(answer if isinstance(answer, bytes) else frame(answer))
        await stream.close()

    return handle


def frame(answer: Any) -> bytes:
    body, signature = answer if isinstance(answer, tuple) else (answer, None)
    if not isinstance(body, iso2.BodyElement):
        return pack(EXI, codec("app").encode(body))
    header = iso2.MessageHeaderType(SessionID=SESSION, Signature=signature)
    return pack(EXI, codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body))))


def run(
    car: Vehicle,
    station: Handler | None,
    *,
    tls: bool = False,
    staple: bytes | None = None,
    pilot: Pilot | None = None,
) -> tuple[SessionOutcome, list[Event], float]:
    """One charge at ``station``; answers the outcome, the events and the lab seconds it took."""

    async def scene() -> tuple[SessionOutcome, list[Event], float]:
        clock = Clock(NOW)
        events: list[Event] = []
        network = MemoryNetwork(clock)
        trace = Trace([events.append])

        async def secured(stream: ByteStream) -> None:
            assert station is not None
            config = TlsServer(credentials=sn.pki().credentials("secc_leaf"), staples=(staple,))
            await station(await open_server(stream, config, clock), clock)

        async def plain(stream: ByteStream) -> None:
            assert station is not None
            await station(stream, clock)

        if station is None:
            outcome = await charge(network, car, clock, trace)
            return outcome, events, clock.now() - NOW
        serving = await network.serve({Security.TLS: secured} if tls else {Security.NONE: plain})
        outcome = await charge(network, car, clock, trace, pilot=pilot)
        await serving.close()
        return outcome, events, clock.now() - NOW

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scene())


CHARGE = (
    sn.agreed(), sn.session_setup(), sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized(),
    sn.parameters(), sn.delivered(), sn.charging(), sn.charging(), sn.charging(), sn.delivered(), sn.stopped(),
)  # fmt: skip


def test_a_charge_without_tls_takes_the_time_of_its_loops() -> None:
    outcome, _, seconds = run(vehicle(energy_wish=150.0, tls="off"), scripted(*CHARGE))
    assert outcome.ok, outcome.error
    assert outcome.energy_wh == pytest.approx(150, abs=0.1)
    assert seconds == pytest.approx(150 / 11_000 * 3600, abs=0.01)


def test_a_station_that_takes_nothing_more_is_given_up_in_time() -> None:
    """A request larger than the connection's buffer cannot even be sent: the time for the answer runs all the same."""

    async def deaf(stream: ByteStream, clock: Clock) -> None:
        await clock.sleep(600)

    outcome, _, seconds = run(vehicle(tls="off", alter=lambda name, message: bytes(BUFFER)), deaf)
    assert isinstance(outcome.error, PeerSilent)
    assert "did not answer SupportedAppProtocolReq within 2 s" in outcome.reason
    assert seconds < 10


@pytest.mark.parametrize(("lasts", "ends"), [(0.05, False), (10.0, True)])
@pytest.mark.parametrize("state", [PilotState.E, PilotState.F])
def test_a_station_that_takes_its_offer_back_on_the_pilot_is_left_and_a_moment_of_that_is_none(
    state: PilotState, lasts: float, ends: bool
) -> None:
    """IEC 61851-1, Table A.4: the vehicle says nothing more; its switch is open."""
    pilot = Pilot()

    async def wavers(stream: ByteStream, clock: Clock) -> None:
        async def show() -> None:
            await clock.sleep(20)
            pilot.fail(state)
            await clock.sleep(lasts)
            pilot.clear()

        showing = asyncio.ensure_future(show())
        await scripted(*CHARGE)(stream, clock)
        showing.cancel()

    pilot.match(True)
    outcome, _, seconds = run(vehicle(energy_wish=150.0, tls="off"), wavers, pilot=pilot)
    assert outcome.ok is not ends
    assert (f"The pilot went to state {state}" in outcome.reason) is ends
    assert (seconds == pytest.approx(20.1, abs=0.01)) is ends
    assert not pilot.ready and pilot.plugged


@pytest.mark.rule("EV-2", "EV-3")
def test_an_installation_over_tls() -> None:
    bundle = sn.bundle()
    car = vehicle(energy_wish=150.0)
    outcome, events, _ = run(
        car,
        scripted(
            sn.agreed(), sn.session_setup(), sn.services(), sn.detail(Installation=1), sn.selected(),
            (bundle, sn.signed(bundle)), sn.details(), sn.authorized(), sn.parameters(), sn.delivered(),
            sn.charging(), sn.charging(receipt=True), sn.receipt_taken(), sn.charging(reading=150), sn.delivered(),
            sn.stopped(),
        ),
        tls=True,
    )  # fmt: skip
    assert outcome.ok, outcome.error
    assert (outcome.payment, outcome.emaid, outcome.receipts_signed, outcome.tls) == ("Contract", sn.EMAID, 1, True)
    assert car.contracts.default is not None
    (secured,) = [e for e in events if isinstance(e, Secured)]
    assert (secured.ok, secured.version, secured.cipher) == (True, "TLSv1.2", "ECDHE-ECDSA-AES128-SHA256")
    judged = [e.what for e in events if isinstance(e, Judged)]
    assert judged.count("SECC certificate chain") == 1


@pytest.mark.rule("EV-2")
def test_a_missing_staple_is_refused_where_one_is_required() -> None:
    outcome, events, _ = run(vehicle(ocsp="require"), scripted(*CHARGE), tls=True)
    assert not outcome.ok
    assert "did not staple" in str(outcome.error)
    assert [e.ok for e in events if isinstance(e, Secured)] == [False]


@pytest.mark.rule("EV-2")
def test_a_station_under_a_foreign_root_is_refused() -> None:
    car = vehicle()
    car.v2g_roots = (sn.pki().certificate("oem_root"),)
    outcome, _, _ = run(car, scripted(*CHARGE), tls=True)
    assert outcome.error is not None
    assert outcome.error.alert == 48


def test_no_station_ends_after_fifty_requests() -> None:
    outcome, _, seconds = run(vehicle(), None)
    assert isinstance(outcome.error, SdpError)
    assert seconds == pytest.approx(12.5)


def test_a_station_without_tls_is_used_for_external_payment_only() -> None:
    outcome, _, _ = run(vehicle(energy_wish=150.0), scripted(*CHARGE))
    assert outcome.ok, outcome.error
    assert not outcome.tls
    refused, _, _ = run(vehicle(tls="require"), scripted(*CHARGE))
    assert "says without TLS" in str(refused.error)


def test_a_silent_station_is_left_after_two_seconds() -> None:
    async def silent(stream: ByteStream, clock: Clock) -> None:
        while await stream.read():
            pass
        await stream.close()

    outcome, _, seconds = run(vehicle(tls="off"), silent)
    assert isinstance(outcome.error, PeerSilent)
    assert seconds == pytest.approx(2.0)


@pytest.mark.parametrize("patience", [1.0, 3.0])
def test_a_station_silent_in_tls_is_left_after_twenty_seconds_or_as_many_times_as_the_vehicle_is_patient(
    patience: float,
) -> None:
    async def scene() -> tuple[SessionOutcome, float]:
        clock = Clock(NOW)
        network = MemoryNetwork(clock)

        async def silent(stream: ByteStream) -> None:
            while await stream.read():
                pass
            await stream.close()

        serving = await network.serve({Security.TLS: silent})
        outcome = await charge(network, vehicle(patience=patience), clock, Trace())
        await serving.close()
        return outcome, clock.now() - NOW

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        outcome, seconds = runner.run(scene())
    assert f"{20 * patience:g} s after plug-in" in str(outcome.error)
    assert seconds == pytest.approx(20 * patience)


def test_a_station_that_closes_early_is_told() -> None:
    outcome, _, _ = run(vehicle(tls="off"), scripted(*CHARGE[:4], "close"))
    assert isinstance(outcome.error, PeerClosed)
    assert "AuthorizationRes" in str(outcome.error)


@pytest.mark.parametrize("garbage", [b"\x00" * 64, b"HTTP/1.1 200 OK\r\n\r\n", pack(EXI, b"\x80\xff\xff\xff")])
def test_garbage_ends_with_a_sentence(garbage: bytes) -> None:
    outcome, _, _ = run(vehicle(tls="off"), scripted(sn.agreed(), garbage))
    assert outcome.error is not None
    assert not outcome.ok


def test_a_pause_is_remembered_and_resumed_by_the_next_charge() -> None:
    car = vehicle(tls="off", pause_after_loops=1, energy_wish=500.0)
    first, _, _ = run(car, scripted(*CHARGE[:8], sn.delivered(), sn.stopped()))
    assert first.ok, first.error
    assert car.memory.paused is not None
    assert car.memory.paused.session_id == SESSION
    loops = [sn.charging()] * 7
    second, _, _ = run(
        car, scripted(sn.agreed(), sn.session_setup("OK_OldSessionJoined"), *CHARGE[2:7], *loops, *CHARGE[-2:])
    )
    assert second.ok, second.error
    assert second.resumed
    assert car.memory.paused is None
    assert first.energy_wh + second.energy_wh == pytest.approx(500, abs=0.2)


def test_a_failed_handshake_keeps_the_paused_session() -> None:
    car = vehicle(tls="off", pause_after_loops=1)
    run(car, scripted(*CHARGE[:8], sn.delivered(), sn.stopped()))
    kept = car.memory.paused
    run(car, scripted("close"))
    assert car.memory.paused is kept


def test_an_expiring_contract_is_marked_in_the_folder(tmp_path: Any) -> None:
    car = vehicle(energy_wish=150.0)
    car.contracts = open_contract_folder(tmp_path)
    car.contracts.install(sn.contract())
    details = sn.details("OK_CertificateExpiresSoon")
    script = (*CHARGE[:2], sn.services(certificate=False), sn.selected(), details, *CHARGE[4:])
    outcome, _, _ = run(car, scripted(*script), tls=True)
    assert outcome.ok, outcome.error
    assert [c.renew for c in open_contract_folder(tmp_path).all] == [True]


def test_a_failing_disk_is_an_answer_not_a_crash(tmp_path: Any) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    car = vehicle()
    car.contracts = open_contract_folder(blocked / "contracts")
    bundle = sn.bundle()
    outcome, _, _ = run(
        car,
        scripted(
            *CHARGE[:2], sn.services(), sn.detail(Installation=1), sn.selected(), (bundle, sn.signed(bundle)), "close"
        ),
        tls=True,
    )
    assert "could not be written" in str(outcome.error)


@pytest.mark.parametrize(("patience", "requests"), [(1.0, 50), (1.5, 75)])
def test_a_patient_vehicle_searches_longer_for_a_station(patience: float, requests: int) -> None:
    outcome, _, seconds = run(vehicle(patience=patience), None)
    assert isinstance(outcome.error, SdpError)
    assert f"answered {requests} SDP requests" in outcome.error.sentence
    assert seconds == pytest.approx(requests * 0.25)
