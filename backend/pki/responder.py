"""The OCSP responder for every issuing CA of a PKI (PKI-5), in process; its HTTP face is in ``responder_http``."""

from __future__ import annotations

from pncsim.tls_certs.authority import answer_request
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.voice import Voice


class OcspResponder:
    """Answers OCSP requests about certificates of a PKI; nobody needs to say who they are."""

    def __init__(self, clock: Clock, voice: Voice, pki: Pki) -> None:
        self._clock = clock
        self._voice = voice
        self._pkis = [pki]

    def also_for(self, pki: Pki) -> None:
        """Answer about the certificates of another PKI too: one address may serve several authorities."""
        self._pkis.append(pki)

    async def answer(self, request: bytes) -> bytes:
        """The OCSPResponse (DER) to an OCSPRequest (DER); what cannot be answered is refused within the response."""
        with self._voice.call("OCSP") as call:
            authorities = (authority for pki in self._pkis for authority in pki.authorities())
            response = answer_request(request, authorities, self._clock.now())
            call.text = f"{len(request)} octets asked, {len(response)} answered."
            return response
