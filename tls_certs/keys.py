"""Kinds of keys and what certificates need of them: making, signing, checking a signature, bits for hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from pncsim.tls_certs import der
from pncsim.wire.algorithms import ecdsa
from pncsim.wire.source import Source

PrivateKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey
PublicKey = CertificatePublicKeyTypes
SignatureHash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


class KeyKind(StrEnum):
    """A kind of key; the profiles of ISO 15118-2 know P-256 alone, those of -20 P-521 and Ed448."""

    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    ED448 = "Ed448"
    RSA = "RSA"


_SHA256 = hashes.SHA256()
_HASHES = (_SHA256, hashes.SHA384(), hashes.SHA512())
_ECDSA = {algorithm.name: ecdsa(algorithm) for algorithm in _HASHES}
_ECDSA_AT_RANDOM = {algorithm.name: ec.ECDSA(algorithm) for algorithm in _HASHES}
_CURVES = {"secp256r1": KeyKind.P256, "secp384r1": KeyKind.P384, "secp521r1": KeyKind.P521}

CURVES: Mapping[str, ec.EllipticCurve] = {
    KeyKind.P256.value: ec.SECP256R1(),
    KeyKind.P384.value: ec.SECP384R1(),
    KeyKind.P521.value: ec.SECP521R1(),
}
"""The curves, by the names of their kinds."""

SIGNATURE_HASHES: dict[KeyKind, SignatureHash | None] = {
    KeyKind.P256: hashes.SHA256(),
    KeyKind.P384: hashes.SHA384(),
    KeyKind.P521: hashes.SHA512(),
    KeyKind.ED448: None,
    KeyKind.RSA: hashes.SHA256(),
}
"""What a key of each kind signs certificates with (V2G2-006, V2G20-2674); Ed448 hashes by itself."""


def make_key(kind: KeyKind, source: Source) -> PrivateKey:
    """A fresh key of any kind; where P-256 is meant, ``source.key()`` says it shorter and gives the type."""
    match kind:
        case KeyKind.P256:
            return source.key()
        case KeyKind.P384:
            return source.key(ec.SECP384R1())
        case KeyKind.P521:
            return source.key(ec.SECP521R1())
        case KeyKind.ED448:
            return source.ed448_key()
        case KeyKind.RSA:
            return source.rsa_key()


def kind_of(key: PrivateKey | PublicKey) -> KeyKind | None:
    """The kind of a key, private or public; None for one that no profile, good or bad, knows."""
    found = _family(type(key))
    elliptic: Any = key  # to say so by a cast is a call
    return _CURVES.get(elliptic.curve.name) if found == "elliptic" else found


@cache
def _family(kind: type) -> Literal["elliptic"] | KeyKind | None:
    """What all keys of a class are. The library's are behind abstract classes, dear to ask."""
    if issubclass(kind, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return "elliptic"
    if issubclass(kind, ed448.Ed448PublicKey | ed448.Ed448PrivateKey):
        return KeyKind.ED448
    return KeyKind.RSA if issubclass(kind, rsa.RSAPublicKey | rsa.RSAPrivateKey) else None


def name_of(key: PublicKey) -> str:
    """What to call the key in a sentence: "P-256", "secp256k1", "RSA 2048", "Ed25519"."""
    match key:
        case ec.EllipticCurvePublicKey():
            kind = _CURVES.get(key.curve.name)
            return kind.value if kind else key.curve.name
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
    return type(key).__name__.lstrip("_").removesuffix("PublicKey")


def deterministic(key: PrivateKey) -> Literal[True] | None:
    """What cryptography's builders want to be told so that ECDSA is deterministic; other keys refuse to hear of it."""
    return True if isinstance(key, ec.EllipticCurvePrivateKey) else None


def sign(key: PrivateKey, data: bytes, algorithm: hashes.HashAlgorithm | None, *, repeatable: bool = True) -> bytes:
    """The signature over ``data`` as X.509 carries it (ECDSA as DER).

    ``repeatable`` False: ECDSA by the system's randomness, for what is signed by the thousand and never compared.
    """
    if _family(type(key)) == "elliptic":
        algorithm = algorithm or _SHA256
        ways = _ECDSA if repeatable else _ECDSA_AT_RANDOM
        elliptic: Any = key
        signature: bytes = elliptic.sign(data, ways.get(algorithm.name) or ecdsa(algorithm))
        return signature
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm or hashes.SHA256())
    assert isinstance(key, ed448.Ed448PrivateKey), "there is no other kind"
    return key.sign(data)


def signed_by(key: PublicKey, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | None) -> bool:
    """Whether ``signature`` is ``key``'s over ``data``; False too for kinds of keys that no profile knows."""
    try:
        match key:
            case ec.EllipticCurvePublicKey() if algorithm is not None:
                key.verify(signature, data, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() if algorithm is not None:
                key.verify(signature, data, padding.PKCS1v15(), algorithm)
            case ed448.Ed448PublicKey():
                key.verify(signature, data)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def key_bits(key: PublicKey) -> bytes:
    """The content of the key's BIT STRING, over which key identifiers and OCSP key hashes go (RFC 6960 4.1.1)."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    spki = der.sequence(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return spki[1].content[1:]


def key_hash(key: PublicKey) -> bytes:
    """The SHA-1 hash of the key's bits: a method 1 key identifier, and a responder's name in OCSP."""
    return hashlib.sha1(key_bits(key), usedforsecurity=False).digest()


def private_octets(key: PrivateKey) -> bytes:
    """The key as it is kept where nobody else can read: PKCS#8, DER, not encrypted."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def kept_ec_key(octets: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of :func:`private_octets`. Raises ValueError for what is none, and for one of another kind."""
    key = load_der_private_key(octets, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("a key that was kept is no EC key")
    return key


def kept_rsa_key(octets: bytes) -> rsa.RSAPrivateKey:
    """As :func:`kept_ec_key`, for RSA."""
    key = load_der_private_key(octets, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("a key that was kept is no RSA key")
    return key
