"""What charging scenarios show beside the use cases: who does not do its duty fails the check of it."""

from __future__ import annotations

from typing import Any

import pytest
from lab_runs import Transport

from pncsim.backend.csms.roaming import Roaming
from pncsim.ev.iso2 import parameters
from pncsim.secc.engine import SeccEngine
from pncsim.secc.iso2 import charging_ac
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.planning import SchedulePlanner
from pncsim.simulator.every.cases import variants
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.lab.said import bodies, calls_and_answers
from pncsim.simulator.lab.tariffs import offer_tariffs
from pncsim.simulator.plan import STATION_ID
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import scenario
from pncsim.simulator.settings import RunSettings

NAMES = ("card-first", "no-roaming", "metering-receipts", "sales-tariff")
RUNS = [(name, options) for name in NAMES for options in variants(find_scenario(name))]


def run(name: str, options: dict[str, Any], transport: Transport = "memory") -> RunResult:
    """The result of one run."""

    async def main() -> RunResult:
        return await Run(find_scenario(name), options, RunSettings(transport=transport)).done()

    return run_on_loop(transport, main)


@pytest.mark.rule("CSO-2", "CSO-3")
@pytest.mark.parametrize(("name", "options"), RUNS, ids=str)
def test_in_memory(name: str, options: dict[str, Any]) -> None:
    result = run(name, options)
    assert result.verdict is Verdict.PASS, result.cause
    assert all(check.id and check.actor and check.seen for check in result.checks), result.checks


@pytest.mark.parametrize("name", NAMES)
def test_on_loopback(name: str) -> None:
    result = run(name, {}, "loopback")
    assert result.verdict is Verdict.PASS, result.cause


BROKEN: tuple[tuple[str, dict[str, Any], tuple[Any, str, Any], str], ...] = (
    ("card-first", {}, (Authorizer, "identified", False), "offer"),
    ("card-first", {"shown": "before-selection"}, (SeccEngine, "identified", lambda self: None), "contract-refused"),
    ("no-roaming", {}, (Roaming, "authorize", lambda self, emaid: self.operator.authorize(emaid)), "not-here"),
    ("sales-tariff", {"tariff": "forged"}, (parameters, "verify", lambda *_, **__: "xmldsig"), "chosen"),
    ("sales-tariff", {"tariff": "unsigned"}, (parameters, "verify", lambda *_, **__: "xmldsig"), "chosen"),
    ("sales-tariff", {}, (SchedulePlanner, "sign", lambda *_: True), "signature"),
    ("metering-receipts", {}, (charging_ac, "receipt_required", lambda *_: False), "asked"),
    ("metering-receipts", {"receipts": False}, (charging_ac, "receipt_required", lambda *_: True), "asked"),
)
"""A scenario, its options, what is broken, and the check that has to show it."""


@pytest.mark.parametrize(
    ("name", "options", "broken", "check"), BROKEN, ids=lambda value: value if type(value) is str else ""
)
def test_a_duty_that_is_not_done_is_seen(
    name: str,
    options: dict[str, Any],
    broken: tuple[object, str, object],
    check: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(*broken)
    result = run(name, options)
    failed = {one.id for one in result.checks if not one.ok}
    assert check in failed


@scenario("no-offer", title="a CSMS that offers nothing, and a profile that nobody waits for")
async def no_offer(lab: Lab) -> None:
    """The station has a schedule of its own."""
    await lab.station(smart_charging=True)
    frames = lab.watch.frames("CS")
    period = {"startPeriod": 0, "limit": 4000.0}
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": "none",
        "chargingSchedule": [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}],
    }
    for evse, reason in ((1, "TxNotFound"), (9, "UnknownEvse")):
        request = {"evseId": evse, "chargingProfile": profile}
        answer = await lab.back.csms.call(STATION_ID, "SetChargingProfile", request)
        told = (answer["status"], answer["statusInfo"]["reasonCode"])
        lab.expect.that(f"EVSE {evse} refuses it", told == ("Rejected", reason), told)
    vehicle = await lab.vehicle(contract=True, payment="contract", kwh=0.1)
    lab.expect.session(await lab.plug_in(vehicle))
    answers = [answer["status"] for _, answer in calls_and_answers(frames, "NotifyEVChargingNeeds")]
    lab.expect.that("the CSMS was asked and has nothing", answers == ["Rejected"], answers)


@scenario("plan-refused", title="a CSMS that offers a schedule and has something against every plan")
async def plan_refused(lab: Lab) -> None:
    """The vehicle is asked for another plan once, and charges."""
    csms = (await lab.region.back_end()).csms
    csms.answers = {**csms.answers, "NotifyEVChargingSchedule": lambda link, request: {"status": "Rejected"}}
    await lab.station(smart_charging=True)
    await offer_tariffs(lab, signed=True)
    frames, received = lab.watch.frames("CS"), lab.watch.messages("SECC")
    vehicle = await lab.vehicle(contract=True, payment="contract", kwh=0.5)
    lab.expect.session(await lab.plug_in(vehicle))
    plans = [request["chargingSchedule"] for request, _ in calls_and_answers(frames, "NotifyEVChargingSchedule")]
    lab.expect.that("it is told of both plans", len(plans) == 2, plans)
    given = [
        {one["id"] for one in request["chargingProfile"]["chargingSchedule"]}
        for request, _ in calls_and_answers(frames, "SetChargingProfile")
    ]
    named = all(plan["id"] in ids for plan, ids in zip(plans, given, strict=True))
    lab.expect.that("each names a schedule of the last offer", named, (plans, given))
    progress = [str(body.ChargeProgress) for body in bodies(received, "PowerDeliveryReq")]
    lab.expect.that("negotiated once more", progress == ["Start", "Renegotiate", "Start", "Stop"], progress)


def test_a_plan_that_the_csms_refuses_is_negotiated_once_more() -> None:
    async def main() -> RunResult:
        return await Run(plan_refused, {}, RunSettings(transport="memory")).done()

    result = run_on_loop("memory", main)
    assert result.verdict is Verdict.PASS, result.cause


def test_a_station_whose_csms_offers_nothing_has_its_own_schedule() -> None:
    async def main() -> RunResult:
        return await Run(no_offer, {}, RunSettings(transport="memory")).done()

    result = run_on_loop("memory", main)
    assert result.verdict is Verdict.PASS, result.cause
