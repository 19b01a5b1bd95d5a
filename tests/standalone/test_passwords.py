"""The password in an address is used and shown nowhere: not in events, errors, the verdict, what a value says it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.server import serve_csms
from pncsim.backend.rest.client import HttpClient
from pncsim.simulator.alone.options import StationOptions, csms_address
from pncsim.simulator.commands.main import main
from pncsim.simulator.evidence.manifest import command_line
from pncsim.simulator.plan import CsmsPlan, Plan
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp.mask import masked
from pncsim.wire.ocpp.websocket import connect
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Event, Trace
from pncsim.wire.urls import MASK, opened, without_password
from pncsim.wire.voice import Voice

SECRET = "hunter2-hunter2-hunter2"
ODD = "a/b@c:d?e#f-hunter2"
"""A password that an address should have escaped."""


@asynccontextmanager
async def csms(events: list[Event]) -> AsyncIterator[str]:
    """Where a CSMS listens that knows CS001 by the secret."""
    served = Csms(Services(), Clock(), Seeded(1), Trace([events.append]))
    await served.register.add("CS001", SECRET)
    server = await serve_csms(served, None)
    try:
        yield server.url
    finally:
        await server.close()


def with_password(url: str, password: str, user: str = "CS001") -> str:
    return url.replace("://", f"://{user}:{password}@")


async def test_the_password_of_an_address_lets_a_station_in() -> None:
    events: list[Event] = []
    async with csms(events) as url:
        channel = await connect(with_password(url, SECRET), "CS001")
        await channel.close()
        told = await connect(with_password(url, "another-password-than-this"), "CS001", password=SECRET)
        await told.close()
    assert not [event for event in events if "hunter2" in repr(event)]


async def test_no_refusal_repeats_the_password_of_an_address() -> None:
    events: list[Event] = []
    async with csms(events) as url:
        for address, identity in (
            (with_password(url, "wrong-hunter2-password"), "CS001"),
            (with_password(url, SECRET), "CS002"),
            (with_password(url, SECRET).replace("/ocpp", "/other"), "CS001"),
            (with_password(url, SECRET).replace("ws://", "http://"), "CS001"),
            (with_password(url, SECRET).replace("ws://", "wss://"), "CS001"),
            (with_password("ws://127.0.0.1:9/ocpp", SECRET), "CS001"),
            (with_password("ws://127.0.0.1:9/ocpp", ODD), "CS001"),
            (f"ws://CS001:{SECRET}@[::1", "CS001"),
        ):
            with pytest.raises((PeerError, LocalError)) as caught:
                await connect(address, identity)
            assert "hunter2" not in str(caught.value), address
    assert not [event for event in events if "hunter2" in repr(event)]


@pytest.mark.parametrize(
    "text",
    [
        f"http://CS001:{SECRET}@host/ocpp",
        f"CS001:{SECRET}@host/ocpp",
        f"ws://CS001:{SECRET}@",
        f"ws://CS001:{ODD}@host:port/ocpp",
        f"wss://CS001:{SECRET}@host:0",
        f"ws://CS001:{SECRET}@[::1",
    ],
)
def test_an_address_of_no_use_is_refused_without_its_password(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError) as caught:
        csms_address(text)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SystemExit):
        main(["secc", "--csms", text])
    assert "hunter2" not in "".join(capsys.readouterr())


def test_a_whole_run_shows_the_password_of_its_address_nowhere(tmp_path: Path) -> None:
    """Standard output, standard error and every file it leaves, most talkative."""
    address = with_password("ws://127.0.0.1:9/ocpp", SECRET)
    command = [sys.executable, "-m", "pncsim", "secc", "--eim", "--no-tls", "-vv", "--wait", "1", "--csms", address]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode in (1, 3)
    assert "127.0.0.1:9" in ended.stdout + ended.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    shown = [ended.stdout, ended.stderr, *(path.read_bytes().decode(errors="replace") for path in left)]
    assert [text for text in shown if SECRET in text] == []


@pytest.mark.parametrize("words", [["secc", "ADDRESS"], ["secc", "--cmss", "ADDRESS"], ["run", "ADDRESS"], ["ADDRESS"]])
def test_wrong_usage_is_told_without_the_password_in_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([word.replace("ADDRESS", with_password("ws://host/ocpp", ODD)) for word in words])
    assert ended.value.code == 2
    assert "hunter2" not in "".join(capsys.readouterr())


def test_the_command_line_that_is_recorded_has_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pnc", "secc", "--csms", with_password("ws://host/ocpp", ODD)])
    assert "hunter2" not in command_line() and "host/ocpp" in command_line()


def test_what_holds_a_password_does_not_show_it() -> None:
    options = StationOptions(csms=with_password("ws://host/ocpp", SECRET), csms_password=SECRET)
    plan = Plan(csmss=(CsmsPlan("X", with_password("ws://host/ocpp", SECRET), SECRET),), pool_token=SECRET)
    assert SECRET not in repr(options) + repr(plan)


async def test_a_service_that_cannot_be_reached_is_named_without_its_password() -> None:
    events: list[Event] = []
    voice = Voice.on(Clock(), Trace([events.append]), "CSMS")
    http = HttpClient(Clock(), whole=5.0, body=100, voice=voice)
    url = f"http://user:{SECRET}@127.0.0.1:9/v1"
    with pytest.raises(PeerError) as caught:
        await http.request(f"The pool at {url}", "GET", url)
    await http.close()
    assert SECRET not in str(caught.value) and MASK in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"ws://u:{SECRET}@host/x", "ws://***@host/x"),
        (f"one ws://u:{ODD}@host/x and https://v:{SECRET}@there", "one ws://***@host/x and https://***@there"),
        ("ws://host/x, mail me@x", "ws://host/x, mail me@x"),
        ("no address", "no address"),
    ],
)
def test_the_password_of_every_address_in_a_text_is_masked(text: str, shown: str) -> None:
    assert without_password(text) == shown
    assert without_password(shown) == shown


def test_an_address_says_whose_it_is() -> None:
    assert opened("ws://CS%3A1:p%40ss@host:1/x?y=z") == ("ws://host:1/x?y=z", "CS:1", "p@ss")
    assert opened("ws://CS1@host") == ("ws://host", "CS1", None)
    assert opened("ws://host/a@b") == ("ws://host/a@b", None, None)
    with pytest.raises(ValueError) as caught:
        opened(f"ws://u:{SECRET}@[::1")
    assert SECRET not in str(caught.value)


def test_a_frame_with_an_address_is_masked_too() -> None:
    text = f'[2,"1","GetLog",{{"remoteLocation":"ftp://u:{ODD}@host/logs"}}]'
    assert "hunter2" not in masked(text, "GetLog", {})
