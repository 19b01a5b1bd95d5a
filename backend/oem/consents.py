"""How a mobility operator gets a PCID from the manufacturer: the owner says so (OAuth 2.0, CharIN 2.4.1.4, 2.4.2.1).

The authorization code grant (RFC 6749 4.1) with PKCE by SHA-256 (RFC 7636), which is demanded, for confidential
clients: the operator's client of these services. A code is good once and for a minute, a token for an hour and only as
long as the consent holds and the vehicle is the owner's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from pncsim.backend.oem.consent_store import CONSENTS, PARTNERS, Consent, Partner
from pncsim.backend.oem.store import FLEET, FleetVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

SCOPE = "pcid"
"""What may be asked for: to know the PCID of one vehicle."""
CODE_LIFE, TOKEN_LIFE = 60.0, 3_600.0
"""Seconds of lab time a code and a token are good."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_MOST_URIS, _LONGEST_URI, _LONGEST_STATE = 8, 512, 2_048
_HERE = ("127.0.0.1", "localhost", "::1")


class OAuthError(Refused):
    """A refusal in the words of RFC 6749; ``code`` is its ``error``."""

    def __init__(self, code: str, sentence: str, *, http_status: int = 400) -> None:
        super().__init__(sentence, clause="RFC 6749 5.2", http_status=http_status)
        self.code = code


class Asked(Struct, frozen=True):
    """What an operator asks of an owner. ``flaw``: the error it is sent back with at once, empty if there is none."""

    client: str
    redirect_uri: str
    state: str
    challenge: str
    flaw: str = ""

    def back(self, **said: str) -> str:
        """Where the owner's browser goes, with what is said there."""
        query = urlencode(said | ({"state": self.state} if self.state else {}))
        return f"{self.redirect_uri}{'&' if urlsplit(self.redirect_uri).query else '?'}{query}"


