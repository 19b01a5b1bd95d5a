"""The OCSP responder for every issuing CA of its PKIs (PKI-5), in process; its HTTP face is in ``responder_http``."""

from __future__ import annotations

from pncsim.backend.pki.store import ISSUED, issued_key, issuer_key
from pncsim.backend.store import Store
from pncsim.tls_certs.authority import Authority, answer_request
from pncsim.tls_certs.certid import CertId, RequestMalformed, parse_request
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.voice import Voice


class OcspResponder:
    """Answers OCSP requests about certificates of its PKIs; nobody needs to say who they are.

    What ``store`` says was revoked is revoked, whichever process did it.
    """

    def __init__(self, clock: Clock, voice: Voice, store: Store, *pkis: Pki) -> None:
        self._clock = clock
        self._voice = voice
        self._store = store
        self._pkis = list(pkis)

    def also_for(self, pki: Pki) -> None:
        """Answer about the certificates of another PKI too: one address may serve several authorities."""
        self._pkis.append(pki)

    async def answer(self, request: bytes) -> bytes:
        """The OCSPResponse (DER) to an OCSPRequest (DER); what cannot be answered is refused within the response."""
        with self._voice.call("OCSP") as call:
            authorities = [authority for pki in self._pkis for authority in pki.authorities()]
            await self._recall(request, authorities)
            response = answer_request(request, authorities, self._clock.now())
            call.text = f"{len(request)} octets asked, {len(response)} answered."
            return response

    def speaks(self, request: bytes) -> bool:
        """Whether this responder is to answer: an authority here has issued what is asked about, and can sign."""
        try:
            names, _ = parse_request(request)
        except RequestMalformed:
            return True  # nobody else has to be bothered with that
        authorities = [authority for pki in self._pkis for authority in pki.authorities()]
        now = self._clock.now()
        return any(authority.speaks(name, now) for name in names for authority in authorities)

    async def _recall(self, request: bytes, authorities: list[Authority]) -> None:
        """Let the authorities know what is kept of the certificates asked about."""
        try:
            names, _ = parse_request(request)
        except RequestMalformed:
            return  # which is answered as such
        for name in names:
            for authority in authorities:
                if authority.owns(name):
                    await self._recall_one(name, authority)

    async def _recall_one(self, name: CertId, authority: Authority) -> None:
        issued = await self._store.of(ISSUED).get(issued_key(issuer_key(authority.certificate), name.serial))
        if issued is not None:
            authority.registry.issue(name.serial)
            if issued.revoked_at is not None:
                authority.revoke(name.serial, issued.revoked_at, issued.reason)
