"""The contract store: several contracts, one default, and never half of one, whatever the disk does."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import ev_playbook as sn
import pytest

from pncsim.ev.contract_files import MANIFEST, ContractFolder, open_contract_folder
from pncsim.ev.contracts import Contract, ContractStore, Held
from pncsim.tls_certs.pki import create_pki
from pncsim.wire import files
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

OTHER = "NLABC000000009"


def other() -> Contract:
    return Contract(OTHER, create_pki(sn.NOW, emaid=OTHER).credentials("contract_leaf"))


@pytest.mark.rule("EV-7")
def test_the_newest_contract_is_the_default_unless_told_otherwise() -> None:
    store = ContractStore([sn.contract()])
    store.install(other(), default=False)
    assert store.default is not None
    assert store.default.emaid == sn.EMAID
    store.install(other())
    assert store.default.emaid == OTHER
    assert [c.emaid for c in store.all] == [sn.EMAID, OTHER]
    assert store.choose(sn.EMAID) is store.get(sn.EMAID)
    store.remove(OTHER)
    assert store.default.emaid == sn.EMAID
    assert store.choose(OTHER) is None


def test_a_contract_of_the_same_emaid_is_replaced() -> None:
    store = ContractStore([sn.contract(renew=True)])
    store.install(sn.contract())
    assert [c.renew for c in store.all] == [False]


def test_a_keeper_that_fails_leaves_the_store_as_it_was() -> None:
    class Broken:
        def change(self, change: Callable[[Held], Held]) -> Held:
            raise LocalError("no")

    store = ContractStore([sn.contract()], keeper=Broken())
    with pytest.raises(LocalError):
        store.install(other())
    with pytest.raises(LocalError):
        store.remove(sn.EMAID)
    assert [c.emaid for c in store.all] == [sn.EMAID]


def test_contracts_survive_in_a_folder_with_private_keys(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    store = open_contract_folder(folder)
    store.install(sn.contract())
    store.install(other(), default=False)
    again = open_contract_folder(folder)
    assert [c.emaid for c in again.all] == [sn.EMAID, OTHER]
    assert again.default is not None
    assert again.default.emaid == sn.EMAID
    assert again.default.credentials.key.private_numbers() == sn.contract().credentials.key.private_numbers()
    assert again.default.credentials.chain_der == sn.contract().credentials.chain_der
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o644 if path.name == "chain.pem" else 0o600), path


def test_an_update_leaves_one_folder_per_contract(tmp_path: Path) -> None:
    store = open_contract_folder(tmp_path)
    store.install(sn.contract())
    successor = Contract(sn.EMAID, create_pki(sn.NOW, emaid=sn.EMAID).credentials("contract_leaf"))
    store.install(successor)
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 1
    (kept,) = open_contract_folder(tmp_path).all
    assert kept.credentials.leaf == successor.credentials.leaf
    store.install(replace(successor, renew=True))
    assert open_contract_folder(tmp_path).all[0].renew


@pytest.mark.parametrize("step", range(1, 15))
def test_a_death_at_any_step_leaves_the_old_or_the_new_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Whatever operation on the disk is the last one, the folder opens and every contract in it has its key."""
    store = open_contract_folder(tmp_path)
    store.install(sn.contract())
    calls = 0

    def dying(real: object) -> object:
        def call(*args: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls >= step:
                raise KeyboardInterrupt
            return real(*args, **options)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch:
        for name in ("replace", "fsync", "open"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with pytest.raises(KeyboardInterrupt):
            store.install(other())
    assert [c.emaid for c in store.all] == [sn.EMAID]
    found = open_contract_folder(tmp_path)
    assert [c.emaid for c in found.all] == [sn.EMAID]
    assert all(c.credentials.key.public_key() == c.credentials.leaf.public_key() for c in found.all)
    found.install(other())
    assert len(open_contract_folder(tmp_path).all) == 2
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["chain.pem", "chain.pem", MANIFEST, "key.pem", "key.pem"], "what the dead one left is swept"


def test_two_vehicles_on_one_folder_keep_both_contracts(tmp_path: Path) -> None:
    one, two = open_contract_folder(tmp_path), open_contract_folder(tmp_path)
    one.install(sn.contract())
    two.install(other())
    assert [c.emaid for c in open_contract_folder(tmp_path).all] == [sn.EMAID, OTHER]
    assert [c.emaid for c in two.all] == [sn.EMAID, OTHER], "who writes sees what others have kept"
    one.remove(sn.EMAID)
    assert [c.emaid for c in open_contract_folder(tmp_path).all] == [OTHER]


def test_what_is_noted_of_a_contract_does_not_bring_it_back_over_its_successor(tmp_path: Path) -> None:
    one, two = open_contract_folder(tmp_path), open_contract_folder(tmp_path)
    one.install(sn.contract())
    successor = Contract(sn.EMAID, create_pki(sn.NOW, emaid=sn.EMAID).credentials("contract_leaf"))
    two.install(successor)
    one.note(sn.contract(), ends_soon)
    (kept,) = open_contract_folder(tmp_path).all
    assert kept.credentials.leaf == successor.credentials.leaf and not kept.renew
    one.note(kept, ends_soon)
    two.note(kept, lambda held: replace(held, refused="FAILED"))
    (noted,) = open_contract_folder(tmp_path).all
    assert noted.renew and noted.refused == "FAILED", "neither has forgotten what the other knew"
    one.remove(sn.EMAID)
    two.note(successor, ends_soon)
    assert open_contract_folder(tmp_path).all == ()


def ends_soon(contract: Contract) -> Contract:
    return replace(contract, renew=True)


def test_vehicles_that_write_at_once_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the first is between reading and writing, and finds it locked."""
    waiting, emaids = threading.Event(), [f"NLABC00000000{number}" for number in range(4)]
    monkeypatch.setattr(files, "_pause", waiting.set)
    read, readers = ContractFolder._read, []

    def slow(folder: ContractFolder) -> object:
        readers.append(folder)
        if len(readers) == 1:
            assert waiting.wait(30), "nobody else has found the folder locked"
        return read(folder)

    contracts = [Contract(emaid, sn.contract().credentials) for emaid in emaids]
    stores = [open_contract_folder(tmp_path) for _ in contracts]
    monkeypatch.setattr(ContractFolder, "_read", slow)
    writers = [
        threading.Thread(target=store.install, args=(contract,))
        for store, contract in zip(stores, contracts, strict=True)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    monkeypatch.undo()
    assert sorted(c.emaid for c in open_contract_folder(tmp_path).all) == emaids


def test_a_folder_that_somebody_holds_for_long_is_a_sentence_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_contract_folder(tmp_path)
    store.install(sn.contract())
    monkeypatch.setattr(time, "monotonic", iter(range(0, 100, 3)).__next__)
    monkeypatch.setattr(files, "_pause", lambda: None)
    with files.locked(tmp_path), pytest.raises(LocalError, match="Somebody else has been using"):
        store.install(other())
    assert [c.emaid for c in store.all] == [sn.EMAID]


def test_a_link_in_the_place_of_a_new_folder_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    open_contract_folder(home).install(sn.contract())
    name = folder_of(home)
    shutil.rmtree(home)
    home.mkdir()
    (home / name).symlink_to(elsewhere, target_is_directory=True)
    store = open_contract_folder(home)
    with pytest.raises(LocalError, match="a link to somebody else's folder"):
        store.install(sn.contract())
    assert list(elsewhere.iterdir()) == [] and store.all == ()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    store = open_contract_folder(blocked / "contracts")
    with pytest.raises(LocalError, match="could not be written"):
        store.install(sn.contract())
    assert store.all == ()


def test_a_damaged_folder_is_a_sentence(tmp_path: Path) -> None:
    store = open_contract_folder(tmp_path)
    store.install(sn.contract())
    folder = json.loads((tmp_path / MANIFEST).read_text())[0]["folder"]
    (tmp_path / folder / "key.pem").unlink()
    with pytest.raises(LocalError, match="cannot be read"):
        open_contract_folder(tmp_path)


def test_what_else_lies_in_the_directory_is_not_touched(tmp_path: Path) -> None:
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    for folder in (elsewhere, home / "photos", home / ".git"):
        folder.mkdir(parents=True)
        (folder / "chain.pem").write_text("mine")
    (home / "letter.txt").write_text("mine")
    (home / "link").symlink_to(elsewhere, target_is_directory=True)
    store = open_contract_folder(home)
    store.install(sn.contract())
    store.install(other())
    store.remove(OTHER)
    assert {p.name for p in home.iterdir()} == {"photos", ".git", "letter.txt", "link", MANIFEST, folder_of(home)}
    for folder in (elsewhere, home / "photos", home / ".git"):
        assert [(p.name, p.read_text()) for p in folder.iterdir()] == [("chain.pem", "mine")]


@pytest.mark.parametrize("kept", ["a link", "a note"])
def test_a_superseded_folder_goes_but_never_what_somebody_keeps_there(tmp_path: Path, kept: str) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    store = open_contract_folder(home)
    store.install(sn.contract())
    old = home / folder_of(home)
    if kept == "a link":
        old.rename(elsewhere)
        old.symlink_to(elsewhere, target_is_directory=True)
    else:
        (old / "note.txt").write_text("mine")
    store.install(Contract(sn.EMAID, create_pki(sn.NOW, emaid=sn.EMAID).credentials("contract_leaf")))
    assert folder_of(home) != old.name
    assert {p.name for p in old.iterdir()} == ({"chain.pem", "key.pem"} if kept == "a link" else {"note.txt"})


def test_a_manifest_cannot_point_out_of_its_directory(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = open_contract_folder(home)
    store.install(sn.contract())
    (tmp_path / "key.pem").write_text("mine")
    (row,) = json.loads((home / MANIFEST).read_text())
    (home / MANIFEST).write_text(json.dumps([row, {**row, "folder": ".."}]))
    with pytest.raises(LocalError, match=r"'\.\.' is no folder in it"):
        store.install(other())
    assert (tmp_path / "key.pem").read_text() == "mine"


def folder_of(home: Path) -> str:
    """The folder of the only contract the manifest names."""
    (row,) = json.loads((home / MANIFEST).read_text())
    return str(row["folder"])


def test_keys_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    contract = sn.contract()
    assert "key" not in repr(contract)
    assert str(contract.credentials.key.private_numbers().private_value) not in repr(contract)
