"""Keys in a hardware security module (here SoftHSM2): what they sign is judged by openssl, and they stay there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from certs_lab import NOW, OCSP_URL
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from foreign import Openssl
from softhsm import LABEL, LOCKED, SoftHsm

from pncsim.simulator.commands import certs
from pncsim.tls_certs import reading
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.folder_work import renew
from pncsim.tls_certs.hsm import PIN, HsmKey, key_maker, open_key, parse_uri
from pncsim.tls_certs.ocsp import cert_id, request_for
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.errors import LocalError

IN_TOKEN = {
    "v2g_root", "cpo_sub1", "cpo_sub2", "mo_root", "mo_sub1", "mo_sub2", "cps_sub1", "cps_sub2", "cps_leaf", "oem_root",
    "oem_sub1", "oem_sub2",
}  # fmt: skip
"""Whose keys a token makes: authorities of the V2G chains, and the provisioning service."""


@pytest.fixture(scope="module")
def pki_in_token(softhsm: SoftHsm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI folder whose authorities' keys are in the token."""
    folder = tmp_path_factory.mktemp("hsm") / "pki"
    keys = key_maker(softhsm.uri("first "), folder)
    write_pki(create_pki(NOW, ocsp_url=OCSP_URL, crl_url="http://lists.example", keys=keys), folder)
    return folder


def test_a_folder_names_the_keys_of_its_authorities_in_the_token_and_has_no_files_of_them(pki_in_token: Path) -> None:
    manifest = json.loads((pki_in_token / "pki.json").read_text())
    assert {role for role, name in manifest.items() if name.startswith("pkcs11:")} == {f"{one}_key" for one in IN_TOKEN}
    assert not [role for role in IN_TOKEN if (pki_in_token / f"{role}_key.pem").exists()]
    assert (pki_in_token / "secc_leaf_key.pem").exists()
    pki = load_pki(pki_in_token)
    assert {role for role, key in pki.keys.items() if isinstance(key, HsmKey)} == IN_TOKEN


@pytest.mark.rule("PKI-5", "PKI-6", "CPS-13")
def test_openssl_believes_certificates_lists_and_answers_that_were_signed_in_the_token(
    pki_in_token: Path, openssl: Openssl, tmp_path: Path
) -> None:
    pki = load_pki(pki_in_token)
    authority = pki.authority("cpo_sub2")
    fresh = authority.credentials(PROFILES["secc_leaf"], "DEPNCE100009", NOW)
    leaf, other = tmp_path / "leaf.pem", tmp_path / "other.pem"
    leaf.write_text(reading.pem([fresh.leaf]))
    other.write_text(reading.pem(fresh.chain[1:]))
    root, at = pki_in_token / "v2g_root.pem", ("-attime", int(NOW) + 60)
    verified = openssl("verify", *at, "-CAfile", root, "-untrusted", other, leaf)
    assert verified.returncode == 0, verified.stdout
    authority.revoke(fresh.leaf, NOW, "superseded")
    (tmp_path / "list.crl").write_bytes(build_crl(authority, NOW))
    listed = openssl("crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-CAfile", other, "-noout")
    assert "verify OK" in listed.stdout, listed.stdout
    (tmp_path / "answer").write_bytes(authority.answer(request_for([cert_id(fresh.leaf, authority.certificate)]), NOW))
    told = openssl(
        "ocsp", "-respin", tmp_path / "answer", "-issuer", pki_in_token / "cpo_sub2.pem", "-cert", leaf, *at,
        "-CAfile", root, "-verify_other", other, "-no_nonce",
    )  # fmt: skip
    assert "Response verify OK" in told.stdout and "Reason: superseded" in told.stdout, told.stdout


@pytest.mark.rule("CPS-13")
def test_a_key_signs_and_never_leaves_the_token(pki_in_token: Path, softhsm: SoftHsm) -> None:
    import pkcs11

    key = load_pki(pki_in_token).key("cps_leaf")
    assert isinstance(key, HsmKey)
    for _ in range(600):  # some of whose numbers begin with a zero octet
        key.public_key().verify(key.sign(b"data", ec.ECDSA(hashes.SHA256())), b"data", ec.ECDSA(hashes.SHA256()))
    for leave in (
        lambda: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.private_numbers,
        lambda: key.exchange(ec.ECDH(), key.public_key()),
    ):
        with pytest.raises(LocalError, match=r"first cps_leaf of the token .* signs, and does nothing else"):
            leave()  # type: ignore[no-untyped-call]
    private = key._private
    assert private[pkcs11.Attribute.SENSITIVE] and not private[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.AttributeSensitive):
        private[pkcs11.Attribute.VALUE]
    assert "1234" not in repr(key) and "1234" not in str(key.uri)


