"""Brokers that want to know who comes, that refuse, and that are not there: sentences, and no password anywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from foreign import Openssl
from mosquitto import Mosquitto
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from pncsim.simulator.commands.main import main
from pncsim.simulator.feed.courier import refusal
from pncsim.simulator.feed.feed import Feed
from pncsim.simulator.feed.numbered import Numbered
from pncsim.simulator.feed.options import Broker, FeedOptions, broker_address, broker_of
from pncsim.wire.errors import LocalError

SECRET = "hunter2-hunter2"


def test_an_address_says_host_port_and_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PNC_MQTT_PASSWORD", raising=False)
    plain = broker_of(FeedOptions(mqtt=broker_address("mqtt://broker.example")), "secc")
    assert (plain.host, plain.port, plain.topic, plain.secured) == ("broker.example", 1883, "pncsim/secc", False)
    whole = broker_of(FeedOptions(mqtt=broker_address(f"mqtts://me:{SECRET}@[::1]:99/a/b")), "run")
    assert (whole.host, whole.port, whole.topic, whole.secured) == ("::1", 99, "a/b", True)
    assert (whole.user, whole.password, whole.name) == ("me", SECRET, "mqtts://[::1]:99")
    monkeypatch.setenv("PNC_MQTT_PASSWORD", "from-there")
    assert broker_of(FeedOptions(mqtt="mqtt://me@host"), "run").password == "from-there"


@pytest.mark.parametrize(
    "address",
    ["host", "http://host", "mqtt://", "mqtt://host:port", "mqtt://host:0", "mqtt://host/a+b", "mqtt://host/a//b"],
)
def test_an_address_of_no_use_is_refused_without_its_password(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = address.replace("://", f"://me:{SECRET}@")
    with pytest.raises(SystemExit) as ended:
        main(["secc", "--mqtt", typed])
    assert ended.value.code == 2
    assert SECRET not in "".join(capsys.readouterr())


def test_files_for_tls_go_with_a_broker_that_has_it() -> None:
    with pytest.raises(LocalError, match="mqtts://"):
        broker_of(FeedOptions(mqtt="mqtt://host", mqtt_ca=Path("ca.pem")), "run")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``pnc run eim-ac`` in memory, with these words besides, and this password in the environment."""

    def run(*words: str, password: str = "") -> Done:
        monkeypatch.setenv("PNC_MQTT_PASSWORD", password)
        with pytest.raises(SystemExit) as ended:
            main(["run", "eim-ac", "-q", "--transport", "memory", *words])
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capfd.readouterr())

    return run


def test_a_broker_that_is_not_there_is_said_before_anything_runs(
    mosquitto: Mosquitto, tmp_path: Path, run: Run
) -> None:
    mosquitto.kill()
    done = run("--evidence", str(tmp_path / "evidence"), "--mqtt", mosquitto.url())
    assert (done.returncode, done.stdout) == (3, "")
    assert f"The MQTT broker at {mosquitto.url()} cannot be used" in done.stderr
    assert not (tmp_path / "evidence").exists()


def test_a_password_lets_in_and_is_shown_nowhere(mosquitto: Mosquitto, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(folder / "users"), "me", SECRET], check=True, timeout=20)
    broker = Mosquitto(folder, f"password_file {folder / 'users'}", anonymous=False)
    try:
        address, evidence = broker.url().replace("://", "://me@"), ["--evidence", str(tmp_path / "evidence")]
        done = run("--mqtt", address, *evidence, password=SECRET)
        assert (done.returncode, done.stderr) == (0, "")
        typed = run("--mqtt", broker.url().replace("://", f"://me:{SECRET}@"), *evidence)
        assert (typed.returncode, typed.stderr) == (0, "")
        refused = run("--mqtt", address, *evidence, password=f"not-{SECRET}")
    finally:
        broker.kill()
    assert refused.returncode == 3 and "Not authorized" in refused.stderr and "PNC_MQTT_PASSWORD" in refused.stderr
    left = [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]
    shown = [refused.stdout, refused.stderr, *(path.read_bytes().decode(errors="replace") for path in left)]
    assert left and not [text for text in shown if SECRET in text]
    assert SECRET not in repr(broker_of(FeedOptions(mqtt=f"mqtt://me:{SECRET}@host"), "run"))
    assert SECRET not in repr(FeedOptions(mqtt=f"mqtt://me:{SECRET}@host"))


