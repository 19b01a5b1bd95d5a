"""Signers of all algorithms, judged by the openssl program and by our own verifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from foreign import Openssl

from pncsim.wire.algorithms import ALGORITHMS, ED448, P256, P521, Algorithm, SigningKey, algorithm_of
from pncsim.wire.credentials import KeySigner
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Seeded
from pncsim.wire.v2g import iso2, signature

DATA = b"EXI of a SignedInfo" * 9
PARTS: list[signature.Part] = [("AuthorizationReq", iso2.AuthorizationReq(Id="id1", GenChallenge=bytes(range(16))))]
HOUSE20 = signature.Rules("iso2", (P521, ED448))
"""As ISO 15118-20 has it, over messages of -2."""


def key_for(algorithm: Algorithm, seed: int = 1) -> SigningKey:
    source = Seeded(seed)
    keys: dict[Algorithm, SigningKey] = {
        P256: source.key(),
        P521: source.key(ec.SECP521R1()),
        ED448: source.ed448_key(),
    }
    return keys[algorithm]


def rules_for(algorithm: Algorithm) -> signature.Rules:
    return signature.Rules("iso2", (algorithm,))


by_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)


def der_form(algorithm: Algorithm, value: bytes) -> bytes:
    """What openssl takes: ECDSA in DER, Ed448 as it is."""
    if algorithm is ED448:
        return value
    half = algorithm.size // 2
    return encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))


@by_algorithm
def test_openssl_verifies_what_a_signer_signs(algorithm: Algorithm, openssl: Openssl, tmp_path: Path) -> None:
    key = key_for(algorithm)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, octets in {
        "public": public,
        "data": DATA,
        "value": der_form(algorithm, KeySigner(key).sign(DATA)),
        "altered": DATA + b"!",
    }.items():
        (tmp_path / name).write_bytes(octets)
    asked = ["pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "public", "-sigfile", tmp_path / "value", "-rawin"]
    if algorithm.ecdsa is not None:
        asked += ["-digest", {P256: "sha256", P521: "sha512"}[algorithm]]
    good = openssl(*asked, "-in", tmp_path / "data")
    assert "Signature Verified Successfully" in good.stdout, good.stdout
    assert "Signature Verified Successfully" not in openssl(*asked, "-in", tmp_path / "altered").stdout


@by_algorithm
def test_a_signature_value_has_the_size_of_the_standard_and_no_other_is_taken(algorithm: Algorithm) -> None:
    key = key_for(algorithm)
    signer = KeySigner(key)
    assert signer.algorithm is algorithm
    values = [signer.sign(bytes([number])) for number in range(64)]
    assert {len(value) for value in values} == {algorithm.size}, "short r and s are padded"
    assert all(algorithm.verifies(key.public_key(), value, bytes([n])) for n, value in enumerate(values))
    assert not algorithm.verifies(key.public_key(), values[0][:-1], bytes(1))
    assert not algorithm.verifies(key.public_key(), bytes(algorithm.size), bytes(1))
    assert not algorithm.verifies(key_for(algorithm, 2).public_key(), values[0], bytes(1))


@pytest.mark.rule("PKI-12")
@by_algorithm
def test_a_message_signed_with_any_algorithm_verifies_where_it_is_allowed(algorithm: Algorithm) -> None:
    key, rules = key_for(algorithm), rules_for(algorithm)
    made = signature.sign(PARTS, KeySigner(key), rules=rules)
    assert made.SignedInfo.SignatureMethod.Algorithm == signature.METHODS[algorithm].signature
    assert signature.verify(made, PARTS, key.public_key(), rules=rules) == "xmldsig"
    with pytest.raises(signature.SignatureError, match="not made with the key"):
        signature.verify(made, PARTS, key_for(algorithm, 2).public_key(), rules=rules)
    altered = [("AuthorizationReq", iso2.AuthorizationReq(Id="id1", GenChallenge=bytes(16)))]
    with pytest.raises(signature.SignatureError, match="digest of AuthorizationReq"):
        signature.verify(made, altered, key.public_key(), rules=rules)


@pytest.mark.parametrize(
    ("algorithm", "method", "digest", "octets"),
    [
        (P256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", 32),
        (P521, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512", 64),
        (
            ED448,
            "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
            "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
            64,
        ),
    ],
)
def test_each_algorithm_is_named_as_the_standard_names_it(
    algorithm: Algorithm, method: str, digest: str, octets: int
) -> None:
    info = signature.sign(PARTS, KeySigner(key_for(algorithm)), rules=rules_for(algorithm)).SignedInfo
    assert info.SignatureMethod.Algorithm == method
    assert info.Reference[0].DigestMethod.Algorithm == digest
    assert len(info.Reference[0].DigestValue) == octets


@pytest.mark.parametrize("algorithm", [P521, ED448], ids=lambda algorithm: algorithm.name)
def test_iso_15118_2_allows_p_256_alone(algorithm: Algorithm) -> None:
    key = key_for(algorithm)
    with pytest.raises(LocalError, match=r"not allowed here; allowed is ECDSA with P-256"):
        signature.sign(PARTS, KeySigner(key))
    made = signature.sign(PARTS, KeySigner(key), rules=HOUSE20)
    with pytest.raises(signature.SignatureError, match=r"SignatureMethod is .*, allowed is '.*#ecdsa-sha256'"):
        signature.verify(made, PARTS, key.public_key())


@pytest.mark.rule("PKI-12")
def test_an_algorithm_under_the_name_of_another_is_refused() -> None:
    """A -20 station allows two: the method named in SignedInfo must be the one the certificate's key is for."""
    made = signature.sign(PARTS, KeySigner(key_for(P521)), rules=HOUSE20)
    with pytest.raises(signature.SignatureError, match=r"P-521 .* for which the key of the certificate shown is not"):
        signature.verify(made, PARTS, key_for(ED448).public_key(), rules=HOUSE20)


def test_a_key_no_message_is_signed_with_is_refused_with_a_sentence() -> None:
    with pytest.raises(LocalError, match="key on secp384r1"):
        algorithm_of(Seeded(1).key(ec.SECP384R1()))
    with pytest.raises(LocalError, match="key on ed448 cannot sign with ECDSA with P-256"):
        P256.sign(key_for(ED448), DATA)
