"""The responder's side of OCSP (RFC 6960 4.2): answers dated by the lab's clock, for several certificates at once.

``cryptography`` dates every answer by the machine's clock and puts one certificate into it, so the few structures are
written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from pncsim.tls_certs import der
from pncsim.tls_certs.certid import CertId, nonce_extension
from pncsim.tls_certs.keys import SIGNATURE_HASHES, KeyKind, PrivateKey, PublicKey, key_hash, kind_of, sign
from pncsim.tls_certs.revocation import Revocation, Status
from pncsim.wire.errors import LocalError

MALFORMED, TRY_LATER, UNAUTHORIZED = 1, 3, 6
LIFETIME = 7 * 86_400
"""Seconds from thisUpdate to nextUpdate; a station fetches anew at least weekly (OCPP 2.0.1 M06)."""

_GOOD = b"\x80\x00"
_EXPLICIT_0 = der.context(0)
_SUCCESSFUL = der.element(der.ENUMERATED, b"\x00")
_BASIC = der.oid("1.3.6.1.5.5.7.48.1.1")
_SIGNATURES = {
    KeyKind.P256: der.element(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2")),
    KeyKind.P384: der.element(der.SEQUENCE, der.oid("1.2.840.10045.4.3.3")),
    KeyKind.P521: der.element(der.SEQUENCE, der.oid("1.2.840.10045.4.3.4")),
    KeyKind.ED448: der.element(der.SEQUENCE, der.oid("1.3.101.113")),
    KeyKind.RSA: der.element(der.SEQUENCE, der.oid("1.2.840.113549.1.1.11"), der.NULL),
}


class Single(Struct, frozen=True):
    """What is said of one certificate; times in lab seconds, ``next_update`` None leaves it out."""

    cert_id: CertId
    status: Status
    this_update: float
    next_update: float | None
    revocation: Revocation | None = None


def refusal(reason: int) -> bytes:
    """An answer that says only why there is none: MALFORMED, INTERNAL_ERROR, TRY_LATER or UNAUTHORIZED."""
    return der.element(der.SEQUENCE, der.element(der.ENUMERATED, bytes((reason,))))


def sign_answer(
    singles: Sequence[Single],
    *,
    key: PrivateKey,
    responder_id: bytes,
    certificates: Sequence[bytes] = (),
    produced_at: float,
    nonce: bytes | None = None,
    repeatable: bool = True,
) -> bytes:
    """An OCSPResponse (DER) that says ``singles``, signed by ``key``; ``repeatable`` as :func:`tls_certs.keys.sign`.

    ``responder_id`` is :func:`by_key` or :func:`by_name`; ``certificates`` are DER and hold the delegated signer's.
    """
    kind = kind_of(key)
    if kind is None:
        raise LocalError("The OCSP signer's key is of a kind that has no signature algorithm here.")
    parts = [responder_id, _written(int(produced_at)), der.element(der.SEQUENCE, *map(_single, singles))]
    if nonce is not None:
        parts.append(der.element(der.context(1), der.element(der.SEQUENCE, nonce_extension(nonce))))
    tbs = der.element(der.SEQUENCE, *parts)
    signature = der.bit_string(sign(key, tbs, SIGNATURE_HASHES[kind], repeatable=repeatable))
    basic = b"".join((tbs, _SIGNATURES[kind], signature, _certificates(tuple(certificates))))
    return _opening(len(basic)) + basic


@lru_cache(maxsize=256)
def _opening(size: int) -> bytes:
    """What stands before a BasicOCSPResponse of ``size`` octets; whatever is opened there ends with these."""
    basic = der.element(der.SEQUENCE, bytes(size))
    body = der.element(der.SEQUENCE, _BASIC, der.element(der.OCTET_STRING, basic))
    return der.element(der.SEQUENCE, _SUCCESSFUL, der.element(_EXPLICIT_0, body))[:-size]


@lru_cache(maxsize=256)
def _certificates(certificates: tuple[bytes, ...]) -> bytes:
    if not certificates:
        return b""
    return der.element(_EXPLICIT_0, der.element(der.SEQUENCE, *certificates))


def by_key(key: PublicKey) -> bytes:
    """The responder named by the SHA-1 hash of its key's bits."""
    return der.element(der.context(2), der.element(der.OCTET_STRING, key_hash(key)))


def by_name(subject: bytes) -> bytes:
    """The responder named by its certificate's encoded subject."""
    return der.element(der.context(1), subject)


def _single(single: Single) -> bytes:
    next_update = None if single.next_update is None else int(single.next_update)
    updates = _updates(int(single.this_update), next_update)
    status = _GOOD if single.status is Status.GOOD else _no_good(single)
    return der.element(der.SEQUENCE, single.cert_id.encoding(), status, updates)


@lru_cache(maxsize=256)
def _updates(this: int, following: int | None) -> bytes:
    return _written(this) + (der.element(_EXPLICIT_0, _written(following)) if following is not None else b"")


_REASON_CODES = {
    "key_compromise": 1,
    "ca_compromise": 2,
    "affiliation_changed": 3,
    "superseded": 4,
    "cessation_of_operation": 5,
    "certificate_hold": 6,
    "privilege_withdrawn": 9,
    "aa_compromise": 10,
}


def _no_good(single: Single) -> bytes:
    if single.status is Status.UNKNOWN:
        return b"\x82\x00"
    revocation = single.revocation or Revocation(single.this_update)
    parts = [generalized_time(revocation.time)]
    # "unspecified" is said by leaving the reason out (RFC 5280 5.3.1).
    if (code := _REASON_CODES.get(revocation.reason)) is not None:
        parts.append(der.element(_EXPLICIT_0, der.element(der.ENUMERATED, bytes((code,)))))
    return der.element(der.context(1), *parts)


@lru_cache(maxsize=256)
def _written(seconds: int) -> bytes:
    return der.element(der.GENERALIZED_TIME, f"{datetime.fromtimestamp(seconds, UTC):%Y%m%d%H%M%SZ}".encode("ascii"))


def generalized_time(seconds: float) -> bytes:
    """A time as DER GeneralizedTime, whole seconds, UTC."""
    return _written(int(seconds))
