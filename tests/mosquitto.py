"""An MQTT broker and clients for the tests: Debian's Mosquitto, which can be killed, and its programs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CLIENTS = shutil.which("mosquitto_sub") and shutil.which("mosquitto_pub")
MISSING = "Mosquitto is not installed (Debian: apt install mosquitto mosquitto-clients)"

Json = dict[str, Any]
MARK = "mark"
LONGEST = 30.0
"""Seconds after which silence is a failure."""


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Mosquitto:
    """A broker on a port of its own that keeps nothing. ``lines``: more of its configuration."""

    def __init__(self, folder: Path, *lines: str, anonymous: bool = True) -> None:
        assert PROGRAM is not None
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        allowed = "true" if anonymous else "false"
        head = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {allowed}", "log_dest stderr", "user root"]
        # A lab tells three thousand events in a second; a slower subscriber would lose all but a thousand.
        head.append("max_queued_messages 0")
        self._configuration.write_text("\n".join([*head, *lines, ""]))
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Begin to listen, again."""
        self._process = subprocess.Popen(
            [str(PROGRAM), "-c", str(self._configuration)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self._process.stderr is not None
        self.said = []
        for line in self._process.stderr:
            self.said.append(line)
            if "running" in line:
                return
        raise RuntimeError(f"Mosquitto did not start: {self.said}")

    def kill(self) -> None:
        """As kill -9 does: what it had in memory is gone."""
        if self._process is not None:
            assert self._process.stderr is not None
            self._process.kill()
            self._process.wait()
            self._process.stderr.close()
            self._process = None

    def url(self, topic: str = "") -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}{topic and '/'}{topic}"

    def publish(self, topic: str, payload: str | Json, *options: str) -> None:
        """Publish with ``mosquitto_pub``; it has arrived then."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        command = ["mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", topic, "-s", *options]
        subprocess.run(command, input=text, check=True, text=True, timeout=20)

    def mark(self) -> None:
        """Say something to everybody who listens, or listens again from now on: see :meth:`Heard.marked`."""
        self.publish(MARK, {}, "-r")

    @contextmanager
    def heard(self, topic: str = "#") -> Iterator[Heard]:
        """What ``mosquitto_sub`` hears at ``topic``, from now on."""
        self.mark()
        command = ["mosquitto_sub", "-p", str(self.port), "-q", "1", "-v", "-t", MARK, "-t", topic]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        heard = Heard(process)
        try:
            heard.marked()
            yield heard
        finally:
            process.kill()
            process.wait()
            heard.close()


class Heard:
    """The messages a subscriber has heard, in order, each as its topic and its JSON.

    It is read all the time: who does not read is sent no more than so many messages, and never hears of the others.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reading = Thread(target=self._read)
        self._reading.start()
        self.all: list[tuple[str, Json]] = []

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def until(self, wanted: Callable[[str, Json], object]) -> Json:
        """Listen until a message is wanted, and answer it. What was heard before is not looked at again."""
        while True:
            topic, _, payload = self._lines.get(timeout=LONGEST).partition(" ")
            try:
                said = json.loads(payload)
            except ValueError:
                continue
            self.all.append((topic, said))
            if wanted(topic, said):
                found: Json = said
                return found

    def marked(self) -> None:
        """Listen until the broker's mark is heard: the subscriber is there from then on."""
        self.until(lambda topic, said: topic == MARK)

    def events(self) -> dict[int, Json]:
        """What was told in numbered messages, once each."""
        return {said["number"]: said for topic, said in self.all if "event" in said}

    def answer(self, id: str) -> Json:
        """What became of an order that was just given."""
        return self.until(lambda topic, said: topic.endswith("/answers") and said["id"] == id)

    def close(self) -> None:
        """Its process has ended."""
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
