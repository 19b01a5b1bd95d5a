"""The pool's roots as one signed list, for who has to know that none was added or left out on the way.

What a trust list holds is not defined in Open Plug&Charge 1.0 (``GetCertificateTrustList``: "a DER-encoded byte array
which is signed by a trusted party"). Here it is CMS SignedData, signed by the operator of the pool below a root of its
own, around a JSON object: ``version`` 1, ``thisUpdate`` and ``nextUpdate`` (RFC 3339, UTC), and ``rootCertificates``,
each with ``rootType`` and ``caCertificate`` (base64 of DER).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from msgspec import Struct

from pncsim.backend.pki.own import OwnAuthority
from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rcp.store import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.signed_data import check_signer, open_signed, sign_content
from pncsim.wire.clock import Clock
from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.voice import Voice

VALIDITY = 7 * 86_400.0
"""Seconds until a list has to be fetched again: so long may somebody be shown an old one."""

MAX_LIST, MAX_ROOTS = 4_194_304, 4_096
"""Octets, and roots, of a list that are read."""


class SignedTrustList(Struct, frozen=True):
    """A list as it is handed out: ``octets`` are the container (DER), times in lab seconds since the epoch."""

    octets: bytes
    signer: x509.Certificate
    this_update: float
    next_update: float


class TrustList(Struct, frozen=True):
    """What a list says that was verified."""

    roots: tuple[tuple[RootKind, x509.Certificate], ...]
    this_update: float
    next_update: float

    def of(self, *kinds: RootKind) -> tuple[x509.Certificate, ...]:
        """The roots of these kinds, in the order of the list."""
        return tuple(root for kind, root in self.roots if kind in kinds)


class TrustLists:
    """Makes the pool's signed list; ``own`` is the operator's root and signer."""

    def __init__(self, clock: Clock, voice: Voice, pool: RootPool, own: OwnAuthority) -> None:
        self._clock, self._voice, self._pool, self._own = clock, voice, pool, own

    async def trust_list(self) -> SignedTrustList:
        """The roots of now, signed now."""
        with self._voice.call("sign trust list") as call:
            now = float(int(self._clock.now()))
            roots = await self._pool.roots()
            content = {
                "version": 1,
                "thisUpdate": moment_text(now),
                "nextUpdate": moment_text(now + VALIDITY),
                "rootCertificates": [
                    {
                        "rootCertificateId": root.id,
                        "rootType": str(root.kind),
                        "fingerprint": root.fingerprint,
                        "caCertificate": base64.b64encode(reading.der(root.certificate)).decode("ascii"),
                    }
                    for root in roots
                ],
            }
            signer = await self._own.credentials("rcp_signer")
            octets = sign_content(json.dumps(content, indent=1).encode(), signer, now)
            call.text = f"{len(roots)} roots, good until {moment_text(now + VALIDITY)}."
            return SignedTrustList(octets, signer.leaf, now, now + VALIDITY)

    async def replace_signer(self, *, by: str = "") -> x509.Certificate:
        """Its key is in wrong hands: from now on another one of another name signs, below another root; that root.

        The lists are made anew of the same roots. Who reads them has to be given the new root by another way than the
        pool's: what the old signer has signed, or still signs, is good to nobody who trusts the new root alone.
        """
        with self._voice.call("replace signer of trust lists") as call:
            root = await self._own.start_anew("rcp_signer")
            await self._pool.note_list_signer(root, by=by)
            call.text = f"Trust lists are signed below {reading.common_name(root)} from now on."
            return root

    async def octets(self) -> bytes:
        """The container alone."""
        return (await self.trust_list()).octets

    async def anchors(self) -> list[x509.Certificate]:
        """As :meth:`anchor`, in a list."""
        return [await self.anchor()]

    async def anchor(self) -> x509.Certificate:
        """The root that stands behind the signer: who reads lists has to know it from elsewhere."""
        return await self._own.root()


def read_trust_list(
    octets: bytes, anchors: Iterable[x509.Certificate], now: float, *, newest: float = 0.0
) -> TrustList:
    """The verified content of a container: signed below one of ``anchors``, of now, and no older than ``newest``.

    ``newest``: ``this_update`` of the newest list seen so far, so that nobody brings back a root that was removed.
    Raises PeerError; its kind says what is wrong.
    """
    if len(octets) > MAX_LIST:
        raise _refused(f"The trust list has {len(octets)} octets, allowed are {MAX_LIST}.", "too big")
    signed = open_signed(octets, "The trust list")
    check_signer(signed, anchors, now)
    try:
        found = _parsed(json.loads(signed.content))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise _refused(f"What the trust list holds cannot be read: {error!r}.", "malformed") from None
    if found.this_update > now + reading.CLOCK_TOLERANCE:
        raise _refused(f"The trust list is of {moment_text(found.this_update)}, which is yet to come.", "not yet valid")
    if found.next_update < now:
        raise _refused(f"The trust list was good until {moment_text(found.next_update)}.", "status stale")
    if found.this_update < newest:
        raise _refused(
            f"The trust list is of {moment_text(found.this_update)}, one of {moment_text(newest)} was seen already.",
            "status stale",
        )
    return found


def _parsed(content: Any) -> TrustList:
    if content["version"] != 1:
        raise ValueError(f"version {content['version']!r}")
    entries = content["rootCertificates"]
    if not isinstance(entries, list) or len(entries) > MAX_ROOTS:
        raise ValueError("rootCertificates")
    roots = []
    for entry in entries:
        der = base64.b64decode(entry["caCertificate"], validate=True)
        roots.append((RootKind(entry["rootType"]), reading.load(der, "A root of the trust list")))
    return TrustList(tuple(roots), _seconds(content["thisUpdate"]), _seconds(content["nextUpdate"]))


def moment_text(seconds: float) -> str:
    """Lab seconds as RFC 3339 has them, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def _refused(sentence: str, kind: Kind) -> PeerError:
    return PeerError(sentence, kind=kind, clause="OPCP GetCertificateTrustList", http_status=502)
