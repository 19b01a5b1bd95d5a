"""A lab's mail: who subscribes is sent its events, signed, on the lab's clock; who does not costs nothing."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from event_receivers import receiver
from lab_runs import run_of

from pncsim.backend.webhooks.outcomes import INTERVAL
from pncsim.backend.webhooks.sender import Sender
from pncsim.simulator.lab.desk import Caller
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.lab.mail import INSIDE
from pncsim.simulator.scenario import Scenario
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import HttpExchange

WAITS = "oem.contract.created"


async def sold(lab: Lab) -> str:
    """A contract that waits for a vehicle: its manufacturer is to be told."""
    vehicle = await lab.vehicle()
    await (await lab.region.parties()).publish(vehicle)
    return await lab.subscribe(vehicle)


async def log_of(caller: Caller, id: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await caller.get(f"/v1/webhook/endpoints/{id}/deliveries")).body["deliveries"]
    return told


@pytest.mark.rule("EVT-2", "EVT-3", "EVT-4")
@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_what_is_told_arrives_in_the_box_of_the_labs_own_parties_and_the_operator_hears_that(transport: Any) -> None:
    async def play(lab: Lab) -> None:
        manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
        waits, sent = await manufacturer.listen(WAITS), await operator.listen("mo.contract.created.sent.to.oem")
        emaid = await sold(lab)
        while not await sent.heard():
            await lab.clock.pass_time(0.01)
        lab.expect.that("told", [one["emaid"] for one in await sent.heard()] == [emaid])
        [delivery] = await log_of(manufacturer, waits.id)
        lab.expect.that("delivered", delivery["state"] == "delivered", delivery)

    seen = run_of(Scenario("mail", "mail", (), play), transport=transport)
    assert seen.result.verdict == "pass", seen.result.checks
    told = [one for one in seen.events if isinstance(one, HttpExchange) and one.unit == "webhooks"]
    assert told[0].status == 200 and told[0].url.endswith("/events")
    assert told[0].url.startswith(INSIDE) == (transport == "memory")


@pytest.mark.rule("EVT-2", "EVT-3")
def test_another_address_is_sent_the_same_and_sent_again_an_hour_of_lab_time_later() -> None:
    async def play(lab: Lab) -> None:
        async with receiver(500, 200) as somebody:
            oem = await lab.caller("OEM")
            with pytest.raises(LocalError, match="OEM cannot hear of events"):
                await oem.listen(WAITS, url="ftp://there")
            log = await oem.listen(WAITS, url=somebody.url)
            await sold(lab)
            await somebody.came.wait()
            while (await log_of(oem, log.id))[0]["state"] != "retry":
                await lab.clock.pass_time(0.01)
            somebody.came.clear()
            lab.clock.jump(INTERVAL)
            await somebody.came.wait()
            first, second = somebody.got
            lab.expect.that("again", first.body == second.body and second.type == WAITS)
            secret = (await oem.get(f"/v1/webhook/endpoints/{log.id}")).body["secret"]
            digest = hmac.new(secret.encode(), second.body, hashlib.sha256).hexdigest()
            lab.expect.that("signed", second.headers["payload-signature"] == digest)

    result = run_of(Scenario("mail", "mail", (), play), transport="loopback").result
    assert result.verdict == "pass", result.checks


def test_in_memory_nothing_leaves_the_process_and_who_does_not_subscribe_has_no_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, make = list[Sender](), Sender.__init__

    def noted(self: Sender, *those: Any, **named: Any) -> None:
        made.append(self)
        make(self, *those, **named)

    monkeypatch.setattr(Sender, "__init__", noted)

    async def play(lab: Lab) -> None:
        oem = await lab.caller("OEM")
        await sold(lab)
        await lab.clock.sleep(60)
        lab.expect.that("nobody sends", not made)
        log = await oem.listen(WAITS, url="http://192.0.2.1/events")
        await sold(lab)
        await lab.clock.sleep(1)
        [delivery] = await log_of(oem, log.id)
        why = delivery["attempts"][0]["text"]
        lab.expect.that("kept", delivery["state"] == "retry" and "nothing leaves the process" in why, delivery)

    result = run_of(Scenario("mail", "mail", (), play)).result
    assert result.verdict == "pass" and len(made) == 1, result.checks
