"""Somebody else's PKI folder: a role that is not in use stops no run, and what is missing is named by who needs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alone_lab import QUICK, charge

from pncsim.simulator.alone.options import StationOptions
from pncsim.simulator.commands.main import main
from pncsim.tls_certs.pki import OCPP_ROLES, Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import YEAR
from pncsim.wire.trace import Problem, Warned
from pncsim.wire.values import replace

OCSP = "http://ocsp.pncsim.test/ocsp"


def provisioning_elsewhere(pki: Pki) -> None:
    """The provisioning service lies below a root that is not there."""
    other = create_pki(time.time())
    for role in ("cps_sub1", "cps_sub2", "cps_leaf"):
        pki.certificates[role], pki.keys[role] = other.certificates[role], other.keys[role]


def manufacturer_expired(pki: Pki) -> None:
    """The OEM root has ended."""
    pki.certificates["oem_root"] = create_pki(time.time() - 41 * YEAR).certificates["oem_root"]
    del pki.keys["oem_root"]


def without_sub_cas(pki: Pki) -> None:
    """Nothing leads from the vehicle's own certificates to a root."""
    for role in ("oem_sub2", "mo_sub2"):
        del pki.certificates[role], pki.keys[role]


def stations_alone(pki: Pki) -> None:
    """Nothing but what a station and a vehicle's trust in it need."""
    for role in [role for role in pki.certificates if role not in ("v2g_root", "cpo_sub1", "cpo_sub2", "secc_leaf")]:
        del pki.certificates[role]
        pki.keys.pop(role, None)


def foreign(folder: Path, change: Callable[[Pki], None]) -> Path:
    pki = create_pki(time.time(), ocsp_url=OCSP)
    for role in OCPP_ROLES:
        del pki.certificates[role], pki.keys[role]
    change(pki)
    write_pki(pki, folder)
    return folder


def exit_code(*arguments: object) -> int:
    """What a command of ``pnc`` ends with."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


FOLDERS = [provisioning_elsewhere, manufacturer_expired, without_sub_cas, stations_alone]


@pytest.mark.parametrize("change", FOLDERS)
async def test_a_role_that_is_not_in_use_stops_no_lone_side(change: Callable[[Pki], None], tmp_path: Path) -> None:
    folder = foreign(tmp_path / "pki", change)
    station, vehicle = StationOptions(pki=folder, payment="eim"), replace(QUICK, pki=folder, payment="eim")
    codes = await charge(station, vehicle)
    assert codes[:2] == (0, 0)


@pytest.mark.parametrize("change", FOLDERS)
def test_a_role_that_is_not_in_use_stops_no_run_of_a_lab(
    change: Callable[[Pki], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code("run", "eim-ac", "-q", "--pki", foreign(tmp_path / "pki", change)) == 0


async def test_what_a_folder_cannot_be_used_for_is_said_at_the_start(tmp_path: Path) -> None:
    folder = foreign(tmp_path / "pki", provisioning_elsewhere)
    _, _, events = await charge(StationOptions(pki=folder, payment="eim"), replace(QUICK, pki=folder, payment="eim"))
    said = [event.text for event in events if isinstance(event, Warned)]
    root = load_pki(folder).certificate("v2g_root").subject.rfc4514_string()
    assert any("No contract can be signed for installation" in one and root in one for one in said)


def test_a_role_that_is_needed_is_named_where_it_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = foreign(tmp_path / "pki", stations_alone)
    assert exit_code("run", "install-contract", "--pki", folder) == 3
    assert "no certificate for the role oem_leaf" in capsys.readouterr().out.replace("\n", " ").replace("  ", "")


async def test_a_contract_that_its_folder_has_revoked_pays_at_no_lone_station(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    write_pki(create_pki(time.time(), ocsp_url=OCSP), folder)
    paying = StationOptions(pki=folder, payment="pnc"), replace(QUICK, pki=folder, payment="pnc", install="never")
    assert (await charge(*paying))[:2] == (0, 0)
    assert exit_code("certs", "revoke", folder, "contract_leaf") == 0
    station, vehicle, events = await charge(*paying)
    assert station != 0 and vehicle != 0
    assert any(isinstance(event, Problem) and event.kind == "revoked" for event in events)


async def test_a_contract_that_a_lone_station_has_sold_is_known_to_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    write_pki(create_pki(time.time(), ocsp_url=OCSP), folder)
    vehicle = replace(QUICK, pki=folder, contracts=tmp_path / "contracts")
    assert (await charge(StationOptions(pki=folder), vehicle))[:2] == (0, 0)
    assert (await charge(StationOptions(pki=folder, payment="pnc"), replace(vehicle, install="never")))[:2] == (0, 0)


def test_a_lab_leaves_a_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pki"
    write_pki(create_pki(time.time(), ocsp_url=OCSP), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    exit_code("run", "pnc-ac", "-q", "--pki", folder, "--fault", "contract-revoked")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert exit_code("run", "pnc-ac", "-q", "--pki", folder) == 0


async def test_another_evse_and_keys_that_lie_open_are_said_at_the_start(tmp_path: Path) -> None:
    folder = foreign(tmp_path / "pki", stations_alone)
    (folder / "secc_leaf_key.pem").chmod(0o644)
    station = StationOptions(pki=folder, evse_id="DE*XYZ*E7")
    _, _, events = await charge(station, replace(QUICK, pki=folder, payment="eim"))
    said = [event.text for event in events if isinstance(event, Warned)]
    for what in ("the EVSE is DE*XYZ*E7", "can be read by others", "mo_root is not in the PKI folder"):
        assert any(what in one for one in said), what
