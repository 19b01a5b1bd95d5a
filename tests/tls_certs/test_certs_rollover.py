"""A root is followed by one with a new key: openssl verifies what is below by either, and only by the right one."""

from __future__ import annotations

from pathlib import Path

import pytest
from foreign import Openssl

from pncsim.tls_certs.certid import cert_id, request_for
from pncsim.tls_certs.ocsp import verify_response
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import pem
from pncsim.tls_certs.rollover import succeed_root
from pncsim.wire.errors import LocalError

NOW = 1_795_000_000.0


@pytest.fixture
def both() -> tuple[Pki, Pki]:
    """The PKI with its new root, and what it was."""
    pki = create_pki(NOW, ocsp_url="http://ocsp.example/")
    return pki, succeed_root(pki, "v2g_root", NOW + 3_600)


@pytest.mark.rule("RCP-11", "RCP-12")
def test_a_leaf_of_before_verifies_below_the_root_whose_sub_cas_come_along(
    both: tuple[Pki, Pki], openssl: Openssl, tmp_path: Path
) -> None:
    pki, former = both
    roots = {"new": pki.certificate("v2g_root"), "old": former.certificate("v2g_root")}
    assert roots["new"].subject != roots["old"].subject
    for role in ("secc_leaf", "cps_leaf"):
        leaf, sub2, new_sub1 = pki.chain(role)
        issuer = PROFILES[PROFILES[role].issuer or ""].issuer or ""
        (tmp_path / "leaf.pem").write_text(pem([leaf]))
        for name, sub1 in (("new", new_sub1), ("old", former.certificate(issuer))):
            (tmp_path / "subs.pem").write_text(pem([sub2, sub1]))
            for anchor, root in roots.items():
                (tmp_path / "root.pem").write_text(pem([root]))
                files = [str(tmp_path / file) for file in ("root.pem", "subs.pem", "leaf.pem")]
                options = ("-attime", f"{NOW + 7_200:.0f}", "-CAfile", files[0], "-untrusted", files[1], files[2])
                said = openssl("verify", *options)
                assert (said.returncode == 0) == (anchor == name), (role, anchor, name, said.stdout)


@pytest.mark.rule("RCP-11")
def test_the_old_root_issues_nothing_and_still_answers_for_what_it_has_issued(both: tuple[Pki, Pki]) -> None:
    pki, former = both
    for role in ("cpo_sub1", "cps_sub1"):
        certificate, root = former.certificate(role), former.certificate("v2g_root")
        assert certificate != pki.certificate(role)
        request = request_for([cert_id(certificate, root)])
        answer = former.answer_ocsp(request, NOW + 7_200)
        assert verify_response(answer, certificate, root, NOW + 7_200).status == "good"
    with pytest.raises(LocalError):
        former.authority("v2g_root").credentials(PROFILES["cpo_sub1"], "another", NOW + 7_200)


def test_the_new_root_answers_for_the_sub_cas_it_has_certified(both: tuple[Pki, Pki]) -> None:
    pki, _ = both
    certificate, root = pki.certificate("cpo_sub1"), pki.certificate("v2g_root")
    answer = pki.answer_ocsp(request_for([cert_id(certificate, root)]), NOW + 7_200)
    assert verify_response(answer, certificate, root, NOW + 7_200).status == "good"