class Consents:
    """Consents asked for, given, refused and withdrawn."""

    def __init__(self, clock: Clock, voice: Voice, store: Store, source: Source = SYSTEM) -> None:
        self._clock, self._voice, self._store, self._source = clock, voice, store, source

    # Operators

    async def register(self, client: str, redirect_uris: Sequence[str]) -> None:
        """Where an operator's client wants drivers to come back to: https, or this machine; compared to the letter."""
        if not 1 <= len(redirect_uris) <= _MOST_URIS:
            raise Refused(f"One to {_MOST_URIS} redirect URIs are taken.", clause="RFC 6749 3.1.2")
        for uri in redirect_uris:
            _check_redirect(uri)
        await self._store.of(PARTNERS).put(Partner(client, tuple(redirect_uris)))

    async def asked(self, given: Mapping[str, str]) -> Asked:
        """An authorization request (RFC 6749 4.1.1).

        Raises Refused where client or redirect URI are not to be trusted: then nobody is sent anywhere (4.1.2.1).
        """
        client, uri = given.get("client_id", ""), given.get("redirect_uri", "")
        partner = await self._store.of(PARTNERS).get(client) if _ID.fullmatch(client) else None
        if partner is None or uri not in partner.redirect_uris:
            raise Refused("No operator's client has registered this redirect URI.", clause="RFC 6749 4.1.2.1")
        challenge = given.get("code_challenge", "")
        flaw = ""
        if given.get("response_type") != "code":
            flaw = "unsupported_response_type"
        elif given.get("scope", SCOPE).split() not in ([SCOPE], []):
            flaw = "invalid_scope"
        elif not (given.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(challenge)):
            flaw = "invalid_request"
        return Asked(client, uri, given.get("state", "")[:_LONGEST_STATE], challenge, flaw)

    # Owners

    async def grant(self, asked: Asked, owner: str, vehicle: FleetVehicle) -> str:
        """The owner agrees; where the browser goes, with a code."""
        code = self._source.token(32)
        consent = replace(
            self._decided(asked, owner, vehicle.vin, granted=True),
            code=_digest(code),
            code_ends=self._clock.now() + CODE_LIFE,
        )
        await self._store.of(CONSENTS).put(consent)
        self._voice.story(f"{owner} lets {asked.client} know the PCID of {vehicle.vin}.")
        return asked.back(code=code)

    async def refuse(self, asked: Asked, owner: str) -> str:
        """The owner does not agree; where the browser goes."""
        await self._store.of(CONSENTS).put(self._decided(asked, owner, "", granted=False))
        self._voice.story(f"{owner} does not let {asked.client} know a PCID.")
        return asked.back(error="access_denied")

    async def of_owner(self, owner: str) -> list[Consent]:
        """Everything an owner has decided, oldest first."""
        return [consent async for consent in every(self._store.of(CONSENTS), ("owner", owner))]

    async def withdraw(self, owner: str, id: str) -> Consent:
        """The owner agrees no more: codes and tokens of this consent are worth nothing from now on."""

        async def keep(change: Change) -> Consent:
            consent = await change.of(CONSENTS).get(id) if _ID.fullmatch(id) else None
            if consent is None or consent.owner != owner or not consent.granted:
                raise Refused("You have given no such consent.", clause="2.4.1.4", http_status=404)
            ended = self._ended(consent)
            await change.of(CONSENTS).put(ended)
            return ended

        return await self._store.change(keep)

    async def end_of(self, owner: str, vin: str) -> None:
        """A vehicle is not the owner's any more: no consent of his about it holds."""
        for consent in await self.of_owner(owner):
            if consent.vin == vin and consent.granted and consent.withdrawn_at is None:
                await self.withdraw(owner, consent.id)

    async def forget(self, before: float) -> int:
        """Forget what was decided ``before`` (lab seconds since the epoch) and opens nothing any more; how many."""
        now = self._clock.now()
        old = [
            consent
            async for consent in every(self._store.of(CONSENTS))
            if consent.decided_at < before and max(consent.code_ends, consent.token_ends) < now
        ]
        for consent in old:
            await self._store.of(CONSENTS).remove(consent.id)
        return len(old)

    # Tokens

    async def token(self, client: str, code: str, redirect_uri: str, verifier: str) -> str:
        """The access token for a code (RFC 6749 4.1.3). Raises OAuthError ``invalid_grant``.

        A code that comes again ends the consent it came from (RFC 6749 4.1.2): one of the two who had it is a thief.
        """
        token, now = self._source.token(32), self._clock.now()

        async def keep(change: Change) -> bool:
            consent = await _by(change, "code", code)
            if consent is None or consent.client != client:
                return False
            if consent.token:
                await change.of(CONSENTS).put(self._ended(consent))
                return False
            good = consent.withdrawn_at is None and now < consent.code_ends and consent.redirect_uri == redirect_uri
            if not good or not _proves(verifier, consent.challenge):
                return False
            issued = replace(consent, token=_digest(token), token_ends=now + TOKEN_LIFE)
            await change.of(CONSENTS).put(issued)
            return True

        if not await self._store.change(keep):
            raise OAuthError(
                "invalid_grant", "The code, its redirect URI or its verifier is not good, or not any more."
            )
        return token

    async def vehicle(self, token: str) -> tuple[Consent, FleetVehicle]:
        """What a token opens: the vehicle of the consent. Raises OAuthError ``invalid_token`` (401)."""
        consent = await _by(self._store, "token", token)
        if consent is not None and consent.withdrawn_at is None and self._clock.now() < consent.token_ends:
            vehicle = await self._store.of(FLEET).get(consent.vin.upper())
            if vehicle is not None and vehicle.owner == consent.owner:
                return consent, vehicle
        raise OAuthError(
            "invalid_token", "The token is none, has ended, or its consent was withdrawn.", http_status=401
        )

    async def revoke(self, client: str, token: str) -> None:
        """An operator needs a token no more (RFC 7009): its consent ends; a token that is none is no error."""

        async def keep(change: Change) -> None:
            consent = await _by(change, "token", token)
            if consent is not None and consent.client == client:
                await change.of(CONSENTS).put(self._ended(consent))

        await self._store.change(keep)

    def _decided(self, asked: Asked, owner: str, vin: str, *, granted: bool) -> Consent:
        return Consent(
            id=self._source.uuid(),
            owner=owner,
            client=asked.client,
            vin=vin,
            granted=granted,
            decided_at=self._clock.now(),
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
        )

    def _ended(self, consent: Consent) -> Consent:
        return consent if consent.withdrawn_at is not None else replace(consent, withdrawn_at=self._clock.now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def _by(tables: Store | Change, index: str, secret: str) -> Consent | None:
    page = await tables.of(CONSENTS).page((index, _digest(secret)), limit=1)
    return next(iter(page.values), None)


def _proves(verifier: str, challenge: str) -> bool:
    """RFC 7636 4.6, S256."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
    return hmac.compare_digest(hashed, challenge)


def _check_redirect(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
    if not (safe and host and uri.isascii() and uri.isprintable() and len(uri) <= _LONGEST_URI) or parts.fragment:
        raise Refused(
            f"{uri[:80]!r} is no redirect URI: https, or http on this machine, without a fragment.",
            clause="RFC 6749 3.1.2",
        )
