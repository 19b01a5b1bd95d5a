"""A run with a seed can be repeated to the octet, keys included, and says loudly that they are no secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest
from further import FURTHER

from pncsim.simulator.runs.discovery import all_scenarios, find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.wire.trace import Event, LinkBytes, OcppFrame, Secured, Story, V2gMessage
from pncsim.wire.values import replace

OPTIONS = ("--transport", "memory", "--no-evidence", "-vv")


def told(name: str, seed: str | None, *, faults: tuple[str, ...] = (), transport: Transport = "memory") -> list[Event]:
    """Everything seen in a run."""
    events: list[Event] = []

    async def main() -> None:
        settings = RunSettings(transport=transport, seed=seed, faults=faults)
        await Run(find_scenario(name), settings=settings, readers=(events.append,)).done()

    run_on_loop(transport, main)
    return events


def apart_from_tls(events: Iterable[Event]) -> list[Event]:
    """What has to be the same: V2G messages before TLS, OCPP frames, certificates in both, judgements, times.

    A handshake that failed keeps its ClientHello, which is TLS.
    """
    seen = (event for event in events if not isinstance(event, LinkBytes))
    return [replace(event, hello=b"") if isinstance(event, Secured) else event for event in seen]


@pytest.mark.parametrize("name", all_scenarios())
def test_two_runs_of_one_seed_are_the_same(name: str) -> None:
    first, second = (apart_from_tls(told(name, "7")) for _ in range(2))
    assert first == second
    assert len(first) > 5
    if not find_scenario(name).shown and name not in FURTHER:  # of the others some plug nothing in
        assert any(isinstance(event, V2gMessage) for event in first)
        assert any(isinstance(event, OcppFrame) for event in first)


def test_a_disturbed_run_can_be_repeated_too() -> None:
    first, second = (apart_from_tls(told("pnc-ac", "7", faults=("csms-away", "unknown-mo-root"))) for _ in range(2))
    assert first == second


def test_another_seed_is_another_run_and_without_one_each_run_is() -> None:
    def messages(seed: str | None) -> list[bytes]:
        return [event.payload for event in told("pnc-ac", seed) if isinstance(event, V2gMessage)]

    runs = [messages("1"), messages("2"), messages(None), messages(None)]
    assert len({tuple(run) for run in runs}) == 4


def test_two_processes_tell_the_same_story() -> None:
    """Whatever order Python's sets have."""
    script = "from pncsim.simulator.commands.main import main; main()"
    command = [sys.executable, "-c", script, "run", "install-contract", "--seed", "7", *OPTIONS]
    first, second = (
        subprocess.run(
            command,
            env=os.environ | {"PYTHONHASHSEED": number},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.splitlines()
        for number in ("1", "2")
    )
    assert first[:-1] == second[:-1] and len(first) > 100, "the last line has the seconds it really took"


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_it_says_loudly_that_its_keys_are_no_secrets(transport: Transport) -> None:
    said = [e.text for e in told("eim-ac", "abc", transport=transport) if isinstance(e, Story) and e.role == "LAB"]
    assert said[0].startswith("EVERY KEY OF THIS RUN CAN BE REPRODUCED from the seed abc")
    assert not [e for e in told("eim-ac", None) if isinstance(e, Story) and "REPRODUCED" in e.text]