def test_a_broker_that_refuses_events_is_named(mosquitto: Mosquitto, tmp_path: Path, run: Run) -> None:
    """The client library takes a PUBACK that refuses for one that acknowledges."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "rights").write_text("topic readwrite lab/status\ntopic read lab/commands\n")
    broker = Mosquitto(folder, f"acl_file {folder / 'rights'}")
    try:
        done = run("--mqtt", broker.url("lab"), "--no-evidence")
    finally:
        broker.kill()
    assert done.returncode == 0
    assert done.stderr.count("refuses what is published below lab: Not authorized") == 1


def test_a_subscription_that_is_refused_is_told() -> None:
    """Mosquitto grants it and delivers nothing; other brokers say so."""
    granted, refused = ReasonCode(PacketTypes.SUBACK, identifier=1), ReasonCode(PacketTypes.SUBACK, identifier=135)
    assert (refusal([granted]), refusal([refused])) == ("", "Not authorized")


def test_tls_is_judged_by_the_root_that_is_given_and_a_certificate_is_shown(
    mosquitto: Mosquitto, tmp_path: Path, openssl: Openssl, run: Run
) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    key, root = folder / "root.key", folder / "root.pem"
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    assert openssl(*new, "-x509", "-keyout", key, "-out", root, "-subj", "/CN=root", "-days", 2).returncode == 0
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("broker", "client"):
        asked, leaf = folder / f"{name}.csr", folder / f"{name}.pem"
        openssl(*new, "-keyout", folder / f"{name}.key", "-out", asked, "-subj", f"/CN={name}")
        signed = ("-CA", root, "-CAkey", key, "-CAcreateserial", "-extfile", folder / "san", "-days", 2)
        assert openssl("x509", "-req", "-in", asked, "-out", leaf, *signed).returncode == 0
    both = folder / "both.pem"
    both.write_text((folder / "client.pem").read_text() + (folder / "client.key").read_text())
    broker = Mosquitto(
        folder,
        f"cafile {root}",
        f"certfile {folder / 'broker.pem'}",
        f"keyfile {folder / 'broker.key'}",
        "require_certificate true",
    )
    try:
        url = broker.url().replace("mqtt:", "mqtts:")
        good = run("--no-evidence", "--mqtt", url, "--mqtt-ca", str(root), "--mqtt-certificate", str(both))
        assert (good.returncode, good.stderr) == (0, "")
        unknown = run("--no-evidence", "--mqtt", url)
        assert unknown.returncode == 3 and "CERTIFICATE_VERIFY_FAILED" in unknown.stderr
        missing = run("--no-evidence", "--mqtt", url, "--mqtt-ca", str(folder / "none.pem"))
        assert missing.returncode == 3 and "none.pem is no file of certificates to trust" in missing.stderr
    finally:
        broker.kill()


def test_events_that_wait_for_a_broker_too_long_are_counted() -> None:
    numbered: Numbered[str] = Numbered(3)
    assert [numbered.put(one) for one in "abcde"] == [1, 2, 3, 4, 5]
    assert (numbered.first, numbered.last, numbered.lost, numbered.waiting) == (3, 5, 2, 3)
    assert numbered.between(1, 9, 2) == [(3, "c"), (4, "d")]
    numbered.acknowledge(4)
    assert (numbered.waiting, numbered.between(5, 5, 9), numbered.between(6, 9, 9)) == (1, [(5, "e")], [])
    numbered.acknowledge(3)
    numbered.put("f")
    assert (numbered.lost, numbered.waiting, numbered.first) == (2, 2, 4)


def test_what_a_broker_did_not_take_is_said_at_the_end(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from pncsim.simulator.feed import feed as module
    from pncsim.simulator.feed.messages import Untold

    monkeypatch.setattr(module, "PATIENCE", 0.0)
    feed = Feed(Broker(host="127.0.0.1", port=mosquitto.port, topic="lab"), "run")
    feed.open()
    mosquitto.kill()
    feed.tell(Untold("Story", "nobody"))
    feed.close()
    assert f"1 of 1 events did not reach the broker at {mosquitto.url()}." in capfd.readouterr().err
