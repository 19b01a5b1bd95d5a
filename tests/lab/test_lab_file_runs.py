"""Runs with those who take part in a lab file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lab_files import SECRETS, came_to, example, furnish, in_lab, sent, written
from test_lab_many import free_port

from pncsim.backend.ccp.http import ccp_app
from pncsim.backend.ecosystem import open_ecosystem
from pncsim.backend.pki.responder_http import ocsp_app
from pncsim.backend.rest.access import Grant, fixed
from pncsim.backend.store import every
from pncsim.ev.contracts import Contract
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.lab.vehicles import configure, make_vehicle
from pncsim.simulator.labs.checks import lab_at
from pncsim.simulator.labs.taking_part import plan_of
from pncsim.simulator.plan import OtherSide, Plan, StationPlan
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run as LabRun
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.tls_certs.pki import DEFAULT_EMAID, create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.listener import HttpListener
from pncsim.wire.network.loopback import LoopbackNetwork
from pncsim.wire.trace import Event, HttpExchange, Story, Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice


@pytest.fixture
def furnished(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def test_what_a_file_does_not_say_stays_as_the_scenario_has_it(tmp_path: Path) -> None:
    """Two EVSEs for two vehicles, at the CSMS that the file names."""
    path = written(tmp_path, '[[csms]]\nname = "north"\n[[stations]]\nidentity = "CS001"\nauthorize_early = true')
    result, events = came_to(path, "two-at-once")
    assert result.verdict is Verdict.PASS, result.cause
    assert {event.unit for event in events if event.role == "CSMS"} == {"north"}
    assert {event.unit for event in events if event.role == "SECC"} == {"CS001/1", "CS001/2"}


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_those_who_take_part_are_as_the_file_says(transport: Transport, tmp_path: Path) -> None:
    """The first example; what vehicle and station are like is read from the wire."""
    result, events = came_to(example(tmp_path, "two-operators.toml"), "pnc-ac", transport)
    assert result.verdict is Verdict.PASS, result.cause
    assert sent(events, "SessionSetupReq").EVCCID.hex() == "0215180200aa"
    asked = sent(events, "ChargeParameterDiscoveryReq").EVChargeParameter.EVMaxCurrent
    offered = sent(events, "ChargeParameterDiscoveryRes").EVSEChargeParameter.EVSEMaxCurrent
    assert [value.Value * 10**value.Multiplier for value in (asked, offered)] == [10, 16]
    assert sent(events, "PaymentDetailsReq").eMAID.startswith("ATBBB")
    assert {event.unit for event in events if event.role == "EV"} == {"EV-red"}
    assert {event.unit for event in events if event.role == "SECC"} == {"S1/1"}
    assert {event.unit for event in events if event.role == "CSMS"} == {"south"}


def test_a_strict_lab_refuses_what_another_tolerates(tmp_path: Path) -> None:
    for strict, verdict in (("false", Verdict.PASS), ("true", Verdict.FAIL)):
        path = written(tmp_path, f"[policies]\nstrict = {strict}")
        result, _ = came_to(path, "pnc-ac", faults=("raw-value",))
        assert (result.checks[0].ok, result.checks[0].id) == (verdict is Verdict.PASS, "ends-in-order"), result.cause


def test_a_vehicle_demands_of_the_staple_what_the_policy_says(tmp_path: Path) -> None:
    for policy, ended in (("require", False), ("prefer", True), ("off", True)):
        path = written(tmp_path, f'[policies]\nocsp = "{policy}"')
        result, _ = came_to(path, "pnc-ac", faults=("no-staple",))
        assert result.checks[0].ok is ended, (policy, result.cause)


def test_where_nobody_can_tell_of_a_revocation_the_policy_decides(tmp_path: Path) -> None:
    """Nobody answers at the address of the responder; the station has no answer to staple, and no vehicle asks."""
    dead = f'[ocsp]\nurl = "http://127.0.0.1:{free_port()}/ocsp"\n'
    for policy, ended in (("require", False), ("prefer", True), ("off", True)):
        path = written(tmp_path, f'{dead}[policies]\nocsp = "off"\nrevocation = "{policy}"')
        result, _ = came_to(path, "pnc-ac", "loopback")
        assert result.checks and result.checks[0].ok is ended, (policy, result.cause, result.error)


def test_of_several_contracts_the_policy_says_which_is_handed_out(tmp_path: Path) -> None:
    got: dict[str, list[str]] = {}
    for policy in ("default-first", "most-recent"):

        async def act(lab: Lab, policy: str = policy) -> None:
            vehicle = await lab.vehicle(kwh=0.5, install="if-needed")
            sold = []
            for operator in ("DEPNC", "DEABC"):
                sold.append(await lab.subscribe(vehicle, operator=operator))
                await lab.clock.pass_time(3600)
            outcome = await lab.plug_in(vehicle)
            lab.expect.session(outcome)
            assert outcome.installed is not None
            got[policy] = [emaid[:5] for emaid in (*sold, outcome.installed.emaid)]

        operators = '[[operators]]\nprovider = "DEPNC"\n[[operators]]\nprovider = "DEABC"\n'
        path = written(tmp_path, f'{operators}[policies]\ncontract_selection = "{policy}"')
        result, _ = came_to(path, act)
        assert result.verdict is Verdict.PASS, (result.cause, result.error)
    assert got == {"default-first": ["DEPNC", "DEABC", "DEPNC"], "most-recent": ["DEPNC", "DEABC", "DEABC"]}


# Somebody else's


def test_the_station_is_managed_by_the_csms_of_the_file(furnished: Path) -> None:
    """A CSMS on a socket of its own, under the root that the file names."""
    kept: list[bool] = []

    async def both() -> RunResult:
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        charged = asyncio.Event()

        async def manage(lab: Lab) -> None:
            back = await lab.region.back_end()
            await lab.vehicle(kwh=1, contract=True)  # the folder's contract is known to the operator here
            address.set_result(back.csms_url)
            await charged.wait()
            kept.extend([one.complete async for one in every(back.csms.transactions)])
            lab.expect.that("a transaction was paid", kept == [True], kept)

        password = SECRETS["PNC_CSMS_PASSWORD"]
        theirs = Plan(csmss=(replace(Plan().csmss[0], password=password),))
        settings = RunSettings(transport="loopback", pki=furnished / "pki")
        there = LabRun(Scenario("csms", "csms", (), manage, plan=theirs), settings=settings)
        there.start()
        path = example(furnished, "own-csms.toml", ("wss://csms.example:9443/ocpp", await address))
        result = await in_lab(path, "pnc-ac", "loopback")[0].done()
        charged.set()
        assert (await there.done()).verdict is Verdict.PASS
        return result

    result = run_on_loop("loopback", both)
    assert result.verdict is Verdict.PASS, (result.cause, result.error)
    assert kept == [True]
    assert result.facts["transaction"] == "somebody else's CSMS has it: it was not looked at"
    assert {check.id for check in result.checks} == {"ends-in-order", "by-contract", "energy", "receipts"}


def test_the_vehicle_charges_at_the_station_of_the_file(furnished: Path) -> None:
    """A station of another lab, found by SDP, whose certificate is below the root that the file names."""
    port = free_port()

    async def both() -> RunResult:
        gone = asyncio.Event()

        async def host(lab: Lab) -> None:
            site = await lab.station()
            ready.set_result(None)
            site.station.present(lab.card)
            await gone.wait()
            await site.quiet()
            lab.expect.that("a vehicle was here", site.evse().loops > 0, site.evse().loops)

        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        theirs = Plan(stations=(StationPlan(link=OtherSide(sdp_port=port)),))
        settings = RunSettings(transport="loopback", pki=furnished / "pki")
        there = LabRun(Scenario("host", "host", (), host, plan=theirs), settings=settings)
        there.start()
        await ready
        path = example(furnished, "own-station.toml", ("15118", str(port)))
        result = await in_lab(path, "eim-ac", "loopback")[0].done()
        gone.set()
        assert (await there.done()).verdict is Verdict.PASS
        return result

    result = run_on_loop("loopback", both)
    assert result.verdict is Verdict.PASS, (result.cause, result.error)
    assert {check.id for check in result.checks} == {"ends-in-order", "energy"}


@pytest.mark.parametrize("name", ["pnc-ac", "eim-ac"])
def test_the_station_charges_the_vehicle_of_the_file(name: str, furnished: Path) -> None:
    """A vehicle that has roots and contract of the folder, with a clock of its own; the station says how it went."""
    port, kwh, pki = free_port(), 0.006, load_pki(furnished / "pki")
    payment = "contract" if name == "pnc-ac" else "external"
    theirs = make_vehicle(
        "theirs",
        pki.credentials("oem_leaf"),
        [pki],
        configure("ac", kwh, 1, loop_interval=0.1, ocsp="prefer", payment=payment),
    )
    theirs.contracts.install(Contract(DEFAULT_EMAID, pki.credentials("contract_leaf")))

    async def both() -> tuple[RunResult, SessionOutcome]:
        path = example(furnished, "own-vehicle.toml", ("15118", str(port)))
        found = find_scenario(name)
        plan = plan_of(lab_at(path, {}), found.plan, {}, transport="loopback")
        waiting = asyncio.get_running_loop().create_future()

        def see(event: Event) -> None:
            if isinstance(event, Story) and event.role == "SECC" and not waiting.done():
                waiting.set_result(None)

        settings = RunSettings(transport="loopback")
        run = LabRun(replace(found, plan=plan), {"kwh": kwh}, settings, readers=(see,))
        run.start()
        await waiting
        clock = Clock()
        outcome = await charge(LoopbackNetwork(clock, sdp_port=port), theirs, clock, Trace())
        return await run.done(), outcome

    result, outcome = run_on_loop("loopback", both)
    assert outcome.ok, outcome.error
    assert result.verdict is Verdict.PASS, (result.cause, result.error)
    checked = {check.id for check in result.checks}
    assert checked >= {"ends-in-order", "energy", "payer", "meter"} | ({"receipts"} if name == "pnc-ac" else set())


def test_a_vehicle_that_does_not_come_is_not_waited_for_for_ever(furnished: Path) -> None:
    path = example(furnished, "own-vehicle.toml", ("15118", str(free_port())), ("wait = 300", "wait = 0.2"))
    result, _ = came_to(path, "pnc-ac", "loopback")
    assert result.verdict is Verdict.ERROR and "No vehicle came" in (result.error or "")


def test_pool_and_responder_are_those_of_the_file(furnished: Path) -> None:
    """The vehicle gets the contract that lies in the other pool, and statuses come from the other responder."""
    theirs: list[Event] = []
    installed: list[tuple[str, str]] = []

    async def both() -> RunResult:
        clock, trace = Clock(), Trace([theirs.append])
        pool, responder = HttpListener(), HttpListener()
        pki = create_pki(clock.now(), ocsp_url=f"{responder.url}/ocsp")
        write_pki(pki, furnished / "other")
        there = await open_ecosystem(pki, clock, trace)
        pcid = await there.oem.publish(pki.credentials("oem_leaf"), v2g_roots=pki.anchors("v2g_root"))
        sold = await there.mo.subscribe("the driver", pcid)
        tokens = fixed({SECRETS["PNC_POOL_TOKEN"]: Grant(frozenset({"CPO"}))})
        await pool.start(ccp_app(there.pool, Voice.on(clock, trace, "CCP"), tokens=tokens))
        await responder.start(ocsp_app(there.responder, Voice.on(clock, trace, "PKI")))

        async def act(lab: Lab) -> None:
            outcome = await lab.plug_in(await lab.vehicle(kwh=0.5, install="always", payment="contract"))
            got = outcome.installed
            installed.append((sold.emaid, got.emaid if got is not None else str(outcome.error)))
            lab.expect.that("a contract came", got is not None, outcome.error)

        changes = (
            ("http://127.0.0.1:8180", pool.url),
            ("http://127.0.0.1:8181", responder.url),
            ('folder = "pki"', 'folder = "other"'),
        )
        try:
            return await in_lab(example(furnished, "own-pool.toml", *changes), act, "loopback")[0].done()
        finally:
            await pool.stop()
            await responder.stop()

    result = run_on_loop("loopback", both)
    assert result.verdict is Verdict.PASS, (result.cause, result.error)
    ((sold, got),) = installed
    assert got == sold
    answered = {(event.role, event.status) for event in theirs if isinstance(event, HttpExchange)}
    assert answered == {("CCP", 200), ("PKI", 200)}
