"""The authorities of a PKI in another process: their certificates are here, their keys and what they issue are there.

The two are one operator's: the other process (``pnc serve pki``) issues and revokes for an administrator of its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend import certificates
from pncsim.backend.events.facts import CertificateRevoked
from pncsim.backend.pki.ca import CertificateService, ContractCa
from pncsim.backend.pki.own import OWN_KEYS, OwnKey
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store
from pncsim.tls_certs import reading
from pncsim.tls_certs.keys import private_octets
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

SIGNER = "cps_leaf"
"""What signs contract data: its key is here, its certificate is issued there."""


class RemoteAuthorities(CertificateService):
    """A certificate service whose work is done at ``calls``; ``pki`` holds certificates without keys."""

    def __init__(self, clock: Clock, voice: Voice, store: Store, pki: Pki, calls: Calls) -> None:
        super().__init__(clock, voice, store, pki)
        self._calls = calls

    def below_v2g(self) -> ContractCa | None:
        """As there: whose key is there can issue."""
        for role in ("mo_sub2", "v2g_mo_sub2"):
            if role in self._pki.certificates and self._pki.root(role) in self._pki.anchors("v2g_root"):
                return ContractCa(role, self._pki.certificate(role), self._pki.root(role))
        return None

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason = "unspecified") -> bool:
        """As there. What was heard of its status here is forgotten at once."""
        body = {"certificate": _base64(reading.der(certificate)), "reason": reason}
        try:
            await self._calls.call("admin", "POST", "/admin/certificates/revoke", body)
        except Refused as error:
            if error.http_status == 404:
                return False
            raise
        now, serial = self._clock.now(), f"{certificate.serial_number:x}"
        der = reading.der(certificate)

        async def told(change: Change) -> None:
            change.tell(CertificateRevoked(time=now, certificate=der, serial=serial, reason=reason))

        await self._store.change(told)
        return True

    async def renew_authorities(self, lasts: float) -> list[tuple[str, x509.Certificate]]:
        """They are renewed there."""
        return []

    async def issue(
        self,
        role: str,
        common_name: str,
        key: ec.EllipticCurvePublicKey,
        ends: float | None,
        *,
        begins: float | None = None,
        issuer: str | None = None,
    ) -> tuple[x509.Certificate, ...]:
        return await issue_remotely(self._calls, role, common_name, key, ends=ends, begins=begins, issuer=issuer)


async def fetch_pki(calls: Calls, store: Store, clock: Clock, source: Source = SYSTEM) -> Pki:
    """The certificates of the other process's PKI, and a signer of contract data with a key of our own.

    Raises PeerError.
    """
    answer = await calls.call("admin", "GET", "/admin/pki")
    given = answer.get("certificates")
    if not isinstance(given, dict):
        raise PeerError("The PKI names none of its certificates.", http_status=502)
    found = {str(role): tuple(_certificate(one) for one in chain) for role, chain in given.items()}
    pki = Pki(certificates=found, keys={})
    signer = await _signer(calls, store, clock, pki, source)
    pki.certificates[SIGNER], pki.keys[SIGNER] = (signer.certificate,), signer.key
    return pki


async def issue_remotely(
    calls: Calls,
    role: str,
    common_name: str,
    key: ec.EllipticCurvePublicKey,
    *,
    ends: float | None = None,
    begins: float | None = None,
    issuer: str | None = None,
) -> tuple[x509.Certificate, ...]:
    """A certificate of the leaf ``role`` and its Sub-CAs. Raises PeerError."""
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    body: Mapping[str, Any] = {
        "role": role,
        "commonName": common_name,
        "publicKey": _base64(key.public_bytes(*form)),
        "notBefore": begins,
        "notAfter": ends,
        "issuer": issuer,
    }
    answer = await calls.call("admin", "POST", "/admin/pki/issue", body)
    chain = answer.get("chain")
    if not isinstance(chain, list) or not chain:
        raise PeerError("The PKI answered with no certificate.", kind="empty", http_status=502)
    return tuple(map(_certificate, chain))


async def _signer(calls: Calls, store: Store, clock: Clock, pki: Pki, source: Source) -> OwnKey:
    """The signer that is kept, unless it is of another PKI or nears its end: then a new one."""
    kept = await store.of(OWN_KEYS).get(SIGNER)
    if (
        kept is not None
        and _lasts(kept.certificate, clock.now())
        and reading.issued_by(kept.certificate, pki.certificate("cps_sub2"))
    ):
        return kept
    key = source.key()
    (leaf, *_) = await issue_remotely(calls, SIGNER, "pncsim provisioning service", key.public_key())
    made = OwnKey(role=SIGNER, certificate=leaf, private=private_octets(key))
    await store.of(OWN_KEYS).put(made)
    return made


def _lasts(certificate: x509.Certificate, now: float) -> bool:
    begins, ends = reading.not_before(certificate), reading.not_after(certificate)
    return begins <= now < ends - (ends - begins) / 3


def _certificate(text: object) -> x509.Certificate:
    try:
        der = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except binascii.Error:
        der = b""
    return certificates.load(der, "certificate")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
