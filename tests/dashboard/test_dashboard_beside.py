"""A message beside the same one in another run, its tree folded, and an HTTP request as a command."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from accepted_screens import Accepted
from screens import SIZES, Seen, dashboard
from seen_runs import PlayedBack, events_of, recorded, reports_of

from pncsim.simulator.dashboard.anatomy import anatomy_of
from pncsim.simulator.dashboard.beside import choices, loaded, rows_beside, same_message
from pncsim.simulator.dashboard.curl import curl_of, masked
from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.reports import EventsTold
from pncsim.simulator.dashboard.scene import EARLIER_RUNS, Scene
from pncsim.simulator.dashboard.screens.message import MessageScreen
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.part_tree import PartGrid
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.http_said import said
from pncsim.wire.trace import HttpExchange, OcppFrame, Story, V2gMessage


def stored(scenario: str, *faults: str) -> EventStore:
    store = EventStore()
    store.take(records(events_of(scenario, *faults)[0]))
    return store


def messages(store: EventStore) -> list[int]:
    found = []
    for number in range(len(store.rows)):
        place = store.rows[number].last
        if isinstance(store.event(place), V2gMessage | OcppFrame):
            found.append(place)
    return found


# Which one it is


@pytest.mark.parametrize("scenario", ["pnc-ac", "renegotiate"])
def test_held_against_its_own_run_every_message_is_itself(scenario: str) -> None:
    store = stored(scenario)
    places = messages(store)
    assert len(places) > 40 and [same_message(store, place, store) for place in places] == places


def test_in_another_run_it_is_the_one_that_came_as_often() -> None:
    here, there = stored("renegotiate"), stored("pnc-ac")
    starts = [place for place in messages(here) if getattr(here.event(place), "name", "") == "PowerDeliveryReq"]
    assert len(starts) == 4, "start, renegotiate, start again and stop"
    found = [same_message(here, place, there) for place in starts]
    assert None not in found and found[0] != found[1]
    assert found[1] == found[2] == found[3], "of what came more often here, the last there"
    installed = stored("install-contract")
    [request] = [
        p for p in messages(installed) if getattr(installed.event(p), "name", "") == "CertificateInstallationReq"
    ]
    assert same_message(installed, request, there) is None
    told = next(place for place in range(len(here)) if isinstance(here.event(place), Story))
    assert same_message(here, told, there) is None


def test_both_messages_are_whole_in_the_one_tree() -> None:
    """What is not there alone is the message here, what is not here alone the one there."""
    here, there = stored("install-contract"), stored("pnc-ac")
    compared = 0
    for place in messages(here):
        other = same_message(here, place, there)
        mine, its = anatomy_of(here.event(place)), anatomy_of(there.event(other)) if other is not None else None
        if mine is None or its is None:
            continue
        rows = rows_beside(mine, its)
        assert [row.part for row in rows if row.sign != "-"] == list(mine.parts)
        found = [(row.part.name, row.there) for row in rows if row.sign != "+"]
        assert found == [(part.name, part.text) for part in its.parts]
        equal = [line.text for line in mine.xml] == [line.text for line in its.xml]
        assert (rows[0].sign == "") is equal
        assert all(row.sign or row.part.text == row.there for row in rows)
        compared += 1
    assert compared > 30


def test_runs_before_stay_as_long_as_there_is_room_and_are_let_go_then() -> None:
    source = PlayedBack()
    scene = Scene(source)
    kept = []
    for _ in range(EARLIER_RUNS + 3):
        for report in recorded("revoked"):
            scene.see(report)
        kept.append(scene.store)
    assert [one.store for one in scene.earlier] == kept[-EARLIER_RUNS - 1 : -1]
    assert [one.title for one in choices(scene, None)] == ["pnc-ac"] * EARLIER_RUNS
    assert choices(scene, None)[0].told == "contract-revoked · fail"
    scene.close()


# On the screen


async def opened(seen: Seen, name: str) -> MessageScreen:
    """The message screen with the message of that name."""
    store = seen.app.scene.store
    seen.app.pick(next(place for place in messages(store) if getattr(store.event(place), "name", "") == name))
    await seen.press("2")
    screen = seen.app.screen
    assert isinstance(screen, MessageScreen)
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_message_beside_that_of_another_run_looks_as_it_was_accepted(
    size: tuple[int, int], accepted: Accepted
) -> None:
    async with dashboard(PlayedBack(*recorded("passed"), *recorded("refused")), size) as seen:
        await opened(seen, "PaymentServiceSelectionReq")
        await seen.press("d")
        assert "The same message in which run?" in seen.text and "pnc-ac" in seen.text
        await seen.press("enter")
        assert seen.last == "3 elements differ from pnc-ac."
        accepted(f"message-beside-{size[0]}x{size[1]}", seen.text)
        await seen.press("right_square_bracket")
        assert "in pnc-ac" in seen.text, "it stays while one goes on"
        await seen.press("d")
        assert "in pnc-ac" not in seen.text


async def test_what_the_other_run_does_not_have_is_said() -> None:
    async with dashboard(PlayedBack(*recorded("passed"), *recorded("refused"))) as seen:
        await opened(seen, "CertificateInstallationRes")
        await seen.press("d", "enter")
        assert seen.last == "pnc-ac has no CertificateInstallationRes."
    async with dashboard(PlayedBack(*recorded("passed"))) as seen:
        await opened(seen, "SessionSetupRes")
        await seen.press("d")
        assert "There is no other run yet" in seen.last


async def test_a_bundle_is_the_other_run(tmp_path: Path) -> None:
    async def run() -> None:
        settings = RunSettings(transport="memory", seed="8", evidence=tmp_path)
        await Run(find_scenario("pnc-ac"), settings=settings).done()

    await asyncio.to_thread(run_on_loop, "memory", run)
    async with dashboard(PlayedBack(*recorded("passed")), evidence=tmp_path) as seen:
        [choice] = choices(seen.app.scene, tmp_path)
        assert len(loaded(choice).store) > 100
        await opened(seen, "SessionSetupRes")
        await seen.press("d", "enter")
        await seen.app.workers.wait_for_complete()
        await seen.tick()
        assert f"in {choice.title}"[:20] in seen.text and "SessionID" in seen.text and "1 element differs" in seen.last


async def test_elements_are_folded_and_opened() -> None:
    async with dashboard(PlayedBack(*reports_of("pnc-ac"))) as seen:
        screen = await opened(seen, "SessionSetupRes")
        grid = screen.query_one(PartGrid)
        whole = grid.count()
        await seen.press("down", "left")
        assert "▸Header" in seen.text and grid.count() == whole - 1 and grid.part is not None
        assert grid.part.name == "Header"
        await seen.press("right", "right")
        assert "▾Header" in seen.text and grid.count() == whole and grid.part.name == "SessionID"
        await seen.press("left")
        assert grid.part.name == "Header", "from what has no parts to what it is in"
        await seen.press("z")
        assert [grid.rows[at].part.name for at in grid._seen] == ["V2G_Message", "Header", "Body"]
        await seen.press("z")
        assert grid.count() == whole


# HTTP


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    "body", [b"", b'{"it\'s": "\xc3\xbc $HOME `x` \\"q\\""}', b"@name", b"0\x82\x00\xff\r\n\x00", b"two\nlines"]
)
async def test_the_command_sends_the_same_request_again(body: bytes) -> None:
    """Judged by curl and a socket."""
    came = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        content = await reader.readexactly(int(fields.get("Content-Length", "0")))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        came.set_result((head.decode().split("\r\n")[0], fields, content))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    fields = [("Host", host), ("Content-Type", "application/x-it's"), ("X-Odd", 'a "b" $c')]
    request = said("POST /v1/a?b=c&d=e HTTP/1.1", fields, body)
    event = HttpExchange(
        time=0.0, role="CCP", method="POST", url="/v1/a?b=c&d=e", status=200, request=request, response=b""
    )
    command = await asyncio.create_subprocess_shell(
        curl_of(event), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    first, told, content = await came
    assert await command.wait() == 0
    server.close()
    assert (first, content) == ("POST /v1/a?b=c&d=e HTTP/1.1", body)
    assert told["Host"] == host and {"Content-Type": "application/x-it's", "X-Odd": 'a "b" $c'}.items() <= told.items()


async def test_an_http_request_is_shown_as_it_was_said_and_copied_as_a_command() -> None:
    held = [
        HttpExchange(
            time=1.0,
            role="CSMS",
            unit="CSMS",
            method="POST",
            url="http://ccp.test/v1/ccp/signedContractData",
            status=404,
            request=said("POST /v1 HTTP/1.1", [("Authorization", "Bearer abc")], b'{"a": 1}'),
            response=said("HTTP/1.1 404 Not Found", [("Content-Type", "text/plain")], b"no such contract"),
        )
    ]
    async with dashboard(PlayedBack(recorded("passed")[0], EventsTold(tuple(records(held))))) as seen:
        await seen.press("enter")
        assert "Authorization: Bearer ***" in seen.text and "no such contract" in seen.text
        await seen.press("c")
        assert "a curl command, *** in it is to be replaced" in seen.last
        assert seen.app.clipboard == curl_of(held[0]) and masked(seen.app.clipboard)
    async with dashboard(PlayedBack(*recorded("passed"))) as seen:
        await opened(seen, "SessionSetupRes")
        await seen.press("c")
        assert "This is no HTTP request" in seen.last


async def test_every_session_of_a_vehicle_is_shown_not_its_last_alone() -> None:
    async with dashboard(PlayedBack(*reports_of("pause-resume"))) as seen:
        [vehicle] = seen.app.scene.store.actors.of("EV")
        sessions = {event.session for event in events_of("pause-resume")[0] if event.unit == "EV-1"} - {""}
        assert set(vehicle.sessions) == sessions and vehicle.session == vehicle.sessions[-1]
        await seen.press("v")
        assert "Only EV-1" in seen.last