def test_who_renews_a_certificate_in_such_a_folder_renews_it_for_the_key_in_the_token(
    pki_in_token: Path, tmp_path: Path
) -> None:
    pki = load_pki(pki_in_token)
    for role in ("cps_leaf", "v2g_root"):
        new = renew(pki, role, NOW + 9)
        assert new.public_key() == pki.certificate(role).public_key()
    again = load_pki(pki_in_token)
    assert isinstance(again.key("cps_leaf"), HsmKey)
    assert again.certificate("cps_leaf").serial_number != pki.certificate("cps_leaf").serial_number


def test_pnc_certs_create_makes_the_keys_in_the_token(
    softhsm: SoftHsm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, code in (("pki", 0), ("another", 3)):
        assert certs.create(tmp_path / folder, hsm=softhsm.uri("by command "), now=NOW) == code
    assert "There is a key by command v2g_root in the token" in capsys.readouterr().err
    pki = load_pki(tmp_path / "pki")
    assert str(pki.key("v2g_root").uri).startswith("pkcs11:token=a%20token%3B%20of%20100%25;object=by%20command%20")  # type: ignore[attr-defined]


# What is said where it does not work


def _wrong_pin(softhsm: SoftHsm, folder: Path) -> str:
    (folder / "wrong").write_text("99999")
    (folder / "wrong").chmod(0o600)
    return softhsm.uri("v2g_root", token=LOCKED, pin="pin-source=wrong")


def _open_pin(softhsm: SoftHsm, folder: Path) -> str:
    (folder / "open").write_text("1234")
    (folder / "open").chmod(0o644)
    return softhsm.uri("first v2g_root", pin="pin-source=file:open")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda hsm, folder: hsm.uri("nobody"), "There is no key nobody in the token a token; of 100%"),
        (lambda hsm, folder: hsm.uri("x", token="another"), "cannot open the token another: NoSuchToken"),
        (
            lambda hsm, folder: hsm.uri("x", module="/nowhere.so"),
            r"/nowhere.so cannot open .*: PKCS11Error \(OS",
        ),
        (lambda hsm, folder: hsm.uri("x", pin=""), "The PIN of the token a token; of 100% is not known"),
        (lambda hsm, folder: hsm.uri("x", pin="pin-value=1234"), "A PIN does not stand in the URI"),
        (lambda hsm, folder: hsm.uri("x", pin="pin-source=nowhere"), "cannot be read from .*nowhere"),
        (_wrong_pin, "PinIncorrect"),
        (_open_pin, "holds a PIN and can be read by others"),
        (lambda hsm, folder: "pkcs11:object=x?module-path=/a.so", "names no token"),
        (lambda hsm, folder: "pkcs11:token=pnc;object=x?pin-value=1234", "names no token"),
        (lambda hsm, folder: "file:key.pem", "names no token"),
    ],
)
def test_a_key_that_cannot_be_had_is_a_sentence_without_the_pin(
    pki_in_token: Path, softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    make: Callable[[SoftHsm, Path], str], says: str,
) -> None:  # fmt: skip
    monkeypatch.delenv(PIN, raising=False)
    with pytest.raises(LocalError, match=says) as caught:
        open_key(make(softhsm, tmp_path), tmp_path)
    assert "1234" not in str(caught.value) and "99999" not in str(caught.value)


def test_the_pin_may_come_from_the_environment(
    pki_in_token: Path, softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PIN, "1234")
    key = open_key(softhsm.uri("first v2g_root", pin=""), tmp_path)
    assert key.public_key() == load_pki(pki_in_token).certificate("v2g_root").public_key()
    assert (key.uri.token, key.uri.pin_file) == (LABEL, "")
    assert parse_uri(str(key.uri), tmp_path) == key.uri


def test_a_folder_whose_certificate_is_another_keys_is_refused(pki_in_token: Path, tmp_path: Path, pki: Pki) -> None:
    write_pki(pki, tmp_path / "pki")
    manifest = tmp_path / "pki" / "pki.json"
    names = json.loads(manifest.read_text())
    names["v2g_root_key"] = json.loads((pki_in_token / "pki.json").read_text())["v2g_root_key"]
    manifest.write_text(json.dumps(names))
    with pytest.raises(LocalError, match="is not the key of v2g_root"):
        load_pki(tmp_path / "pki")
