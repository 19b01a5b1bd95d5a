"""Signers of a provisioning service below V2G roots of others: the service makes the key, their operator certifies it.

That is how a service comes to sign for vehicles that know none of its own operator's roots (CPS-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.cps.service import CpsSigner
from pncsim.backend.refusal import Refused
from pncsim.backend.store import MAX_PAGE, Change, KeptKind, Store
from pncsim.backend.verification import Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.keys import kept_ec_key, private_octets
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import Use
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PncError
from pncsim.wire.source import Source
from pncsim.wire.values import Discreet, replace
from pncsim.wire.voice import Voice

MOST = 32
"""Signers besides those of the services' own PKIs."""


class FurtherSigner(Discreet, Struct, frozen=True, kw_only=True):
    """A key, and once it is certified the leaf, its Sub-CAs, and the V2G root (by the pool of then) they lead to."""

    id: str
    private: bytes
    """PKCS#8, DER."""
    chain: tuple[x509.Certificate, ...] = ()
    root: x509.Certificate | None = None

    _hidden: ClassVar[tuple[str, ...]] = ("private",)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        return kept_ec_key(self.private)

    @property
    def request(self) -> bytes:
        """The certificate request (PKCS#10, DER), for who has a V2G root."""
        return build_request(self.key, PROFILES["cps_leaf"], f"pncsim CPS {self.id}")


FURTHER_SIGNERS: KeptKind[FurtherSigner] = KeptKind(
    "further_signers", FurtherSigner, key=lambda one: one.id, identity=True
)


class FurtherSigners:
    """All of them, as they are kept: whichever process on a database was told of one, each signs with it."""

    def __init__(self, voice: Voice, store: Store, verifier: Verifier, source: Source) -> None:
        self._voice, self._store, self._verifier, self._source = voice, store, verifier, source
        self._read: dict[str, tuple[FurtherSigner, CpsSigner]] = {}

    async def kept(self) -> Sequence[FurtherSigner]:
        """Those that are certified, and those that are to be."""
        return (await self._store.of(FURTHER_SIGNERS).page(limit=MAX_PAGE)).values

    async def signers(self) -> list[CpsSigner]:
        """Who can sign."""
        return [self._signer(one, one.root) for one in await self.kept() if one.root is not None]

    async def begin(self) -> FurtherSigner:
        """Make a key that is to be certified. Raises Refused where there are too many."""
        made = FurtherSigner(id=self._source.token(6).lower(), private=private_octets(self._source.key()))

        async def keep(change: Change) -> None:
            if len((await change.of(FURTHER_SIGNERS).page(limit=MAX_PAGE)).values) >= MOST:
                raise Refused(
                    f"There are {MOST} signers below V2G roots of others, as many as there may be: remove one first.",
                    clause="CPS-3",
                    http_status=409,
                )
            await change.of(FURTHER_SIGNERS).put(made)

        await self._store.change(keep)
        return made

    async def certify(self, id: str, chain: Sequence[x509.Certificate]) -> FurtherSigner:
        """Take a certificate for the key of ``id``, leaf first: it has to lead to a V2G root of the pool, and be good.

        May be repeated, before the certificate ends. Raises Refused, changing nothing.
        """
        with self._voice.call("certify signer") as call:
            known = await self._get(id)
            if reading.p256_key(chain[0]) != known.key.public_key():
                raise Refused("The certificate is not for the key of this signer.", clause="CPS-1")
            try:
                verified = await self._verifier.full(chain, Use.CPS, gate=self._voice.tolerate)
            except PncError as error:
                raise Refused(
                    f"The chain of the signer does not hold: {error.sentence}",
                    clause="CPS-1",
                    http_status=max(400, error.http_status or 400),
                    advice=error.advice,
                ) from None
            certified = replace(known, chain=tuple(verified.chain), root=verified.anchor)
            await self._store.of(FURTHER_SIGNERS).put(certified)
            call.text = f"{reading.common_name(chain[0])} signs below {reading.common_name(verified.anchor)}, too."
            return certified

    async def remove(self, id: str) -> None:
        """Sign with it no more, and forget its key. Raises Refused, 404 where there is none."""
        await self._get(id)
        await self._store.of(FURTHER_SIGNERS).remove(id)

    async def _get(self, id: str) -> FurtherSigner:
        known = await self._store.of(FURTHER_SIGNERS).get(id)
        if known is None:
            raise Refused(f"There is no signer {id[:40]!r} here.", clause="CPS-3", http_status=404)
        return known

    def _signer(self, one: FurtherSigner, root: x509.Certificate) -> CpsSigner:
        """Reading a key takes longer than signing with it."""
        known = self._read.get(one.id)
        if known is None or known[0] != one:
            if len(self._read) >= MOST:
                self._read.clear()
            known = self._read[one.id] = one, CpsSigner(Credentials(one.chain, one.key), root)
        return known[1]
