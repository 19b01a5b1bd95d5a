"""Delivering events: retries on the lab's clock, dead letters, receivers that are slow, dead or gone (EVT-3, -4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import NOW, World
from event_receivers import Receiver, receiver
from face_world import Faces, open_faces
from kept_samples import SAMPLES, delivery
from webhook_world import sender_of, subscribed

from pncsim.backend.auth import CLIENTS, Client
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.facts import Fact, RootAdded
from pncsim.backend.rcp import RootKind
from pncsim.backend.store import Change
from pncsim.backend.store.sql import SqlStore, open_store
from pncsim.backend.webhooks import DELIVERIES, ENDPOINTS, DeliveryState, Outbox
from pncsim.backend.webhooks.outcomes import INTERVAL, RETRIES, outcome_of
from pncsim.backend.webhooks.sender import AT_ONCE, ROUND, Sender
from pncsim.backend.webhooks.service import KEPT
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Problem, Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

ALL = "/v1/webhook/endpoints"
CONTRACT = "oem.contract.created"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


@pytest_asyncio.fixture
async def sender(world: World) -> AsyncIterator[Sender]:
    sender = sender_of(world, patience=60.0)
    yield sender
    await sender.close()


async def log(faces: Faces, who: str, made: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """The log of an endpoint."""
    found: list[dict[str, Any]] = (await faces.call(who, "GET", f"{ALL}/{made['id']}/deliveries{query}")).body[
        "deliveries"
    ]
    return found


async def add_root(world: World) -> None:
    await world.eco.roots.add(reading.der(create_pki(NOW).certificate("v2g_root")), RootKind.V2G)


REJECTED, QUEUED = "mo.contract.rejected.by.oem", "mo.contract.queued.to.oem"


@pytest.mark.rule("EVT-3", "EVT-4")
@pytest.mark.parametrize(
    ("type", "status", "tries", "state", "follows"),
    [
        (CONTRACT, 200, 1, "delivered", ("mo.contract.created.sent.to.oem",)),
        (CONTRACT, 204, 4, "delivered", ("mo.contract.created.sent.to.oem",)),
        ("oem.contract.updated", 202, 1, "delivered", ("mo.contract.updated.sent.to.oem",)),
        ("oem.contract.deleted", 200, 1, "delivered", ("mo.contract.deleted.sent.to.oem",)),
        (CONTRACT, 400, 1, "failed", (REJECTED,)),
        (CONTRACT, 409, 2, "failed", (REJECTED,)),
        (CONTRACT, 404, 1, "retry", (REJECTED, QUEUED)),
        (CONTRACT, 302, 1, "retry", (REJECTED, QUEUED)),
        (CONTRACT, 503, 3, "retry", (REJECTED, QUEUED)),
        (CONTRACT, 503, 4, "failed", (REJECTED,)),
        (CONTRACT, None, 1, "retry", (QUEUED,)),
        (CONTRACT, None, 4, "failed", ()),
        ("root.cert.added", 200, 1, "delivered", ()),
        ("root.cert.added", 500, 3, "retry", ()),
        ("root.cert.added", 500, 4, "failed", ()),
        ("root.cert.added", None, 1, "retry", ()),
        ("root.cert.added", 404, 1, "failed", ()),
        ("root.cert.added", 302, 1, "failed", ()),
        ("mo.prov.cert.deleted", 409, 1, "failed", ()),
        ("mo.contract.delivered.to.oem", 599, 1, "retry", ()),
    ],
)
def test_an_answer_means_what_the_table_says(
    type: Any, status: int | None, tries: int, state: str, follows: Any
) -> None:
    found = outcome_of(type, status, tries)
    assert (found.state, found.follows) == (state, follows)


@pytest.mark.rule("EVT-3")
async def test_what_fails_is_tried_again_three_times_an_hour_apart_and_is_then_a_dead_letter(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver(500, 503, 500, 500, 200) as one:
        made = await subscribed(faces, "cpo", one.url, "root.cert.added")
        await add_root(world)
        for number in range(1, RETRIES + 2):
            await sender.flush()
            assert len(one.got) == number
            world.clock.jump(INTERVAL - 60)
            await sender.flush()
            assert len(one.got) == number
            world.clock.jump(60)
        await sender.flush()
        assert len(one.got) == RETRIES + 1
        assert len({(came.body, came.headers["payload-signature"]) for came in one.got}) == 1
        (letter,) = await log(faces, "cpo", made, "?state=failed")
        assert letter["event"] == one.got[0].event and letter["eventId"] == one.got[0].event["eventId"]
        assert [(line["attempt"], line["status"]) for line in letter["attempts"]] == [
            (1, 500),
            (2, 503),
            (3, 500),
            (4, 500),
        ]
        assert letter["attempts"][0]["time"] < letter["attempts"][1]["time"]
        again = await faces.call("cpo", "POST", f"{ALL}/{made['id']}/deliveries/{letter['eventId']}")
        assert (again.status, again.body["state"]) == (200, "new")
        await sender.flush()
        assert one.got[-1].body == one.got[0].body and len(one.got) == RETRIES + 2
        assert await log(faces, "cpo", made, "?state=failed") == []
        assert [one["state"] for one in await log(faces, "cpo", made)] == ["delivered"]


@pytest.mark.rule("EVT-4")
async def test_a_manufacturer_that_refuses_for_good_is_told_the_operator_and_asked_no_more(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver(409) as oem, receiver() as mo:
        await subscribed(faces, "oem", oem.url, CONTRACT)
        await subscribed(faces, "mo", mo.url, REJECTED, QUEUED, "mo.contract.created.sent.to.oem")
        await world.subscribed()
        await sender.flush()
        world.clock.jump(INTERVAL)
        await sender.flush()
        assert (len(oem.got), mo.types) == (1, [REJECTED])
        assert mo.got[0].event["payload"] == oem.got[0].event["payload"]


@pytest.mark.rule("EVT-4")
async def test_a_manufacturer_that_fails_is_told_the_operator_once_and_tried_again_until_it_takes_it(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver(404, 500, 200) as oem, receiver() as mo:
        await subscribed(faces, "oem", oem.url, CONTRACT)
        await subscribed(faces, "mo", mo.url, REJECTED, QUEUED, "mo.contract.created.sent.to.oem")
        await world.subscribed()
        await sender.flush()
        assert mo.taken() == sorted([REJECTED, QUEUED])
        world.clock.jump(INTERVAL)
        await sender.flush()
        assert mo.taken() == []
        world.clock.jump(INTERVAL)
        await sender.flush()
        assert (len(oem.got), mo.taken()) == (3, ["mo.contract.created.sent.to.oem"])


@pytest.mark.rule("EVT-1")
async def test_two_endpoints_of_a_manufacturer_make_one_event_for_the_operator(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver() as oem, receiver() as mo:
        for _ in range(2):
            await subscribed(faces, "oem", oem.url, CONTRACT)
        await subscribed(faces, "mo", mo.url, "mo.contract.created.sent.to.oem")
        await world.subscribed()
        await sender.flush()
        assert (len(oem.got), len(mo.got)) == (2, 1)


async def test_a_redirect_is_an_answer_and_followed_nowhere(world: World, faces: Faces, sender: Sender) -> None:
    async with receiver(302) as one:
        made = await subscribed(faces, "cpo", one.url, "root.cert.added")
        await add_root(world)
        await sender.flush()
        assert len(one.got) == 1
        assert [(line["state"], line["attempts"][0]["status"]) for line in await log(faces, "cpo", made)] == [
            ("failed", 302)
        ]


async def test_a_name_that_leads_to_this_machine_gets_nothing_where_others_can_reach_the_services(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver() as one:
        made = await subscribed(faces, "cpo", one.url.replace("127.0.0.1", "localhost"), "root.cert.added")
        world.eco.webhooks.local = False
        await add_root(world)
        await sender.flush()
        (line,) = await log(faces, "cpo", made)
        assert (one.got, line["state"], line["attempts"][0]["status"]) == ([], "retry", None)
        assert "it leads to this machine" in line["attempts"][0]["text"]


@pytest.mark.parametrize("how", ["disabled", "removed", "client shut out", "client gone", "ids gone"])
async def test_who_may_not_hear_any_more_gets_not_even_what_was_queued_for_him(
    world: World, faces: Faces, sender: Sender, how: str
) -> None:
    async with receiver() as one:
        made = await subscribed(faces, "oem", one.url, CONTRACT)
        await world.subscribed()
        path = f"{ALL}/{made['id']}"
        client = await world.eco.store.of(CLIENTS).get("oem")
        assert isinstance(client, Client)
        if how == "disabled":
            await faces.call("oem", "PUT", path, {"url": one.url, "status": "disabled"})
        elif how == "removed":
            await faces.call("oem", "DELETE", path)
        elif how == "client gone":
            await world.eco.store.of(CLIENTS).remove("oem")
        else:
            changed = replace(client, enabled=False) if how == "client shut out" else replace(client, wmis=("XXX",))
            await world.eco.store.of(CLIENTS).put(changed)
        await sender.flush()
        (left,) = (await world.eco.store.of(DELIVERIES).page()).values
        assert (one.got, left.state, left.attempts) == ([], DeliveryState.DROPPED, ())
        assert left.text.startswith("The endpoint")


async def test_a_slow_receiver_and_a_dead_one_keep_nobody_waiting(world: World, faces: Faces) -> None:
    sender = sender_of(world, patience=60.0)
    async with receiver() as slow, receiver() as quick:
        slow.hold = asyncio.Event()
        dead = await subscribed(faces, "cpo", "http://127.0.0.1:1/", "root.cert.added")
        late = await subscribed(faces, "cpo", slow.url, "root.cert.added")
        await subscribed(faces, "cpo", quick.url, "root.cert.added")
        for _ in range(2 * AT_ONCE):
            await add_root(world)
        running = asyncio.create_task(sender.run())
        while len(quick.got) < 2 * AT_ONCE:
            quick.came.clear()
            await asyncio.wait_for(quick.came.wait(), 30)
        assert len(slow.got) <= AT_ONCE
        slow.hold.set()
        running.cancel()
        await sender.flush()
        await sender.close()
        for made, state in ((dead, "retry"), (late, "delivered")):
            assert [line["state"] for line in await log(faces, "cpo", made)] == [state] * 2 * AT_ONCE
        (attempt,) = (await log(faces, "cpo", dead))[0]["attempts"]
        assert "cannot be reached" in attempt["text"]


@pytest.mark.rule("EVT-3")
async def test_a_receiver_that_takes_too_long_is_tried_again(world: World, faces: Faces) -> None:
    sender = sender_of(world, patience=0.1)
    async with receiver() as slow:
        slow.hold = asyncio.Event()
        made = await subscribed(faces, "cpo", slow.url, "root.cert.added")
        await add_root(world)
        await sender.flush()
        await sender.close()
        (line,) = await log(faces, "cpo", made)
        assert (line["state"], line["attempts"][0]["status"]) == ("retry", None)
        assert "within 0.1 s" in line["attempts"][0]["text"]


async def test_what_lets_us_in_at_a_receiver_is_in_no_log(world: World, faces: Faces, sender: Sender) -> None:
    made = await subscribed(faces, "cpo", "http://127.0.0.1:1/?token=opensesame", "root.cert.added")
    async with receiver() as one:
        also = await subscribed(faces, "cpo", f"{one.url}?token=opensesame", "root.cert.added")
        await add_root(world)
        await sender.flush()
    told = repr(world.events) + repr(await log(faces, "cpo", made)) + repr(await log(faces, "cpo", also))
    assert one.got and "opensesame" not in told and made["secret"] not in told
    assert made["secret"] not in repr(await world.eco.store.of(ENDPOINTS).get(made["id"]))


async def test_the_log_is_read_page_by_page_and_by_state_and_forgotten_a_month_after(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver(200, 200, 404) as one:
        made = await subscribed(faces, "cpo", one.url, "root.cert.added")
        for _ in range(3):
            await add_root(world)
            await sender.flush()
        assert [line["state"] for line in await log(faces, "cpo", made)] == ["delivered", "delivered", "failed"]
        assert len(await log(faces, "cpo", made, "?state=delivered")) == 2
        path = f"{ALL}/{made['id']}/deliveries"
        assert (await faces.call("cpo", "GET", f"{path}?state=lost")).status == 400
        assert (await faces.call("cpo", "GET", f"{path}?after=x")).status == 400
        assert (await faces.call("cpo", "POST", f"{path}/00000000-0000-4000-8000-000000000000")).status == 404
        world.clock.jump(KEPT - 60)
        assert await world.eco.webhooks.cleanse() == 0
        world.clock.jump(60)
        assert await world.eco.webhooks.cleanse() == 3
        assert (await world.eco.store.of(DELIVERIES).page()).values == ()


async def test_while_a_store_fails_nothing_is_lost_and_it_is_told(
    world: World, faces: Faces, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiver() as one:
        await subscribed(faces, "cpo", one.url, "root.cert.added")
        await add_root(world)
        change = world.eco.store.change

        async def fail(step: Any) -> Any:
            if one.got:
                raise LocalError("The database has gone.")
            return await change(step)

        monkeypatch.setattr(world.eco.store, "change", fail)
        await sender.flush()
        assert len(one.got) == 1
        assert "The database has gone." in [event.text for event in world.of(Problem) if isinstance(event, Problem)]
        monkeypatch.undo()
        world.clock.jump(ROUND)
        await sender.flush()
        (done,) = (await world.eco.store.of(DELIVERIES).page()).values
        assert (done.state, len(one.got)) == ("delivered", 2)
        assert len({came.event["eventId"] for came in one.got}) == 1


# Processes that end, and several of them


class Process:
    """A process of the services on one database, as far as events go."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        trace = Trace()
        self.store, self.clock = store, clock
        self.ecosystem = Ecosystem(clock, trace, store=store)
        self.sender = Sender(clock, Voice.on(clock, trace, "LAB"), self.ecosystem.webhooks)

    async def leave(self) -> None:
        await self.sender.close()
        await self.store.close()


