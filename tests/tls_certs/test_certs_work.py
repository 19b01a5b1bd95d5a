"""``pnc certs issue``, ``renew``, ``revoke`` under the roots of a folder, and what its owner hears at the start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from certs_lab import OCSP_URL

from pncsim.simulator.commands.main import main
from pncsim.tls_certs.concerns import SOON, about_evse, about_roles, concerns
from pncsim.tls_certs.folder import write_folder
from pncsim.tls_certs.pki import create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import DAY
from pncsim.tls_certs.reading import not_after, pem
from pncsim.tls_certs.validation import Use, validate_chain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pki(create_pki(time.time(), ocsp_url=OCSP_URL), tmp_path / "pki")
    return tmp_path / "pki"


def code(*arguments: object) -> int:
    """What ``pnc certs`` ends with."""
    with pytest.raises(SystemExit) as ended:
        main(["certs", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_a_folder_issues_for_others_what_they_need_and_no_key_of_a_ca(folder: Path, tmp_path: Path) -> None:
    car = tmp_path / "car"
    assert code("issue", folder, "contract_leaf", "DE-PNC-C00000042-H", "--into", car, "--days", 30) == 0
    assert code("issue", folder, "oem_leaf", "PNCSIMVEHICLE00042", "--into", car) == 0
    pki = load_pki(car)
    assert set(pki.keys) == {"contract_leaf", "oem_leaf"}
    chain = validate_chain(pki.chain("contract_leaf"), pki.anchors("mo_root"), Use.CONTRACT, time.time())
    assert chain.common_name == "DEPNCC00000042H"
    assert not_after(chain.leaf) - time.time() == pytest.approx(30 * DAY, abs=60)
    assert code("verify", car) == 0
    # The issuer's folder knows of them, and they carry its address.
    assert load_pki(folder).status(chain.leaf, chain.path[1]) == "good"
    assert pki.ocsp_url == OCSP_URL


def test_issuing_replaces_nothing_unasked_and_mixes_no_pkis(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    car, other = tmp_path / "car", tmp_path / "other"
    write_pki(create_pki(time.time()), other)
    issue = ("issue", folder, "contract_leaf", "DEPNCC00000042H", "--into")
    assert code(*issue, car) == 0
    before = (car / "contract_leaf.pem").read_bytes()
    assert code(*issue, car) == 3
    assert "has a contract_leaf already" in capsys.readouterr().err
    assert (car / "contract_leaf.pem").read_bytes() == before
    assert code(*issue, car, "--force") == 0
    assert (car / "contract_leaf.pem").read_bytes() != before
    assert code(*issue, other, "--force") == 3
    assert "another one than the issuer" in capsys.readouterr().err
    assert code("issue", folder, "contract_leaf", "no emaid", "--into", car, "--force") == 2


@pytest.mark.parametrize("role", ["secc_leaf", "cpo_sub2", "cpo_sub1", "v2g_root", "csms_server"])
def test_a_renewed_certificate_takes_the_place_of_the_old_one_and_all_stays_good(folder: Path, role: str) -> None:
    old = load_pki(folder)
    assert code("renew", folder, role, "--days", 60) == 0
    new = load_pki(folder)
    before, after = old.certificate(role), new.certificate(role)
    assert (after.subject, after.issuer) == (before.subject, before.issuer)
    assert after.serial_number != before.serial_number
    assert not_after(after) - time.time() == pytest.approx(60 * DAY, abs=60)
    same_key = after.public_key() == before.public_key()
    assert same_key is (role not in ("secc_leaf", "csms_server"))
    assert new.key(role).public_key() == after.public_key()
    others = [one for one in old.roles if one != role]
    assert all(new.certificates[one] == old.certificates[one] for one in others)
    assert code("verify", folder, "--strict") == 0
    assert new.status(before, before) == new.status(after, after) == "good"


def test_a_folder_remembers_what_it_has_revoked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    car = tmp_path / "car"
    assert code("issue", folder, "contract_leaf", "DEPNCC00000042H", "--into", car) == 0
    assert code("revoke", folder, car / "contract_leaf.pem", "--reason", "key_compromise") == 0
    assert code("verify", folder) == 0
    assert code("revoke", folder, "secc_leaf") == 0
    assert code("revoke", folder, "secc_leaf") == 3
    assert code("verify", folder) == 1
    assert code("show", folder) == 1
    out = capsys.readouterr().out
    assert "is revoked" in next(line for line in reversed(out.splitlines()) if line.startswith("secc_leaf"))
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(pem([create_pki(time.time()).certificate("contract_leaf")]))
    assert code("revoke", folder, stranger) == 3
    assert code("revoke", folder, tmp_path / "nothing.pem") == 3
    err = capsys.readouterr().err
    assert "was not issued by an authority of" in err and "neither a role of this folder nor a file" in err


def test_the_owner_of_a_folder_hears_what_ended_or_ends_soon_and_who_can_read_keys(folder: Path) -> None:
    pki, now = load_pki(folder), time.time()
    assert concerns(pki, now) == []
    end = not_after(pki.certificate("secc_leaf"))
    assert [one for one in concerns(pki, end - SOON + 60) if one.startswith("secc_leaf")] == [
        f"secc_leaf of the PKI folder expires on {pki.certificate('secc_leaf').not_valid_after_utc:%Y-%m-%d}."
    ]
    assert any(one.startswith("secc_leaf of the PKI folder expired on ") for one in concerns(pki, end + 1))
    assert any("is valid only from" in one for one in concerns(pki, now - 3 * 3600))
    (folder / "secc_leaf_key.pem").chmod(0o644)
    assert concerns(pki, now) == [f"{folder / 'secc_leaf_key.pem'} can be read by others; keys should have mode 0600."]
    pki.authority("cpo_sub2").revoke(pki.certificate("secc_leaf"), now)
    assert "secc_leaf of the PKI folder is revoked." in concerns(pki, now)


def test_the_owner_of_a_folder_hears_what_is_missing_and_whom_the_certificate_is_for(tmp_path: Path) -> None:
    full = create_pki(time.time())
    write_folder(tmp_path, {"": ({"secc_leaf": full.certificates["secc_leaf"]}, {})}, force=True)
    pki = load_pki(tmp_path)
    assert about_roles(pki, ["v2g_root", "secc_leaf", "cps_leaf"]) == [
        "v2g_root is not in the PKI folder: no station and no provisioning service can be trusted.",
        "cps_leaf is not in the PKI folder: no contract can be signed for installation.",
    ]
    assert about_evse(pki, "DE*PNC*E100001") == []
    assert about_evse(pki, "DE*XYZ*E7") == ["The station's certificate is for DEPNCE100001, the EVSE is DE*XYZ*E7."]
