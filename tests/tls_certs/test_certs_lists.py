"""Revocation lists, and authorities that can sign none."""

from __future__ import annotations

import pytest
from certs_lab import NOW, pair

from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.crl import CrlError, build_crl, verify_crl
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import LocalError


class TestRevocationLists:
    def verify(self, pki: Pki, crl: bytes, now: float = NOW) -> Status:
        return verify_crl(crl, *pair(pki), now).status

    def test_good_and_revoked(self, own_pki: Pki) -> None:
        authority = own_pki.authority("mo_sub2")
        assert self.verify(own_pki, build_crl(authority, NOW)) is Status.GOOD
        authority.revoke(own_pki.certificate("contract_leaf"), NOW - 5, "privilege_withdrawn")
        status = verify_crl(build_crl(authority, NOW), *pair(own_pki), NOW)
        assert (status.status, status.revoked_at, status.reason) == (Status.REVOKED, NOW - 5, "privilegeWithdrawn")

    def test_refused(self, own_pki: Pki, pki: Pki) -> None:
        crl = build_crl(own_pki.authority("mo_sub2"), NOW)
        elsewhere = own_pki.authority("mo_sub2")
        for octets, moment, sentence in (
            (b"garbage", NOW, "cannot be read"),
            (build_crl(pki.authority("mo_sub2"), NOW), NOW, "not signed by"),
            (build_crl(own_pki.authority("mo_sub1"), NOW), NOW, "not signed by"),
            (crl, NOW + 8 * DAY, "stale"),
            (crl, NOW - DAY, "from the future"),
        ):
            with pytest.raises(CrlError, match=sentence):
                self.verify(own_pki, octets, moment)
        elsewhere.crl_url = "http://elsewhere.example/other.crl"
        with pytest.raises(CrlError, match="different scope"):
            self.verify(own_pki, build_crl(elsewhere, NOW))


def test_authorities_without_key_say_so() -> None:
    pki = create_pki(NOW)
    certificate = pki.certificate("mo_sub2")
    lone = Authority(role="mo_sub2", certificate=certificate, chain=(certificate,))
    for action in (
        lambda: lone.credentials(PROFILES["contract_leaf"], "DEPNCC00000001", NOW),
        lambda: lone.staple(pki.certificate("contract_leaf"), NOW),
        lambda: build_crl(lone, NOW),
    ):
        with pytest.raises(LocalError, match="key is not there"):
            action()
    assert "PrivateKey" not in repr(pki.authority("mo_sub2"))
