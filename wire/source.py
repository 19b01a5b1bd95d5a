"""Where random choices come from: ids, challenges, back-off, serial numbers and private keys.

Actors are given a :class:`Source` and draw from nothing else, so that a run can be repeated: with the same seed an
actor draws the same values. :data:`SYSTEM` is the system's randomness, for real keys. Signatures need no randomness
here: ECDSA is deterministic (RFC 6979, :func:`wire.algorithms.ecdsa`), but for OCSP answers where there is no seed.

**The keys of a seeded source are worthless as secrets**: whoever knows the seed, often a small number printed in a
report, has every private key. They are for runs in a laboratory, and no certificate over them may leave it.
"""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections.abc import Sequence
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

T = TypeVar("T")
P256 = ec.SECP256R1()
_EXPONENT = 65537


class Source:
    """The system's randomness; :class:`Seeded` repeats itself."""

    seed: str | None = None
    """What a run is repeated with; None where it cannot be."""

    def of(self, name: str) -> Source:
        """The stream of one actor or purpose ("EV-1"); what is drawn there leaves all other streams as they are.

        Asked for again by the same name, it goes on where it was.
        """
        return self

    def octets(self, count: int) -> bytes:
        """``count`` random octets."""
        return os.urandom(count)

    def bits(self, count: int) -> int:
        """A number of ``count`` random bits."""
        return int.from_bytes(self.octets((count + 7) // 8), "big") >> (-count % 8)

    def below(self, end: int) -> int:
        """A number from 0 up to, not including, ``end``, each as likely. Raises ValueError unless ``end`` > 0."""
        if end < 1:
            raise ValueError(f"There is no number from 0 up to {end}.")
        while (number := self.bits((end - 1).bit_length())) >= end:
            continue
        return number

    def choice(self, options: Sequence[T]) -> T:
        """One of ``options``, each as likely. Raises ValueError where there is none."""
        return options[self.below(len(options))]

    def uniform(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``, for instance a part of a back-off in seconds."""
        return low + (high - low) * self.bits(53) / 2**53

    def token(self, count: int) -> str:
        """``count`` random octets as text that is safe in a URL and a password (base64url without padding)."""
        return base64.urlsafe_b64encode(self.octets(count)).rstrip(b"=").decode("ascii")

    def uuid(self) -> str:
        """A random UUID (RFC 9562 5.4, version 4)."""
        number = self.bits(128) & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62
        text = f"{number:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def serial(self) -> int:
        """A certificate's serial number: positive, at most 20 octets in DER, not to be guessed (RFC 5280 4.1.2.2)."""
        return self.bits(158) + 1

    def key(self, curve: ec.EllipticCurve = P256) -> ec.EllipticCurvePrivateKey:
        """A fresh key on ``curve``; P-256 is what ISO 15118-2 knows (V2G2-007)."""
        return ec.generate_private_key(curve)

    def ed448_key(self) -> ed448.Ed448PrivateKey:
        """A fresh Ed448 key (RFC 8032)."""
        return ed448.Ed448PrivateKey.generate()

    def rsa_key(self) -> rsa.RSAPrivateKey:
        """A fresh RSA key of 2048 bits, which no profile allows: for bad certificates."""
        return rsa.generate_private_key(_EXPONENT, 2048)


SYSTEM = Source()
"""The system's randomness: the source wherever nobody asked for a run that can be repeated."""


class Seeded(Source):
    """A source that repeats itself, private keys included, **which are no secrets** (see the module).

    Draw number ``i`` of a stream is SHAKE-256 over the stream's key and ``i``; the key of a stream is SHA-256 over the
    key of the stream above and its name.
    """

    def __init__(self, seed: str | int) -> None:
        self.seed = str(seed)
        self._key = hashlib.sha256(self.seed.encode()).digest()
        self._drawn = 0
        self._streams: dict[str, Seeded] = {}

    def of(self, name: str) -> Seeded:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Seeded(self.seed or "")
            stream._key = hashlib.sha256(self._key + name.encode()).digest()
        return stream

    def octets(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._key + self._drawn.to_bytes(8, "big")).digest(count)

    def key(self, curve: ec.EllipticCurve = P256) -> ec.EllipticCurvePrivateKey:
        # One bit less than the order has: always in range, and there is nothing to protect.
        return ec.derive_private_key(self.bits(curve.key_size - 1) + 1, curve)

    def ed448_key(self) -> ed448.Ed448PrivateKey:
        return ed448.Ed448PrivateKey.from_private_bytes(self.octets(57))

    def rsa_key(self) -> rsa.RSAPrivateKey:
        p, q = self._prime(1024), self._prime(1024)
        d = pow(_EXPONENT, -1, math.lcm(p - 1, q - 1))
        public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
        remainders = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        return rsa.RSAPrivateNumbers(p, q, d, *remainders, public).private_key()

    def _prime(self, size: int) -> int:
        """A prime of ``size`` bits, the upper two set (Fermat's test here; loading the key tests strictly)."""
        small = math.prod(n for n in range(3, 1000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2)))
        while True:
            number = self.bits(size) | 0b11 << (size - 2) | 1
            if math.gcd(number, small) == 1 and pow(2, number - 1, number) == 1 and (number - 1) % _EXPONENT:
                return number
