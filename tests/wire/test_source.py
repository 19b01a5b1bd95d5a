"""One source of random choices: the system's by default, or one that repeats itself, keys included."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pncsim.tls_certs.keys import PrivateKey
from pncsim.wire.credentials import KeySigner
from pncsim.wire.source import SYSTEM, Seeded, Source
from pncsim.wire.v2g.key_transport import wrap


def pkcs8(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


DRAWS: dict[str, Callable[[Source], object]] = {
    "octets": lambda s: s.octets(16),
    "bits": lambda s: s.bits(61),
    "below": lambda s: s.below(10**12),
    "uniform": lambda s: s.uniform(1, 2),
    "token": lambda s: s.token(24),
    "uuid": lambda s: s.uuid(),
    "serial": lambda s: s.serial(),
    "P-256 key": lambda s: pkcs8(s.key()),
    "P-521 key": lambda s: pkcs8(s.key(ec.SECP521R1())),
    "Ed448 key": lambda s: pkcs8(s.ed448_key()),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_seed_repeats_every_draw_and_the_system_none(draw: Callable[[Source], object]) -> None:
    first, again, other = Seeded(7), Seeded("7"), Seeded(8)
    drawn = [draw(first), draw(first)]
    assert drawn == [draw(again), draw(again)]
    assert drawn[0] != drawn[1], "a stream goes on; it does not stand still"
    assert draw(other) not in drawn
    assert draw(SYSTEM) != draw(SYSTEM)


def test_a_seed_repeats_even_the_rsa_key_of_a_bad_certificate() -> None:
    key = Seeded("rsa").rsa_key()
    assert key.key_size == 2048
    assert pkcs8(key) == pkcs8(Seeded("rsa").rsa_key())


def test_the_system_says_that_it_cannot_be_repeated_and_a_seeded_source_with_what() -> None:
    assert SYSTEM.seed is None
    assert Seeded(7).of("EV-1").seed == "7"


def test_an_actor_that_draws_more_shifts_no_other_actor() -> None:
    quiet, busy = Seeded(1), Seeded(1)
    busy.of("EV-1").octets(100)
    busy.octets(3)
    assert quiet.of("EV-2").octets(32) == busy.of("EV-2").octets(32)
    assert len({quiet.of(name).octets(32) for name in ("EV-1", "EV-2", "EV-3")} | {quiet.octets(32)}) == 4


def test_a_stream_asked_for_again_goes_on_where_it_was() -> None:
    """A reconnecting station must not start its message ids over."""
    source = Seeded(1)
    assert source.of("CS001").octets(8) != source.of("CS001").octets(8)


def test_streams_of_streams_differ_from_streams_of_the_same_name() -> None:
    source = Seeded(1)
    assert source.of("a").of("b").octets(8) != source.of("b").octets(8)
    assert source.of("ab").octets(8) != source.of("a").of("b").octets(8)


@pytest.mark.parametrize("source", [SYSTEM, Seeded(1)], ids=["system", "seeded"])
def test_draws_keep_their_ranges(source: Source) -> None:
    assert all(0 <= source.bits(3) < 8 for _ in range(50))
    assert {source.below(3) for _ in range(200)} == {0, 1, 2}
    assert source.below(1) == 0
    assert {source.choice("ab") for _ in range(100)} == {"a", "b"}
    assert all(2 <= source.uniform(2, 3) < 3 for _ in range(50))
    assert all(0 < source.serial() < 2**159 for _ in range(50))
    assert len(source.octets(0)) == 0
    with pytest.raises(ValueError):
        source.below(0)
    with pytest.raises(ValueError):
        source.choice("")


def test_a_uuid_is_one_of_version_4() -> None:
    text = Seeded(1).uuid()
    assert (str(uuid.UUID(text)), uuid.UUID(text).version, uuid.UUID(text).variant) == (text, 4, uuid.RFC_4122)


def test_a_token_is_safe_in_a_url() -> None:
    assert set(SYSTEM.token(200)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_signature_needs_no_randomness() -> None:
    signer = KeySigner(SYSTEM.key())
    assert signer.sign(b"data") == signer.sign(b"data") != signer.sign(b"dato")


def test_a_seed_repeats_a_wrapped_contract_key() -> None:
    contract, receiver = SYSTEM.key(), SYSTEM.key().public_key()
    assert wrap(contract, receiver, source=Seeded(1)) == wrap(contract, receiver, source=Seeded(1))
    assert wrap(contract, receiver) != wrap(contract, receiver)
