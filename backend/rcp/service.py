"""Adding, listing and removing roots (rules RCP-1 to RCP-11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.events.facts import CertificateRevoked, RootAdded, RootRemoved
from pncsim.backend.rcp.store import ROOT_ACTIVITIES, ROOTS, Root, RootActivity, RootDeed, RootKind, root_id
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import distinguished_name
from pncsim.backend.store import PAGE, Change, Page, Store, every
from pncsim.tls_certs import reading
from pncsim.tls_certs.keys import KeyKind, kind_of, name_of
from pncsim.wire.clock import Clock
from pncsim.wire.gate import NotTolerated, Tolerance
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

_KEYS = (KeyKind.P256, KeyKind.P521, KeyKind.ED448)
_Why = Literal["withdrawn", "expired", "revoked"]
_TAKEN_OUT: Mapping[_Why, RootDeed] = {"withdrawn": "removed", "expired": "expired", "revoked": "revoked"}


async def _nobody_says(root: x509.Certificate) -> bool:
    return False


class RootPool:
    """The pool's operations. Reading is for everybody; adding and removing is the operator's (RCP-2).

    ``revoked`` says of a root whether its own responder or list calls it revoked.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        source: Source = SYSTEM,
        *,
        revoked: Callable[[x509.Certificate], Awaitable[bool]] = _nobody_says,
    ) -> None:
        self._revoked = revoked
        self._clock = clock
        self._voice = voice
        self._store = store
        self._source = source

    async def add(self, der: bytes, kind: RootKind, *, expected_fingerprint: str | None = None, by: str = "") -> Root:
        """Store a root, or find it stored already; ``expected_fingerprint`` came over a second channel (RCP-3).

        ``by``: the client that asks for it; whatever comes of it is in the log (RCP-5).
        """
        return await self._add(der, kind, expected_fingerprint, by, ask=True)

    async def introduce(self, der: bytes, kind: RootKind) -> None:
        """As :meth:`add`, for what comes with each start: a root that was taken out does not come back by that."""
        print_ = reading.fingerprint(der)
        last: RootDeed = "found again"
        async for activity in every(self._store.of(ROOT_ACTIVITIES)):
            if activity.fingerprint == print_ and activity.action != "refused":
                last = activity.action
        if last not in _TAKEN_OUT.values():
            await self._add(der, kind, None, "", ask=False)

    async def _add(self, der: bytes, kind: RootKind, expected_fingerprint: str | None, by: str, *, ask: bool) -> Root:
        with self._voice.call("add root") as call:
            print_ = reading.fingerprint(der)
            try:
                certificate = self._checked(der, print_, expected_fingerprint)
                if ask and await self._revoked(certificate):
                    raise Refused(f"{reading.common_name(certificate)} is revoked.", clause="RCP-6", kind="revoked")
            except Refused as error:
                await self._store.of(ROOT_ACTIVITIES).put(self._activity("refused", by, print_, error.sentence))
                raise
            root = Root(id=root_id(print_), kind=kind, certificate=certificate, fingerprint=print_)
            name = f"{kind} {distinguished_name(certificate.subject)}"
            added, found = self._activity("added", by, print_, name), self._activity("found again", by, print_, name)

            async def keep(change: Change) -> None:
                new = await change.of(ROOTS).put(root) is None
                await change.of(ROOT_ACTIVITIES).put(added if new else found)
                if new:
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

    async def remove(self, id: str, *, purge: bool = False, by: str = "") -> None:
        """Remove a root. What was issued under it stays stored but can no longer be verified (RCP-8).

        ``purge``: the root is compromised, and what was issued under it goes out of all pools at once (RCP-9).
        """
        with self._voice.call("remove root") as call:
            root = await self.get(id)
            await self._remove(root, "withdrawn", purge=purge, by=by)
            call.text = f"{root.kind} root {reading.common_name(root.certificate)} is no longer trusted."

    async def activities(self, *, after: str = "", limit: int = PAGE) -> Page[RootActivity]:
        """The log of everything that was done to the pool, oldest first (RCP-5)."""
        return await self._store.of(ROOT_ACTIVITIES).page(after=after, limit=limit)

    async def note_list_signer(self, root: x509.Certificate, *, by: str = "") -> None:
        """Write down that the pool's lists are signed below another root of the operator's (RCP-5)."""
        text = f"Lists are signed below {reading.common_name(root)} from now on."
        entry = self._activity("list signer replaced", by, reading.fingerprint(reading.der(root)), text)
        await self._store.of(ROOT_ACTIVITIES).put(entry)

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]:
        """The certificates of the roots of these kinds, for path validation."""
        return [root.certificate for root in await self.roots() if root.kind in kinds]

    async def cleanse(self) -> int:
        """Remove expired and revoked roots and say how many (RCP-6)."""
        gone = 0
        async for root in every(self._store.of(ROOTS)):
            if reading.not_after(root.certificate) < self._clock.now():
                await self._remove(root, "expired")
            elif await self._revoked(root.certificate):
                await self._remove(root, "revoked")
            else:
                continue
            gone += 1
        return gone

    async def certificate_revoked(self, fact: CertificateRevoked) -> None:
        """Remove the root that was revoked, if it is one of the pool, without waiting for the next cleansing."""
        root = await self._store.of(ROOTS).get(root_id(reading.fingerprint(fact.certificate)))
        if root is not None:
            await self._remove(root, "revoked")

    async def _remove(self, root: Root, why: _Why, *, purge: bool = False, by: str = "") -> None:
        text = "Everything issued under it is purged." if purge else "What was issued under it stays, unverifiable."
        activity = self._activity(_TAKEN_OUT[why], by, root.fingerprint, text)

        async def forget(change: Change) -> None:
            if await change.of(ROOTS).remove(root.id) is not None:
                await change.of(ROOT_ACTIVITIES).put(activity)
                change.tell(RootRemoved(time=self._clock.now(), why=why, purge=purge, **_told(root)))

        await self._store.change(forget)

    def _activity(self, action: RootDeed, by: str, fingerprint: str, text: str) -> RootActivity:
        now = self._clock.now()
        return RootActivity(id=self._source.uuid(), time=now, action=action, by=by, fingerprint=fingerprint, text=text)

    def _checked(self, der: bytes, fingerprint: str, expected: str | None) -> x509.Certificate:
        certificate = certificates.load(der, "caCertificate")
        if expected is not None and expected.replace(":", "").lower() != fingerprint:
            raise Refused(
                f"The root's SHA-256 fingerprint is {fingerprint}, confirmed was {expected}.",
                clause="RCP-3",
            )
        self._check_root(certificate)
        return certificate

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
        self._check_profile(certificate, name)

    def _check_profile(self, root: x509.Certificate, name: str) -> None:
        """RCP-4: a key that ISO 15118 knows, for signing certificates, and what verifiers find it by."""
        key = root.public_key()
        if kind_of(key) not in _KEYS:
            allowed = ", ".join(kind.value for kind in _KEYS)
            raise Refused(
                f"{name} has a key of kind {name_of(key)}; roots of ISO 15118 have {allowed}.", clause="RCP-4"
            )
        if (signs := reading.signs_certificates(root)) is False:
            raise Refused(f"The key usage of {name} does not allow it to sign certificates.", clause="RCP-4")
        for missing, what in ((signs is None, "key usage"), (not reading.key_identifier(root), "key identifier")):
            if missing:
                try:
                    self._voice.tolerate(Tolerance.ROOT_PROFILE(f"The root {name} has no {what}.", "RCP-4"))
                except NotTolerated as error:
                    raise Refused(error.sentence, clause="RCP-4") from None


def _told(root: Root) -> dict[str, Any]:
    """What facts say of a root."""
    return {
        "id": root.id,
        "kind": str(root.kind),
        "certificate": reading.der(root.certificate),
        "fingerprint": root.fingerprint,
    }
