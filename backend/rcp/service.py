"""Adding, listing and removing roots (rules RCP-1 to RCP-11)."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.events.facts import RootAdded, RootRemoved
from pncsim.backend.rcp.store import ROOTS, Root, RootKind
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store, every
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.voice import Voice

_NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122 appendix C, "OID" name space


class RootPool:
    """The pool's operations. Reading is for everybody; adding and removing is the operator's (RCP-2)."""

    def __init__(self, clock: Clock, voice: Voice, store: Store) -> None:
        self._clock = clock
        self._voice = voice
        self._store = store

    async def add(self, der: bytes, kind: RootKind, *, expected_fingerprint: str | None = None) -> Root:
        """Store a root, or find it stored already; ``expected_fingerprint`` came over a second channel (RCP-3)."""
        with self._voice.call("add root") as call:
            certificate = certificates.load(der, "caCertificate")
            print_ = reading.fingerprint(der)
            if expected_fingerprint is not None and expected_fingerprint.replace(":", "").lower() != print_:
                raise Refused(
                    f"The root's SHA-256 fingerprint is {print_}, confirmed was {expected_fingerprint}.",
                    clause="RCP-3",
                )
            self._check_root(certificate)
            root = Root(id=str(uuid.uuid5(_NAMESPACE, print_)), kind=kind, certificate=certificate, fingerprint=print_)

            async def keep(change: Change) -> None:
                if await change.of(ROOTS).put(root) is None:
                    change.tell(RootAdded(time=self._clock.now(), **_told(root)))

            await self._store.change(keep)
            call.text = f"{kind} root {reading.common_name(certificate)} is in the pool."
            return root

    async def roots(self, kind: RootKind | None = None) -> list[Root]:
        """Every root still valid now, or those of one kind (RCP-1, RCP-6)."""
        now = self._clock.now()
        return [
            root
            async for root in every(self._store.of(ROOTS))
            if (kind is None or root.kind is kind) and reading.not_after(root.certificate) >= now
        ]

    async def get(self, id: str) -> Root:
        """One root by the id the pool gave it."""
        root = await self._store.of(ROOTS).get(id)
        if root is None:
            raise Refused(
                f"No root has the id {id}.",
                clause="OPCP getRootCert",
                http_status=404,
                message="Root certificate with the given ID is not found",
            )
        return root

    async def remove(self, id: str) -> None:
        """Remove a root. What was issued under it stays stored but can no longer be verified (RCP-8, RCP-9)."""
        with self._voice.call("remove root") as call:
            root = await self.get(id)
            await self._remove(root, "withdrawn")
            call.text = f"{root.kind} root {reading.common_name(root.certificate)} is no longer trusted."

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]:
        """The certificates of the roots of these kinds, for path validation."""
        return [root.certificate for root in await self.roots() if root.kind in kinds]

    async def cleanse(self) -> int:
        """Remove expired roots and say how many (RCP-6)."""
        now = self._clock.now()
        expired = [root async for root in every(self._store.of(ROOTS)) if reading.not_after(root.certificate) < now]
        for root in expired:
            await self._remove(root, "expired")
        return len(expired)

    async def _remove(self, root: Root, why: Literal["withdrawn", "expired"]) -> None:
        async def forget(change: Change) -> None:
            if await change.of(ROOTS).remove(root.id) is not None:
                change.tell(RootRemoved(time=self._clock.now(), why=why, **_told(root)))

        await self._store.change(forget)

    def _check_root(self, certificate: x509.Certificate) -> None:
        """RCP-4: a self-signed CA within its validity."""
        name = reading.common_name(certificate)
        if certificate.issuer != certificate.subject:
            raise Refused(f"{name} was issued by {certificate.issuer.rfc4514_string()}: it is no root.", clause="RCP-4")
        if not reading.issued_by(certificate, certificate):
            raise Refused(f"{name} is not signed with its own key: it is no root.", clause="RCP-4")
        if not reading.is_ca(certificate):
            raise Refused(f"{name} is not a certificate authority (basicConstraints).", clause="RCP-4")
        if not reading.valid_at(certificate, self._clock.now()):
            raise Refused(
                f"{name} is valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}, "
                f"not at {self._clock.utc()}.",
                clause="RCP-6",
            )


def _told(root: Root) -> dict[str, Any]:
    """What facts say of a root."""
    return {
        "id": root.id,
        "kind": str(root.kind),
        "certificate": reading.der(root.certificate),
        "fingerprint": root.fingerprint,
    }
