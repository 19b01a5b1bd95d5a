"""Issuing for stations, contracts and vehicles; revoking; judging contract chains for stations."""

from __future__ import annotations

from itertools import pairwise

import pytest
from backend_world import NOW, World, unrelated
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pncsim.backend.refusal import Refused
from pncsim.tls_certs.issue import RequestError
from pncsim.tls_certs.ocsp import hash_data
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.credentials import Credentials


def request_for(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "cs001") -> bytes:
    """A certificate request as stations make them."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stations Ltd"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "is dropped"),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


async def test_a_stations_request_becomes_a_v2g_chain_with_its_name_and_key(world: World) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = await world.eco.ca.sign_csr(request_for(key).decode(), "V2GCertificate")
    chain = x509.load_pem_x509_certificates(pem.encode())
    assert [c.subject for c in chain[1:]] == [c.subject for c in world.pki.credentials("secc_leaf").chain[1:]]
    assert chain[0].public_key() == key.public_key()
    names = {attribute.oid: attribute.value for attribute in chain[0].subject}
    assert names[NameOID.COMMON_NAME] == "cs001"
    assert names[NameOID.ORGANIZATION_NAME] == "Stations Ltd"
    assert names[NameOID.DOMAIN_COMPONENT] == "CPO"
    assert NameOID.ORGANIZATIONAL_UNIT_NAME not in names
    validate_chain(chain, world.pki.anchors("v2g_root"), Use.SECC, NOW)
    assert (await world.eco.ocsp.of(chain[0], chain[1])).status == "good"


async def test_a_stations_ocpp_certificate_comes_from_the_csms_root(world: World) -> None:
    pem = await world.eco.ca.sign_csr(
        request_for(ec.generate_private_key(ec.SECP256R1())).decode(), "ChargingStationCertificate"
    )
    (leaf,) = x509.load_pem_x509_certificates(pem.encode())
    leaf.verify_directly_issued_by(world.pki.certificate("csms_root"))


def tampered(pem: bytes) -> str:
    """The request with another key's name of the same length: its signature no longer fits."""
    der = x509.load_pem_x509_csr(pem).public_bytes(Encoding.DER).replace(b"cs001", b"cs002")
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tampered(request_for(ec.generate_private_key(ec.SECP256R1()))), "not signed by the key"),
        (lambda: request_for(ec.generate_private_key(ec.SECP384R1())).decode(), "P-384"),
        (lambda: request_for(rsa.generate_private_key(65537, 2048)).decode(), "RSA"),
        (lambda: "-----BEGIN NONSENSE-----", "cannot be read"),
    ],
    ids=["no proof of possession", "P-384", "RSA", "not a request"],
)
async def test_bad_requests_are_rejected(world: World, make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(RequestError, match=says) as caught:
        await world.eco.ca.sign_csr(make(), "V2GCertificate")
    assert caught.value.ocpp_status == "Rejected"


@pytest.mark.rule("PKI-5")
async def test_revocation_shows_at_once_and_only_the_issuer_revokes(world: World) -> None:
    certificate, issuer = world.vehicle.chain[:2]
    assert (await world.eco.ocsp.of(certificate, issuer)).status == "good"
    await world.eco.ca.revoke("oem_leaf", "key_compromise")
    state = await world.eco.ocsp.of(certificate, issuer)
    assert state.status == "revoked"
    assert "keyCompromise" in state.text
    assert not await world.eco.ca.revoke_certificate(unrelated("oem_leaf").leaf)


async def test_a_role_without_certificate_cannot_be_revoked(world: World) -> None:
    with pytest.raises(Exception, match="no certificate for the role") as caught:
        await world.eco.ca.revoke("nobody")
    assert not isinstance(caught.value, Refused)


def pem_of(credentials: Credentials) -> str:
    return "".join(c.public_bytes(Encoding.PEM).decode() for c in credentials.chain)


@pytest.mark.rule("CSO-1")
async def test_contract_chains_are_judged_with_hash_data_for_every_certificate_below_the_root(world: World) -> None:
    contract = world.pki.credentials("contract_leaf")
    verdict = await world.eco.chains.judge(pem_of(contract), NOW)
    path = (*contract.chain, world.pki.certificate("mo_root"))
    assert verdict.status == "Accepted"
    assert verdict.hashes == tuple(hash_data(*pair) for pair in pairwise(path))
    assert [await world.eco.ocsp.status(one) for one in verdict.hashes] == ["good"] * 3


async def test_bad_contract_chains_get_the_status_that_names_the_fault(world: World) -> None:
    contract = world.pki.credentials("contract_leaf")
    judged = {
        "expired": (pem_of(contract), NOW + 3 * 365 * 86_400),
        "unrelated": (pem_of(unrelated("contract_leaf")), NOW),
        "wrong kind": (pem_of(world.vehicle), NOW),
        "no PEM": ("nothing", NOW),
        "flood": ("x" * 20_000, NOW),
    }
    found = {what: (await world.eco.chains.judge(*given)).status for what, given in judged.items()}
    assert found == {
        "expired": "CertificateExpired",
        "unrelated": "CertChainError",
        "wrong kind": "CertChainError",
        "no PEM": "CertChainError",
        "flood": "CertChainError",
    }


async def test_a_certificate_for_both_uses_is_one_that_vehicles_and_a_csms_believe(world: World) -> None:
    pem = await world.eco.ca.sign_csr(request_for(ec.generate_private_key(ec.SECP256R1())).decode(), "Combined")
    leaf = x509.load_pem_x509_certificates(pem.encode())[0]
    assert leaf.issuer == world.pki.certificate("cpo_sub2").subject
    assert not [e for e in leaf.extensions if isinstance(e.value, x509.ExtendedKeyUsage)]
