"""Station and CSMS as processes that are killed (SIGKILL) while energy flows, and begin anew from their files."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import killed_csms
import pytest
from alone_lab import free_port

from pncsim.backend.csms.transactions import TRANSACTIONS, Transaction
from pncsim.backend.store import every
from pncsim.backend.store.sql import open_store

PLAIN = ("--no-tls", "--eim")
CHARGING = "Energy may flow"
LONG = ("--loops", "500", "--interval", "0.1")
SHORT = ("--loops", "3", "--interval", "0.05")


class Bench:
    """Where they meet, and the files they keep."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.sdp, self.url = str(free_port()), ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])

    managing: subprocess.Popen[str]

    def csms(self) -> subprocess.Popen[str]:
        found = self.stack.enter_context(
            process(sys.executable, killed_csms.__file__, str(self.folder / "csms.db"), self.port)
        )
        self.url, self.managing = until(found, "ws://"), found
        return found

    def station(self, *more: str) -> subprocess.Popen[str]:
        where = (f"--csms={self.url}", "--sdp-port", self.sdp, "--state", str(self.folder / "state"))
        found = self.stack.enter_context(process(*PNC, "secc", *PLAIN, *where, "--no-evidence", *more))
        until(found, "Waiting for a vehicle")
        return found

    def vehicle(self, *more: str) -> subprocess.Popen[str]:
        return self.stack.enter_context(process(*PNC, "ev", *PLAIN, "--sdp-port", self.sdp, "--no-evidence", *more))

    async def transactions(self) -> list[Transaction]:
        """What the CSMS has kept; it is killed for that."""
        self.managing.kill()
        self.managing.wait()

        async def nobody(facts: object) -> None:
            return None

        store = await open_store(f"sqlite+aiosqlite:///{self.folder / 'csms.db'}", (TRANSACTIONS,), nobody)
        try:
            return [one async for one in every(store.of(TRANSACTIONS))]
        finally:
            await store.database.close()


PNC = (sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()")


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PNC_CSMS_PASSWORD": killed_csms.PASSWORD, "PYTHONUNBUFFERED": "1"}
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    with started:
        try:
            yield started
        finally:
            started.kill()


def until(program: subprocess.Popen[str], words: str) -> str:
    assert program.stdout is not None
    said = []
    for line in program.stdout:
        said.append(line)
        if words in line:
            return line.strip()
    raise AssertionError("".join(said))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


async def test_a_station_that_was_killed_ends_its_transaction_and_serves_again(bench: Bench) -> None:
    bench.csms()
    station, vehicle = bench.station(), bench.vehicle(*LONG)
    until(station, CHARGING)
    station.kill()
    assert vehicle.wait(20) == 1, "its station is gone"
    (open_one,) = await bench.transactions()
    assert open_one.ended is None

    bench.csms()
    state = bench.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    station, vehicle = bench.station(), bench.vehicle(*SHORT)
    assert (vehicle.wait(20), station.wait(20)) == (0, 0)
    first, second = await bench.transactions()
    assert (first.complete, first.stopped_reason) == (True, "Reboot")
    assert (second.complete, second.stopped_reason) == (True, "StoppedByEV")
    assert min(value.value for value in second.meter_values if value.measurand.startswith("Energy")) >= max(
        value.value for value in first.meter_values if value.measurand.startswith("Energy")
    ), "the meter's register never goes back"


async def test_a_csms_that_was_killed_hears_of_the_rest_from_the_station_s_file(bench: Bench) -> None:
    csms, station = bench.csms(), bench.station()
    vehicle = bench.vehicle("--loops", "10", "--interval", "0.1")
    until(station, CHARGING)
    csms.kill()
    assert (vehicle.wait(20), station.wait(20)) == (0, 0), "energy flows on without a CSMS"
    (open_one,) = await bench.transactions()
    assert open_one.ended is None

    bench.csms()
    assert bench.station("--wait", "1").wait(20) == 1, "no vehicle comes any more"
    (transaction,) = await bench.transactions()
    assert (transaction.complete, transaction.stopped_reason, transaction.offline) == (True, "StoppedByEV", True)


def test_a_file_that_is_no_state_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("something else")
    command = (*PNC, "secc", *PLAIN, "--state", str(tmp_path / "state"), "--no-evidence")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 3
    assert "no state of a station" in done.stdout + done.stderr
