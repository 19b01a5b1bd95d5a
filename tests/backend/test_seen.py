"""What whoever runs the services sees of them: their health, figures and access log; and that a secret is in none."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import make_mocked_request
from backend_world import World
from face_world import Faces, open_faces
from prometheus_client.parser import text_string_to_metric_families

from pncsim.backend.rest.access import ROLES, Grant, fixed
from pncsim.backend.rest.access_log import LONGEST_PATH, AccessLog, line_of
from pncsim.backend.rest.exchanges import Exchange
from pncsim.backend.rest.health import routes as health_routes
from pncsim.backend.rest.metrics import Metrics
from pncsim.backend.rest.routes import Route, application
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Problem, Warned
from pncsim.wire.web import aiohttp, web

LABELS = ("service", "operation", "status", "rule", "le")
SECRET = "s3cret-s3cret-s3cret"


def exchange(path: str = "/v1/oem/provCerts/PNC") -> Exchange:
    answer = web.json_response({"errorCode": "OPCP getOEMProvCert", "traceId": "d0"}, status=404)
    return Exchange(make_mocked_request("GET", path), answer, "pcp", "getOEMProvCert", "mo", 0.0125)


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


async def figures(faces: Faces) -> dict[tuple[str, ...], float]:
    """What Prometheus' own parser reads: name of each sample, and its labels as LABELS has them."""
    async with faces.session.get(f"{faces.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        text = await answer.text()
    return {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_figures_tell_what_was_asked_how_it_ended_and_which_rule_decided(faces: Faces) -> None:
    await faces.call("mo", "GET", "/v1/root/rootCerts")
    await faces.call("mo", "GET", "/v1/oem/provCerts/short")
    await faces.call("cpo", "GET", "/v1/oem/provCerts/short")
    await faces.call(None, "GET", "/nothing/of/the/kind")
    found = await figures(faces)
    assert found["pnc_answers_total", "rcp", "getAllRootCerts", "200"] == 1
    assert found["pnc_answers_total", "pcp", "getOEMProvCert", "400"] == 1
    assert found["pnc_answers_total", "pcp", "getOEMProvCert", "403"] == 1
    assert found["pnc_answers_total", "none", "none", "404"] == 1
    assert found["pnc_refusals_total", "pcp", "PCP-PUB-6"] == 1
    assert found["pnc_refusals_total", "pcp", "ACC-2"] == 1
    assert found["pnc_answer_seconds_count", "pcp", "getOEMProvCert"] == 2
    assert found["pnc_answer_seconds_bucket", "pcp", "getOEMProvCert", "+Inf"] == 2


@pytest.mark.rule("PCP-ENUM-1")
async def test_no_figure_depends_on_what_the_pools_hold_or_on_what_strangers_call_things(
    world: World, faces: Faces
) -> None:
    for name in ("<script>", "a" * 200, "b"):
        await faces.call(None, "GET", f"/{name}")
    before = {name for name, *_ in await figures(faces)}
    await world.subscribed()
    after = await figures(faces)
    assert {name for name, *_ in after} == before
    assert {key for key in after if key[0] == "pnc_answers_total" and key[1] == "none"} == {
        ("pnc_answers_total", "none", "none", "404")
    }


async def test_health_is_for_everybody_and_says_no_more_than_it_must(faces: Faces) -> None:
    answer = await faces.call(None, "GET", "/health")
    assert (answer.status, answer.body) == (200, {"status": "ok"})


async def test_a_store_that_cannot_be_read_is_bad_health_and_a_stranger_is_not_told_why(world: World) -> None:
    async def probe() -> None:
        raise LocalError("The database at db.internal failed.")

    listener = HttpListener()
    await listener.start(application(health_routes(probe), world.voice("LAB"), tokens=None))
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{listener.url}/health") as answer:
            assert answer.status == 503
            assert "db.internal" not in await answer.text()
    finally:
        await listener.stop()


# The access log


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


async def logged(world: World, file: Path, *asked: tuple[str, str, dict[str, str], bytes]) -> list[dict[str, Any]]:
    """The lines of the access log after these requests (method, path, headers, body)."""

    async def answer(request: web.Request, grant: Grant) -> web.StreamResponse:
        return web.json_response({"secret": SECRET})

    async def fault(request: web.Request, grant: Grant) -> web.StreamResponse:
        raise RuntimeError(SECRET)

    log = AccessLog(file, world.clock, world.voice("LAB"))
    rows = (
        Route("POST", "/mine/{id}", "mine", frozenset({"CPO"}), answer, service="ccp"),
        Route("GET", "/fault", "fault", None, fault, service="ccp"),
    )
    tokens = fixed({SECRET: Grant(frozenset({"CPO"}), holder="station-1"), "other": Grant(ROLES - {"CPO"}, holder="o")})
    listener = HttpListener()
    await listener.start(application(rows, world.voice("LAB"), tokens=tokens, readers=[log.read]))
    try:
        async with aiohttp.ClientSession() as session:
            for method, path, headers, body in asked:
                async with session.request(method, listener.url + path, headers=headers, data=body):
                    pass
    finally:
        await listener.stop()
        log.close()
    return lines_of(file)


async def test_each_request_is_a_line_that_says_who_did_what_and_how_it_ended(world: World, tmp_path: Path) -> None:
    world.clock.hold()
    lines = await logged(
        world,
        tmp_path / "access.jsonl",
        ("POST", "/mine/1", {"Authorization": f"Bearer {SECRET}"}, b"{}"),
        ("POST", "/mine/2", {"Authorization": "Bearer other"}, b"{}"),
        ("POST", "/mine/3", {}, b"{}"),
        ("GET", "/fault", {}, b""),
        ("DELETE", "/elsewhere", {}, b""),
    )
    for line in lines:
        assert line.pop("milliseconds") >= 0
        assert line.pop("address") == "127.0.0.1"
        assert line.pop("octets") > 0
        assert line.pop("time") == world.clock.utc().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert (len(line.pop("traceId", "")) == 36) == (line["status"] >= 400)
    mine = {"service": "ccp", "operation": "mine", "method": "POST"}
    assert lines == [
        {**mine, "path": "/mine/1", "status": 200, "client": "station-1"},
        {**mine, "path": "/mine/2", "status": 403, "client": "o", "errorCode": "ACC-2"},
        {**mine, "path": "/mine/3", "status": 401, "errorCode": "ACC-1"},
        {"service": "ccp", "operation": "fault", "method": "GET", "path": "/fault", "status": 500},
        {"method": "DELETE", "path": "/elsewhere", "status": 404},
    ]
    assert world.of(Problem)  # the fault is told where faults are told


async def test_the_log_holds_no_header_no_query_and_no_body_and_is_its_owners_alone(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "access.jsonl"
    headers = {"Authorization": f"Bearer {SECRET}", "X-API-Key": SECRET, "Cookie": f"a={SECRET}"}
    await logged(world, file, ("POST", f"/mine/1?code={SECRET}", headers, f'{{"secret": "{SECRET}"}}'.encode()))
    assert SECRET not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_the_tokens_and_secrets_of_real_clients_are_in_no_line(world: World, tmp_path: Path) -> None:
    file = tmp_path / "access.jsonl"
    log = AccessLog(file, world.clock, world.voice("LAB"))
    async with open_faces(world, log.read) as faces:
        made = await faces.clients.add("another", "CPO")
        asked = {"grant_type": "client_credentials", "client_id": "another", "client_secret": made.secret}
        answer = await faces.call(None, "POST", "/oauth/token", asked)
        headers = {"Authorization": f"Bearer {answer.body['access_token']}"}
        async with faces.session.get(f"{faces.url}/v1/root/rootCerts", headers=headers):
            pass
        secrets = {made.secret, answer.body["access_token"], *faces.tokens.values()}
    log.close()
    assert [json.loads(line).get("client") for line in file.read_text().splitlines()][-2:] == [None, "another"]
    assert not [secret for secret in secrets if secret in file.read_text()]


def test_a_path_is_written_in_one_line_and_not_without_end(world: World) -> None:
    line = line_of(exchange("/%0A%22" + "x" * 10_000), world.clock)
    assert b"\n" not in line
    assert len(json.loads(line)["path"]) == LONGEST_PATH


async def test_a_log_that_cannot_be_written_any_more_is_told_once_and_ends(world: World) -> None:
    log = AccessLog(Path("/dev/full"), world.clock, world.voice("LAB"))
    log.read(exchange())
    log.read(exchange())
    assert len(world.of(Warned)) == 1


def test_a_log_that_cannot_be_opened_is_a_sentence(world: World, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"The access log .* cannot be opened: Is a directory"):
        AccessLog(tmp_path, world.clock, world.voice("LAB"))


def test_lines_are_appended_to_what_was_there(world: World, tmp_path: Path) -> None:
    for _ in range(2):
        log = AccessLog(tmp_path / "log", world.clock, world.voice("LAB"))
        log.read(exchange())
        log.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 2
    assert os.listdir(tmp_path) == ["log"]


def test_a_figure_of_the_moment_is_looked_at_when_asked() -> None:
    metrics, open_now = Metrics(), [3.0]
    metrics.gauge("pnc_connections", "Connections that are open.", lambda: open_now[0])
    open_now[0] = 5.0
    assert metrics.registry.get_sample_value("pnc_connections") == 5.0
