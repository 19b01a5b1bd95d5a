"""The services around a lab: what they keep and tell is shown, and what parties do there is done by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from accepted_screens import Accepted
from screens import SIZES, Seen, dashboard
from seen_runs import PlayedBack, recorded
from watched import Watched

from pncsim.simulator.dashboard.lab_commands import COMMANDS, hello_of
from pncsim.simulator.dashboard.reports import (
    AroundTold,
    DeliveryTold,
    DoInLab,
    LabReport,
    PoolLine,
    RequestDone,
    RunHeld,
    StartRun,
    StepRun,
)
from pncsim.simulator.dashboard.screens.ecosystem import EcosystemScreen
from pncsim.simulator.dashboard.widgets.chains import PoolGrid
from pncsim.simulator.dashboard.widgets.text_pane import TextPane
from pncsim.wire.values import replace


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.lab.close()


def test_a_contract_is_concluded_renewed_and_ended_by_hand_and_those_who_asked_are_told(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="pnc-ac", seed="7", held=True, id=1))
    watched.until(lambda one: one == RunHeld(True))
    number = 1

    def do(command: str, **arguments: str) -> RequestDone:
        nonlocal number
        number += 1
        watched.lab.ask(DoInLab(command, arguments, id=number))
        return watched.done(number)

    def around() -> AroundTold:
        return [one for one in watched.seen if isinstance(one, AroundTold)][-1]

    def kept(pool: str) -> list[str]:
        return [line.name for line in around().pools if line.pool == pool]

    number += 1
    watched.lab.ask(StepRun(id=number))
    assert not watched.done(number).error
    assert "MO hears of all events" in str(do("hear-events", who="MO").brought)
    assert "OEM hears of all events" in str(do("hear-events", who="OEM").brought)
    assert "no vehicle 'EV-9'. Did you mean EV-1" in do("publish-vehicle", vehicle="EV-9").error
    assert str(do("publish-vehicle").brought).endswith("is in the provisioning pool.")
    [pcid] = kept("PCP")
    assert "Ada has contract" in str(do("conclude-contract", driver="Ada").brought)
    [first] = kept("CCP")
    assert "Bob has contract" in str(do("conclude-contract", driver="Bob", by_service="yes", renews="yes").brought)
    second = next(one for one in kept("CCP") if one != first)
    roles = {one.role for one in around().certificates if first in one.name or "v2g_mo" in one.role}
    assert {"v2g_mo_sub1", "v2g_mo_sub2"} <= roles, "the contract service issues below the V2G root"
    assert do("renew-contract").error.startswith("The operators have several contracts. Name one")
    before = {line.name: line.certificate for line in around().pools if line.pool == "CCP"}
    assert "has a new certificate" in str(do("renew-contract", emaid=second).brought)
    after = {line.name: line.certificate for line in around().pools if line.pool == "CCP"}
    assert after[second] != before[second] and after[first] == before[first]
    assert "it is revoked, and out of the contract pool" in str(do("end-contract", emaid=first).brought)
    assert kept("CCP") == [second]
    [ended] = [line for line in around().pools if line.name == first]
    assert ended.about == f"Ada: cancelled, may not charge, {pcid}"
    [old] = [one for one in around().certificates if one.said == "revoked"]
    assert old.holders == ("MO DEPNC",)
    told = [(one.type, one.to, one.about) for one in around().deliveries]
    assert [one for one in told if one[1] == "OEM"] == [
        ("oem.contract.created", "OEM", first),
        ("oem.contract.created", "OEM", second),
        ("oem.contract.updated", "OEM", second),
        ("oem.contract.deleted", "OEM", first),
    ]
    taken = [f"mo.contract.{word}.sent.to.oem" for word in ("created", "created", "updated", "deleted")]
    assert [one[0] for one in told if one[1] == "MO"] == taken, "the operator hears that it was told"
    assert all(one.state == "delivered" and one.attempts == 1 for one in around().deliveries if one.to == "OEM")
    assert all(json.loads(one.body)["eventId"] for one in around().deliveries)
    assert [one.name for one in around().listeners] == ["MO", "OEM"]


def reports() -> list[LabReport]:
    """A run with the services around it, and three events on their way."""
    told = recorded("installed")
    around = next(one for one in told if isinstance(one, AroundTold))
    states = ("delivered", "failed", "new")
    kinds = ("oem.contract.created", "oem.contract.updated", "root.cert.added")
    deliveries = tuple(
        DeliveryTold(
            type=kind,
            to="OEM",
            state=state,
            at=around.now - 300 + at,
            about="DEPNCC0B058HGT6" if kind.startswith("oem") else "",
            attempts=at,
            text="Nobody listens there." if state == "failed" else "",
            body=json.dumps({"eventType": kind, "data": {"emaid": "DEPNCC0B058HGT6"}}).encode(),
        )
        for at, (state, kind) in enumerate(zip(states, kinds, strict=True))
    )
    listeners = (PoolLine(pool="events", name="OEM", about="all"),)
    full = replace(around, deliveries=deliveries, listeners=listeners)
    return [full if one is around else one for one in told]


def source() -> PlayedBack:
    return PlayedBack(hello_of("lab", "", COMMANDS), *reports())


def eco(seen: Seen) -> EcosystemScreen:
    screen = seen.app.view
    assert isinstance(screen, EcosystemScreen)
    return screen


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_the_ecosystem_screen_at_each_size(size: tuple[int, int], accepted: Accepted) -> None:
    name = f"{size[0]}x{size[1]}"
    empty = PlayedBack()
    async with dashboard(empty, size) as seen:
        await seen.press("8")
        accepted(f"ecosystem-nothing-{name}", seen.text)
        empty.reports += source().reports
        await seen.tick()
        accepted(f"ecosystem-{name}", seen.text)


async def test_keys_ask_for_what_parties_do_about_the_contract_the_cursor_is_on() -> None:
    async with dashboard(source()) as seen:
        await seen.press("8")
        asked = seen.app.scene.source.asked  # type: ignore[attr-defined]
        kept = eco(seen).query_one("#kept", PoolGrid)
        while not kept.lines[kept.cursor].pool.startswith("MO"):
            await seen.press("down")
        await seen.press("u")
        assert "End a contract" in seen.text and "DEPNCC0B058HGT6" in seen.text
        await seen.press("enter")
        assert asked[-1] == DoInLab("end-contract", {"emaid": "DEPNCC0B058HGT6"}, asked[-1].id)
        await seen.press("p", "enter")
        assert asked[-1].command == "publish-vehicle"


async def test_what_is_sent_of_an_event_is_beside_it() -> None:
    async with dashboard(source()) as seen:
        await seen.press("8", "tab", "up")
        told = eco(seen).query_one("#body", TextPane).plain
        assert "oem.contract.updated to OEM" in told and "failed, 1 attempt. Nobody listens there." in told
        assert '"emaid": "DEPNCC0B058HGT6"' in told
        assert "x failed" in seen.text and "+ delivered" in seen.text and "- new" in seen.text
