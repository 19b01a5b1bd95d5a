"""Dashboards that attach to what runs in another terminal: they see all of it, steer it, and never hold it up."""

from __future__ import annotations

import asyncio
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from screens import dashboard

from pncsim.simulator.attach import entrance, onlooker
from pncsim.simulator.attach.choosing import chosen
from pncsim.simulator.attach.entrance import Entrance, open_entrance
from pncsim.simulator.attach.place import SocketPlace, check_own, places, runtime_folder
from pncsim.simulator.attach.side import Attachable, Handle, WatchedSide
from pncsim.simulator.dashboard.attached import Attached
from pncsim.simulator.dashboard.form import event_of
from pncsim.simulator.dashboard.owned import OwnedSide
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    EventsTold,
    HoldRun,
    LabHello,
    LabReport,
    RequestDone,
    RunBegan,
    RunEnded,
    StartRun,
    StopRun,
)
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.journal import Journal
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.trace import Event, Trace, Warned
from pncsim.wire.voice import Voice

PNC = (sys.executable, "-m", "pncsim")
PLAIN = ("--no-tls", "--eim", "--no-evidence")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where sockets may be: their names must be short."""
    with tempfile.TemporaryDirectory(prefix="pnc-", dir="/tmp") as name:
        yield Path(name)


class Bench:
    """Processes, and the folder their sockets are in."""

    def __init__(self, runtime: Path, stack: ExitStack) -> None:
        self.folder, self._runtime, self._stack = runtime / "pncsim", runtime, stack
        with socket.socket(socket.AF_INET6 if ":" in loopback_host() else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((loopback_host(), 0))
            self.port = str(probe.getsockname()[1])

    def started(self, *words: str) -> subprocess.Popen[str]:
        """``pnc`` with these words."""
        environment = os.environ | {"XDG_RUNTIME_DIR": str(self._runtime), "PYTHONUNBUFFERED": "1"}
        return self._stack.enter_context(_process(*PNC, *words, environment=environment))

    def station(self, *more: str) -> subprocess.Popen[str]:
        """A station that waits for a vehicle."""
        found = self.started("secc", *PLAIN, "--sdp-port", self.port, *more)
        _until(found, "Waiting for a vehicle")
        return found

    def vehicle(self, *more: str) -> subprocess.Popen[str]:
        """A vehicle that charges there."""
        found = self.started("ev", *PLAIN, "--sdp-port", self.port, "--interval", "0.05", *more)
        _until(found, "Charging begins")
        return found

    def killed_dashboard(self, place: SocketPlace) -> None:
        """A dashboard's process that attaches there, has seen something, and is killed."""
        attaching = f"Attached(SocketPlace(Path({str(place.path)!r}), {place.kind!r}, {place.pid}))"
        code = (
            "from pathlib import Path; from pncsim.simulator.attach.place import SocketPlace; "
            f"from pncsim.simulator.dashboard.attached import Attached; source = {attaching}\n"
            "for report in source.line.reports(): print(type(report).__name__, flush=True)"
        )
        with _process(sys.executable, "-c", code, environment=dict(os.environ)) as doomed:
            _until(doomed, "EventsTold")
            doomed.kill()

    def attached(self, wanted: str = "secc") -> Attached:
        """The dashboard's end of one of them."""
        return Attached(chosen(self.folder, wanted))


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(folder, stack)


