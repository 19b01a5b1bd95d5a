"""Whether certificates are revoked, as far as anybody can tell, and what it means where nobody can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

from cryptography import x509

from pncsim.backend.answers import RevocationStatus
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.verification import CertificateState, Pair
from pncsim.tls_certs import reading
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.wire.clock import Clock
from pncsim.wire.errors import Kind, PeerError, PeerSilent
from pncsim.wire.gate import Tolerance
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.pki.revocation_lists import RevocationLists

RevocationPolicy = Literal["require", "prefer", "off"]
"""What is demanded of a certificate: that it is known not to be revoked; that nobody says so, where one about which
nobody can tell is let pass and told; nothing, and nobody is asked."""

WHOLE = 1.8
"""Seconds for responder and list together: below the 2 s a CSMS waits for what it asks."""

WRONG: frozenset[Kind] = frozenset(
    {"status malformed", "status stale", "status of another", "status signer", "not yet valid", "no anchor"}
)
"""Kinds of answers that are not to be believed, and of questions nobody can answer: no policy lets them pass."""

_KEPT = 4_096
_NOT_ASKED = CertificateState("good", "Nobody was asked.")


class Revocations:
    """OCSP first, then the revocation list the certificate names; ``policy`` decides where neither says anything.

    As :class:`backend.verification.StatusSource` and as the CSMS's port it answers like :class:`OcspClient`. A wrong
    answer (forged, stale, about another certificate) does say something: it is an error under every policy that asks.
    ``patience``: seconds for responder and list together.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        ocsp: OcspClient,
        *,
        lists: RevocationLists | None = None,
        policy: RevocationPolicy = "require",
        patience: float = WHOLE,
    ) -> None:
        self._clock, self._voice, self._ocsp, self._lists, self._policy = clock, voice, ocsp, lists, policy
        self._patience = patience
        self._listed: dict[tuple[str, str, str, str], Pair] = {}

    def known(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState | None:
        """What was heard before and still counts, without asking anybody."""
        return _NOT_ASKED if self._policy == "off" else self._ocsp.known(certificate, issuer)

    async def of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateState:
        """What is said of ``certificate``. Raises PeerError where nobody can tell, unless the policy lets that pass."""
        if self._policy == "off":
            return _NOT_ASKED
        return await self._judged(
            reading.common_name(certificate),
            partial(self._ocsp.of, certificate, issuer),
            (certificate, issuer),
        )

    async def root_revoked(self, root: x509.Certificate) -> bool:
        """Whether a root's own responder or list says that it is revoked; most roots name neither, and are not."""
        try:
            async with self._clock.timeout(self._patience):
                return (await self._told(partial(self._ocsp.of, root, root), (root, root))).status == "revoked"
        except (TimeoutError, PeerError):
            return False

    def known_status(self, hash_data: HashData) -> RevocationStatus | None:
        """As :meth:`known`, for a certificate OCPP names."""
        return "good" if self._policy == "off" else self._ocsp.known_status(hash_data)

    async def status(self, hash_data: HashData) -> RevocationStatus:
        """As :meth:`of`, for a certificate OCPP names; its list can be asked for where :meth:`learn` was told of it."""
        if self._policy == "off":
            return "good"

        async def ask() -> CertificateState:
            return CertificateState(await self._ocsp.status(hash_data), "")

        who = f"the certificate with the serial number {hash_data.serial_number}"
        return (await self._judged(who, ask, self._listed.get(hash_data.key))).status

    async def fetch(self, hash_data: HashData) -> bytes:
        """The responder's answer itself, as :meth:`OcspClient.fetch`."""
        return await self._ocsp.fetch(hash_data)

    def learn(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        """Know one more certificate and its issuer; only those of a chain that was verified belong here."""
        self._ocsp.learn(issuer)
        if self._lists is not None and self._lists.named_by(certificate):
            if len(self._listed) >= _KEPT:
                self._listed.clear()
            self._listed[hash_data(certificate, issuer).key] = certificate, issuer

    async def _judged(
        self, who: str, ask: Callable[[], Awaitable[CertificateState]], pair: Pair | None
    ) -> CertificateState:
        try:
            async with self._clock.timeout(self._patience):
                return await self._told(ask, pair)
        except TimeoutError:
            nobody: PeerError = PeerSilent(f"Nobody told within {self._patience:g} s.")
        except PeerError as error:
            if not says_nothing(error):
                raise
            nobody = error
        if self._policy == "require":
            if self._lists is not None:
                self._voice.warning(
                    "A certificate nobody can tell is revoked is refused; where that is an option, "
                    "--revocation prefer lets it pass."
                )
            raise nobody
        what = f"Nobody can tell whether {who} is revoked: {nobody.sentence}"
        self._voice.tolerate(Tolerance.REVOCATION_UNKNOWN(what, "RFC 5280 6.3"))
        return CertificateState("good", what)

    async def _told(self, ask: Callable[[], Awaitable[CertificateState]], pair: Pair | None) -> CertificateState:
        try:
            return await ask()
        except PeerError as error:
            if pair is None or self._lists is None or not says_nothing(error):
                raise
            listed = await self._lists.of(*pair)
            if listed is None:
                raise
            return listed


def says_nothing(error: PeerError) -> bool:
    """Whether there was no answer at all; a wrong one, and a question that cannot be asked, are worse."""
    return error.kind not in WRONG
