"""Chain and status checks as every service does them: against the root pool, then at the OCSP responders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from cryptography import x509
from msgspec import Struct

from pncsim.backend.answers import RevocationStatus
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.rules import STANDARD
from pncsim.tls_certs.validation import Use, ValidatedChain, validate_chain
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerate

Pair = tuple[x509.Certificate, x509.Certificate]
"""A certificate and the certificate of its issuer."""

ANCHORS: dict[Use, tuple[RootKind, ...]] = {
    Use.CONTRACT: (RootKind.MO, RootKind.V2G),
    Use.PROVISIONING: (RootKind.OEM, RootKind.V2G),
    Use.CPS: (RootKind.V2G,),
    Use.SECC: (RootKind.V2G,),
}
"""Which kinds of root each kind of leaf may lead to (PKI-8)."""


class Roots(Protocol):
    """Where trust anchors come from (the root pool)."""

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]: ...


class CertificateState(Struct, frozen=True):
    """What the responder says about one certificate, and one sentence about it."""

    status: RevocationStatus
    text: str


class StatusSource(Protocol):
    """Knows whether certificates were revoked. ``of`` raises PncError when that cannot be had or trusted."""

    def known(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState | None:
        """What was heard before and still counts, without asking anybody."""

    async def of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState: ...


class StatusError(PeerError):
    """A certificate is revoked, or its responder does not know it; the kind says which."""


class Verifier:
    """Chain and status checks over one root pool and one source of status; ``algorithms`` may be in certificates."""

    def __init__(
        self, clock: Clock, roots: Roots, status: StatusSource, algorithms: tuple[AlgorithmId, ...] = STANDARD
    ) -> None:
        self._clock, self._roots, self._status, self._algorithms = clock, roots, status, algorithms

    async def chain(
        self,
        chain: Sequence[bytes] | Sequence[x509.Certificate],
        use: Use,
        *,
        gate: Tolerate,
        at: float | None = None,
    ) -> ValidatedChain:
        """Verify ``chain`` (leaf first, no root) to a right root, as of now or ``at``; raises ChainError."""
        now = self._clock.now() if at is None else at
        return validate_chain(chain, await self.anchors(use), use, now, algorithms=self._algorithms, gate=gate)

    async def anchors(self, use: Use) -> list[x509.Certificate]:
        """The roots a chain for ``use`` may lead to."""
        return await self._roots.anchors(*ANCHORS[use])

    async def status(self, pairs: Iterable[Pair]) -> None:
        """Ask for the status of every certificate at once; anything but good raises, the first in order decides.

        Raises :class:`StatusError` for revoked and unknown, whatever the source raises when there is no answer.
        """
        known = {pair: self._status.known(*pair) for pair in pairs}
        asked = [pair for pair, state in known.items() if state is None]
        heard: dict[Pair, CertificateState | BaseException] = {}
        if asked:
            answers = await asyncio.gather(*(self._status.of(*pair) for pair in asked), return_exceptions=True)
            heard.update(zip(asked, answers, strict=True))
        for pair, state in known.items():
            certificate, answer = pair[0], state or heard[pair]
            if isinstance(answer, BaseException):
                raise answer
            if answer.status != "good":
                raise StatusError(
                    f"{reading.common_name(certificate)} is not good at its responder: {answer.text}",
                    clause="RFC 6960 2.2",
                    kind="revoked" if answer.status == "revoked" else "unknown certificate",
                    http_status=400,
                )

    async def full(
        self,
        chain: Sequence[bytes] | Sequence[x509.Certificate],
        use: Use,
        *,
        gate: Tolerate,
        at: float | None = None,
    ) -> ValidatedChain:
        """Chain (as of now or ``at``), then status of everything below the root."""
        validated = await self.chain(chain, use, gate=gate, at=at)
        await self.status(validated.issuers)
        return validated
