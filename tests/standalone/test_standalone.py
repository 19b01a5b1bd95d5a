"""Either side alone: both commands' bodies against each other on loopback, in one process, in real time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.back_end import STATION_ID, open_back_end
from simulator.cli import main
from simulator.standalone import Link, StationOptions, VehicleOptions, run_station, run_vehicle
from tls_certs.pki import create_pki, write_pki
from wire.clock import Clock
from wire.network.loopback import loopback_host
from wire.trace import Event, Problem, Story, Tolerated, Trace

QUICK = VehicleOptions(loops=3, interval=0.05)


def free_port() -> int:
    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI folder as `pnc certs create` writes it, issued now: lone sides live in real time."""
    import time

    directory = tmp_path_factory.mktemp("pki")
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), directory)
    return directory


async def charge(station: StationOptions, vehicle: VehicleOptions) -> tuple[int, int, list[Event]]:
    """The exit codes of station and vehicle, and what was seen."""
    link, clock, trace, events = Link(sdp_port=free_port()), Clock(), Trace(), list[Event]()
    trace.subscribe(events.append)
    waiting = asyncio.Event()
    trace.subscribe(lambda e: waiting.set() if isinstance(e, Story) and "Waiting for a vehicle" in e.text else None)
    serving = asyncio.create_task(run_station(link, station, clock, trace))
    await asyncio.wait([serving, asyncio.create_task(waiting.wait())], return_when=asyncio.FIRST_COMPLETED)
    code = await run_vehicle(link, vehicle, clock, trace)
    return await serving, code, events


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
    assert any(isinstance(e, Tolerated) and "No PKI folder" in e.what for e in events)
    assert any(isinstance(e, Problem) and "unknown_ca" in e.text for e in events)


async def test_a_contract_folder_is_kept_from_run_to_run(folder: Path, tmp_path: Path) -> None:
    vehicle = replace(QUICK, pki=folder, contracts=tmp_path / "contracts")
    first = await charge(StationOptions(pki=folder), vehicle)
    again = await charge(StationOptions(pki=folder), vehicle)
    assert first[:2] == again[:2] == (0, 0)
    asked = [e.text for e in again[2] if isinstance(e, Story) and "asks for a contract certificate" in e.text]
    assert not asked, "the second run pays with the contract of the first"


async def test_a_station_can_be_managed_by_another_csms(folder: Path) -> None:
    clock, trace = Clock(), Trace()
    back = await open_back_end("loopback", clock, trace, folder=folder)
    try:
        await back.ecosystem.mo.register("the driver", back.pki.certificate("contract_leaf"))
        managed = StationOptions(pki=folder, csms=back.csms_url, csms_password=back.password, identity=STATION_ID)
        station, vehicle, _ = await charge(managed, replace(QUICK, pki=folder, payment="pnc"))
        transactions = back.csms.transactions.all()
    finally:
        await back.close()
    assert (station, vehicle) == (0, 0)
    assert [(t.complete, t.token_type) for t in transactions] == [(True, "eMAID")]


async def test_a_csms_that_is_not_there_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = StationOptions(pki=folder, csms="wss://127.0.0.1:9/ocpp", csms_password="x" * 16, ocsp="require", wait=1)
    assert await run_station(Link(sdp_port=free_port()), options, Clock(), Trace()) == 1
    assert "127.0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["secc", "ev"])
async def test_an_interface_that_is_not_there_ends_with_a_verdict(
    side: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = Link(interface="nosuch0")
    if side == "secc":
        code = await run_station(link, StationOptions(pki=folder), Clock(), Trace())
    else:
        code = await run_vehicle(link, replace(QUICK, pki=folder), Clock(), Trace())
    assert code == 3
    assert f"ERROR {side}: There is no network interface 'nosuch0'." in capsys.readouterr().out


@pytest.mark.parametrize("side", ["secc", "ev"])
def test_payment_by_contract_without_tls_is_wrong_usage(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([side, "--no-tls", "--pnc"])
    assert left.value.code == 2
    assert "needs TLS: leave out --no-tls or --pnc" in capsys.readouterr().err


async def test_nobody_comes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = StationOptions(pki=folder, wait=0.2)
    assert await run_station(Link(sdp_port=free_port()), options, Clock(), Trace()) == 1
    assert "FAIL secc: no vehicle came within 0.2 s" in capsys.readouterr().out


async def test_a_strict_vehicle_demands_a_staple(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, code, _events = await charge(StationOptions(pki=folder, ocsp="off"), replace(QUICK, pki=folder, strict=True))
    assert code == 1
    assert "The station did not staple an OCSP response" in capsys.readouterr().out
