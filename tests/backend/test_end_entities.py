"""Stations announced before they enrol, as two public clients do it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from backend_world import World
from face_world import CLIENTS, Faces, open_faces

from pncsim.backend.pki import end_entities
from pncsim.backend.pki.end_entities import PATH, SIZE

STATION = {"commonName": "cs001", "evseID": ["DE*PNC*E100001", "DEPNCE100002"], "deviceInfo": {"model": "Wallbox"}}


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        await faces.clients.add("other-cpo", "CPO")
        yield faces


@pytest.mark.rule("PKI-2", "ID-2")
async def test_an_operator_announces_its_stations_and_reads_what_it_said(faces: Faces) -> None:
    assert (await faces.call("cpo", "GET", PATH)).body == []
    for said in (STATION, {**STATION, "commonName": "cs002"}, {**STATION, "evseID": ["DE*PNC*E100003"]}):
        answer = await faces.call("cpo", "PUT", PATH, said)
        assert (answer.status, answer.body) == (200, said)
    listed = (await faces.call("cpo", "GET", PATH)).body
    assert {one["commonName"]: one["evseID"] for one in listed} == {
        "cs001": ["DE*PNC*E100003"],
        "cs002": STATION["evseID"],
    }


@pytest.mark.rule("ACC-1", "ACC-2")
async def test_stations_are_announced_by_charging_point_operators_and_seen_by_nobody_else(
    world: World, faces: Faces
) -> None:
    for who in (None, *CLIENTS):
        expected = 200 if who == "cpo" else 401 if who is None else 403
        assert (await faces.call(who, "PUT", PATH, STATION)).status == expected
        assert (await faces.call(who, "GET", PATH)).status == expected
    secret = (await faces.clients.rotate("other-cpo")).secret
    asked = {"grant_type": "client_credentials", "client_id": "other-cpo", "client_secret": secret}
    token = (await faces.call(None, "POST", "/oauth/token", asked)).body["access_token"]
    assert (await faces.call(None, "GET", PATH, Authorization=f"Bearer {token}")).body == []


@pytest.mark.rule("ID-2")
@pytest.mark.parametrize(
    "change",
    [
        {"commonName": None},
        {"commonName": ""},
        {"commonName": "x" * 65},
        {"commonName": "cs\n001"},
        {"evseID": "DE*PNC*E100001"},
        {"evseID": [1]},
        {"evseID": ["cs001"]},
        {"evseID": ["DE*PNC*E100001"] * 65},
        {"more": "x" * SIZE},
    ],
)
async def test_what_is_no_announcement_is_refused_and_not_kept(faces: Faces, change: dict[str, object]) -> None:
    assert (await faces.call("cpo", "PUT", PATH, {**STATION, **change})).status == 400
    assert (await faces.call("cpo", "GET", PATH)).body == []


async def test_there_is_an_end_to_how_many_are_kept(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_entities, "MOST", 2)
    for name, status in (("a", 200), ("b", 200), ("c", 409), ("a", 200)):
        assert (await faces.call("cpo", "PUT", PATH, {**STATION, "commonName": name})).status == status
    assert len((await faces.call("cpo", "GET", PATH)).body) == 2
