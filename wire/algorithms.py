"""The algorithms V2G messages are signed with, one row each; the form of a signature value is that of the standards.

ISO 15118-2 knows ECDSA with P-256 alone (V2G2-771), ISO 15118-20 ECDSA with P-521 (V2G20-2674) and Ed448 (V2G20-2319).
Who verifies says which of them it allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from msgspec import Struct

from pncsim.wire.errors import LocalError

AlgorithmId = Literal["P-256", "P-521"]
"""What configuration calls an algorithm: by its curve, which has one hash (V2G2-006, V2G20-2674)."""

SigningKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey


def ecdsa(algorithm: hashes.HashAlgorithm) -> ec.ECDSA:
    """How we sign with ECDSA: deterministic (RFC 6979), so that the same key and octets give the same signature and
    none needs randomness. It takes an eighth longer and is no weaker, for real keys too.
    """
    return ec.ECDSA(algorithm, deterministic_signing=True)


class Algorithm(Struct, frozen=True, eq=False):
    """One algorithm: the ``curve`` its keys are on, the hash it signs (None: Ed448 hashes by itself), and the octets of
    a signature value: r || s, each padded to the size of the field, or an Ed448 signature as it is.
    """

    name: str
    curve: str
    ecdsa: ec.ECDSA | None
    size: int

    def fits(self, key: object) -> bool:
        """Whether ``key``, private or public, is one for this algorithm."""
        return _curve(key) == self.curve

    def sign(self, key: SigningKey, data: bytes) -> bytes:
        """The signature value over ``data``. Raises LocalError where ``key`` does not fit."""
        if _curve(key) != self.curve:
            raise LocalError(f"A key on {_curve(key)} cannot sign with {self.name}.")
        fitting: Any = key
        if self.ecdsa is None:
            return bytes(fitting.sign(data))
        r, s = decode_dss_signature(fitting.sign(data, self.ecdsa))
        return r.to_bytes(self.size // 2, "big") + s.to_bytes(self.size // 2, "big")

    def verifies(self, key: object, value: bytes, data: bytes) -> bool:
        """Whether ``value`` is the signature over ``data`` of the holder of ``key``, a public key; False if unfit."""
        if len(value) != self.size or _curve(key) != self.curve or hasattr(key, "public_key"):
            return False
        fitting: Any = key
        try:
            if self.ecdsa is None:
                fitting.verify(value, data)
            else:
                half = self.size // 2
                r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
                fitting.verify(encode_dss_signature(r, s), data, self.ecdsa)
        except InvalidSignature:
            return False
        return True


def allowed(ids: Iterable[AlgorithmId]) -> tuple[Algorithm, ...]:
    """The algorithms that configuration names. Raises LocalError for one that nobody knows, and for none."""
    known = {"P-256": P256, "P-521": P521}
    found: list[Algorithm] = []
    for one in ids:
        if one not in known:
            raise LocalError(f"There is no algorithm {one!r}.", advice=f"There are {' and '.join(known)}.")
        found.append(known[one])
    if not found:
        raise LocalError("Certificates and signatures need an algorithm.", advice=f"Name {' or '.join(known)}.")
    return tuple(found)


P256 = Algorithm("ECDSA with P-256 and SHA-256", "secp256r1", ecdsa(hashes.SHA256()), 64)
P521 = Algorithm("ECDSA with P-521 and SHA-512", "secp521r1", ecdsa(hashes.SHA512()), 132)
ED448 = Algorithm("Ed448", "ed448", None, 114)

ALGORITHMS = (P256, P521, ED448)


def algorithm_of(key: SigningKey) -> Algorithm:
    """The algorithm a key is for. Raises LocalError where there is none."""
    for algorithm in ALGORITHMS:
        if algorithm.fits(key):
            return algorithm
    raise LocalError(
        f"No message can be signed with a key on {_curve(key) or type(key).__name__}.",
        advice=f"There are: {', '.join(algorithm.name for algorithm in ALGORITHMS)}.",
    )


def _curve(key: Any) -> str:
    kind = type(key)
    if kind not in _KINDS:
        # The library's classes are abstract ones, dear to ask: what is behind them is found out once.
        elliptic = isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey)
        edwards = isinstance(key, ed448.Ed448PrivateKey | ed448.Ed448PublicKey)
        _KINDS[kind] = "elliptic" if elliptic else "ed448" if edwards else ""
    found = _KINDS[kind]
    if found != "elliptic":
        return found
    name: str = key.curve.name
    return name


_KINDS: dict[type, str] = {}
