"""A lab of many: vehicles with identities of their own, several EVSEs, stations, PKIs, operators; made when needed."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lab_runs import Run, Transport, run

from pncsim.backend.store import every
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import (
    CsmsPlan,
    ManufacturerPlan,
    OperatorPlan,
    OtherSide,
    PkiPlan,
    Plan,
    ProvisioningPlan,
    StationPlan,
)
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run as LabRun
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.tls_certs.reading import common_name
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import ROLES, Event, OcppFrame, V2gMessage

TRANSPORTS: list[Transport] = ["memory", "loopback"]


def lab_of(
    plan: Plan, act: Callable[[Lab], Awaitable[None]], transport: Transport = "memory"
) -> tuple[RunResult, list[Event]]:
    """What ``act`` comes to in a lab of ``plan``, and what was seen."""
    events: list[Event] = []

    async def main() -> RunResult:
        async def acted(lab: Lab) -> None:
            await act(lab)

        declared = Scenario("many", "many", (), acted, plan=plan)
        return await LabRun(declared, settings=RunSettings(transport=transport), readers=(events.append,)).done()

    result = run_on_loop(transport, main)
    assert result.error is None, result.error
    return result, events


# Two vehicles at one station


@pytest.fixture(scope="module", params=TRANSPORTS)
def two(request: pytest.FixtureRequest) -> Run:
    """The scenario two-at-once."""
    done = run("two-at-once", transport=request.param)
    assert done.result.verdict is Verdict.PASS, done.result.cause
    return done


def spans(done: Run, role: str) -> dict[str, tuple[float, float]]:
    """From the first to the last V2G message of each unit."""
    times: dict[str, list[float]] = {}
    for event in done.events:
        if isinstance(event, V2gMessage) and event.role == role:
            times.setdefault(event.unit, []).append(event.time)
    return {unit: (min(at), max(at)) for unit, at in times.items()}


def test_both_charge_at_the_same_time(two: Run) -> None:
    for role, units in (("EV", {"EV-1", "EV-2"}), ("SECC", {"CS001/1", "CS001/2"})):
        found = spans(two, role)
        assert set(found) == units
        (first_from, first_to), (second_from, second_to) = found.values()
        assert max(first_from, second_from) < min(first_to, second_to)
        assert min(first_to, second_to) - max(first_from, second_from) > 60


def test_events_tell_them_apart(two: Run) -> None:
    sessions = {unit: {e.session for e in two.events if e.unit == unit and e.session} for unit in ("EV-1", "EV-2")}
    assert all(len(found) == 1 for found in sessions.values())
    assert sessions["EV-1"].isdisjoint(sessions["EV-2"])
    for vehicle, outlet in (("EV-1", "CS001/1"), ("EV-2", "CS001/2")):
        assert {e.session for e in two.events if e.unit == outlet and e.session} == sessions[vehicle]
    assert {event.role for event in two.events} <= set(ROLES)
    assert [event.seq for event in two.events] == list(range(1, len(two.events) + 1))


def test_each_contract_pays_a_transaction_of_its_own(two: Run) -> None:
    assert two.after is not None
    assert [complete for _, complete in two.after.transactions] == [True, True]
    assert len({id for id, _ in two.after.transactions}) == 2
    paid = {
        event.frame.split('"idToken":"')[1].split('"')[0]
        for event in two.events
        if isinstance(event, OcppFrame) and event.action == "Authorize" and event.frame.startswith("[2")
    }
    assert len(paid) == 2


# Vehicles of their own


def test_vehicles_have_identity_key_and_contract_of_their_own() -> None:
    made: list[Vehicle] = []

    async def act(lab: Lab) -> None:
        made.extend([await lab.vehicle(kwh=1, contract=True) for _ in range(3)])
        lab.expect.that("made", True, "")

    lab_of(Plan(), act)
    assert [vehicle.name for vehicle in made] == ["EV-1", "EV-2", "EV-3"]
    provisioning = [vehicle.provisioning for vehicle in made if vehicle.provisioning]
    contracts = [vehicle.contracts.all[0] for vehicle in made]
    assert len({common_name(held.leaf) for held in provisioning}) == 3
    assert len({contract.emaid for contract in contracts}) == 3
    assert len({vehicle.config.evccid for vehicle in made}) == 3
    keys = [*(held.key for held in provisioning), *(contract.credentials.key for contract in contracts)]
    assert len({key.public_key().public_numbers().x for key in keys}) == 6


def test_each_vehicle_installs_its_own_contract() -> None:
    emaids: list[str] = []

    async def act(lab: Lab) -> None:
        for _ in range(2):
            vehicle = await lab.vehicle(kwh=0.5)
            emaid = await lab.subscribe(vehicle)
            outcome = await lab.plug_in(vehicle)
            lab.expect.installed(vehicle, outcome, emaid)
            emaids.append(emaid)

    result, _ = lab_of(Plan(), act)
    assert result.verdict is Verdict.PASS, result.cause
    assert len(set(emaids)) == 2


def test_a_name_is_given_once() -> None:
    async def act(lab: Lab) -> None:
        await lab.vehicle(kwh=1, name="EV-red")
        with pytest.raises(LocalError, match="EV-red"):
            await lab.vehicle(kwh=1, name="EV-red")
        lab.expect.that("refused", True, "")

    lab_of(Plan(), act)


# Parts are made when they are needed


def test_a_pki_use_case_boots_no_station() -> None:
    async def act(lab: Lab) -> None:
        await lab.subscribe(await lab.vehicle(kwh=1))
        with pytest.raises(LocalError):
            lab.site  # noqa: B018
        lab.expect.that("a contract waits", True, "")

    for transport in TRANSPORTS:
        _, events = lab_of(Plan(), act, transport)
        roles = {event.role for event in events}
        assert {"PKI", "OEM", "MO"} <= roles
        assert roles.isdisjoint({"CS", "SECC", "CSMS", "EV"})
        assert not [event for event in events if isinstance(event, OcppFrame | V2gMessage)]


def test_what_nobody_needs_listens_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[object] = []
    bind = socket.socket.bind

    def watched(self: socket.socket, address: object) -> None:
        bound.append(address)
        bind(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "bind", watched)

    async def nothing(lab: Lab) -> None:
        lab.expect.that("nothing", True, "")

    lab_of(Plan(), nothing, "loopback")
    assert bound == []


# Several of everything


def test_stations_of_two_operators_serve_vehicles_of_two_pkis_with_contracts_of_two_mobility_operators() -> None:
    plan = Plan(
        pkis=(PkiPlan(), PkiPlan(name="B")),
        operators=(OperatorPlan(provider="DEPNC"), OperatorPlan(provider="ATBBB", pki="B", provisioning="CPS B")),
        manufacturers=(ManufacturerPlan(wmi="PNC"), ManufacturerPlan(wmi="WBB", pki="B")),
        provisioning=(ProvisioningPlan(name="CPS B", pkis=("B",)),),
        csmss=(CsmsPlan(name="north"), CsmsPlan(name="south")),
        stations=(
            StationPlan(identity="N1", csms="north"),
            StationPlan(identity="S1", csms="south", evses=2, pki="B"),
        ),
    )
    paid: list[str] = []

    async def act(lab: Lab) -> None:
        first = await lab.vehicle(kwh=0.5, contract=True, payment="contract", operator="DEPNC")
        second = await lab.vehicle(kwh=0.5, contract=True, payment="contract", operator="ATBBB", pki="B")
        outcomes = await asyncio.gather(lab.plug_in(first, at="S1/2"), lab.plug_in(second, at="N1"))
        for outcome in outcomes:
            lab.expect.that("in order", outcome.ok, outcome.error or outcome.reason)
        paid.extend(transaction.token for transaction in lab.transactions())

    for transport in TRANSPORTS:
        paid.clear()
        result, events = lab_of(plan, act, transport)
        assert result.verdict is Verdict.PASS, result.cause
        assert {event.unit for event in events if event.role == "SECC"} == {"N1/1", "S1/2"}
        assert {event.unit for event in events if event.role == "CSMS"} == {"north", "south"}
        assert sorted(emaid[:5] for emaid in paid) == ["ATBBB", "DEPNC"]


def test_a_full_station_says_so() -> None:
    async def act(lab: Lab) -> None:
        first, second = [await lab.vehicle(kwh=0.5, contract=True) for _ in range(2)]
        waiting = asyncio.ensure_future(lab.plug_in(first))
        await lab.clock.sleep(3)
        with pytest.raises(LocalError, match="Every EVSE of CS001 has a vehicle"):
            await lab.plug_in(second)
        with pytest.raises(LocalError, match="no '3'"):
            await lab.plug_in(second, at="CS001/3")
        with pytest.raises(LocalError, match="no station 'elsewhere'; it has CS001"):
            await lab.plug_in(second, at="elsewhere")
        lab.expect.session(await waiting)

    result, _ = lab_of(Plan(), act)
    assert result.verdict is Verdict.PASS, result.cause


# Somebody else's


def free_port() -> int:
    """A UDP port on loopback that was free a moment ago."""
    from pncsim.wire.network.loopback import loopback_host

    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def test_a_vehicle_of_one_lab_charges_at_the_station_of_another() -> None:
    """Each lab sees the other's as somebody else's: a foreign station here, a foreign vehicle there."""
    link = OtherSide(sdp_port=free_port())
    ours = Plan(stations=(StationPlan(identity="theirs", link=link, foreign=True),))
    theirs = Plan(stations=(StationPlan(link=link),))
    events: list[Event] = []

    async def main() -> tuple[RunResult, RunResult]:
        ready, gone = asyncio.Event(), asyncio.Event()

        async def host(lab: Lab) -> None:
            site = await lab.station()
            ready.set()
            await gone.wait()
            await site.quiet()
            lab.expect.that("a vehicle was here", site.evse().loops > 0, site.evse().loops)

        async def guest(lab: Lab) -> None:
            await ready.wait()
            vehicle = await lab.vehicle(kwh=0.01, tls="off", payment="external", loop_interval=0.1)
            lab.expect.session(await lab.plug_in(vehicle))
            with pytest.raises(LocalError, match="somebody else's"):
                await lab.station()
            gone.set()

        settings = RunSettings(transport="loopback")
        there = LabRun(Scenario("host", "host", (), host, plan=theirs), settings=settings, readers=(events.append,))
        here = LabRun(Scenario("guest", "guest", (), guest, plan=ours), settings=settings)
        there.start()
        card = asyncio.ensure_future(there.command(show_card))
        results = await here.done(), await there.done()
        await card
        return results

    async def show_card(lab: Lab) -> None:
        (await lab.station()).station.present(lab.card)

    guest, host = run_on_loop("loopback", main)
    assert guest.verdict is Verdict.PASS, guest.cause
    assert host.verdict is Verdict.PASS, host.cause
    assert {event.unit for event in events if event.role == "SECC"} == {"CS001/1"}


def test_a_station_of_one_lab_is_managed_by_the_csms_of_another(tmp_path: Path) -> None:
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), tmp_path)
    settings = RunSettings(transport="loopback", pki=tmp_path)

    async def main() -> tuple[RunResult, RunResult]:
        address: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        charged = asyncio.Event()

        async def manage(lab: Lab) -> None:
            back = await lab.region.back_end()
            await lab.vehicle(kwh=1, contract=True)  # the folder's contract is known to the operator here
            address.set_result((back.csms_url, back.password))
            await charged.wait()
            kept = [transaction async for transaction in every(back.csms.transactions)]
            lab.expect.that("a transaction was paid", [one.complete for one in kept] == [True], kept)

        there = LabRun(Scenario("csms", "csms", (), manage), settings=settings)
        there.start()
        url, password = await address

        async def serve(lab: Lab) -> None:
            vehicle = await lab.vehicle(kwh=0.5, contract=True, payment="contract")
            lab.expect.session(await lab.plug_in(vehicle))
            with pytest.raises(LocalError, match="somebody else's"):
                lab.back.csms  # noqa: B018

        ours = Plan(csmss=(CsmsPlan(url=url, password=password),))
        here = await LabRun(Scenario("station", "station", (), serve, plan=ours), settings=settings).done()
        charged.set()
        return here, await there.done()

    for result in run_on_loop("loopback", main):
        assert result.verdict is Verdict.PASS, result.cause
