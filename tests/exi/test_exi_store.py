"""Compiled coders on disk: found again, never trusted from strangers, never in the way."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pncsim.wire.exi.coder import Codec
from pncsim.wire.exi.store import CoderStore, cache_root, fingerprint
from pncsim.wire.v2g import appprotocol as app

ANSWER = app.SupportedAppProtocolRes(ResponseCode=app.ResponseCodeType.Failed_NoNegotiation)


def new_codec(store: CoderStore) -> Codec:
    return Codec("app", (app,), store)


def test_a_second_process_finds_what_the_first_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_codec(CoderStore("k", tmp_path)).encode(ANSWER).hex() == "804880"
    stored = tmp_path / "exi-k" / "app.e.SupportedAppProtocolRes"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "exi-k").stat().st_mode & 0o777 == 0o700
    again = new_codec(CoderStore("k", tmp_path))
    monkeypatch.setattr(again, "_generate", lambda *_: pytest.fail("compiled again"))
    assert again.encode(ANSWER) == new_codec(CoderStore(None, None)).encode(ANSWER)


@pytest.mark.parametrize("content", [b"", b"junk", marshal.dumps(5), marshal.dumps(("x",))[:-1]])
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    store = CoderStore("k", tmp_path)
    store.put("name", (1, 2))
    stored = tmp_path / "exi-k" / "app.e.SupportedAppProtocolRes"
    stored.write_bytes(content)
    assert new_codec(store).encode(ANSWER) == new_codec(CoderStore(None, None)).encode(ANSWER)
    assert stored.read_bytes() != content


@pytest.mark.parametrize("where", [0, 15, 16, -1])
def test_a_file_that_is_not_as_it_was_written_is_never_unmarshalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: int
) -> None:
    """One bit is enough. What lies here is a tuple of numbers: damaged code would crash the interpreter."""
    store = CoderStore("k", tmp_path)
    store.put("name", (1, 2))
    file = tmp_path / "exi-k" / "name"
    octets = bytearray(file.read_bytes())
    octets[where] ^= 1
    file.write_bytes(octets)
    monkeypatch.setattr(marshal, "loads", lambda *_: pytest.fail("unmarshalled"))
    assert store.get("name") is None
    file.write_bytes(octets[:-1])
    assert store.get("name") is None


def test_a_file_of_another_coder_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    store = CoderStore("k", tmp_path)
    store.put("one", (1,))
    os.rename(tmp_path / "exi-k" / "one", tmp_path / "exi-k" / "other")
    assert store.get("other") is None


def test_what_a_dead_process_left_is_swept_by_the_next_that_writes(tmp_path: Path) -> None:
    CoderStore("k", tmp_path).put("name", 1)
    (tmp_path / "exi-k" / f".name.{'0a' * 8}.part").write_text("")
    CoderStore("k", tmp_path).put("other", 1)
    assert sorted(path.name for path in (tmp_path / "exi-k").iterdir()) == ["name", "other"]


def test_what_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    CoderStore("k", tmp_path).put("name", 1)
    assert CoderStore("k", tmp_path).get("name") == 1
    (tmp_path / "exi-k" / "name").chmod(0o666)
    assert CoderStore("k", tmp_path).get("name") is None
    (tmp_path / "exi-k" / "name").chmod(0o600)
    (tmp_path / "exi-k").chmod(0o777)
    assert CoderStore("k", tmp_path).get("name") is None
    CoderStore("k", tmp_path).put("other", 1)
    assert not (tmp_path / "exi-k" / "other").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    CoderStore("k", tmp_path).put("name", 1)
    os.rename(tmp_path / "exi-k" / "name", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", tmp_path / "exi-k" / "name")
    assert CoderStore("k", tmp_path).get("name") is None


def test_somebody_elses_directory_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CoderStore("k", tmp_path).put("name", 1)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert CoderStore("k", tmp_path).get("name") is None


def test_a_file_in_the_place_of_the_directory_is_survived(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = CoderStore("k", tmp_path / "file")
    store.put("name", 1)
    assert store.get("name") is None
    assert new_codec(store).encode(ANSWER)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_root() == Path("/x/pncsim")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/h")
    assert cache_root() == Path("/h/.cache/pncsim")
    monkeypatch.setenv("HOME", "")
    assert cache_root() is None


def test_the_key_follows_the_declarations() -> None:
    from pncsim.wire.v2g import iso2

    assert fingerprint([app]) == fingerprint([app])
    assert fingerprint([app]) != fingerprint([iso2])


@pytest.mark.parametrize("home", ["", "/nonexistent/home", "/proc"])
def test_a_process_without_a_home_works(home: str) -> None:
    code = (
        "from pncsim.wire.v2g.registry import codec; from pncsim.wire.v2g import appprotocol as a; "
        "print(codec('app').encode(a.SupportedAppProtocolRes(ResponseCode=a.ResponseCodeType.Failed_NoNegotiation)).hex())"
    )
    environment = {"HOME": home, "PATH": os.environ["PATH"]} if home else {"PATH": os.environ["PATH"]}
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == new_codec(CoderStore(None, None)).encode(ANSWER).hex()
