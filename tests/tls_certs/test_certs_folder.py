"""PKI folders: what is written, with which modes, and every way reading can fail; ``pnc certs``."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from certs_lab import NOW, OCSP_URL
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pncsim.simulator.commands import certs as certs_cli
from pncsim.tls_certs import folder
from pncsim.tls_certs.pki import OCPP_ROLES, Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import V2G_PROFILES
from pncsim.wire import files
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM

V2G_ROLES = {profile.role for profile in V2G_PROFILES}


@pytest.fixture
def written(pki: Pki, tmp_path: Path) -> Path:
    write_pki(pki, tmp_path / "pki")
    return tmp_path / "pki"


def manifest(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "pki.json").read_text())
    return found


def rewrite(folder: Path, **roles: object) -> None:
    """Change the manifest; None takes a role out."""
    changed = {role: value for role, value in (manifest(folder) | roles).items() if value is not None}
    (folder / "pki.json").write_text(json.dumps(changed))


def test_the_manifest_is_flat_and_names_every_role_and_key(written: Path) -> None:
    found = manifest(written)
    assert found.keys() >= V2G_ROLES
    assert {f"{role}_key" for role in V2G_ROLES} <= found.keys()
    assert "ocsp_cpo_sub2" in found
    assert all((written / name).is_file() for name in found.values())
    assert not OCPP_ROLES & found.keys()
    assert manifest(written / "ocpp").keys() == OCPP_ROLES | {f"{role}_key" for role in OCPP_ROLES}


def test_modes_do_not_depend_on_the_umask(pki: Pki, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_pki(pki, tmp_path / "pki")
    finally:
        os.umask(before)
    for place in (tmp_path / "pki", tmp_path / "pki" / "ocpp"):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        keys = list(place.glob("*_key.pem"))
        assert keys
        assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_keys_are_born_with_their_mode(pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    real = os.fdopen

    def spy(descriptor: int, mode: str) -> object:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return real(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", spy)
    write_pki(pki, tmp_path / "pki")
    assert modes.count(0o600) == len(pki.keys)


def test_what_was_written_is_read(pki: Pki, written: Path) -> None:
    read = load_pki(written)
    assert read.certificates == pki.certificates
    assert {role: key.private_numbers() for role, key in read.keys.items()} == {
        role: key.private_numbers() for role, key in pki.keys.items()
    }
    assert read.ocsp_url == OCSP_URL
    assert read.credentials("secc_leaf").chain == pki.credentials("secc_leaf").chain
    assert read.authority("cpo_sub2").signer is not None
    assert load_pki(written, ocsp_url="http://other/").authority("mo_sub2").ocsp_url == "http://other/"


def test_an_authority_from_a_folder_goes_on_issuing(written: Path) -> None:
    from pncsim.tls_certs.profiles import PROFILES
    from pncsim.tls_certs.validation import Use, validate_chain

    read = load_pki(written)
    made = read.authority("mo_sub2").credentials(PROFILES["contract_leaf"], "DEPNCC00000002", NOW)
    assert validate_chain(made.chain_der, read.anchors("mo_root"), Use.CONTRACT, NOW).common_name == "DEPNCC00000002"


def test_nothing_is_overwritten_unless_forced(pki: Pki, written: Path) -> None:
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    other = create_pki(NOW)
    with pytest.raises(LocalError, match="not overwritten"):
        write_pki(other, written)
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before
    write_pki(other, written, force=True)
    assert load_pki(written).certificate("v2g_root") == other.certificate("v2g_root")


def test_of_two_who_make_one_folder_the_later_is_refused(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither had found anything in its way."""
    other, quicker = create_pki(NOW), [True]
    real = files.locked

    @contextmanager
    def late(directory: Path) -> Iterator[None]:
        if quicker:
            quicker.clear()
            write_pki(other, directory)
        with real(directory):
            yield

    monkeypatch.setattr(folder, "locked", late)
    with pytest.raises(LocalError, match="not overwritten"):
        write_pki(pki, tmp_path / "pki")
    monkeypatch.undo()
    assert load_pki(tmp_path / "pki").certificates == other.certificates


