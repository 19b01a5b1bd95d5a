"""OCSP both ways, judged by cryptography's parser and the openssl program."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import pytest
from certs_lab import NOW, pair
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from foreign import Openssl
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.tls_certs import ocsp as ocsp_module
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS, wrong_staple
from pncsim.tls_certs.certid import CertId, RequestMalformed, parse_request
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.ocsp import (
    OcspError,
    answer_request,
    build_request,
    cert_id,
    request_for,
    verify_response,
)
from pncsim.tls_certs.ocsp_answers import Single, by_key, by_name, sign_answer
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import Liberty, Tolerance
from pncsim.wire.values import replace

NONCE = bytes(range(16))
steady = settings(deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA384", "SHA512"])
def test_requests_are_what_cryptography_builds(pki: Pki, algorithm: str) -> None:
    certificate, issuer = pair(pki)
    kind: hashes.HashAlgorithm = getattr(hashes, algorithm)()
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, kind)
    with_nonce = builder.add_extension(x509.OCSPNonce(NONCE), critical=False)
    assert build_request(certificate, issuer, algorithm=algorithm) == builder.build().public_bytes(Encoding.DER)
    assert build_request(certificate, issuer, algorithm=algorithm, nonce=NONCE) == with_nonce.build().public_bytes(
        Encoding.DER
    )


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA384", "SHA512"])
def test_good_answer(pki: Pki, algorithm: str) -> None:
    certificate, issuer = pair(pki)
    answer = pki.answer_ocsp(build_request(certificate, issuer, algorithm=algorithm, nonce=NONCE), NOW)
    status = verify_response(answer, certificate, issuer, NOW, nonce=NONCE)
    assert (status.status, status.this_update, status.expires) == (Status.GOOD, NOW, NOW + 7 * DAY)
    parsed = ocsp.load_der_ocsp_response(answer)
    assert parsed.produced_at_utc.timestamp() == NOW, "dated by the lab, not by the machine"
    assert parsed.certificates == [pki.certificate("ocsp_mo_sub2")]
    assert parsed.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE


def test_an_answer_that_comes_again_costs_no_signature_and_does_not_count_for_longer(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, issuer = pair(pki)
    answer = pki.answer_ocsp(build_request(certificate, issuer), NOW)
    first = verify_response(answer, certificate, issuer, NOW)
    with monkeypatch.context() as patched:
        patched.setattr(ocsp_module, "signed_by", lambda *_: pytest.fail("a signature was verified again"))
        assert verify_response(answer, certificate, issuer, NOW + DAY) == first
    with pytest.raises(OcspError) as refused:
        verify_response(answer, certificate, issuer, first.expires + 1)
    assert refused.value.kind == "status stale"
    other = pki.certificate("mo_sub1"), pki.certificate("mo_root")
    with pytest.raises(OcspError) as refused:
        verify_response(answer, *other, NOW)
    assert refused.value.kind == "status of another"


@pytest.mark.rule("PKI-5")
def test_every_certificate_is_answered_for_by_its_own_authority(pki: Pki) -> None:
    for role in ("cpo_sub1", "cpo_sub2", "secc_leaf", "mo_sub1", "oem_leaf", "cps_leaf"):
        certificate = pki.certificate(role)
        issuer = pki.certificate(PROFILES[role].issuer or "")
        answer = pki.answer_ocsp(build_request(certificate, issuer), NOW)
        status = verify_response(answer, certificate, issuer, NOW)
        assert status.status is Status.GOOD
        assert PROFILES[PROFILES[role].issuer or ""].title in status.responder


@pytest.mark.rule("PKI-5")
def test_revoked_from_then_on_with_its_reason(own_pki: Pki) -> None:
    certificate, issuer = pair(own_pki)
    authority = own_pki.authority("mo_sub2")
    authority.revoke(certificate, NOW + 5, "key_compromise")
    authority.revoke(certificate, NOW + 9, "superseded")
    status = verify_response(authority.staple(certificate, NOW + 60), certificate, issuer, NOW + 60)
    assert (status.status, status.revoked_at, status.reason) == (Status.REVOKED, NOW + 5, "keyCompromise")


@pytest.mark.rule("PKI-5")
def test_a_serial_nobody_issued_is_unknown_unless_the_memory_is_short(own_pki: Pki) -> None:
    certificate, issuer = pair(own_pki)
    authority = own_pki.authority("mo_sub2")
    stranger = replace(cert_id(certificate, issuer), serial=4711)
    for complete, expected in ((True, ocsp.OCSPCertStatus.UNKNOWN), (False, ocsp.OCSPCertStatus.GOOD)):
        authority.registry.complete = complete
        answer = ocsp.load_der_ocsp_response(authority.answer(request_for([stranger]), NOW))
        assert [single.certificate_status for single in answer.responses] == [expected] * 2


def test_several_certificates_in_one_request(pki: Pki) -> None:
    authority = pki.authority("mo_sub2")
    others = [authority.credentials(PROFILES["contract_leaf"], f"DEPNCC0000000{n}", NOW).leaf for n in range(3)]
    certificates = [pki.certificate("contract_leaf"), *others]
    names = [cert_id(one, authority.certificate) for one in certificates]
    foreign = cert_id(pki.certificate("secc_leaf"), pki.certificate("cpo_sub2"))
    answer = answer_request(request_for([*names, foreign]), pki.authorities(), NOW)
    for certificate in certificates:
        assert verify_response(answer, certificate, authority.certificate, NOW).status is Status.GOOD
    singles = [one for one in ocsp.load_der_ocsp_response(answer).responses if one.hash_algorithm.name == "sha256"]
    assert [single.certificate_status.name for single in singles] == ["GOOD"] * 4 + ["UNKNOWN"]


def test_refusals(pki: Pki) -> None:
    certificate, _ = pair(pki)
    nobody = build_request(certificate, pki.certificate("csms_root"))
    assert pki.answer_ocsp(nobody, NOW) == bytes.fromhex("30030a0106")
    for garbage in (b"", b"garbage", b"\x30\x00", nobody[:-1], nobody + b"\x00", b"\x30\x84\xff\xff\xff\xff"):
        assert pki.answer_ocsp(garbage, NOW) == bytes.fromhex("30030a0101")
    flood = request_for([cert_id(*pair(pki))] * 17)
    assert pki.answer_ocsp(flood, NOW) == bytes.fromhex("30030a0101")


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("nonce", [None, NONCE])
def test_a_request_says_the_same_alone_with_a_nonce_and_among_several(
    pki: Pki, algorithm: str, nonce: bytes | None
) -> None:
    name = cert_id(*pair(pki), algorithm)
    assert parse_request(request_for([name], nonce)) == ([name], nonce)
    assert parse_request(request_for([name, name], nonce)) == ([name, name], nonce)


def test_a_serial_number_that_lacks_its_leading_zero_is_read_as_it_was_meant() -> None:
    name = CertId("SHA256", (bytes(range(32)), bytes(range(32, 64))), 255)
    request = request_for([name])
    cut = request.replace(bytes.fromhex("020200ff"), bytes.fromhex("0201ff"))
    for place in (1, 3, 5, 7, 9):  # the sequences around it
        cut = cut[:place] + bytes((cut[place] - 1,)) + cut[place + 1 :]
    assert parse_request(request) == parse_request(cut) == ([name], None)


@steady
@given(st.sampled_from(["SHA1", "SHA256"]), st.integers(0, 114), st.integers(0, 255), st.integers(0, 2**159))
def test_a_request_that_was_altered_is_read_as_another_library_reads_it(
    algorithm: str, place: int, octet: int, serial: int
) -> None:
    hashed = hashlib.new(algorithm, b"issuer").digest()
    request = bytearray(request_for([CertId(algorithm, (hashed, hashed), serial)]))
    request[place % len(request)] = octet
    try:
        theirs = ocsp.load_der_ocsp_request(bytes(request))
        known = theirs.hash_algorithm.name.upper(), theirs.issuer_name_hash, theirs.issuer_key_hash
        wanted = (*known, theirs.serial_number)
    except (ValueError, NotImplementedError, UnsupportedAlgorithm):
        return  # stricter than we are
    with contextlib.suppress(RequestMalformed):
        ((name,), nonce) = parse_request(bytes(request))
        assert (name.algorithm, *name.issuer, name.serial) == wanted or wanted[-1] < 0
        assert nonce is None


@steady
@given(st.binary(max_size=200))
def test_no_octets_break_the_responder(octets: bytes) -> None:
    assert answer_request(octets, (), NOW)[:4] == bytes.fromhex("30030a01")


@steady
@given(st.binary(max_size=60), st.integers(0, 200))
def test_no_change_of_a_request_breaks_the_responder(octets: bytes, position: int) -> None:
    request = bytearray.fromhex(
        "303c303a303830363034300d0609608648016503040201050004100102030405060708090a0b0c0d0e0f10"
        "04100102030405060708090a0b0c0d0e0f100201ff"
    )
    request[position : position + len(octets)] = octets
    assert answer_request(bytes(request), (), NOW)[:4] == bytes.fromhex("30030a01")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("stale", "stale"),
        ("future", "from the future"),
        ("other-certificate", "not about the certificate"),
        ("foreign-signer", "not appointed"),
        ("signer-without-purpose", "lacks the extended key usage OCSPSigning"),
        ("signer-expired", "not valid now"),
        ("wrong-signature", "signature of the OCSP response is wrong"),
        ("refusal", "refused to answer: try later"),
        ("garbage", "cannot be read"),
    ],
)
def test_answers_that_cannot_be_believed(pki: Pki, fault: str, sentence: str) -> None:
    certificate, issuer = pair(pki)
    answer = wrong_staple(pki.authority("mo_sub2"), certificate, fault, NOW)
    with pytest.raises(OcspError, match=sentence) as caught:
        verify_response(answer, certificate, issuer, NOW)
    assert (caught.value.alert, caught.value.ocpp_status) == (113, "CertChainError")


def test_every_staple_fault_is_tested() -> None:
    assert STAPLE_FLAWS.keys() - {"revoked", "unknown"} == {
        *("stale", "future", "other-certificate", "foreign-signer", "signer-without-purpose", "signer-expired"),
        *("wrong-signature", "refusal", "garbage"),
    }


def test_an_unknown_staple_fault_is_named(pki: Pki) -> None:
    with pytest.raises(LocalError, match="There are: revoked"):
        wrong_staple(pki.authority("mo_sub2"), pki.certificate("contract_leaf"), "purple", NOW)


def test_nonce(pki: Pki) -> None:
    certificate, issuer = pair(pki)
    other = pki.answer_ocsp(build_request(certificate, issuer, nonce=b"other"), NOW)
    with pytest.raises(OcspError, match="another nonce"):
        verify_response(other, certificate, issuer, NOW, nonce=NONCE)
    without = pki.authority("mo_sub2").staple(certificate, NOW)
    told: list[Liberty] = []
    assert verify_response(without, certificate, issuer, NOW, nonce=NONCE, gate=told.append).status is Status.GOOD
    assert [one.tolerance for one in told] == [Tolerance.OCSP_NONCE]
    with pytest.raises(OcspError, match="does not repeat the nonce"):
        verify_response(without, certificate, issuer, NOW, nonce=NONCE)


@pytest.mark.parametrize("named", ["key", "name"])
def test_the_issuer_may_answer_itself(pki: Pki, named: str) -> None:
    certificate, issuer = pair(pki)
    answer = sign_answer(
        [Single(cert_id(certificate, issuer, "SHA1"), Status.GOOD, NOW, None)],
        key=pki.key("mo_sub2"),
        responder_id=by_key(issuer.public_key()) if named == "key" else by_name(issuer.subject.public_bytes()),
        produced_at=NOW,
    )
    for _ in range(2):  # what is remembered is told again
        told: list[Liberty] = []
        status = verify_response(answer, certificate, issuer, NOW + 3600, gate=told.append)
        assert (status.status, status.expires) == (Status.GOOD, NOW + DAY)
        assert [one.tolerance for one in told] == [Tolerance.OCSP_NEXT_UPDATE]
    with pytest.raises(OcspError, match="stale"):
        verify_response(answer, certificate, issuer, NOW + DAY + 1)


def test_cryptography_answers_verify_here(pki: Pki) -> None:
    certificate, issuer = pair(pki)
    signer, key = pki.certificate("ocsp_mo_sub2"), pki.key("ocsp_mo_sub2")
    moment = certificate.not_valid_before_utc
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(certificate, issuer, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, moment, moment, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.NAME, signer)
        .certificates([signer])
        .sign(key, hashes.SHA256())
    )
    at = moment.timestamp()
    assert verify_response(answer.public_bytes(Encoding.DER), certificate, issuer, at).status is Status.GOOD


def test_the_signer_is_renewed_when_it_expires(own_pki: Pki) -> None:
    certificate, issuer = pair(own_pki)
    first = own_pki.authority("mo_sub2").responder(NOW)
    later = NOW + 100 * DAY
    assert verify_response(own_pki.authority("mo_sub2").staple(certificate, later), certificate, issuer, later)
    assert own_pki.authority("mo_sub2").responder(later).leaf != first.leaf


def test_an_answer_does_not_outlive_its_signer(own_pki: Pki) -> None:
    certificate, issuer = pair(own_pki)
    authority = own_pki.authority("mo_sub2")
    ends = authority.responder(NOW).leaf.not_valid_after_utc.timestamp()
    late = ends - DAY
    assert verify_response(authority.staple(certificate, late), certificate, issuer, late).expires == ends


def test_an_answer_that_was_believed_is_not_any_more_once_its_signer_has_expired(own_pki: Pki) -> None:
    certificate, issuer = pair(own_pki)
    signer = own_pki.authority("mo_sub2").responder(NOW)
    ends = signer.leaf.not_valid_after_utc.timestamp()
    answer = sign_answer(
        [Single(cert_id(certificate, issuer), Status.GOOD, ends - DAY, ends + 30 * DAY)],
        key=signer.key,
        responder_id=by_name(signer.leaf.subject.public_bytes()),
        certificates=[signer.leaf.public_bytes(Encoding.DER)],
        produced_at=ends - DAY,
    )
    assert verify_response(answer, certificate, issuer, ends - 3600).status is Status.GOOD
    with pytest.raises(OcspError) as refused:
        verify_response(answer, certificate, issuer, ends + 2)
    assert refused.value.kind == "status signer"


class TestOpenssl:
    def write(self, pki: Pki, folder: Path) -> None:
        for role in pki.roles:
            (folder / role).write_bytes(pki.certificate(role).public_bytes(Encoding.PEM))
        bundle = b"".join(
            pki.certificate(role).public_bytes(Encoding.PEM) for role in ("mo_root", "mo_sub1", "mo_sub2")
        )
        (folder / "bundle").write_bytes(bundle)

    def ask(self, openssl: Openssl, folder: Path, answer: bytes) -> str:
        """What openssl makes of an answer about the contract certificate.

        Its check of freshness goes by the machine's clock whatever -attime says, hence the wide validity period.
        """
        (folder / "answer").write_bytes(answer)
        done = openssl(
            *("ocsp", "-issuer", folder / "mo_sub2", "-cert", folder / "contract_leaf", "-respin", folder / "answer"),
            *("-CAfile", folder / "bundle", "-attime", int(NOW), "-validity_period", 10**9, "-no_nonce"),
        )
        return done.stdout

    def test_answers(self, own_pki: Pki, openssl: Openssl, tmp_path: Path) -> None:
        self.write(own_pki, tmp_path)
        certificate, issuer = pair(own_pki)
        authority = own_pki.authority("mo_sub2")
        # openssl names certificates by SHA-1 unless told otherwise.
        request = build_request(certificate, issuer, algorithm="SHA1")
        good = self.ask(openssl, tmp_path, authority.answer(request, NOW))
        assert "Response verify OK" in good
        assert "contract_leaf: good" in good
        authority.revoke(certificate, NOW, "key_compromise")
        revoked = self.ask(openssl, tmp_path, authority.answer(request, NOW))
        assert "contract_leaf: revoked" in revoked
        assert "Reason: keyCompromise" in revoked

    def test_a_signer_without_purpose_is_refused_there_too(self, pki: Pki, openssl: Openssl, tmp_path: Path) -> None:
        self.write(pki, tmp_path)
        bad = wrong_staple(pki.authority("mo_sub2"), pki.certificate("contract_leaf"), "signer-without-purpose", NOW)
        assert "missing ocspsigning usage" in self.ask(openssl, tmp_path, bad)

    def test_its_requests_are_answered(self, pki: Pki, openssl: Openssl, tmp_path: Path) -> None:
        self.write(pki, tmp_path)
        for digest in ("-sha1", "-sha256"):
            openssl(
                *("ocsp", digest, "-issuer", tmp_path / "mo_sub2", "-cert", tmp_path / "contract_leaf"),
                *("-issuer", tmp_path / "cpo_sub2", "-cert", tmp_path / "secc_leaf", "-reqout", tmp_path / "request"),
            )
            answer = pki.answer_ocsp((tmp_path / "request").read_bytes(), NOW)
            assert verify_response(answer, *pair(pki), NOW).status is Status.GOOD

    def test_revocation_list(self, own_pki: Pki, openssl: Openssl, tmp_path: Path) -> None:
        self.write(own_pki, tmp_path)
        authority = own_pki.authority("mo_sub2")
        for expected in ("OK", "certificate revoked"):
            crl = x509.load_der_x509_crl(build_crl(authority, NOW))
            (tmp_path / "crl").write_bytes(crl.public_bytes(Encoding.PEM))
            done = openssl(
                *("verify", "-x509_strict", "-crl_check", "-CRLfile", tmp_path / "crl", "-attime", int(NOW)),
                *("-CAfile", tmp_path / "mo_root", "-untrusted", tmp_path / "bundle", tmp_path / "contract_leaf"),
            )
            assert expected in done.stdout, done.stdout
            authority.revoke(own_pki.certificate("contract_leaf"), NOW, "superseded")
