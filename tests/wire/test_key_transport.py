"""Contract key transport against computed vectors (their derived keys were confirmed with ``openssl kdf … SSKDF``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.wire.v2g.key_transport import KeyTransportError, WrappedKey, unwrap, wrap

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "key_transport.json").read_text())[
    "iso15118_2"
]


def key(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(scalar, 16), ec.SECP256R1())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_wraps_to_the_published_octets(vector: dict[str, Any]) -> None:
    wrapped = wrap(
        key(vector["contract_private"]),
        key(vector["receiver_private"]).public_key(),
        ephemeral=key(vector["ephemeral_private"]),
        iv=bytes.fromhex(vector["iv"]),
    )
    assert wrapped.encrypted.hex() == vector["ContractSignatureEncryptedPrivateKey"]
    assert wrapped.dh_public.hex() == vector["DHpublickey"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_unwraps_the_published_octets(vector: dict[str, Any]) -> None:
    contract = key(vector["contract_private"])
    wrapped = WrappedKey(
        bytes.fromhex(vector["ContractSignatureEncryptedPrivateKey"]), bytes.fromhex(vector["DHpublickey"])
    )
    unwrapped = unwrap(wrapped, key(vector["receiver_private"]), contract.public_key())
    assert unwrapped.private_numbers() == contract.private_numbers()


def wrapped_pair() -> tuple[WrappedKey, ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]:
    receiver, contract = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    return wrap(contract, receiver.public_key()), receiver, contract


def test_a_flipped_bit_is_noticed_although_cbc_decrypts_it() -> None:
    wrapped, receiver, contract = wrapped_pair()
    altered = wrapped.encrypted[:-1] + bytes([wrapped.encrypted[-1] ^ 1])
    with pytest.raises(KeyTransportError, match="does not belong to the contract certificate") as caught:
        unwrap(WrappedKey(altered, wrapped.dh_public), receiver, contract.public_key())
    assert caught.value.clause == "V2G2-823"


def test_another_vehicles_key_does_not_open_it() -> None:
    wrapped, _, contract = wrapped_pair()
    stranger = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyTransportError):
        unwrap(wrapped, stranger, contract.public_key())


def test_malformed_fields_are_named() -> None:
    wrapped, receiver, contract = wrapped_pair()
    cases = [
        (WrappedKey(wrapped.encrypted + bytes(16), wrapped.dh_public), "has 64 bytes, expected 48"),
        (WrappedKey(wrapped.encrypted, wrapped.dh_public[1:]), "has 64 bytes, expected 65"),
        (WrappedKey(wrapped.encrypted, b"\x04" + bytes(64)), "not a point on P-256"),
    ]
    for broken, sentence in cases:
        with pytest.raises(KeyTransportError, match=sentence):
            unwrap(broken, receiver, contract.public_key())
