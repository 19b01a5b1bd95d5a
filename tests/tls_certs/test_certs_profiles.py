"""Issued certificates against the profiles, read back and judged by openssl."""

from __future__ import annotations

from pathlib import Path

import pytest
from certs_lab import NOW, OCSP_URL
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from foreign import Openssl

from pncsim.tls_certs.issue import RequestError, build_request, check_request, issue, subject_name
from pncsim.tls_certs.keys import KeyKind, make_key
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import DAY, OCSP_PROFILES, PROFILES, V2G_PROFILES
from pncsim.tls_certs.reading import responder_url
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM

ROLES = [profile.role for profile in (*V2G_PROFILES, *OCSP_PROFILES)]
CRITICAL = {x509.BasicConstraints, x509.KeyUsage}


def dc(certificate: x509.Certificate) -> list[str]:
    return [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.DOMAIN_COMPONENT)]


def test_the_roles_are_those_people_exchange_folders_with() -> None:
    assert [profile.role for profile in V2G_PROFILES] == [
        *("v2g_root", "cpo_sub1", "cpo_sub2", "secc_leaf"),
        *("mo_root", "mo_sub1", "mo_sub2", "contract_leaf"),
        *("cps_sub1", "cps_sub2", "cps_leaf"),
        *("oem_root", "oem_sub1", "oem_sub2", "oem_leaf"),
    ]
    assert {profile.role for profile in OCSP_PROFILES} == {
        f"ocsp_{profile.role}" for profile in V2G_PROFILES if profile.ca
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_certificate_is_its_profile(pki: Pki, role: str) -> None:
    profile, certificate = PROFILES[role], pki.certificate(role)
    assert len(certificate.public_bytes(Encoding.DER)) <= 800
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    assert 0 < certificate.serial_number < 1 << 159
    extensions = {type(extension.value): extension for extension in certificate.extensions}
    for kind in CRITICAL:
        assert extensions[kind].critical
    assert not any(extension.critical for kind, extension in extensions.items() if kind not in CRITICAL)
    assert {x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier} <= extensions.keys()
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (profile.ca, profile.path_length)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert all(getattr(usage, bit) for bit in profile.key_usage)
    assert usage.key_cert_sign is profile.ca
    assert dc(certificate) == [profile.domain]
    has_url = profile.issuer is not None and not profile.responder
    assert responder_url(certificate) == (OCSP_URL if has_url else "")
    assert (x509.OCSPNoCheck in extensions) is profile.responder


@pytest.mark.parametrize("role", [role for role in ROLES if PROFILES[role].issuer])
def test_nothing_outlives_its_issuer(pki: Pki, role: str) -> None:
    issuer = pki.certificate(PROFILES[role].issuer or "")
    certificate = pki.certificate(role)
    certificate.verify_directly_issued_by(issuer)
    assert issuer.not_valid_before_utc <= certificate.not_valid_before_utc
    assert certificate.not_valid_after_utc <= issuer.not_valid_after_utc
    assert certificate.not_valid_before_utc.timestamp() <= NOW < certificate.not_valid_after_utc.timestamp()


def test_common_names_are_the_identifiers() -> None:
    made = create_pki(NOW, emaid="de-abc-c12345678", pcid="WMI12345671234567", evse_id="DE*ICE*E45B*78C")
    cn = {
        role: made.certificate(role).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        for role in ("contract_leaf", "oem_leaf", "secc_leaf")
    }
    assert cn == {"contract_leaf": "DEABCC12345678", "oem_leaf": "WMI12345671234567", "secc_leaf": "DEICEE45B78C"}
    assert not made.certificate("contract_leaf").subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)


@pytest.mark.rule("PKI-8")
def test_chains_can_hang_under_the_v2g_root() -> None:
    made = create_pki(NOW, contract_ca="v2g", oem_ca="v2g")
    assert made.root("contract_leaf") == made.root("oem_leaf") == made.certificate("v2g_root")


@pytest.mark.parametrize("role", [role for role in ROLES if PROFILES[role].issuer])
def test_openssl_accepts_every_chain_strictly(pki: Pki, role: str, openssl: Openssl, tmp_path: Path) -> None:
    chain = pki.chain(role)
    for name, certificates in (("root", [pki.root(role)]), ("subs", chain[1:]), ("leaf", chain[:1])):
        (tmp_path / name).write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    untrusted = ["-untrusted", tmp_path / "subs"] if len(chain) > 1 else []
    options = ["-x509_strict", "-check_ss_sig", "-attime", int(NOW), "-CAfile", tmp_path / "root", *untrusted]
    done = openssl("verify", *options, tmp_path / "leaf")
    assert done.returncode == 0, done.stdout


