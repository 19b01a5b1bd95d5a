"""What an actor needs to prove who it is: a certificate chain and its private key, or a signer standing for the key."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.wire.algorithms import Algorithm, SigningKey, algorithm_of
from pncsim.wire.values import Discreet


class Signer(Protocol):
    """Makes signatures; the key itself may live elsewhere (an HSM)."""

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data`` in its V2G form (:class:`wire.algorithms.Algorithm`)."""


class KeySigner(Discreet, Struct, frozen=True, dict=True):
    """A :class:`Signer` over a key in memory."""

    _hidden = ("key",)

    key: SigningKey

    @cached_property
    def algorithm(self) -> Algorithm:
        """The one the key is for. Raises LocalError for a key that signs no messages."""
        return algorithm_of(self.key)

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``. Raises LocalError for a key that signs no messages."""
        return self.algorithm.sign(self.key, data)


class Credentials(Discreet, Struct, frozen=True, dict=True):
    """A chain, leaf first and without its root, and the leaf's private key. The key is never shown by ``repr``."""

    _hidden = ("key",)

    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate the key belongs to."""
        return self.chain[0]

    @cached_property
    def chain_der(self) -> tuple[bytes, ...]:
        """The chain as DER, leaf first."""
        return tuple(c.public_bytes(serialization.Encoding.DER) for c in self.chain)

    @cached_property
    def signer(self) -> Signer:
        """A signer over the key."""
        return KeySigner(self.key)
