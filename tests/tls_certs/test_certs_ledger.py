"""What a PKI folder remembers of what was issued and revoked under its roots, across runs and processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from certs_lab import NOW, OCSP_URL
from cryptography import x509

from pncsim.tls_certs.certid import CertId, cert_id, request_for
from pncsim.tls_certs.crl import build_crl, verify_crl
from pncsim.tls_certs.ledger import LEDGER, Ledger
from pncsim.tls_certs.ocsp import verify_response_for
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pki(create_pki(NOW, ocsp_url=OCSP_URL), tmp_path / "pki")
    return tmp_path / "pki"


def said(pki: Pki, name: CertId, issuer: x509.Certificate) -> Status:
    """What the responder over ``pki`` says of a name."""
    return verify_response_for(pki.answer_ocsp(request_for([name]), NOW), name, issuer, NOW).status


def sold(pki: Pki) -> x509.Certificate:
    """One more contract."""
    return pki.authority("mo_sub2").credentials(PROFILES["contract_leaf"], "DEPNCC00000042H", NOW).leaf


def test_a_responder_over_a_folder_does_not_know_a_serial_that_was_never_issued(folder: Path) -> None:
    pki = load_pki(folder)
    for role in ("contract_leaf", "secc_leaf", "cps_sub1"):
        certificate = pki.certificate(role)
        issuer = pki.issuer_authority(certificate).certificate
        name = cert_id(certificate, issuer)
        assert said(pki, name, issuer) is Status.GOOD
        assert said(pki, replace(name, serial=name.serial ^ 1), issuer) is Status.UNKNOWN


def test_what_one_run_has_issued_the_next_one_knows(folder: Path) -> None:
    contract = sold(load_pki(folder, keeping=True))
    issuer = load_pki(folder).certificate("mo_sub2")
    assert said(load_pki(folder), cert_id(contract, issuer), issuer) is Status.GOOD
    forgotten = sold(load_pki(folder))  # a lab's: gone with it
    assert said(load_pki(folder), cert_id(forgotten, issuer), issuer) is Status.UNKNOWN


def test_a_revocation_is_remembered_and_reaches_responders_that_run(folder: Path) -> None:
    running, other = load_pki(folder), load_pki(folder, keeping=True)
    certificate, issuer = running.certificate("contract_leaf"), running.certificate("mo_sub2")
    name = cert_id(certificate, issuer)
    assert said(running, name, issuer) is Status.GOOD
    other.authority("mo_sub2").revoke(certificate, NOW - 60, "key_compromise")
    for pki in (running, load_pki(folder)):
        answer = pki.answer_ocsp(request_for([name]), NOW)
        found = verify_response_for(answer, name, issuer, NOW)
        assert (found.status, found.revoked_at, found.reason) == (Status.REVOKED, NOW - 60, "keyCompromise")
        listed = verify_crl(build_crl(pki.authority("mo_sub2"), NOW), certificate, issuer, NOW)
        assert listed.status is Status.REVOKED


def test_a_folder_without_a_list_calls_good_what_it_does_not_know_to_be_revoked(folder: Path) -> None:
    (folder / LEDGER).unlink()
    pki = load_pki(folder, keeping=True)
    issuer = pki.certificate("mo_sub2")
    stranger = replace(cert_id(pki.certificate("contract_leaf"), issuer), serial=4711)
    assert said(pki, stranger, issuer) is Status.GOOD
    contract = sold(pki)
    pki.authority("mo_sub2").revoke(contract, NOW)
    again = load_pki(folder)
    assert said(again, cert_id(contract, issuer), issuer) is Status.REVOKED
    assert said(again, stranger, issuer) is Status.GOOD  # a list begun later is not complete


def test_half_a_line_is_waited_for_and_a_broken_one_is_named(folder: Path) -> None:
    ledger = Ledger(folder)
    with (folder / LEDGER).open("ab") as file:
        file.write(b'{"issuer": "00", "ser')
        file.flush()
        ledger.refresh()
        file.write(b'ial": "1f"}\n')
        file.flush()
        ledger.refresh()
        assert ledger._of("00").issued == {0x1F}
        file.write(b"nonsense\n")
    lines = len((folder / LEDGER).read_bytes().splitlines())
    with pytest.raises(LocalError, match=f"Line {lines} of .*issued.jsonl cannot be read"):
        load_pki(folder)


def test_a_list_that_cannot_be_written_loses_nothing_of_this_run(folder: Path) -> None:
    (folder / LEDGER).unlink()
    (folder / LEDGER).symlink_to(folder / "elsewhere")  # which is not followed
    pki = load_pki(folder, keeping=True)
    contract = sold(pki)
    pki.authority("mo_sub2").revoke(contract, NOW)
    assert pki.authority("mo_sub2").status(contract) is Status.REVOKED
    assert pki.ledger is not None and "remembered by this process alone" in pki.ledger.lost
    assert not os.path.lexists(folder / "elsewhere")