async def _nobody(facts: list[Fact]) -> None:
    """Nothing but events is looked at here."""


async def process(url: str, number: int) -> Process:
    kinds = [kind for kind, _ in SAMPLES.values()]
    return Process(await open_store(url, kinds, _nobody, along=Outbox(), source=Seeded(number)), Clock(NOW))


async def subscribe_and_add(one: Process, at: Receiver, roots: int) -> None:
    cpo = Client(id="cpo", name="", role="CPO", salt=b"", digest=b"", created_at=NOW)
    await one.store.of(CLIENTS).put(cpo)
    await one.ecosystem.webhooks.subscribe(cpo.grant, at.url, ["root.cert.added"])
    for number in range(roots):
        await one.store.change(lambda change: added(change, number))  # noqa: B023


async def added(change: Change, number: int) -> None:
    der = reading.der(SAMPLES["roots"][1](number).certificate)
    change.tell(RootAdded(time=NOW, id=f"{number}", kind="V2G", certificate=der, fingerprint=f"{number:064}"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


async def test_what_a_process_had_in_hand_when_it_ended_its_successor_sends(url: str) -> None:
    async with receiver() as one:
        first = await process(url, 1)
        await subscribe_and_add(first, one, 3)
        table = first.store.of(DELIVERIES)
        for queued in (await table.page()).values[:2]:
            await table.put(replace(queued, state=DeliveryState.HELD, holder=first.store.owner))
        await first.store.close()
        second = await process(url, 2)
        await second.sender.flush()
        assert sorted(came.event["payload"]["rootCertificateId"] for came in one.got) == ["0", "1", "2"]
        assert {done.state for done in (await second.store.of(DELIVERIES).page()).values} == {"delivered"}
        await second.leave()


async def test_of_two_processes_on_one_database_one_sends_each_event(postgresql_url: str) -> None:
    async with receiver() as one:
        both = [await process(postgresql_url, number) for number in (1, 2)]
        await subscribe_and_add(both[0], one, 20)
        await asyncio.gather(*(each.sender.flush() for each in both))
        assert sorted(int(came.event["payload"]["rootCertificateId"]) for came in one.got) == list(range(20))
        for each in both:
            await each.leave()


async def test_what_a_living_process_has_in_hand_is_left_to_it(postgresql_url: str) -> None:
    async with receiver() as one:
        first, second = [await process(postgresql_url, number) for number in (1, 2)]
        await subscribe_and_add(first, one, 0)
        held = replace(delivery(1), state=DeliveryState.HELD, holder=first.store.owner)
        await first.store.of(DELIVERIES).put(held)
        await second.sender.flush()
        assert (await second.store.of(DELIVERIES).page()).values == (held,)
        await first.leave()
        second.clock.jump(ROUND)
        await second.sender.flush()
        (left,) = (await second.store.of(DELIVERIES).page()).values
        assert (left.state, left.text) == ("dropped", "The endpoint was removed.")
        await second.leave()


async def test_requests_in_progress_end_before_a_sender_does_and_the_rest_waits_for_the_next(
    world: World, faces: Faces
) -> None:
    sender = sender_of(world)
    async with receiver() as one:
        one.hold = asyncio.Event()
        await subscribed(faces, "cpo", one.url, "root.cert.added")
        for _ in range(AT_ONCE + 2):
            await add_root(world)
        running = asyncio.create_task(sender.run())
        while len(one.got) < AT_ONCE:
            one.came.clear()
            await asyncio.wait_for(one.came.wait(), 10)
        running.cancel()
        closing = asyncio.create_task(sender.close())
        await asyncio.sleep(0)
        one.hold.set()
        await closing
        assert len(one.got) == AT_ONCE
        states = sorted(left.state for left in (await world.eco.store.of(DELIVERIES).page()).values)
        assert states == ["delivered"] * AT_ONCE + ["held"] * 2