@contextmanager
def _process(*command: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def _until(process: subprocess.Popen[str], said: str) -> str:
    assert process.stdout is not None
    heard = ""
    for line in process.stdout:
        heard += line
        if said in line:
            return heard
    raise AssertionError(f"it never said {said!r}: {heard}")


def _rest(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = process.stdout.read()
    process.wait()
    return said


def _seen(source: Attached, wanted: Callable[[LabReport], bool]) -> list[LabReport]:
    """What is reported until one that is ``wanted``; the test's own limit ends a wait in vain."""
    seen: list[LabReport] = []
    for report in source.line.reports():
        seen.append(report)
        if wanted(report):
            return seen
    raise AssertionError("unreachable")


def _events(reports: list[LabReport]) -> list[Event]:
    return [event_of(one) for report in reports if isinstance(report, EventsTold) for one in report.records]


def _answer(source: Attached, request: DoInLab | StopRun | HoldRun | StartRun) -> RequestDone:
    source.ask(request)
    found = _seen(source, lambda one: isinstance(one, RequestDone) and one.id == request.id)[-1]
    assert isinstance(found, RequestDone)
    return found


# ---- a station and a vehicle -------------------------------------------------------------------------------------


def test_a_dashboard_that_comes_late_is_told_everything_and_neither_its_end_nor_its_deafness_is_noticed(
    bench: Bench,
) -> None:
    station = bench.station()
    vehicle = bench.vehicle("--loops", "100000")
    first = bench.attached()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.connect(str(first.place.path))  # and never reads a word
        assert isinstance(_seen(first, lambda one: isinstance(one, EventsTold))[0], LabHello)
        first.close()
        bench.killed_dashboard(first.place)
        second, driver = bench.attached(), bench.attached("ev")
        assert "stops charging" in str(_answer(driver, DoInLab("stop-charging", id=1)).brought)
        driver.close()
        seen = _seen(second, lambda one: isinstance(one, RunEnded))
    began, ended = next(one for one in seen if isinstance(one, RunBegan)), seen[-1]
    assert (began.scenario, began.options["sdp_port"]) == ("secc", bench.port)
    numbers = [event.seq for event in _events(seen)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 100
    assert isinstance(ended, RunEnded) and ended.result.verdict is Verdict.PASS
    second.close()
    assert "PASS ev" in _rest(vehicle) and "PASS secc" in _rest(station)
    assert not list(bench.folder.iterdir()), "no socket is left"


async def test_a_person_watches_a_station_stops_its_vehicle_and_leaves_and_the_station_serves_on(bench: Bench) -> None:
    station = bench.station("--forever")
    vehicle = bench.vehicle("--loops", "100000")
    source = bench.attached("secc")
    async with dashboard(source) as seen:
        while "ChargingStatus" not in seen.text:
            await seen.tick()
        assert "secc > RUNNING" in seen.text and "CSMS" in seen.text
        await seen.press("f5")
        assert "runs elsewhere" in seen.last
        await seen.press("f8")
        while "asked to stop" not in seen.last:
            await seen.tick()
        assert "PASS ev" in _rest(vehicle), "it was asked by the station, and stopped in order"
        while "SessionStop" not in seen.text:
            await seen.tick()
        await seen.press("q")
        assert not seen.app.is_running or seen.app._exit
    other = bench.vehicle("--loops", "3")
    assert "PASS ev" in _rest(other)
    station.terminate()
    assert "PASS secc: 2 of 2 visits passed" in _rest(station)


def test_a_station_is_steered_and_says_what_cannot_be_done_to_it(bench: Bench) -> None:
    station = bench.station()
    source = bench.attached(str(station.pid))
    assert _answer(source, DoInLab("stop-charging", id=1)).brought == "Nobody charges."
    assert "F8 again ends pnc secc" in str(_answer(source, StopRun(id=2)).brought)
    assert "EVSE 1" in str(_answer(source, DoInLab("show-card", {"card": "CAFE"}, id=3)).brought)
    assert "next vehicle" in str(_answer(source, DoInLab("restart-evses", id=4)).brought)
    assert "Did you mean show-card" in _answer(source, DoInLab("show-cart", id=5)).error
    assert "runs no scenarios" in _answer(source, StartRun(scenario="pnc-ac", id=6)).error
    assert "hold the other side" in _answer(source, HoldRun(True, id=7)).error
    source.ask(StopRun(now=True, id=8))
    ended = _seen(source, lambda one: isinstance(one, RunEnded))[-1]
    assert isinstance(ended, RunEnded)
    source.close()
    assert "terminated" in _rest(station) and station.returncode == 143


def test_a_process_that_dies_is_a_sentence_and_its_socket_is_swept_by_who_looks_next(bench: Bench) -> None:
    station = bench.station()
    source = bench.attached()
    _seen(source, lambda one: isinstance(one, EventsTold))
    station.kill()
    _rest(station)
    with pytest.raises(LocalError, match=f"process {station.pid}.* has gone"):
        _seen(source, lambda one: False)
    with pytest.raises(LocalError, match="has ended"):
        source.ask(HoldRun(True))
    source.close()
    assert places(bench.folder)
    with pytest.raises(LocalError, match="Nothing runs here"):
        bench.attached()
    assert not places(bench.folder)


# ---- a side and its dashboard ------------------------------------------------------------------------------------


async def test_a_station_below_a_dashboard_ends_with_it_and_lets_its_vehicle_stop_first(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    side = OwnedSide(["secc", *PLAIN, "--dashboard", "--sdp-port", bench.port])
    async with dashboard(side) as seen:
        while "Waiting for a vehicle" not in seen.text:
            await seen.tick()
        vehicle = bench.vehicle("--loops", "100000")
        while "ChargingStatus" not in seen.text:
            await seen.tick()
        await seen.press("q")
    assert "the station asked to stop" in (said := _rest(vehicle)) and "PASS ev" in said
    assert side.conclude() == 0
    told = capfd.readouterr()
    assert told.out.startswith("PASS secc") and "asked to stop first" in told.err


async def test_a_side_that_cannot_start_says_so_below_its_dashboard_and_after_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    side = OwnedSide(["ev", *PLAIN, "--pki", "/nowhere/at/all"])
    async with dashboard(side) as seen:
        while "ERROR" not in seen.text:
            await seen.tick()
        assert "/nowhere/at/all" in seen.text
    assert side.conclude() == 3
    assert "/nowhere/at/all" in capfd.readouterr().err


def test_a_driver_pauses_a_session_from_another_terminal(bench: Bench) -> None:
    bench.station()
    vehicle = bench.vehicle("--loops", "100000")
    driver = bench.attached("ev")
    assert "pauses its session" in str(_answer(driver, DoInLab("pause", id=1)).brought)
    ended = _seen(driver, lambda one: isinstance(one, RunEnded))[-1]
    assert isinstance(ended, RunEnded) and ended.result.verdict is Verdict.PASS
    driver.close()
    assert "PASS ev" in _rest(vehicle)


# ---- which one ---------------------------------------------------------------------------------------------------


def test_one_of_several_is_named_or_chosen_from_a_list(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = bench.station("--identity", "CS-A")
    bench.started("ev", *PLAIN, "--sdp-port", bench.port, "--no-attach")  # is not among them
    second = Bench(bench._runtime, bench._stack).station("--identity", "CS-B")
    a, b = f"secc-{first.pid}", f"secc-{second.pid}"
    assert chosen(bench.folder, a).pid == first.pid and chosen(bench.folder, str(second.pid)).pid == second.pid
    typed = iter(["2", "9"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    listed = sorted([first.pid, second.pid], key=lambda pid: f"secc-{pid}")
    assert chosen(bench.folder, "secc").pid == listed[1]
    told = capsys.readouterr().out
    assert "identity CS-A" in told and "identity CS-B" in told and a in told and b in told
    with pytest.raises(LocalError, match=f"Nothing was chosen.*{a}|Nothing was chosen.*{b}"):
        chosen(bench.folder, "")
    with pytest.raises(LocalError, match="'seccc' does not run here"):
        chosen(bench.folder, "seccc")


def test_a_folder_that_others_can_enter_is_not_used_and_that_stops_nobody(folder: Path) -> None:
    shared = folder / "pncsim"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    with pytest.raises(LocalError, match="not a folder of this user alone"):
        check_own(shared)
    shared.rmdir()
    shared.symlink_to(folder)
    with pytest.raises(LocalError, match="not a folder of this user alone"):
        check_own(shared)


async def test_where_no_socket_can_be_that_is_told_once_and_all_else_goes_on(folder: Path) -> None:
    clock, trace, told = Clock(), Trace(), list[Event]()
    trace.subscribe(told.append)
    opened = open_entrance(Attachable(kind="secc", folder=folder / "not" / "there"), {}, clock, trace)
    assert [type(one) for one in told] == [Warned] and "No dashboard can attach" in str(told[0])
    opened.close(RunResult("secc", "alone"))


def test_the_folder_is_the_users_runtime_folder_or_one_of_his_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runtime_folder({"XDG_RUNTIME_DIR": str(folder)}) == folder / "pncsim"
    usual = Path(f"/run/user/{os.geteuid()}")
    found = usual / "pncsim" if usual.is_dir() else Path(f"/tmp/pncsim-{os.geteuid()}")
    assert runtime_folder({"XDG_RUNTIME_DIR": "/nowhere/at/all"}) == runtime_folder({}) == found
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert runtime_folder({"XDG_RUNTIME_DIR": str(folder)}) == Path("/tmp/pncsim-4711"), "that is another user's"


async def test_the_socket_and_its_folder_are_their_owners_alone(folder: Path) -> None:
    opened = open_entrance(Attachable(kind="serve-pki", folder=folder / "pncsim"), {}, Clock(), Trace())
    [place] = places(folder / "pncsim")
    assert (place.kind, place.pid) == ("serve-pki", os.getpid())
    assert place.path.stat().st_mode & 0o777 == 0o600 and place.path.parent.stat().st_mode & 0o777 == 0o700
    opened.close(RunResult("serve-pki", "alone"))
    assert not places(folder / "pncsim")


# ---- dashboards that do not read ---------------------------------------------------------------------------------


def _full(clock: Clock, trace: Trace, events: int = 3_000) -> Entrance:
    """The entrance of a process that has more to tell than a socket holds."""
    journal = Journal()
    trace.subscribe(journal)
    voice = Voice.on(clock, trace, "EV")
    for _ in range(events):
        voice.story("x" * 400)
    started = clock.now()
    return Entrance(
        WatchedSide(kind="secc", options={}, clock=clock, started=started, handle=Handle(), journal=journal)
    )


def _hung_up(line: socket.socket) -> None:
    """Wait until the other end has closed, without reading."""
    poll = select.poll()
    poll.register(line, select.POLLRDHUP)
    assert poll.poll()


async def test_a_dashboard_that_does_not_read_is_let_go_and_one_that_comes_again_is_told_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onlooker, "DEAF", 0.05)
    clock, trace = Clock(), Trace()
    opened = _full(clock, trace)
    opened.open(folder)
    [place] = places(folder)
    deaf, other = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with deaf, other:
        deaf.connect(str(place.path))
        await asyncio.to_thread(_hung_up, deaf)
        monkeypatch.setattr(onlooker, "DEAF", 10.0)
        source = await asyncio.to_thread(Attached, place)
        last = await asyncio.to_thread(
            lambda: _seen(source, lambda one: isinstance(one, EventsTold) and event_of(one.records[-1]).seq == 3_000)
        )
        assert isinstance(last[-1], EventsTold)
        opened.close(RunResult("secc", "alone"))
        source.close()


async def test_nobody_waits_at_the_end_for_a_dashboard_that_does_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onlooker, "DEAF", 100_000.0)
    monkeypatch.setattr(entrance, "FAREWELL", 0.01)
    opened = _full(Clock(), Trace())
    ours, theirs = socket.socketpair()
    with ours:
        opened.admit(theirs)
        opened.close(RunResult("secc", "alone"))
        await asyncio.to_thread(_hung_up, ours)


async def test_a_process_without_files_to_open_listens_again_later_and_does_not_spin(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "PAUSE", 0.0)
    opened = open_entrance(Attachable(kind="secc", folder=folder), {}, Clock(), Trace())
    [place] = places(folder)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX) as line:
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, str(place.path))
        next_free = os.dup(line.fileno())
        os.close(next_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_free, limits[1]))
        try:
            opened._come()
            assert opened._socket is not None
            assert not asyncio.get_running_loop().remove_reader(opened._socket), "it pauses"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert await asyncio.get_running_loop().sock_recv(line, 16), "it is let in now"
    opened.close(RunResult("secc", "alone"))


async def test_more_dashboards_than_can_be_are_turned_away(folder: Path) -> None:
    opened = open_entrance(Attachable(kind="secc", folder=folder), {}, Clock(), Trace())
    [place] = places(folder)
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(entrance.MOST + 1)]
        for line in lines:
            line.setblocking(False)
            await asyncio.get_running_loop().sock_connect(line, str(place.path))
        told = [await asyncio.get_running_loop().sock_recv(line, 16) for line in lines]
        assert all(told[:-1]) and not told[-1]
        opened.close(RunResult("secc", "alone"))
