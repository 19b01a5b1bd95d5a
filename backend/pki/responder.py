"""The OCSP responder for every issuing CA of its PKIs (PKI-5), in process; its HTTP face is in ``responder_http``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from pncsim.backend.pki.store import ISSUED, KeptStatus, issued_key, issuer_key
from pncsim.backend.store import Store
from pncsim.tls_certs.authority import Authority, Statuses
from pncsim.tls_certs.certid import CertId, RequestMalformed, parse_request
from pncsim.tls_certs.facts import bound
from pncsim.tls_certs.ocsp_answers import MALFORMED, UNAUTHORIZED, refusal
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.voice import Voice

AGAIN = 3_600.0
"""Seconds for which an answer may be given again."""
REMEMBERED = 4_096


Instead = Callable[[bytes, bytes], Awaitable[bytes]]
"""``instead(request, answer)`` gives what is answered; it may raise PeerError, and then nothing is."""


class _Answer(Struct, frozen=True):
    """An answer, what it was asked about, what it says, and from when to when it may be given."""

    names: list[CertId]
    said: Statuses
    response: bytes
    starts: float
    ends: float


class OcspResponder:
    """Answers OCSP requests about certificates of its PKIs; nobody needs to say who they are.

    What ``store`` says was revoked is revoked, whichever process did it. An answer is given again for an hour where
    nothing has changed and no nonce asks for one of its own (RFC 5019 5).
    """

    def __init__(self, clock: Clock, voice: Voice, store: Store, *pkis: Pki) -> None:
        self._clock = clock
        self._voice = voice
        self._issued = store.of(ISSUED)
        self._pkis = list(pkis)
        self._owners: dict[tuple[str, tuple[bytes, bytes]], list[Authority]] = {}
        self._answers: dict[tuple[bytes, bool], _Answer] = {}
        self.instead: Instead | None = None
        """What goes out in place of an answer: a responder that errs."""

    def also_for(self, pki: Pki) -> None:
        """Answer about the certificates of another PKI too: one address may serve several authorities."""
        self._pkis.append(pki)
        self._owners.clear()

    async def answer(self, request: bytes, *, as_asked: bool = False) -> bytes:
        """The OCSPResponse (DER) to an OCSPRequest (DER); what cannot be answered is refused within the response.

        An answer may become a staple, and so names the certificate in every way a vehicle may look for;
        ``as_asked``: as the request does and no other, since Go's ocsp.ParseResponse refuses more than one answer.
        """
        answer = self._answer if self.instead is None else self._told_instead
        if not self._voice.heard:
            return await answer(request, as_asked)
        with self._voice.call("OCSP") as call:
            response = await answer(request, as_asked)
            call.text = f"{len(request)} octets asked, {len(response)} answered."
            call.asked, call.answered = request, response
            return response

    async def _told_instead(self, request: bytes, as_asked: bool) -> bytes:
        assert self.instead is not None
        return await self.instead(request, await self._answer(request, as_asked))

    async def _answer(self, request: bytes, as_asked: bool) -> bytes:
        before, nonce = self._answers.get((request, as_asked)), None
        if before is not None:
            names = before.names
        else:
            try:
                names, nonce = parse_request(request)
            except RequestMalformed:
                return refusal(MALFORMED)
        now = self._clock.now()
        for speaker in self._of(names[0]):
            if speaker.can_speak(now):
                break
        else:
            return refusal(UNAUTHORIZED)
        said: Statuses = {}
        for name in names:
            if speaker.owns(name):
                kept = await self._issued.part(issued_key(issuer_key(speaker.certificate), name.serial), KeptStatus)
                if kept is not None and kept.revoked_at is not None:
                    speaker.revoke(name.serial, kept.revoked_at, kept.reason)
                said[name] = speaker.registry.said_of(name.serial, issued=kept is not None)
        if before is not None and before.said == said and before.starts <= now < before.ends:
            return before.response
        response = speaker.say(names, now, nonce, as_asked=as_asked, said=said)
        if nonce is None:
            bound(self._answers, REMEMBERED)
            ends = min(now + AGAIN, speaker.signer_ends(now))
            self._answers[request, as_asked] = _Answer(names, said, response, now, ends)
        return response

    def speaks(self, request: bytes) -> bool:
        """Whether this responder is to answer: an authority here has issued what is asked about, and can sign."""
        try:
            names, _ = parse_request(request)
        except RequestMalformed:
            return True  # nobody else has to be bothered with that
        now = self._clock.now()
        return any(authority.can_speak(now) for name in names for authority in self._of(name))

    def _of(self, name: CertId) -> list[Authority]:
        """The authorities that may have issued it: there are several where one was renewed with its key."""
        wanted = name.algorithm, name.issuer
        found = self._owners.get(wanted)
        if found is None:
            found = [authority for pki in self._pkis for authority in pki.authorities() if authority.owns(name)]
            if found:  # there is no end of those nobody has
                self._owners[wanted] = found
        return found
