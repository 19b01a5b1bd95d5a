"""Subscribing to events: the published operations, everybody's own endpoints, and what an address may be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
import pytest_asyncio
from backend_world import NOW, World
from face_world import CLIENTS, Faces, open_faces
from webhook_world import subscribed

from pncsim.backend.webhooks.addresses import why_not
from pncsim.backend.webhooks.service import MAX_ENDPOINTS
from pncsim.backend.webhooks.types import EventType

ALL = "/v1/webhook/endpoints"
URL = "http://127.0.0.1:9/events"
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize("who", sorted(CLIENTS))
async def test_every_role_subscribes_reads_changes_and_unsubscribes(faces: Faces, who: str) -> None:
    made = await subscribed(faces, who, URL, "root.cert.added", description="mine", metadata={"desk": [1]})
    one = f"{ALL}/{made['id']}"
    assert (await faces.call(who, "GET", one)).body == made
    changed = await faces.call(who, "PUT", one, {"url": URL + "2", "status": "disabled"})
    assert changed.status == 200
    same = {name: value for name, value in made.items() if name != "secret"}
    assert changed.body == {**same, "url": URL + "2", "status": "disabled"}
    (listed,) = (await faces.call(who, "GET", ALL)).body
    assert listed == changed.body
    gone = await faces.call(who, "DELETE", one)
    assert (gone.status, gone.body) == (200, None)
    assert (await faces.call(who, "GET", one)).status == 404
    assert (await faces.call(who, "GET", ALL)).body == []


@pytest.mark.rule("EVT-1")
async def test_an_endpoint_says_what_its_token_says_of_its_owner_and_both_names_of_its_events(faces: Faces) -> None:
    asked = {"userRole": "ADMIN", "userName": "root", "providerIds": ["XXYYY"], "wmis": ["XXX"]}
    made = await subscribed(faces, "mo", URL, "root.cert.added", "root.cert.added", "mo.prov.cert.deleted", **asked)
    assert len(made["secret"]) >= 40 and len(made["id"]) == 36
    events = ["root.cert.added", "mo.prov.cert.deleted"]
    assert {name: value for name, value in made.items() if name not in ("secret", "id")} == {
        "apiVersion": "v1",
        "created": pytest.approx(NOW, abs=600),  # the services' time goes on meanwhile
        "description": "",
        "enabledEvents": events,
        "events": events,
        "metadata": {},
        "status": "enabled",
        "url": URL,
        "providerIds": ["DEPNC"],
        "userRole": "MO",
        "userName": "mo",
    }
    assert (await subscribed(faces, "oem", URL, "oem.contract.created"))["wmis"] == ["PNC"]


@pytest.mark.rule("EVT-1")
async def test_every_published_event_is_subscribed_to_and_the_list_goes_by_either_name(faces: Faces) -> None:
    names = sorted(get_args(EventType))
    assert len(names) == 16
    assert (await subscribed(faces, "mo", URL, *names))["enabledEvents"] == names
    other = await faces.call("mo", "POST", ALL, {"url": URL, "events": ["root.cert.revoked"]})
    assert (other.status, other.body["enabledEvents"]) == (201, ["root.cert.revoked"])
    both = {"url": URL, "events": ["root.cert.revoked"], "enabledEvents": ["root.cert.added"]}
    assert (await faces.call("mo", "POST", ALL, both)).body["events"] == ["root.cert.added"]


async def test_what_a_change_does_not_name_stays_as_it_is(faces: Faces) -> None:
    made = await subscribed(
        faces, "cpo", URL, "root.cert.added", description="mine", metadata={"a": 1}, status="disabled"
    )
    changed = await faces.call("cpo", "PUT", f"{ALL}/{made['id']}", {"url": URL})
    kept = ("enabledEvents", "description", "metadata", "status", "created")
    assert [changed.body[name] for name in kept] == [made[name] for name in kept]
    again = (await faces.call("cpo", "GET", f"{ALL}/{made['id']}")).body
    assert again["secret"] == made["secret"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("id", [None, ABSENT, "%00", "..%2F..", "x" * 3000])
async def test_another_clients_endpoint_is_as_one_that_is_not_there(faces: Faces, method: str, id: str | None) -> None:
    made = await subscribed(faces, "oem", URL, "oem.contract.created")
    answer = await faces.call("other-oem", method, f"{ALL}/{id or made['id']}", {"url": URL})
    assert answer.status == 404
    assert len((await faces.call("oem", "GET", ALL)).body) == 1
    for path in ("deliveries", f"deliveries/{ABSENT}"):
        verb = "GET" if path == "deliveries" else "POST"
        assert (await faces.call("other-oem", verb, f"{ALL}/{made['id']}/{path}")).status == 404


@pytest.mark.rule("ACC-1")
async def test_nobody_subscribes_without_a_token(faces: Faces) -> None:
    for method, path in (("POST", ALL), ("GET", ALL), ("GET", f"{ALL}/{ABSENT}"), ("DELETE", f"{ALL}/{ABSENT}")):
        assert (await faces.call(None, method, path, {"url": URL})).status == 401


GOOD: dict[str, Any] = {"url": URL, "enabledEvents": ["root.cert.added"]}


def nested(levels: int) -> object:
    value: object = 0
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"url": None},
        {"url": 7},
        {"url": ""},
        {"url": "events.example/here"},
        {"url": "ftp://example.com/"},
        {"url": "file:///etc/passwd"},
        {"url": "http://"},
        {"url": "http://me:secret@example.com/"},
        {"url": "http://example.com:0/"},
        {"url": "http://example.com:99999/"},
        {"url": "http://[::/"},
        {"url": "http://example.com/\r\nHost: other"},
        {"url": "http://example.com/" + "x" * 3000},
        {"url": "http://169.254.169.254/latest/meta-data"},
        {"url": "http://[fe80::1]/"},
        {"url": "http://0.0.0.0/"},
        {"enabledEvents": None},
        {"enabledEvents": []},
        {"enabledEvents": "root.cert.added"},
        {"enabledEvents": [1]},
        {"enabledEvents": ["contract.created"]},
        {"enabledEvents": ["root.cert.added", "\ud800"]},
        {"status": "on"},
        {"status": True},
        {"apiVersion": "v2"},
        {"description": 7},
        {"description": "x" * 1001},
        {"description": "\ud800"},
        {"metadata": "text"},
        {"metadata": {"a": "x" * 4000}},
        {"metadata": nested(40)},
        {"metadata": nested(300)},
        {"metadata": {"a": float("nan")}},
    ],
    ids=lambda change: str(change)[:50],
)
async def test_what_is_no_subscription_is_a_sentence(faces: Faces, change: dict[str, Any]) -> None:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    answer = await faces.call("oem", "POST", ALL, body)
    assert (answer.status, bool(answer.messages)) == (400, True)
    assert (await faces.call("oem", "GET", ALL)).body == []


async def test_big_numbers_and_any_letters_in_metadata_come_back_as_they_went(faces: Faces) -> None:
    metadata = {"big": 10**40, "text": "Ä\u2028\U0001f697", "surrogate": "\ud800", "deep": nested(10)}
    made = await subscribed(faces, "oem", URL, "oem.contract.created", metadata=metadata)
    assert (await faces.call("oem", "GET", f"{ALL}/{made['id']}")).body["metadata"] == metadata


async def test_one_client_has_a_bounded_number_of_endpoints_and_others_are_not_kept_from_theirs(faces: Faces) -> None:
    for _ in range(MAX_ENDPOINTS):
        await subscribed(faces, "oem", URL, "oem.contract.created")
    assert (await faces.call("oem", "POST", ALL, GOOD)).status == 400
    await subscribed(faces, "other-oem", URL, "oem.contract.created")


@pytest.mark.parametrize(
    ("url", "local", "allowed"),
    [
        ("http://127.0.0.1:8000/", True, True),
        ("http://127.0.0.1:8000/", False, False),
        ("http://[::ffff:127.0.0.1]/", False, False),
        ("https://[::1]/", True, True),
        ("http://192.168.0.7/", False, True),
        ("https://events.example/", False, True),
        ("http://169.254.1.1/", True, False),
        ("http://224.0.0.1/", True, False),
    ],
)
def test_receivers_on_this_machine_are_for_services_of_this_machine_alone(url: str, local: bool, allowed: bool) -> None:
    assert (why_not(url, local=local) == "") is allowed
