"""A process that runs what is asked of it at a broker: scenarios, and a lab that is played by commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from mosquitto import Heard, Json, Mosquitto

from pncsim.simulator.commands.main import main


class Player:
    """Who asks ``pnc run --on-command`` below the topic lab."""

    def __init__(self, broker: Mosquitto, heard: Heard, process: subprocess.Popen[str]) -> None:
        self._broker, self._heard, self.process = broker, heard, process
        self._asked = self._from = 0

    def asks(self, command: str, **arguments: Any) -> Json:
        """What became of it."""
        self._asked, self._from = self._asked + 1, len(self._heard.all)
        id = str(self._asked)
        self._broker.publish("lab/commands", {"id": id, "command": command, "arguments": arguments})
        return self._heard.answer(id)

    def does(self, command: str, **arguments: Any) -> str:
        """What it brought."""
        told = self.asks(command, **arguments)
        assert told["done"], told
        said: str = told["said"]
        return said

    def hears(self, event: str, **fields: str) -> Json:
        """The next event of that kind with these fields, since the last command was given: a session may be over before
        its answer is here."""

        def meant(topic: str, said: Json) -> bool:
            return said.get("event") == event and all(said.get(name) == value for name, value in fields.items())

        while self._from < len(self._heard.all):
            topic, said = self._heard.all[self._from]
            self._from += 1
            if meant(topic, said):
                return said
        found = self._heard.until(meant)
        self._from = len(self._heard.all)
        return found

    def waits_for(self, command: str) -> None:
        """Until that can be asked."""
        self._heard.until(lambda topic, said: topic == "lab/status" and command in said["commands"])


@pytest.fixture
def player(mosquitto: Mosquitto) -> Iterator[Player]:
    command = [sys.executable, "-m", "pncsim", "run", "--on-command", "-q", "--no-evidence", "--mqtt"]
    with mosquitto.heard("lab/#") as heard:
        process = subprocess.Popen([*command, mosquitto.url("lab")], stdout=subprocess.PIPE, text=True)
        player = Player(mosquitto, heard, process)
        player.waits_for("run")
        try:
            yield player
            if process.poll() is None:
                assert player.does("end") == "It ends."
                assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate()


def test_scenarios_are_run_one_after_the_other(player: Player) -> None:
    assert player.does("run", scenario="pnc-ac", transport="memory", options={"kwh": 2}) == "pnc-ac begins."
    assert player.hears("RunOpened")["options"]["kwh"] == "2.0"
    assert player.hears("RunClosed")["verdict"] == "pass"
    player.waits_for("run")
    player.does("run", scenario="pnc-ac", transport="memory", faults=["no-staple"], expect_fault=True)
    closed = player.hears("RunClosed")
    assert closed["verdict"] == "pass" and [check["fault"] for check in closed["checks"] if check["ok"]]
    player.waits_for("run")
    for wrong, why in (
        ({"scenario": "pnc-ak"}, "Did you mean pnc-ac"),
        ({"scenario": "./mine.py"}, "is a file"),
        ({"scenario": "pnc-ac", "vehicle_profile": "/etc/car.toml"}, "is a file"),
        ({"scenario": "by-hand", "options": {"pki": "/etc"}}, "no PKI folder is named"),
        ({"scenario": "pnc-ac", "fault": "x"}, "unknown field `fault`"),
        ({"scenario": "pnc-ac", "options": {"kwh": -1}}, "'-1' is no number above 0"),
        ({"scenario": "pnc-ac", "faults": ["no-staples"]}, "no-staple"),
    ):
        told = player.asks("run", **wrong)
        assert not told["done"] and why in told["error"], told
    player.does("run", scenario="pnc-ac", held=True)
    player.waits_for("resume")
    assert "is not a command that is taken here now" in player.asks("run", scenario="pnc-ac")["error"]
    assert player.does("end", now=True) == "The run is broken off."
    assert player.hears("RunClosed")["cause"] == "The run was broken off before its end."
    player.waits_for("run")


def test_a_lab_is_played_over_the_broker(player: Player) -> None:
    """Plugged in, disturbed, plugged in again: every deed a driver has is a command."""
    player.does("run", scenario="by-hand")
    player.waits_for("plug-in")
    player.does("time-lapse", on=True)
    assert player.does("plug-in", vehicle="EV-1") == "EV-1 is plugged in at CS001/1."
    player.hears("V2gMessage", name="SessionStopRes", role="EV")
    player.does("unplug")
    assert "revoked" in player.does("fault", name="contract-revoked")
    player.does("plug-in")
    refused = player.hears("V2gMessage", name="AuthorizationRes", code="FAILED_CertificateRevoked", role="EV")
    assert refused["direction"] == "received"
    assert player.asks("pause")["error"]
    player.does("end")
    assert player.hears("RunClosed")["scenario"] == "by-hand"
    player.waits_for("run")


def test_a_signal_ends_the_run_and_the_process_in_order(player: Player) -> None:
    player.does("run", scenario="by-hand")
    player.waits_for("plug-in")
    player.process.terminate()
    assert player.hears("RunClosed")["cause"] == "The run was broken off before its end."
    assert player.process.wait(30) == 143


def test_commands_have_to_come_from_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--on-command"])
    assert ended.value.code == 2 and "--mqtt mqtt://HOST" in capsys.readouterr().err
