"""The stream of events alone, and the key log beside it, are enough for a capture file of each side of a session."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from capture_file import payload, records, seen_by, write_pcapng
from lab_runs import Run, Transport, run

from pncsim.simulator.lab.lab import Lab
from pncsim.wire.trace import LinkBytes, V2gMessage
from pncsim.wire.v2g.v2gtp import V2gtpReader

HANDSHAKE, DATA, ALERT = 22, 23, 21


def captured(
    transport: Transport, name: str = "pnc-ac", evidence: Path | None = None, **options: object
) -> tuple[Run, list[str]]:
    """A run with its bytes, and its key log."""
    keys: list[str] = []

    async def listen(lab: Lab) -> None:
        recorded = lab.trace.key_log

        def both(line: str) -> None:
            keys.append(line)
            if recorded is not None:
                recorded(line)

        lab.trace.wants_bytes, lab.trace.key_log = True, both

    return run(name, options, transport=transport, meanwhile=listen, evidence=evidence), keys


@pytest.fixture(scope="module", params=["memory", "loopback"])
def session(request: pytest.FixtureRequest) -> tuple[Run, list[str]]:
    """A session with TLS on each transport."""
    return captured(request.param)


def units(done: Run) -> tuple[str, str]:
    """The vehicle and the station's side of its link, as they call themselves."""
    [vehicle] = {e.unit for e in done.events if isinstance(e, LinkBytes) and e.role == "EV"}
    [station] = {e.unit for e in done.events if isinstance(e, LinkBytes) and e.role == "SECC"}
    return vehicle, station


def test_the_bytes_of_both_sides_are_whole_and_the_same(session: tuple[Run, list[str]]) -> None:
    done, _ = session
    assert done.result.error is None
    vehicle, station = (seen_by(unit, done.events) for unit in units(done))
    for ours, theirs in (("sent", "received"), ("received", "sent")):
        sent, got = sorted((payload(vehicle, ours), payload(station, theirs)), key=len, reverse=True)
        assert sent.startswith(got)
        # Who has ended the connection does not hear the other's close_notify any more.
        assert [kind for kind, _ in records(sent[len(got) :])] in ([], [ALERT])
    assert [event.time for event in vehicle] == sorted(event.time for event in vehicle)
    assert [event.seq for event in done.events] == list(range(done.events[0].seq, done.events[-1].seq + 1))


def test_the_search_for_the_station_is_there(session: tuple[Run, list[str]]) -> None:
    done, _ = session
    for unit, asking in zip(units(done), ("sent", "received"), strict=True):
        request, response = (e for e in seen_by(unit, done.events) if e.carrier == "UDP")
        assert request.data == bytes.fromhex("01fe9000000000020000")
        assert request.direction == asking != response.direction
        assert response.data[:8] == bytes.fromhex("01fe900100000014")
        [connection] = {e.remote if asking == "sent" else e.local for e in seen_by(unit, done.events) if e.mark}
        assert int.from_bytes(response.data[24:26], "big") == connection[1]


def test_the_payload_is_tls_from_the_first_octet_to_the_last(session: tuple[Run, list[str]]) -> None:
    done, keys = session
    vehicle = seen_by(units(done)[0], done.events)
    messages = [e for e in done.events if isinstance(e, V2gMessage) and e.role == "EV"]
    for direction in ("sent", "received"):
        kinds = [kind for kind, _ in records(payload(vehicle, direction))]
        assert kinds[0] == HANDSHAKE
        assert direction == "received" or kinds[-1] == ALERT, "the vehicle says that it ends"
        assert kinds.count(DATA) == sum(message.direction == direction for message in messages) > 10
    assert [line.split()[0] for line in keys] == ["CLIENT_RANDOM"] * 2
    assert len(set(keys)) == 1, "both sides have the same key"
    secrets = {line.split()[2] for line in keys}
    assert not any(secret in repr(event) for event in done.events for secret in secrets)


def test_without_tls_the_payload_is_the_messages() -> None:
    done, keys = captured("memory", "eim-ac", tls=False)
    vehicle, _ = units(done)
    for direction in ("sent", "received"):
        frames = V2gtpReader().feed(payload(seen_by(vehicle, done.events), direction))
        sent = [e for e in done.events if isinstance(e, V2gMessage) and e.role == "EV" and e.direction == direction]
        assert [frame.payload for frame in frames] == [message.payload for message in sent]
    assert keys == []


def test_two_sessions_at_once_are_two_captures_that_share_no_address() -> None:
    done, keys = captured("memory", "two-at-once")
    assert done.result.error is None
    told = [event for event in done.events if isinstance(event, LinkBytes) and event.mark == "opened"]
    links = {frozenset((event.local, event.remote)): set[str]() for event in told}
    for event in told:
        links[frozenset((event.local, event.remote))].add(event.unit)
    assert sorted(map(sorted, links.values())) == [["CS001/1", "EV-1"], ["CS001/2", "EV-2"]]
    hosts = [{event.local[0], event.remote[0]} for event in told if event.role == "EV"]
    assert not set.intersection(*hosts)
    assert len(set(keys)) == 2


def test_the_evidence_of_a_run_has_its_bytes_and_secrets_where_only_their_owner_reads_them(tmp_path: Path) -> None:
    done, keys = captured("memory", evidence=tmp_path)
    [folder] = tmp_path.iterdir()
    vehicle, station = (seen_by(unit, done.events) for unit in units(done))
    trace = (folder / "trace.pcapng").read_bytes()
    sent = [event.data for side in (vehicle, station) for event in side if event.direction == "sent"]
    shorter_than_a_packet = [data for data in sent if 200 < len(data) < 1440 and data[0] == DATA]
    assert shorter_than_a_packet and all(trace.count(data) == 1 for data in shorter_than_a_packet)
    assert not any("LinkBytes" in path.read_text() for path in folder.glob("*.jsonl"))
    secrets = {line.split()[2].encode() for line in keys}
    holding = {path.name for path in folder.rglob("*.*") if any(secret in path.read_bytes() for secret in secrets)}
    assert holding == {"trace.pcapng", "keys.log"}
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in holding} == {0o600}


def test_a_foreign_program_reads_the_capture_of_each_side(session: tuple[Run, list[str]], tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    done, keys = session
    sent = next(e.payload for e in done.events if isinstance(e, V2gMessage) and e.name == "SessionSetupReq")
    for unit in units(done):
        path = tmp_path / "link.pcapng"
        write_pcapng(path, seen_by(unit, done.events), keys)
        told = subprocess.run(
            ("tshark", "-r", str(path), "-d", "tcp.port==1-65535,tls", "-q", "-z", "follow,tls,raw,0", "-z", "expert"),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        assert sent.hex() in told, "the key log opens the records"
        assert "Previous segment" not in told
        assert "Malformed" not in told
