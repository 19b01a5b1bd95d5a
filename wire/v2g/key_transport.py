"""How a contract's private key travels to the vehicle in ISO 15118-2 (V2G2-814 to V2G2-823).

The sender makes an ephemeral P-256 key and agrees with the receiver's static key; a one-step concatenation KDF
(NIST SP 800-56A, SHA-256, OtherInfo = algorithm 01, 'U', 'V') gives an AES-128 key; the 32-byte scalar is encrypted
with AES-128-CBC without padding. CBC has no authenticity of its own: verify the CPS signature before unwrapping.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.source import SYSTEM, Source

CURVE = ec.SECP256R1()
SCALAR = 32
_IV = 16
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_OTHER_INFO = b"\x01UV"


class WrappedKey(NamedTuple):
    """``encrypted``: ContractSignatureEncryptedPrivateKey, IV 16 || ciphertext 32; ``dh_public``: DHpublickey, 65."""

    encrypted: bytes
    dh_public: bytes


class KeyTransportError(PeerError):
    """The wrapped key cannot be used; the vehicle keeps its previous contract."""

    kind: Kind = "contract key"


def wrap(
    contract_key: ec.EllipticCurvePrivateKey,
    receiver: ec.EllipticCurvePublicKey,
    *,
    ephemeral: ec.EllipticCurvePrivateKey | None = None,
    iv: bytes | None = None,
    source: Source = SYSTEM,
) -> WrappedKey:
    """Encrypt ``contract_key`` for the holder of ``receiver``: the provisioning key for an installation (V2G2-820), the
    previous contract key for an update (V2G2-821). The ephemeral key and the initial vector come from ``source``,
    unless a test vector gives them.
    """
    ephemeral = ephemeral or source.key(CURVE)
    scalar = contract_key.private_numbers().private_value.to_bytes(SCALAR, "big")
    iv = iv or source.octets(_IV)
    encryptor = Cipher(algorithms.AES128(_session_key(ephemeral, receiver)), modes.CBC(iv)).encryptor()
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return WrappedKey(iv + encryptor.update(scalar) + encryptor.finalize(), point)


def unwrap(
    wrapped: WrappedKey, receiver_key: ec.EllipticCurvePrivateKey, contract_public: ec.EllipticCurvePublicKey
) -> ec.EllipticCurvePrivateKey:
    """Decrypt and check the contract key: lengths, point on the curve, range, match with the certificate (V2G2-823)."""
    if len(wrapped.encrypted) != _IV + SCALAR:
        raise KeyTransportError(
            f"ContractSignatureEncryptedPrivateKey has {len(wrapped.encrypted)} bytes, expected 48 (IV 16, key 32).",
            clause="V2G2-819",
            advice="Padded CBC gives 64 bytes: the standard wants no padding.",
        )
    if len(wrapped.dh_public) != 2 * SCALAR + 1 or wrapped.dh_public[0] != 4:
        raise KeyTransportError(
            f"DHpublickey has {len(wrapped.dh_public)} bytes, expected 65 (an uncompressed P-256 point, 04 || X || Y).",
            clause="V2G2-817",
        )
    try:
        sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, wrapped.dh_public)
    except ValueError:
        raise KeyTransportError("DHpublickey is not a point on P-256.", clause="V2G2-817") from None
    iv, ciphertext = wrapped.encrypted[:_IV], wrapped.encrypted[_IV:]
    decryptor = Cipher(algorithms.AES128(_session_key(receiver_key, sender)), modes.CBC(iv)).decryptor()
    value = int.from_bytes(decryptor.update(ciphertext) + decryptor.finalize(), "big")
    mismatch = KeyTransportError(
        "The decrypted contract key does not belong to the contract certificate that came with it.",
        clause="V2G2-823",
        advice="The bundle was wrapped for another vehicle key, with another KDF, or was altered.",
    )
    if not 0 < value < _ORDER:
        raise mismatch
    key = ec.derive_private_key(value, CURVE)
    if key.public_key().public_numbers() != contract_public.public_numbers():
        raise mismatch
    return key


def _session_key(own: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePublicKey) -> bytes:
    shared = own.exchange(ec.ECDH(), other)
    return hashlib.sha256(b"\x00\x00\x00\x01" + shared + _OTHER_INFO).digest()[:16]
