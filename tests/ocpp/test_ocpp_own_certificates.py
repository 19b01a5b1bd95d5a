"""The station's own certificates: the path that was verified is what it uses, and each one in its time."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.x509 import ocsp
from ocpp_lab import IDENTITY, NOW, Authority, Lab, Responder, running, shared_pki, virtual

from pncsim.backend.answers import SigningUse
from pncsim.secc.contract import check_contract
from pncsim.secc.questions import ContractAuthorization
from pncsim.secc.station.authorization import contract_payload
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.identity import staple
from pncsim.secc.station.trust import TrustStore
from pncsim.tls_certs.crl import build_crl, verify_crl
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.ocsp import verify_response
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.tls_certs.reading import CLOCK_TOLERANCE, not_after, not_before, pem
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import told_before

EMAID = "DEPNCC00000001A"
BARE = StationConfig(identity=IDENTITY, request_staples=False)
END = "-----END CERTIFICATE-----\n"


def reordered(*order: int, root: bool = False) -> Callable[[str], str]:
    """The certificates of a chain in another order, on request with their root in the middle."""

    def mangle(chain: str) -> str:
        parts = [part + END for part in chain.split(END) if part.strip()]
        sent = [parts[index] for index in order]
        if root:
            sent.insert(1, pem([shared_pki().certificate("v2g_root")]))
        return "".join(sent)

    return mangle


class Dated(Authority):
    """Issues certificates that begin ``ahead`` seconds from now."""

    ahead = 0.0

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        moment = self.clock.now() + 3600 + self.ahead
        leaf = self.pki.authority("cpo_sub2").issue_from_request(check_request(csr), PROFILES["secc_leaf"], moment)
        return pem((leaf, self.pki.certificate("cpo_sub2"), self.pki.certificate("cpo_sub1")))


def dated(lab: Lab, ahead: float) -> Dated:
    authority = Dated(lab.pki, lab.clock)
    authority.ahead = ahead
    lab.services.authority = authority
    return authority


@pytest.mark.parametrize("mangle", [reordered(0, 2, 1), reordered(0, 1, 2, root=True), reordered(0, 2, 1, root=True)])
def test_a_station_keeps_and_uses_the_path_that_was_verified_in_whatever_order_it_came(mangle: Any) -> None:
    @virtual
    async def run() -> None:
        lab, pki = Lab(), shared_pki()
        lab.authority.mangle = mangle
        config = StationConfig(identity=IDENTITY, staple_sub_cas=True)
        async with running(lab.station(config=config)) as station:
            await station.wait_ready()
            assert station.credentials is not None
            path = (station.credentials.leaf, pki.certificate("cpo_sub2"), pki.certificate("cpo_sub1"))
            assert station.credentials.chain == path
            issuers = (*path[1:], pki.certificate("v2g_root"))
            for certificate, issuer, staple in zip(path, issuers, station.staples, strict=True):
                assert lab.ocsp.asked and staple is not None
                said = ocsp.load_der_ocsp_response(staple)
                assert next(iter(said.responses)).serial_number == certificate.serial_number
                assert next(iter(said.responses)).certificate_status is ocsp.OCSPCertStatus.GOOD
                assert hash_data(certificate, issuer) in lab.ocsp.asked
            listed = station.trust.installed({"certificateType": ["V2GCertificateChain"]})
            entry = listed["certificateHashDataChain"][0]
            hashes = [entry["certificateHashData"], *entry["childCertificateHashData"]]
            assert hashes == [hash_data(*pair).certificate_payload() for pair in zip(path, issuers, strict=True)]
            assert lab.problems() == []

    run()


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_a_contract_is_asked_for_by_the_hashes_of_its_verified_path_in_whatever_order_it_came(
    order: tuple[int, ...],
) -> None:
    pki = shared_pki()
    path, root = pki.credentials("contract_leaf").chain, pki.certificate("mo_root")
    sent = pki.credentials("contract_leaf").chain_der
    checked = check_contract(EMAID, [sent[index] for index in order], [root], NOW, gate=told_before)
    assert (checked.chain, checked.anchor) == (path, root)
    question = ContractAuthorization(emaid=EMAID, chain=checked.chain, anchor=checked.anchor)
    payload = contract_payload(question, TrustStore([("MORootCertificate", root)]), central=False)
    assert isinstance(payload, dict)
    issuers = (*path[1:], root)
    assert payload["iso15118CertificateHashData"] == [
        hash_data(*pair).ocsp_payload() for pair in zip(path, issuers, strict=True)
    ]


@pytest.mark.rule("CSO-4")
@virtual
async def test_an_answer_about_another_certificate_is_not_stapled() -> None:
    class Elsewhere(Responder):
        async def fetch(self, hash_data: HashData) -> bytes:
            return await super().fetch(another)

    lab = Lab()
    another = hash_data(lab.pki.certificate("secc_leaf"), lab.pki.certificate("cpo_sub2"))
    lab.services.revocation = lab.ocsp = Elsewhere(lab.pki, lab.clock)
    async with running(lab.station()) as station:
        await lab.clock.sleep(5)
        assert station.credentials is not None and station.staples[0] is None
        assert lab.ocsp.asked and "not about the certificate in question" in " ".join(lab.problems())


@pytest.mark.parametrize("ahead", [5.0, DAY])
def test_a_certificate_that_is_not_valid_yet_is_accepted_and_used_from_its_beginning(ahead: float) -> None:
    @virtual
    async def run() -> None:
        lab = Lab()
        lab.csms.config.heartbeat = DAY
        async with running(lab.station()) as station:
            await station.wait_ready()
            old = station.credentials
            authority = dated(lab, ahead)
            await lab.csms.trigger(IDENTITY, "SignV2GCertificate")
            await lab.clock.sleep(2)
            asked = len(lab.ocsp.asked)
            assert (station.credentials, asked) == (old, 2)  # what OCSP says of the new one is known already
            await lab.clock.sleep(ahead - 1.5)
            assert station.credentials is not None and station.credentials is not old
            assert len(station.credentials.chain) == 3 and lab.problems() == []
            said = ocsp.load_der_ocsp_response(station.staples[0] or b"")
            assert next(iter(said.responses)).serial_number == station.credentials.leaf.serial_number
            assert len(lab.ocsp.asked) == asked
            assert authority.ahead == ahead and lab.frames().count("SignCertificate") == 2

    run()


@virtual
async def test_a_first_certificate_that_begins_later_is_waited_for_and_not_asked_for_again() -> None:
    lab = Lab()
    dated(lab, DAY)
    async with running(lab.station(config=BARE)) as station:
        await lab.clock.sleep(3600)
        assert (station.credentials, lab.problems()) == (None, [])
        await lab.clock.sleep(DAY)
        assert station.credentials is not None and lab.frames().count("SignCertificate") == 1


@virtual
async def test_a_certificate_that_begins_long_after_the_present_one_ends_replaces_no_renewal() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = DAY
    async with running(lab.station(config=BARE)) as station:
        await station.wait_ready()
        first = station.credentials
        assert first is not None
        dated(lab, 300 * DAY)
        await lab.csms.trigger(IDENTITY, "SignV2GCertificate")
        await lab.clock.sleep(2)
        lab.services.authority = lab.authority
        await lab.clock.sleep_until(not_after(first.leaf) - DAY)
        assert station.credentials is not first
        await lab.clock.sleep_until(not_after(first.leaf) + 60 * DAY)
        assert station.credentials is not None and not_before(station.credentials.leaf) < lab.clock.now()


@virtual
async def test_of_several_valid_certificates_the_one_that_begins_last_is_used_and_what_it_replaced_stays() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = DAY
    async with running(lab.station(config=BARE)) as station:
        await lab.clock.sleep(DAY)
        await lab.csms.trigger(IDENTITY, "SignV2GCertificate")
        await lab.clock.sleep(2)
        first = station.credentials
        assert first is not None
        dated(lab, -7200)  # begins before the one in use
        await lab.csms.trigger(IDENTITY, "SignV2GCertificate")
        await lab.clock.sleep(2)
        assert station.credentials is first
        dated(lab, 60)
        await lab.csms.trigger(IDENTITY, "SignV2GCertificate")
        await lab.clock.sleep(120)
        latest = station.credentials
        assert latest is not None and not_before(latest.leaf) > not_before(first.leaf)
        assert station.upkeep.credentials is latest and not_after(latest.leaf) > not_after(first.leaf)


@virtual
async def test_one_refusal_does_not_silence_the_renewal() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = DAY
    async with running(lab.station(config=BARE)) as station:
        await station.wait_ready()
        first = station.credentials
        assert first is not None
        lab.services.authority = None  # at the time of the renewal nobody signs
        await lab.clock.sleep_until(not_after(first.leaf) - 28.5 * DAY)
        asked = lab.frames().count("SignCertificate")
        assert station.credentials is first and asked >= 2
        lab.services.authority = lab.authority
        await lab.clock.sleep(2 * DAY)
        assert station.credentials is not first and lab.frames().count("SignCertificate") == asked + 1


@pytest.mark.rule("CSO-4")
@virtual
async def test_a_revoked_certificate_is_replaced_at_once_and_never_shown_again() -> None:
    lab = Lab(pki=create_pki(NOW, ocsp_url="http://ocsp.test/ocsp"))
    lab.csms.config.heartbeat = DAY
    async with running(lab.station()) as station:
        await station.wait_ready()
        first = station.credentials
        assert first is not None
        lab.pki.issuer_authority(first.leaf).revoke(first.leaf, lab.clock.now(), "key_compromise")
        await lab.clock.sleep(6 * DAY)
        second = station.credentials
        assert second is not None and second is not first
        assert lab.frames().count("SignCertificate") == 2
        await lab.clock.sleep_until(not_after(second.leaf) - 40 * DAY)
        assert station.credentials is second


@virtual
async def test_a_chain_that_stays_revoked_is_not_asked_for_without_end() -> None:
    lab = Lab(pki=create_pki(NOW, ocsp_url="http://ocsp.test/ocsp"))
    lab.csms.config.heartbeat = DAY
    async with running(lab.station(config=StationConfig(identity=IDENTITY, staple_sub_cas=True))) as station:
        await station.wait_ready()
        sub_ca = lab.pki.certificate("cpo_sub2")
        lab.pki.issuer_authority(sub_ca).revoke(sub_ca, lab.clock.now(), "key_compromise")
        await lab.clock.sleep(9 * DAY)
        assert 2 <= lab.frames().count("SignCertificate") <= 6


@virtual
async def test_a_certificate_that_ends_at_once_is_not_asked_for_without_end() -> None:
    lab = Lab()

    async def brief(csr: str, use: SigningUse) -> str:
        authority, now = lab.pki.authority("cpo_sub2"), lab.clock.now()
        leaf = authority.issue_from_request(check_request(csr), PROFILES["secc_leaf"], now - 89.9 * DAY)
        return pem((leaf, *authority.chain))

    lab.authority.sign_csr = brief  # type: ignore[method-assign]
    async with running(lab.station(config=BARE)):
        await lab.clock.sleep(600)
        assert lab.frames().count("SignCertificate") <= 2


@virtual
async def test_an_answer_that_cannot_be_renewed_is_asked_for_once_a_minute() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = DAY
    async with running(lab.station()) as station:
        await station.wait_ready()
        lab.ocsp.dead = True
        await lab.clock.sleep(6 * DAY)
        before = lab.frames().count("GetCertificateStatus")
        await lab.clock.sleep(600)
        assert lab.frames().count("GetCertificateStatus") - before <= 11


def test_one_clock_tolerance_holds_for_all_that_is_signed_of_the_present() -> None:
    """Answers, their signers and revocation lists may be ahead by it, and by no second more."""
    pki = create_pki(NOW)
    leaf, issuer = pki.certificate("secc_leaf"), pki.certificate("cpo_sub2")
    authority = pki.authority("cpo_sub2")
    authority.signer = None  # one is made together with the answer
    ahead = NOW + CLOCK_TOLERANCE
    answer, crl = authority.staple(leaf, ahead), build_crl(authority, ahead)
    sent: Any = {"status": "Accepted", "ocspResult": base64.b64encode(answer).decode()}
    for read in (
        lambda now: verify_response(answer, leaf, issuer, now),
        lambda now: verify_crl(crl, leaf, issuer, now),
        lambda now: staple(sent, "the leaf", leaf, issuer, now),
    ):
        read(NOW)
        with pytest.raises(PeerError):
            read(NOW - 1)