def test_who_writes_or_reads_waits_until_another_has_written_all_of_it(
    pki: Pki, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second writer and a reader come while the first has exchanged half of the files."""
    one, two = create_pki(NOW), create_pki(NOW)
    waiting, real, put = threading.Event(), os.replace, []
    monkeypatch.setattr(files, "_pause", waiting.set)
    read: list[Pki] = []

    def half_way(draft: Path, path: Path) -> None:
        put.append(path)
        if len(put) == 30:
            second.start()
            reader.start()
            assert waiting.wait(30), "nobody else has found the folder locked"
        real(draft, path)

    second = threading.Thread(target=partial(write_pki, two, written, force=True))
    reader = threading.Thread(target=lambda: read.append(load_pki(written)))
    monkeypatch.setattr(os, "replace", half_way)
    write_pki(one, written, force=True)
    second.join(30)
    reader.join(30)
    assert load_pki(written).certificates == two.certificates
    assert read[0].certificates in (one.certificates, two.certificates)


def test_four_that_are_created_at_once_leave_one_consistent_pki(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "pki"
    command = [sys.executable, "-m", "pncsim", "certs", "create", "--force", str(place)]
    creating = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate(timeout=120)[0] != "", process.returncode) for process in creating] == [(True, 0)] * 4
    assert certs_cli.verify(place) == 0
    left = {path.name for path in (*place.iterdir(), *(place / "ocpp").iterdir())}
    assert left == {*manifest(place).values(), *manifest(place / "ocpp").values(), "pki.json", "ocpp", "issued.jsonl"}


def test_a_folder_that_cannot_be_written_whole_is_left_as_it_was(
    pki: Pki, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that was not there is not there then."""
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    real, opened = os.fdopen, list[int]()

    def full(descriptor: int, mode: str) -> object:
        opened.append(descriptor)
        if len(opened) % 40 == 0:
            os.close(descriptor)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", full)
    for place in (written, tmp_path / "new" / "pki"):
        with pytest.raises(LocalError, match="No space left"):
            write_pki(create_pki(NOW), place, force=True)
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_way_stops_it_before_anything_is_written(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "ocpp").mkdir()
    (tmp_path / "ocpp" / "csms_root.pem").write_text("mine")
    with pytest.raises(LocalError, match=r"csms_root\.pem is there already"):
        write_pki(pki, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ocpp"]


def test_a_folder_used_for_other_things_keeps_its_mode(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("private")
    tmp_path.chmod(0o755)
    write_pki(pki, tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_where_the_folder_should_be(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "pki").write_text("")
    with pytest.raises(LocalError, match="cannot be written"):
        write_pki(pki, tmp_path / "pki")


def test_a_partial_folder_says_what_is_missing_when_asked(written: Path) -> None:
    shutil.rmtree(written / "ocpp")
    kept = ("v2g_root", "cpo_sub1", "cpo_sub2", "secc_leaf", "secc_leaf_key")
    (written / "pki.json").write_text(json.dumps({role: f"{role}.pem" for role in kept}))
    read = load_pki(written)
    assert len(read.credentials("secc_leaf").chain) == 3
    assert read.anchors("v2g_root", "mo_root") == (read.certificate("v2g_root"),)
    for action, sentence in (
        (lambda: read.credentials("contract_leaf"), "no certificate for the role contract_leaf"),
        (lambda: read.key("cpo_sub2"), r"no key for the role cpo_sub2 \(cpo_sub2_key\)"),
        (lambda: read.certificate("csms_server"), "csms_server"),
        (lambda: read.authority("secc_leaf"), "not a certificate authority"),
    ):
        with pytest.raises(LocalError, match=sentence):
            action()


def test_a_chain_with_one_sub_ca_and_one_without_any(written: Path) -> None:
    rewrite(written, cpo_sub2=None, cpo_sub2_key=None, v2g_root=None, v2g_root_key=None)
    read = load_pki(written)
    with pytest.raises(LocalError, match=r"issuer of secc_leaf .* Add the role cpo_sub2"):
        read.credentials("secc_leaf")
    with pytest.raises(LocalError, match="root of cpo_sub1"):
        read.root("cpo_sub1")


def test_der_bundles_lists_and_encrypted_keys_are_read(pki: Pki, written: Path) -> None:
    other = create_pki(NOW)
    (written / "root.der").write_bytes(other.certificate("v2g_root").public_bytes(Encoding.DER))
    secret = pki.key("secc_leaf").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"12345"))
    (written / "secret.pem").write_bytes(secret)
    rewrite(written, v2g_root=["v2g_root.pem", "root.der"], secc_leaf_key="secret.pem", key_password="12345")
    read = load_pki(written)
    assert read.anchors("v2g_root") == (pki.certificate("v2g_root"), other.certificate("v2g_root"))
    assert read.root("secc_leaf") == pki.certificate("v2g_root")
    assert read.key("secc_leaf").private_numbers() == pki.key("secc_leaf").private_numbers()
    assert "key_password" not in read.roles
    rewrite(written, key_password=None)
    with pytest.raises(LocalError, match="needs key_password"):
        load_pki(written)


def test_expired_folders_load(tmp_path: Path) -> None:
    write_pki(create_pki(0.0), tmp_path / "pki")
    assert load_pki(tmp_path / "pki").credentials("secc_leaf")


def rsa_key() -> bytes:
    return SYSTEM.rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("pki.json", None, r"pki\.json is missing"),
        ("pki.json", b"{", "cannot be read"),
        ("pki.json", b"[]", "not a flat JSON object"),
        ("pki.json", b'{"v2g_root": {"file": "x"}}', "not a flat JSON object"),
        ("pki.json", b'{"v2g_root": []}', "not a flat JSON object"),
        ("pki.json", b"\xff\xfe\x00", "cannot be read"),
        ("secc_leaf.pem", None, r"file of secc_leaf, .*secc_leaf\.pem, cannot be read"),
        ("secc_leaf.pem", b"garbage", "holds no certificate"),
        ("secc_leaf.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate"),
        ("secc_leaf_key.pem", None, "file of secc_leaf_key"),
        ("secc_leaf_key.pem", b"garbage", "no private key"),
        ("secc_leaf_key.pem", rsa_key(), "not a P-256 key"),
        (
            "secc_leaf_key.pem",
            SYSTEM.key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            r"secc_leaf_key \(secc_leaf_key\.pem\) is not the key of secc_leaf",
        ),
    ],
)
def test_broken_folders(written: Path, file: str, content: bytes | None, sentence: str) -> None:
    if content is None:
        (written / file).unlink()
    else:
        (written / file).write_bytes(content)
    with pytest.raises(LocalError, match=sentence):
        load_pki(written)


