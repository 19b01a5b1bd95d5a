"""What is asked of a process over the broker: done once, answered always, on the loop of the run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

from mosquitto import Heard, Json, Mosquitto, free_port

from pncsim.simulator.feed.commands import command
from pncsim.simulator.feed.feed import Feed
from pncsim.simulator.feed.messages import LONGEST_COMMAND
from pncsim.simulator.feed.options import FeedOptions, broker_of
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError


def state(wanted: str, topic: str = "lab") -> Any:
    return lambda at, said: at == f"{topic}/status" and said["state"] == wanted


def asked(broker: Mosquitto, heard: Heard, id: str, name: str, topic: str = "lab", **arguments: Any) -> Json:
    broker.publish(f"{topic}/commands", {"id": id, "command": name, "arguments": arguments})
    return heard.answer(id)


@contextmanager
def obeying(broker: Mosquitto, times: list[float]) -> Iterator[Heard]:
    """A feed whose process waits for its own number of seconds, and counts how often it was asked to."""
    feed, done = Feed(broker_of(FeedOptions(mqtt=broker.url("lab")), "run"), "run"), Flag()

    async def wait(*, seconds: float = 1.0) -> str:
        if seconds > 100:
            raise LocalError("Nobody waits so long.")
        times.append(seconds)
        return f"Waited {seconds:g} s."

    async def break_down() -> None:
        raise ZeroDivisionError("by zero")

    async def side() -> None:
        commands = {"wait": command("wait", "Wait", wait), "break": command("break", "Break", break_down)}
        with feed.obeys(commands):
            await asyncio.get_running_loop().run_in_executor(None, done.wait)

    thread = Thread(target=asyncio.run, args=[side()])
    with broker.heard("lab/#") as heard:
        feed.open()
        thread.start()
        try:
            heard.until(lambda topic, said: topic == "lab/status" and "wait" in said["commands"])
            yield heard
        finally:
            done.set()
            thread.join()
            feed.close()


def test_an_order_is_done_on_the_loop_and_answered(mosquitto: Mosquitto) -> None:
    times: list[float] = []
    with obeying(mosquitto, times) as heard:
        told = asked(mosquitto, heard, "a", "wait", seconds=2)
        assert (told["done"], told["said"], told["error"]) == (True, "Waited 2 s.", "")
        assert asked(mosquitto, heard, "b", "wait", seconds="3")["said"] == "Waited 3 s."
        assert asked(mosquitto, heard, "c", "wait")["said"] == "Waited 1 s."
    assert times == [2, 3, 1]


def test_an_order_that_comes_twice_is_done_once_and_answered_alike(mosquitto: Mosquitto) -> None:
    """A broker may deliver it again (QoS 1), and who got no answer asks again."""
    times: list[float] = []
    with obeying(mosquitto, times) as heard:
        first = asked(mosquitto, heard, "a", "wait", seconds=2)
        assert asked(mosquitto, heard, "a", "wait", seconds=2) == first
    assert times == [2]


WRONG = [
    ('{"id": "x", "command": "wiat"}', "x", "'wiat' is not a command that is taken here now. Did you mean wait?"),
    ('{"id": "x", "command": "wait", "arguments": {"s": 1}}', "x", "wait has no parameter 's'."),
    ('{"id": "x", "command": "wait", "arguments": {"seconds": -1}}', "x", "'-1' is no number above 0"),
    ('{"id": "x", "command": "wait", "arguments": {"seconds": ["1"]}}', "x", "seconds: it is a text, a number"),
    ('{"id": "x", "command": "wait", "arguments": {"seconds": 101}}', "x", "Nobody waits so long."),
    ('{"id": "x", "command": "break"}', "x", "A defect of pncsim: ZeroDivisionError: by zero."),
    ('{"id": "x", "command": "again", "arguments": {"first": 7}}', "x", "Kept are the numbers from 1 to 0."),
    ('{"command": "wait"}', "", "This is no command: Object missing required field `id`"),
    ("wait", "", "This is no command: "),
    (f'{{"id": "x", "command": "{"w" * LONGEST_COMMAND}"}}', "", f"at most {LONGEST_COMMAND} octets"),
]
"""What is published, the id of the answer, and something of its sentence."""


def test_what_cannot_be_done_is_answered_with_a_sentence(mosquitto: Mosquitto) -> None:
    with obeying(mosquitto, []) as heard:
        for number, (payload, id, why) in enumerate(WRONG):
            own = id and f"{id}{number}"
            mosquitto.publish("lab/commands", payload.replace('"x"', f'"{own}"'))
            told = heard.answer(own)
            assert not told["done"] and why in told["error"], payload


def test_a_run_is_held_stepped_and_let_go_over_the_broker(mosquitto: Mosquitto) -> None:
    feed = Feed(broker_of(FeedOptions(mqtt=mosquitto.url("lab")), "run"), "run")
    verdicts: list[str] = []

    async def run() -> None:
        one = Run(find_scenario("pnc-ac"), {}, RunSettings(transport="loopback"))
        one.trace.subscribe(lambda event: one.pause() if type(event).__name__ == "Secured" else None)
        with feed.tells(one, one.cancel):
            verdicts.append((await one.done()).verdict)

    with mosquitto.heard("lab/#") as heard:
        feed.open()
        thread = Thread(target=run_on_loop, args=["loopback", run])
        thread.start()
        heard.until(lambda topic, said: said.get("event") == "Secured")
        before = len(sent(heard))
        assert asked(mosquitto, heard, "s", "step")["said"] == "One V2G message was sent."
        number = asked(mosquitto, heard, "h", "hold")["number"]
        if number not in heard.events():
            heard.until(lambda topic, said: said.get("number") == number and "event" in said)
        assert len(sent(heard)) == before + 1
        assert asked(mosquitto, heard, "o", "ocsp-status")["done"]
        assert asked(mosquitto, heard, "r", "resume")["done"]
        thread.join()
        feed.close()
        heard.until(state("over"))
    assert verdicts == ["pass"]


def sent(heard: Heard) -> list[str]:
    return [
        said["name"]
        for said in heard.events().values()
        if said["event"] == "V2gMessage" and said["direction"] == "sent"
    ]


def started(broker: Mosquitto, *words: str, topic: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pncsim", *words, "--mqtt", broker.url(topic)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_services_and_a_lone_side_are_published_and_can_be_ended(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """A third one is killed: that it is lost the broker says."""
    pki = ("serve", "pki", "--port", "0", "--data")
    secc = ("secc", "--no-tls", "--no-evidence", "--sdp-port")
    processes = {
        "services": started(mosquitto, *pki, str(tmp_path), topic="services"),
        "station": started(mosquitto, *secc, str(free_port()), topic="station"),
        "killed": started(mosquitto, *secc, str(free_port()), topic="killed"),
    }
    with mosquitto.heard() as heard:
        starting = set(processes)
        while starting:
            heard.until(lambda topic, said: topic.endswith("/status") and "end" in said["commands"])
            starting.discard(heard.all[-1][0].partition("/")[0])
        processes["killed"].kill()
        heard.until(state("lost", "killed"))
        tries = range(500)
        assert any(asked(mosquitto, heard, f"up {i}", "renew-authorities", "services")["done"] for i in tries)
        assert "shown" in asked(mosquitto, heard, "card", "show-card", "station", card="MINE")["said"]
        for name in ("services", "station"):
            assert asked(mosquitto, heard, f"{name} end", "end", name)["done"]
            last = heard.until(state("over", name))["number"]
            told = [said["number"] for topic, said in heard.all if topic.startswith(f"{name}/events/")]
            assert told == list(range(1, last + 1))
        ends = {name: (process.communicate(timeout=30)[1], process.returncode) for name, process in processes.items()}
    assert ends["services"] == ends["station"] == ("terminated\n", 143)
    assert any(topic == "station/events/Story/SECC" for topic, _ in heard.all)
