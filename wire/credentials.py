"""What an actor needs to prove who it is: a certificate chain and its private key, or a signer standing for the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def ecdsa(algorithm: hashes.HashAlgorithm) -> ec.ECDSA:
    """How everything here signs with ECDSA: deterministic (RFC 6979), so that the same key and octets give the same
    signature and none needs randomness. It costs nothing and is no weaker, for real keys too.
    """
    return ec.ECDSA(algorithm, deterministic_signing=True)


class Signer(Protocol):
    """Makes signatures; the key itself may live elsewhere (an HSM)."""

    def sign(self, data: bytes) -> bytes:
        """The V2G form of an ECDSA signature over ``data``: r || s, each padded to the field size (64 bytes, P-256)."""


@dataclass(frozen=True)
class KeySigner:
    """A :class:`Signer` over a key in memory."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256 over ``data`` as raw r || s (V2G2 clause 7.9.2)."""
        r, s = decode_dss_signature(self.key.sign(data, ecdsa(hashes.SHA256())))
        size = (self.key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@dataclass(frozen=True)
class Credentials:
    """A chain, leaf first and without its root, and the leaf's private key. The key is never shown by ``repr``."""

    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate the key belongs to."""
        return self.chain[0]

    @cached_property
    def chain_der(self) -> tuple[bytes, ...]:
        """The chain as DER, leaf first."""
        return tuple(c.public_bytes(serialization.Encoding.DER) for c in self.chain)

    @property
    def signer(self) -> Signer:
        """A signer over the key."""
        return KeySigner(self.key)