def test_the_csms_certificate_names_the_loopback_hosts(pki: Pki, openssl: Openssl, tmp_path: Path) -> None:
    for role in ("csms_root", "csms_server"):
        (tmp_path / role).write_bytes(pki.certificate(role).public_bytes(Encoding.PEM))
    for option, host in (
        ("-verify_hostname", "localhost"),
        ("-verify_ip", "127.0.0.1"),
        ("-verify_ip", "::1"),
        ("-verify_ip", "127.0.0.2"),
    ):
        done = openssl(
            *("verify", "-x509_strict", "-purpose", "sslserver", "-attime", int(NOW), option, host),
            *("-CAfile", tmp_path / "csms_root", tmp_path / "csms_server"),
        )
        assert (done.returncode == 0) is (host != "127.0.0.2"), done.stdout


def test_string_types_of_a_foreign_issuer_are_copied_octet_by_octet() -> None:
    key = SYSTEM.key()
    printable = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Foreign Root", x509.name._ASN1Type.PrintableString)]
    )
    root = issue(PROFILES["mo_root"], printable, key.public_key(), NOW, issuer=None, issuer_key=key, serial=1)
    sub = issue(
        PROFILES["mo_sub1"],
        subject_name(PROFILES["mo_sub1"], "Sub"),
        SYSTEM.key().public_key(),
        NOW,
        issuer=x509.load_der_x509_certificate(root.public_bytes(Encoding.DER)),
        issuer_key=key,
        serial=1,
    )
    name = bytes.fromhex("130c") + b"Foreign Root"
    assert root.public_bytes(Encoding.DER).count(name) == 2
    assert sub.public_bytes(Encoding.DER).count(name) == 1


def test_too_long_an_address_is_refused() -> None:
    with pytest.raises(LocalError, match=r"octets, 800 are allowed.*shorter") as caught:
        create_pki(NOW, ocsp_url="http://ocsp.example/" + "x" * 300)
    assert caught.value.clause == "V2G2-010"


def test_an_expired_authority_issues_nothing(pki: Pki) -> None:
    later = pki.certificate("cpo_sub2").not_valid_after_utc.timestamp() + 2 * DAY
    with pytest.raises(LocalError, match="SECC certificate cannot be issued"):
        pki.authority("cpo_sub2").credentials(PROFILES["secc_leaf"], "DEPNCE1", later)


def test_not_after_may_only_shorten(pki: Pki) -> None:
    authority = pki.authority("mo_sub2")
    profile = PROFILES["contract_leaf"]
    short = authority.credentials(profile, "DEPNCC00000002", NOW, not_after=NOW + 30 * DAY)
    assert short.leaf.not_valid_after_utc.timestamp() == NOW + 30 * DAY
    long = authority.credentials(profile, "DEPNCC00000003", NOW, not_after=NOW + 90 * 365 * DAY)
    assert long.leaf.not_valid_after_utc == authority.certificate.not_valid_after_utc


@pytest.mark.rule("PKI-12")
def test_profiles_of_other_key_kinds_can_be_issued() -> None:
    for kind in (KeyKind.P521, KeyKind.ED448):
        key = make_key(kind, SYSTEM)
        profile = PROFILES["v2g_root"]
        root = issue(
            profile,
            subject_name(profile, "root"),
            key.public_key(),
            NOW,
            issuer=None,
            issuer_key=key,
            serial=1,
        )
        root.verify_directly_issued_by(root)


@pytest.mark.rule("PKI-3")
def test_request_to_certificate(pki: Pki) -> None:
    key = SYSTEM.key()
    octets = build_request(key, PROFILES["secc_leaf"], "DEPNCE100002", organization="CPO Ltd")
    pem = x509.load_der_x509_csr(octets).public_bytes(Encoding.PEM).decode()
    request = check_request(pem)
    leaf = pki.authority("cpo_sub2").issue_from_request(request, PROFILES["secc_leaf"], NOW)
    assert leaf.public_key() == key.public_key()
    assert dc(leaf) == ["CPO"]
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "CPO Ltd"


def test_a_request_cannot_smuggle_in_extensions(pki: Pki) -> None:
    key = SYSTEM.key()
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject_name(PROFILES["secc_leaf"], "DEPNCE100002"))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .sign(key, hashes.SHA256())
    )
    checked = check_request(request.public_bytes(Encoding.DER))
    leaf = pki.authority("cpo_sub2").issue_from_request(checked, PROFILES["secc_leaf"], NOW)
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def request_with(kind: KeyKind) -> bytes:
    key = make_key(kind, SYSTEM)
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_name(PROFILES["secc_leaf"], "X"))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def tampered_request() -> bytes:
    octets = build_request(SYSTEM.key(), PROFILES["secc_leaf"], "DEPNCE100002")
    return octets.replace(b"DEPNCE100002", b"DEPNCE100003")


def nameless_request() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "X")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(SYSTEM.key(), hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (request_with(KeyKind.RSA), "RSA 2048; P-256"),
        (request_with(KeyKind.P384), "P-384; P-256"),
        (tampered_request(), "not signed by the key"),
        (nameless_request(), "has no O"),
        (b"garbage", "cannot be read"),
        (b"", "cannot be read"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "cannot be read"),
        ("ünïcode", "cannot be read"),
    ],
)
def test_bad_requests(octets: bytes | str, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence) as caught:
        check_request(octets)
    assert caught.value.http_status == 400
