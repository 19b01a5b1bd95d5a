"""Either side alone: both commands' bodies against each other on loopback, in one process, in real time."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alone_lab import OFFER, QUICK, Address, charge, free_port, open_station, speak

from pncsim.secc.charge_point import ChargePoint
from pncsim.simulator.alone.options import StationOptions, VehicleOptions
from pncsim.simulator.alone.sides import run_station, run_vehicle
from pncsim.simulator.alone.verdicts import first_sentence, say_verdict
from pncsim.simulator.commands.main import main
from pncsim.simulator.lab.region import open_back_end
from pncsim.simulator.plan import STATION_ID, OtherSide
from pncsim.simulator.result import Verdict
from pncsim.tls_certs.pki import load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.session.responder import AfterFailed
from pncsim.wire.trace import Event, Problem, StateEntered, Story, Tolerated, Trace, Warned
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

Case = Callable[[StationOptions, VehicleOptions], tuple[StationOptions, VehicleOptions]]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(lambda s, v: (replace(s, tls=False), replace(v, tls=False)), id="plain, external"),
        pytest.param(lambda s, v: (s, replace(v, payment="eim", current="dc")), id="TLS, external, DC"),
        pytest.param(
            lambda s, v: (replace(s, payment="pnc"), replace(v, payment="pnc", ocsp="require")), id="contract"
        ),
        pytest.param(lambda s, v: (s, replace(v, install="always")), id="installation"),
        pytest.param(lambda s, v: (replace(s, ocsp="off"), v), id="contract, no staple"),
    ],
)
async def test_a_lone_vehicle_charges_at_a_lone_station(
    case: Case, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = await charge(*case(StationOptions(pki=folder), replace(QUICK, pki=folder)))
    assert codes[:2] == (0, 0)
    said = capsys.readouterr().out
    assert "PASS secc: The vehicle has ended the session" in said
    assert "PASS ev: " in said


async def test_a_missing_staple_is_noted_by_default(folder: Path) -> None:
    _, _, events = await charge(StationOptions(pki=folder, ocsp="off"), replace(QUICK, pki=folder))
    noted = [e for e in events if isinstance(e, Tolerated) and "did not staple" in e.what]
    assert noted


async def test_a_demanded_staple_that_is_missing_fails_both_sides(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station, vehicle, _events = await charge(
        StationOptions(pki=folder, ocsp="off"), replace(QUICK, pki=folder, ocsp="require")
    )
    assert (station, vehicle) == (1, 1)
    said = capsys.readouterr().out
    assert "FAIL ev: " in said and "did not staple an OCSP response" in said
    assert "FAIL secc: " in said and "bad_certificate_status_response" in said


async def test_a_vehicle_of_another_pki_refuses_the_station(folder: Path) -> None:
    station, vehicle, events = await charge(StationOptions(pki=folder), QUICK)
    assert (station, vehicle) == (1, 1)
    assert any(isinstance(e, Warned) and "No PKI folder" in e.text for e in events)
    assert any(isinstance(e, Problem) and "unknown_ca" in e.text for e in events)


async def test_a_contract_folder_is_kept_from_run_to_run(folder: Path, tmp_path: Path) -> None:
    vehicle = replace(QUICK, pki=folder, contracts=tmp_path / "contracts")
    first = await charge(StationOptions(pki=folder), vehicle)
    again = await charge(StationOptions(pki=folder), vehicle)
    assert first[:2] == again[:2] == (0, 0)
    asked = [e.text for e in again[2] if isinstance(e, Story) and "asks for a contract certificate" in e.text]
    assert not asked, "the second run pays with the contract of the first"


@pytest.mark.parametrize(("after_failed", "codes"), [("continue", (0, 0)), ("close", (1, 1))])
async def test_a_vehicle_whose_installation_is_refused_pays_with_what_it_has_where_the_station_lets_it(
    after_failed: AfterFailed, codes: tuple[int, int], folder: Path, tmp_path: Path
) -> None:
    vehicle = replace(QUICK, pki=folder, contracts=tmp_path / "contracts")
    assert (await charge(StationOptions(pki=folder), vehicle))[:2] == (0, 0)
    cannot_sign = load_pki(folder)
    del cannot_sign.keys["cps_leaf"]
    write_pki(cannot_sign, tmp_path / "pki")
    station = StationOptions(pki=tmp_path / "pki", after_failed=after_failed)
    *ended, events = await charge(station, replace(vehicle, install="always"))
    assert tuple(ended) == codes
    (refused,) = (e for e in events if isinstance(e, Problem) and e.role == "SECC")
    assert refused.response_code == "FAILED_NoCertificateAvailable"


async def test_a_station_can_be_managed_by_another_csms(folder: Path) -> None:
    clock, trace = Clock(), Trace()
    back = await open_back_end("loopback", clock, trace, folder=folder)
    try:
        await back.ecosystem.mo.register("the driver", back.pki.certificate("contract_leaf"))
        managed = StationOptions(pki=folder, csms=back.csms_url, csms_password=back.password, identity=STATION_ID)
        station, vehicle, _ = await charge(managed, replace(QUICK, pki=folder, payment="pnc"))
        transactions = (await back.csms.transactions.page()).values
    finally:
        await back.close()
    assert (station, vehicle) == (0, 0)
    assert [(t.complete, t.token_type) for t in transactions] == [(True, "eMAID")]


async def test_a_csms_that_is_not_there_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = StationOptions(pki=folder, csms="wss://127.0.0.1:9/ocpp", csms_password="x" * 16, ocsp="require", wait=1)
    assert await run_station(OtherSide(sdp_port=free_port()), options, Clock(), Trace()) == 1
    assert "127.0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["secc", "ev"])
async def test_an_interface_that_is_not_there_ends_with_a_verdict(
    side: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = OtherSide(interface="nosuch0")
    if side == "secc":
        code = await run_station(link, StationOptions(pki=folder), Clock(), Trace())
    else:
        code = await run_vehicle(link, replace(QUICK, pki=folder), Clock(), Trace())
    assert code == 3
    assert f"ERROR {side}: There is no network interface 'nosuch0'" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["secc", "ev"])
def test_payment_by_contract_without_tls_is_wrong_usage(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([side, "--no-tls", "--pnc"])
    assert left.value.code == 2
    assert "needs TLS: leave out --no-tls or --pnc" in capsys.readouterr().err


async def test_nobody_comes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = StationOptions(pki=folder, wait=0.2)
    assert await run_station(OtherSide(sdp_port=free_port()), options, Clock(), Trace()) == 1
    assert "FAIL secc: no vehicle came within 0.2 s" in capsys.readouterr().out


async def test_a_strict_vehicle_demands_a_staple(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, code, _events = await charge(StationOptions(pki=folder, ocsp="off"), replace(QUICK, pki=folder, strict=True))
    assert code == 1
    assert "The station did not staple an OCSP response" in capsys.readouterr().out


async def test_two_strict_sides_and_their_back_end_install_a_contract_and_pay_by_it(folder: Path) -> None:
    vehicle = replace(QUICK, pki=folder, strict=True, payment="pnc", install="always", ocsp="off")
    codes = await charge(StationOptions(pki=folder, strict=True, payment="pnc"), vehicle)
    assert codes[:2] == (0, 0)
    assert not [event for event in codes[2] if isinstance(event, Tolerated)]


async def test_the_wait_is_for_the_vehicle_and_not_for_its_session(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station = StationOptions(pki=folder, wait=10)
    code, _, events = await charge(station, replace(QUICK, pki=folder, loops=4, interval=8), leaps=True)
    assert events[-1].time - events[0].time > 20, "the session is longer than the wait"
    assert code == 0
    assert "PASS secc: The vehicle has ended the session" in capsys.readouterr().out


async def test_who_is_connecting_when_the_wait_is_over_is_heard_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, trace, connected = Clock(), Trace(), asyncio.Event()
    trace.subscribe(lambda e: connected.set() if isinstance(e, StateEntered) and e.state == "connected" else None)
    options = StationOptions(pki=folder, tls=False, wait=10)
    serving, where = await open_station(OtherSide(sdp_port=free_port()), options, clock, trace)
    reader, writer = await asyncio.open_connection(*where["plain"])
    await connected.wait()
    clock.jump(12)
    await clock.sleep(0.05)
    writer.write(v2gtp.pack(registry.EXI, codec("app").encode(OFFER)))
    assert await reader.read(4096), "the station is still there"
    writer.close()
    assert await serving == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "FAIL secc: the vehicle left without charging (state: protocol negotiated)"
    )


async def test_the_verdict_is_the_last_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    close = ChargePoint.close

    async def close_and_tell(site: ChargePoint) -> None:
        await close(site)
        print("The station is closed.")

    monkeypatch.setattr(ChargePoint, "close", close_and_tell)
    await run_station(OtherSide(sdp_port=free_port()), StationOptions(pki=folder, wait=0.01), Clock(), Trace())
    assert capsys.readouterr().out.splitlines() == [
        "The station is closed.",
        "FAIL secc: no vehicle came within 0.01 s",
    ]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(lambda s, v: (replace(s, payment="eim"), replace(v, payment="pnc")), id="payment"),
        pytest.param(lambda s, v: (replace(s, current="ac"), replace(v, current="dc")), id="current"),
    ],
)
async def test_a_vehicle_that_leaves_without_charging_is_no_pass(
    case: Case, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    station, vehicle, _ = await charge(*case(StationOptions(pki=folder), replace(QUICK, pki=folder)))
    assert (station, vehicle) == (1, 1)
    assert "FAIL secc: the vehicle left without charging (state: " in capsys.readouterr().out


async def test_a_session_ended_in_order_before_charging_is_no_pass(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving, where = await open_station(
        OtherSide(sdp_port=free_port()), StationOptions(pki=folder, tls=False), Clock(), Trace()
    )
    reader, writer = await asyncio.open_connection(*where["plain"])
    session = bytes(8)
    for message in (
        OFFER,
        iso2.SessionSetupReq(EVCCID=bytes(6)),
        iso2.ServiceDiscoveryReq(),
        iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Terminate),
    ):
        if isinstance(message, app.SupportedAppProtocolReq):
            payload = codec("app").encode(message)
        else:
            header, body = iso2.MessageHeaderType(SessionID=session), iso2.BodyType(BodyElement=message)
            payload = codec("iso2").encode(iso2.V2G_Message(Header=header, Body=body))
        writer.write(v2gtp.pack(registry.EXI, payload))
        [answer] = v2gtp.V2gtpReader().feed(await reader.read(4096))
        if isinstance(message, iso2.SessionSetupReq):
            received = codec("iso2").decode(answer.payload)
            assert isinstance(received, iso2.V2G_Message)
            session = received.Header.SessionID
    writer.close()
    assert await serving == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "FAIL secc: the vehicle left without charging (state: services discovered)"


async def test_a_verdict_does_not_repeat_clause_and_advice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, events = await charge(StationOptions(pki=folder, ocsp="off"), replace(QUICK, pki=folder, ocsp="require"))
    told = [e for e in events if isinstance(e, Problem) and (e.clause or e.advice)]
    said = capsys.readouterr().out
    assert told
    for problem in told:
        assert not problem.advice or problem.advice not in said
        assert f"[{problem.clause}]" not in said


def test_a_verdict_is_its_first_sentence() -> None:
    assert first_sentence("The pool is empty. It has 3.2 kW. Look at it.") == "The pool is empty"
    assert first_sentence("TLS 1.2 failed at 10.0.0.1 (see RFC 5246 7.2): no answer") == (
        "TLS 1.2 failed at 10.0.0.1 (see RFC 5246 7.2): no answer"
    )


def test_a_verdict_is_wrapped_at_the_width_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The vehicle " + "went on " * 20
    say_verdict("ev", Verdict.FAIL, text)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say_verdict("ev", Verdict.FAIL, text)
    whole, *lines = capsys.readouterr().out.splitlines()
    assert whole == f"FAIL ev: {text}"
    assert " ".join(line.strip() for line in lines) == whole.strip()
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("kind", ["TLS", "plain"])
@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\nHost: station\r\n\r\n", b""], ids=["browser", "port scan"])
async def test_who_is_no_vehicle_does_not_end_a_station(
    kind: str, octets: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def guests(where: dict[str, Address]) -> None:
        await speak(where[kind], octets)

    station, vehicle, events = await charge(StationOptions(pki=folder), replace(QUICK, pki=folder), guests=guests)
    assert (station, vehicle) == (0, 0)
    assert any(isinstance(e, Story) and e.text.startswith("That was no vehicle") for e in events)
    assert capsys.readouterr().out.count(" secc: ") == 1


async def test_who_is_no_vehicle_does_not_stop_the_waiting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serving, where = await open_station(
        OtherSide(sdp_port=free_port()), StationOptions(pki=folder, wait=0.3), Clock(), Trace()
    )
    await speak(where["plain"], b"GET / HTTP/1.1\r\n\r\n")
    assert await serving == 1
    assert capsys.readouterr().out.splitlines()[-1] == "FAIL secc: no vehicle came within 0.3 s"


async def test_a_second_connection_does_not_end_the_session_of_the_first(folder: Path) -> None:
    link, clock, trace, events = OtherSide(sdp_port=free_port()), Clock(), Trace(), list[Event]()
    trace.subscribe(events.append)
    serving, where = await open_station(link, StationOptions(pki=folder), clock, trace)
    charging = asyncio.Event()
    trace.subscribe(lambda e: charging.set() if isinstance(e, Story) and "Energy may flow" in e.text else None)
    vehicle = asyncio.create_task(run_vehicle(link, replace(QUICK, pki=folder, interval=0.2), clock, trace))
    await charging.wait()
    await speak(where["plain"], b"")
    await speak(where["TLS"], b"\x16\x03\x01 no handshake")
    assert await vehicle == 0
    assert await serving == 0
    assert any(isinstance(e, Problem) and "A second vehicle connected" in e.text for e in events)


async def test_a_handshake_cut_short_is_a_vehicle_with_something_to_fix(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving, where = await open_station(OtherSide(sdp_port=free_port()), StationOptions(pki=folder), Clock(), Trace())
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="station")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    await speak(where["TLS"], outgoing.read())
    assert await serving == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("FAIL secc: ")


async def test_a_lone_station_without_a_folder_says_that_nobody_can_trust_it() -> None:
    trace, events = Trace(), list[Event]()
    trace.subscribe(events.append)
    await run_station(OtherSide(sdp_port=free_port()), StationOptions(wait=0.01), Clock(), trace)
    [warned] = [e.text for e in events if isinstance(e, Warned) and "No PKI folder" in e.text]
    assert "no vehicle can trust" in warned


async def test_addresses_are_written_as_their_family_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pncsim.wire.network.loopback.loopback_host", lambda: "127.0.0.1")
    trace, events = Trace(), list[Event]()
    trace.subscribe(events.append)
    await run_station(OtherSide(sdp_port=free_port()), StationOptions(pki=folder, wait=0.01), Clock(), trace)
    [told] = [e.text for e in events if isinstance(e, Story) and "Waiting for a vehicle" in e.text]
    assert " 127.0.0.1:" in told and "[" not in told
