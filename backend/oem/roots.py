"""A manufacturer's trust anchors: fetched from the root pool as a signed list, and verified (CharIN 2.1.1.2.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from cryptography import x509

from pncsim.backend.events.facts import Fact
from pncsim.backend.oem.store import SEEN_TRUST_LISTS, SeenTrustList
from pncsim.backend.rcp.store import RootKind
from pncsim.backend.rcp.trust_list import TrustList, read_trust_list
from pncsim.backend.store import Store
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.voice import Voice

FRESH = 3_600.0
"""Seconds of lab time a list is used before the next one is fetched; sooner where a root is said to have changed."""
MOST_V2G_ROOTS = 5
"""V2G roots a vehicle has room for (CharIN 2.2.1.1, EV-1)."""

FetchTrustList = Callable[[], Awaitable[bytes]]
"""How the container (DER) comes from the pool."""


class VerifiedRoots:
    """The roots of the newest list; of when it was is kept, so that nobody brings back an older one.

    ``anchors_known``: the roots of the pool's operator, known from elsewhere."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        fetch: FetchTrustList,
        anchors_known: Callable[[], Awaitable[Sequence[x509.Certificate]]],
    ) -> None:
        self._clock, self._voice, self._store = clock, voice, store
        self._fetch, self._known = fetch, anchors_known
        self._newest: TrustList | None = None
        self._signers: list[str] = []
        self._stale = True

    async def trust_list(self) -> TrustList:
        """The newest verified list. Raises PeerError where none can be had or trusted."""
        newest, now, known = self._newest, self._clock.now(), await self._known()
        signers = [reading.fingerprint(reading.der(root)) for root in known]
        fresh = newest is not None and newest.this_update <= now < newest.this_update + FRESH
        # A list that a signer has signed who is not to be trusted any more is none, however new it is.
        if newest is None or self._stale or not fresh or signers != self._signers:
            octets = await self._fetch()
            seen = [await self._store.of(SEEN_TRUST_LISTS).get(signer) for signer in signers]
            before = max((one.this_update for one in seen if one is not None), default=0.0)
            try:
                read = read_trust_list(octets, known, now, newest=before)
            except PeerError as error:
                raise PeerError(
                    f"The root pool's trust list is not to be trusted: {error.sentence}",
                    kind=error.kind,
                    clause=error.clause,
                    http_status=502,
                ) from None
            self._voice.judged("trust list", True, f"{len(read.roots)} roots, signed by the pool's operator", "RCP-1")
            if read.this_update > before:
                for signer in signers:
                    await self._store.of(SEEN_TRUST_LISTS).put(SeenTrustList(signer, read.this_update))
            self._newest, self._signers, self._stale = read, signers, False
            return read
        return newest

    async def changed(self, fact: Fact) -> None:
        """A root was added or removed."""
        self.stale()

    def stale(self) -> None:
        """The next who asks has the list fetched anew."""
        self._stale = True

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]:
        """The roots of these kinds that are valid now (see :class:`backend.verification.Roots`)."""
        listed, now = await self.trust_list(), self._clock.now()
        return [root for root in listed.of(*kinds) if reading.valid_at(root, now)]

    async def for_vehicle(self) -> dict[str, list[x509.Certificate]]:
        """What a vehicle is given: at most :data:`MOST_V2G_ROOTS` V2G roots, those that last longest; the others all.

        By the member names of the telematics interface.
        """
        v2g = sorted(await self.anchors(RootKind.V2G), key=reading.not_after, reverse=True)[:MOST_V2G_ROOTS]
        return {
            "v2gRoots": v2g,
            "oemRoots": await self.anchors(RootKind.OEM),
            "privateRoots": await self.anchors(RootKind.PE),
        }