def test_keys_are_never_shown(pki: Pki, written: Path) -> None:
    shown = f"{pki!r} {load_pki(written)!r} {pki.credentials('secc_leaf')!r} {pki.authority('cpo_sub2')!r}"
    assert "PrivateKey" not in shown
    assert "PRIVATE" not in shown


def test_importing_costs_cryptography_alone() -> None:
    program = (
        "import sys; from pncsim.tls_certs.pki import create_pki; from pncsim.tls_certs.judges import StationJudge;"
        "print([m for m in ('OpenSSL', 'aiohttp', 'pydantic', 'ssl', 'asyncio', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestCommand:
    def test_create_show_verify(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        place = tmp_path / "pki"
        assert certs_cli.create(place, ocsp_url=OCSP_URL, emaid="DE-ABC-C12345678-8", now=NOW) == 0
        assert "DEABCC123456788" in capsys.readouterr().out
        assert certs_cli.show(place, now=NOW) == 0
        lines = capsys.readouterr().out.splitlines()
        assert {line.split()[0] for line in lines[1:]} >= V2G_ROLES | OCPP_ROLES
        assert certs_cli.verify(place, now=NOW) == 0
        assert capsys.readouterr().out.count("good") == 4

    def test_create_refuses(self, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert certs_cli.create(written, now=NOW) == 3
        said = capsys.readouterr().err
        assert "not overwritten" in said
        assert "--force" in said
        assert certs_cli.create(written, now=NOW, force=True) == 0

    @pytest.mark.parametrize(
        ("create", "sentence"),
        [
            pytest.param(partial(certs_cli.create, emaid="nonsense"), "not an EMAID", id="emaid"),
            pytest.param(partial(certs_cli.create, pcid="nonsense"), "not a PCID", id="pcid"),
            pytest.param(partial(certs_cli.create, evse_id="nonsense"), "not an EVSEID", id="evse_id"),
        ],
    )
    def test_a_wrong_identifier_is_wrong_usage(
        self, create: Callable[..., int], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert create(tmp_path / "other", now=NOW) == 2
        assert sentence in capsys.readouterr().err
        assert not (tmp_path / "other").exists()

    def test_a_place_below_a_file_cannot_be_used(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "letter").write_text("")
        assert certs_cli.create(tmp_path / "letter" / "pki", now=NOW) == 3
        assert "cannot be written: Not a directory." in capsys.readouterr().err

    def test_a_place_of_somebody_else_cannot_be_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def denied(path: Path) -> bool:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(Path, "exists", denied)
        assert certs_cli.create(tmp_path / "pki", now=NOW) == 3
        assert "cannot be written: Permission denied." in capsys.readouterr().err

    def test_problems_are_shown(self, written: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (written / "secc_leaf_key.pem").chmod(0o644)
        rewrite(written, cps_sub2=None)
        assert certs_cli.show(written, now=NOW + 91 * 86_400) == 1
        out = capsys.readouterr().out
        assert "expired" in next(line for line in out.splitlines() if line.startswith("secc_leaf"))
        assert "issuer of cps_leaf" in out
        assert "can be read by others" in out
        assert "cps_sub2_key is a key without certificate" in out
        assert certs_cli.verify(written, now=NOW) == 1
        assert "cps_leaf       BAD" in capsys.readouterr().out

    def test_no_folder(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert certs_cli.show(tmp_path) == certs_cli.verify(tmp_path) == 3
        assert capsys.readouterr().err.count("pki.json is missing") == 2
