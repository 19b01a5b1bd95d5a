"""How kept values and facts are written down: MessagePack, certificates as DER.

A change of a struct's fields changes what is written; :data:`SCHEMA` counts those changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec
from cryptography import x509

from pncsim.backend.events import facts
from pncsim.backend.events.facts import Fact
from pncsim.backend.store.tables import KeptKind
from pncsim.tls_certs import reading

V = TypeVar("V")

SCHEMA: Final = 3
"""The form of tables and values; counted up when either changes."""


def encode(value: object) -> bytes:
    """The octets ``value`` is kept as."""
    return _ENCODER.encode(value)


def decode(kind: KeptKind[V], octets: bytes) -> V:
    """A value of ``kind``. Raises msgspec.ValidationError for octets that are none."""
    return decode_part(kind.holds, octets)


def decode_part(fields: type[V], octets: bytes) -> V:
    """What the fields of a struct say of a value that has more of them. Raises msgspec.ValidationError."""
    kind: Any = fields  # it can be hashed, which nobody tells mypy
    value: V = _decoder(kind).decode(octets)
    return value


def name_of(fact: Fact) -> str:
    """What says which fact the octets of one are."""
    return type(fact).__name__


def decode_fact(name: str, octets: bytes) -> Fact:
    """The fact of :func:`name_of` and :func:`encode`. Raises KeyError or msgspec.ValidationError."""
    fact: Fact = _decoder(_facts()[name]).decode(octets)
    return fact


@cache
def _decoder(holds: Hashable) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(cast(type, holds), dec_hook=_read)


@cache
def _facts() -> dict[str, type[Fact]]:
    return {kind.__name__: kind for kind in _derived(facts.Fact)}


def _derived(kind: type[Fact]) -> Iterator[type[Fact]]:
    for derived in kind.__subclasses__():
        yield derived
        yield from _derived(derived)


def _write(value: object) -> bytes:
    if isinstance(value, x509.Certificate):
        return reading.der(value)
    raise NotImplementedError(f"a {type(value).__name__} cannot be kept")


def _read(holds: type, octets: object) -> object:
    if holds is x509.Certificate and isinstance(octets, bytes):
        return reading.load(octets)
    raise NotImplementedError(f"a {holds.__name__} cannot be kept")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_write)
