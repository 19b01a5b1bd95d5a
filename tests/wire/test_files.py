"""Files and folders that several processes share: one writer at a time, whole files, and nothing left of the dead."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from pncsim.wire.errors import LocalError
from pncsim.wire.files import NewFile, in_place, locked, replace_file, replace_together, sweep


def test_readers_share_a_folder_and_a_writer_has_it_alone(tmp_path: Path) -> None:
    alone = pytest.raises(LocalError, match="Somebody else")
    with locked(tmp_path, shared=True), locked(tmp_path, shared=True), alone, locked(tmp_path, patience=0.0):
        pytest.fail("written to while it is read")
    with locked(tmp_path):
        for shared in (True, False):
            with pytest.raises(LocalError, match="Somebody else"), locked(tmp_path, shared=shared, patience=0.0):
                pytest.fail("used while it is written to")
    with locked(tmp_path, patience=0.0):
        assert list(tmp_path.iterdir()) == [], "no lock file is left over"


def test_a_file_system_without_locks_is_used_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(code: int) -> None:
        def flock(handle: int, kind: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", flock)

    for code in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF):
        refuse(code)
        with locked(tmp_path):
            replace_file(tmp_path / "file", b"1")
    refuse(errno.EIO)
    with pytest.raises(OSError, match="Input/output"), locked(tmp_path):
        pytest.fail("held in spite of an error")


def test_a_file_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        replace_file(tmp_path / "open", b"1", 0o644)
        os.umask(0)
        replace_file(tmp_path / "closed", b"1", 0o600)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "closed")] == [0o644, 0o600]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at the place of the file nor at that of its draft, should somebody guess the name of one."""
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "file").symlink_to(tmp_path / "mine")
    replace_file(tmp_path / "file", b"new")
    assert not (tmp_path / "file").is_symlink() and (tmp_path / "mine").read_text() == "mine"
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / f".file.{'00' * 8}.part").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        replace_file(tmp_path / "file", b"newer")
    assert (tmp_path / "mine").read_text() == "mine" and (tmp_path / "file").read_text() == "new"


def test_files_that_belong_together_are_changed_all_or_none(tmp_path: Path) -> None:
    together = [NewFile(tmp_path / name, b"old") for name in ("a", "b", "manifest")]
    replace_together(together)
    missing = NewFile(tmp_path / "nowhere" / "c", b"new")
    with pytest.raises(FileNotFoundError):
        replace_together([NewFile(tmp_path / "a", b"new"), missing, NewFile(tmp_path / "manifest", b"new")])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(("a", "b", "manifest"), "old")


def test_while_files_are_exchanged_their_manifest_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_together([NewFile(tmp_path / name, b"old") for name in ("a", "b", "manifest")])
    seen: list[set[str]] = []
    real = os.replace

    def watched(draft: Path, path: Path) -> None:
        seen.append({file.name for file in tmp_path.iterdir() if not file.name.startswith(".")})
        real(draft, path)

    monkeypatch.setattr(os, "replace", watched)
    replace_together([NewFile(tmp_path / name, b"new") for name in ("a", "b", "manifest")])
    assert seen == [{"a", "b"}] * 3
    assert (tmp_path / "manifest").read_text() == "new"


def test_what_a_dead_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    kept = (".file", "file.part", ".file.part", ".file.0123.part", "letter")
    for name in (*kept, f".file.{'0a' * 8}.part"):
        (tmp_path / name).write_text("")
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_a_folder_that_was_exchanged_while_one_waited_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held then is the folder that is there now, not one that is gone."""
    place = tmp_path / "folder"
    place.mkdir()
    real, asked = fcntl.flock, list[int]()

    def exchanged(handle: int, kind: int) -> None:
        real(handle, kind)
        asked.append(os.fstat(handle).st_ino)
        if len(asked) == 1:
            place.rename(tmp_path / "old")
            place.mkdir()

    monkeypatch.setattr(fcntl, "flock", exchanged)
    with locked(place):
        assert asked[-1] == place.stat().st_ino != asked[0]


def test_what_is_the_systems_is_written_to_and_stays_what_it_is() -> None:
    """Whoever says /dev/stdout for a file has it replaced for everybody otherwise, where that is allowed."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as read:
        replace_file(Path(f"/dev/fd/{writing}"), b"said")
        os.close(writing)
        assert read.read() == b"said"
    assert in_place(Path("/dev/stdout")) and in_place(Path("/proc/self/fd/1"))
    with pytest.raises(IsADirectoryError):
        replace_file(Path("."), b"said")
    assert not in_place(Path("/dev/shm/results.xml")) and not in_place(Path("dev/stdout"))
