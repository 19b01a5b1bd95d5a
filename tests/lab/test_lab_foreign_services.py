"""A lab whose contract pool and OCSP responder are somebody else's, named in its plan by URL."""

from __future__ import annotations

from pathlib import Path

from pncsim.backend.ccp.http import ccp_app
from pncsim.backend.ecosystem import open_ecosystem
from pncsim.backend.pki.responder_http import ocsp_app
from pncsim.backend.rest.access import Grant, fixed
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import Plan
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Event, HttpExchange, Trace
from pncsim.wire.voice import Voice


def test_pool_and_responder_are_found_where_the_plan_says(tmp_path: Path) -> None:
    """The vehicle gets the contract that lies in the other pool, and every status comes from the other responder."""
    theirs: list[Event] = []
    ours: list[Event] = []
    installed: list[tuple[str, str]] = []

    async def main() -> RunResult:
        clock, trace = Clock(), Trace([theirs.append])
        pool, responder = HttpListener(), HttpListener()
        pki = create_pki(clock.now(), ocsp_url=f"{responder.url}/ocsp")
        write_pki(pki, tmp_path / "pki")
        there = await open_ecosystem(pki, clock, trace)
        pcid = await there.oem.publish(pki.credentials("oem_leaf"), v2g_roots=pki.anchors("v2g_root"))
        sold = await there.mo.subscribe("the driver", pcid)
        tokens = fixed({"token": Grant(frozenset({"CPO"}))})
        await pool.start(ccp_app(there.pool, Voice.on(clock, trace, "CCP"), tokens=tokens))
        await responder.start(ocsp_app(there.responder, Voice.on(clock, trace, "PKI")))

        async def act(lab: Lab) -> None:
            vehicle = await lab.vehicle(kwh=0.5, install="always", payment="contract")
            outcome = await lab.plug_in(vehicle)
            got = outcome.installed
            installed.append((sold.emaid, got.emaid if got is not None else str(outcome.error)))
            lab.expect.that("the contract is that of the other pool", got is not None, outcome.error)

        plan = Plan(pool_url=pool.url, pool_token="token", ocsp_url=f"{responder.url}/ocsp")
        settings = RunSettings(transport="loopback", pki=tmp_path / "pki")
        try:
            scenario = Scenario("guest", "guest", (), act, plan=plan)
            return await Run(scenario, settings=settings, readers=(ours.append,)).done()
        finally:
            await pool.stop()
            await responder.stop()

    result = run_on_loop("loopback", main)
    assert result.verdict is Verdict.PASS, result.cause
    ((sold, got),) = installed
    assert got == sold
    answered = [event for event in theirs if isinstance(event, HttpExchange)]
    assert {(event.role, event.status) for event in answered} == {("CCP", 200), ("PKI", 200)}
    assert not [event for event in ours if isinstance(event, HttpExchange) and event.role in ("CCP", "PKI")]
