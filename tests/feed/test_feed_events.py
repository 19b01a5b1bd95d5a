"""What is published at a real broker is what the evidence keeps, numbered; a broker that is killed loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from mosquitto import MARK, Heard, Json, Mosquitto

from pncsim.simulator.commands.main import main
from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.rows import FILES
from pncsim.simulator.feed.feed import Feed
from pncsim.simulator.feed.messages import Untold
from pncsim.simulator.feed.options import FeedOptions, broker_of
from pncsim.simulator.feed.told import LATER, LONGEST_EVENT, FeedLines
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.trace import Event, Story

DOCS = Path(__file__).parents[2] / "docs"
HEAD = frozenset({"stream", "number", "run", "event"})
"""What the feed puts in front of a line of the evidence, or what stands in that, too."""

FILED = {"Secured": {"chain", "staples"}, "OcppSecured": {"chain"}}
"""What names a file of the evidence."""


def over(topic: str, said: Json) -> bool:
    return topic.endswith("/status") and said["state"] == "over"


def opened(broker: Mosquitto, topic: str = "lab") -> Feed:
    feed = Feed(broker_of(FeedOptions(mqtt=broker.url(topic)), "run"), "run")
    feed.open()
    return feed


def logged(evidence: Path) -> dict[int, Json]:
    """Every line of the evidence below ``evidence``, by the event's number, without what is known later only."""
    [folder] = evidence.iterdir()
    rows: dict[int, Json] = {}
    for name in FILES:
        for row in Bundle(folder).rows(name):
            drop = HEAD | (LATER if name == "messages" else FILED.get(row.get("event", ""), set()))
            rows[row["seq"]] = {key: value for key, value in row.items() if key not in drop}
    return rows


def told(events: dict[int, Json]) -> dict[int, Json]:
    """The same of what was published."""
    return {
        said["seq"]: {key: value for key, value in said.items() if key not in HEAD}
        for said in events.values()
        if "seq" in said
    }


def test_a_run_is_published_as_its_evidence_keeps_it(mosquitto: Mosquitto, tmp_path: Path) -> None:
    command = ["run", "install-contract", "-q", "--evidence", str(tmp_path / "evidence"), "--mqtt", mosquitto.url()]
    with mosquitto.heard("pncsim/#") as heard:
        done = subprocess.run(
            [sys.executable, "-m", "pncsim", *command], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        status = heard.until(over)
    events = heard.events()
    assert list(events) == list(range(1, status["number"] + 1))
    assert told(events) == logged(tmp_path / "evidence")
    first, last = events[1], events[status["number"]]
    assert (first["event"], first["scenario"]) == ("RunOpened", "install-contract")
    assert (last["event"], last["verdict"]) == ("RunClosed", "pass") and all(check["ok"] for check in last["checks"])
    assert {topic for topic, said in heard.all if said.get("event") == "V2gMessage"} == {
        "pncsim/run/events/V2gMessage/EV",
        "pncsim/run/events/V2gMessage/SECC",
    }


def test_everything_is_as_the_schema_says(mosquitto: Mosquitto, tmp_path: Path) -> None:
    schema = json.loads((DOCS / "feed.schema.json").read_text())
    by_name = {
        name: jsonschema_rs.validator_for({**schema, "oneOf": [{"$ref": f"#/$defs/{name}"}]})
        for name in schema["$defs"]
    }
    with mosquitto.heard("lab/#") as heard:
        feed = opened(mosquitto)
        played(feed, RunSettings(transport="loopback", faults=("no-staple",), evidence=tmp_path))
        played(feed, RunSettings(transport="memory"))
        mosquitto.publish("lab/commands", {"id": "1", "command": "nothing"})
        mosquitto.publish("lab/commands", "no JSON")
        heard.answer("1"), heard.answer("")
        feed.close()
        heard.until(over)
    kinds = {"status": "FeedStatus", "answers": "OrderAnswer", "commands": "Order"}
    for topic, said in heard.all:
        if topic not in ("lab/commands", MARK):
            name = said.get("event") or kinds[topic.rpartition("/")[2]]
            by_name[name].validate(said)
    assert {said["event"] for said in heard.events().values()} >= {"Problem", "Secured", "HttpExchange", "V2gMessage"}


def test_the_committed_schema_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["schema", "feed"])
    assert (DOCS / "feed.schema.json").read_text() == capsys.readouterr().out


def played(
    feed: Feed, settings: RunSettings, reader: Callable[[Run], Callable[[Event], Any]] | None = None
) -> RunResult:
    """A run of the main job, published."""

    async def run() -> RunResult:
        one = Run(find_scenario("install-contract"), {}, settings)
        if reader is not None:
            one.trace.subscribe(reader(one))
        with feed.tells(one, one.cancel):
            return await one.done()

    return run_on_loop(settings.transport, run)


def caught_up(broker: Mosquitto, heard: Heard) -> None:
    """Ask for what was not heard, by its numbers, until all was."""
    broker.publish("lab/commands", {"id": "first", "command": "again", "arguments": {"first": 1, "last": 1}})
    last: int = heard.answer("first")["number"]
    missing = set(range(1, last + 1)) - heard.events().keys()
    for number in sorted(missing):
        if number - 1 not in missing:
            end = next(one for one in range(number, last + 2) if one not in missing) - 1
            order = {"id": f"from {number}", "command": "again", "arguments": {"first": number, "last": end}}
            broker.publish("lab/commands", order)
            assert heard.answer(f"from {number}")["done"]
    while missing - heard.events().keys():
        heard.until(lambda topic, said: "event" in said)


def test_a_broker_that_is_killed_during_a_run_costs_no_event(
    mosquitto: Mosquitto, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is killed as it delivers, and is back without memory; a subscriber asks for what it lacks."""

    def disaster(run: Run) -> Callable[[Event], None]:
        def see(event: Event) -> None:
            if event.seq == 150:
                mosquitto.kill()
            elif event.seq == 400:
                mosquitto.start()

        return see

    with mosquitto.heard("lab/#") as heard:
        feed = opened(mosquitto)
        settings = RunSettings(transport="loopback", evidence=tmp_path / "evidence")
        assert played(feed, settings, disaster).error is None
        mosquitto.mark()
        heard.marked()
        caught_up(mosquitto, heard)
        feed.close()
        last = heard.until(over)["number"]
    events = heard.events()
    assert sorted(events) == list(range(1, last + 1))
    assert told(events) == logged(tmp_path / "evidence")
    said = capfd.readouterr().err
    assert "is gone" in said and "is there again" in said and "did not reach" not in said


def test_an_event_of_which_no_line_can_be_made_or_sent_keeps_its_number() -> None:
    lines = FeedLines("lab", "0011")
    odd = Story(time=1.0, role="EV", text=object())  # type: ignore[arg-type]
    topic, payload = lines(7, Story(time=1.0, role="EV", text="x" * LONGEST_EVENT))
    said = json.loads(payload)
    assert topic == "lab/events/Untold/LAB"
    assert (said["number"], said["of"]) == (7, "Story") and f"at most {LONGEST_EVENT}" in said["why"]
    assert json.loads(lines(8, odd)[1])["number"] == 8
    assert lines(9, Untold("Story", "why")) == (
        "lab/events/Untold/LAB",
        b'{"stream":"0011","number":9,"event":"Untold","of":"Story","why":"why"}',
    )
