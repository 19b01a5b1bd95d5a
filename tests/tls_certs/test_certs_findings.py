"""A certificate held against its profile: good ones are as it says, bad ones are other where they are bad."""

from __future__ import annotations

import pytest
from certs_lab import NOW, OCSP_URL

from pncsim.tls_certs.bad.certificates import FLAWS, wrong_credentials
from pncsim.tls_certs.findings import findings
from pncsim.tls_certs.keys import make_key
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES, YEAR
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import replace

OTHER = {
    "wrong-signature": {"signed by"},
    "foreign-issuer": {"signed by", "issuer's key id"},
    "self-signed": {"signed by", "issuer's key id", "OCSP address"},
    "wrong-key-identifier": {"issuer's key id"},
    "wrong-domain": {"domain (DC)"},
    "no-domain": {"domain (DC)"},
    "no-key-usage": {"key usage"},
    "no-digital-signature": {"key usage"},
    "leaf-is-ca": {"authority"},
    "leaf-signs": {"key usage"},
    "wrong-purpose": {"purposes"},
    "rsa-key": {"key"},
    "p384-key": {"key"},
    "sha384": {"signed with"},
    "sha1": {"signed with", "signed by"},
    "oversized": {"size"},
    "unknown-critical-extension": {"unknown critical"},
}
"""The points in which a bad leaf is other than its profile says; what is old, or bad further up, is as it says."""


@pytest.fixture(scope="module")
def pki() -> Pki:
    return create_pki(NOW, ocsp_url=OCSP_URL)


def other(pki: Pki, role: str) -> set[str]:
    profile = PROFILES[role]
    issuer = pki.certificate(profile.issuer or role)
    return {one.what for one in findings(pki.certificate(role), profile, issuer) if not one.ok}


def test_all_that_is_issued_is_as_its_profile_says(pki: Pki) -> None:
    assert {role: told for role in pki.roles if (told := other(pki, role))} == {}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_bad_certificate_is_other_in_the_point_it_is_bad_in(pki: Pki, flaw: str) -> None:
    leaf = wrong_credentials(pki, "secc_leaf", flaw, NOW).leaf
    bad = {one.what: one for one in findings(leaf, PROFILES["secc_leaf"], pki.certificate("cpo_sub2")) if not one.ok}
    if FLAWS[flaw].level or FLAWS[flaw].extra:
        assert set(bad) <= {"signed by", "issuer's key id"}, "who has issued it is another one"
    else:
        assert set(bad) == OTHER.get(flaw, set())
    assert all(one.wanted != one.found for one in bad.values())


def test_a_name_has_to_be_of_the_kind_the_role_is_called_by(pki: Pki) -> None:
    key = make_key(PROFILES["contract_leaf"].key, SYSTEM)
    wrong = pki.authority("mo_sub2").issue(PROFILES["contract_leaf"], "nobody", key.public_key(), NOW)  # type: ignore[arg-type]
    [name] = [one for one in findings(wrong, PROFILES["contract_leaf"]) if not one.ok]
    assert (name.what, name.wanted, name.found) == ("common name", "an EMAID", "nobody")


def test_a_longer_life_is_a_finding_and_a_shorter_one_is_none(pki: Pki) -> None:
    profile = PROFILES["secc_leaf"]
    key = make_key(profile.key, SYSTEM).public_key()
    for lifetime, ok in ((YEAR, False), (profile.lifetime // 2, True)):
        changed = replace(profile, lifetime=lifetime)
        leaf = pki.authority("cpo_sub2").issue(changed, "DEPNCE100001", key, NOW)  # type: ignore[arg-type]
        [point] = [one for one in findings(leaf, profile) if one.what == "lifetime"]
        assert point.ok is ok and point.wanted == "about 90 days"
