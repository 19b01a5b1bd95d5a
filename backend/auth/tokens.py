"""Bearer tokens: RS256 JSON Web BearerTokens with the claims of the published access token (accessToken.v1).

A token says who its holder is; what the holder may do is looked up when it is used, so that a client that was shut out
is refused at once. Times are the lab's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from pncsim.backend.auth.clients import Clients
from pncsim.backend.auth.store import AUDIENCES, TOKEN_KEYS, Audience, Client, TokenKey
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.store import Change, Store, every
from pncsim.tls_certs import reading
from pncsim.tls_certs.keys import kept_rsa_key, private_octets
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

LIFETIME = 86_400
"""Seconds a token is valid (ACC-8)."""
LONGEST = 8_192
"""Characters of a token that are looked at."""
REMEMBERED = 4_096
"""BearerTokens whose signature is known to be right; verifying one takes longer than the rest of a lookup."""

SCOPES: Mapping[Role, tuple[str, ...]] = {
    "OEM": ("rcpservice", "pcpservice", "ccpservice", "cpservice", "pkigateway", "webhooks"),
    "CPO": ("rcpservice", "ccpservice", "cpservice", "pkigateway", "webhooks"),
    "MO_EXTERNAL_PKI": ("rcpservice", "pcpservice", "ccpservice", "cpservice", "webhooks"),
    "MO_HUBJECT_PKI": ("rcpservice", "pcpservice", "ccpservice", "cpservice", "pkigateway", "webhooks"),
    "CPS": ("rcpservice", "ccpservice", "cpservice", "pkigateway", "webhooks"),
    "ADMIN": ("rcpservice", "webhooks", "admin"),
}
"""The services each role is let into, as the tokens name them; ``cpservice`` is the provisioning service.

A client may ask for some of them only; a token opens no other service than those it names.
"""


class _Known(Struct, frozen=True):
    """A token whose signature, audience and form are right."""

    client: str
    begins: float
    ends: float
    scopes: frozenset[str]


class BearerTokens:
    """Issues tokens for clients of ``audience`` (the base URL they call) and knows their holders again.

    ``also``: further base URLs of the same services. Processes on one database know each other's tokens, once each has
    announced what it is called by (:meth:`announce`).
    """

    def __init__(
        self,
        clock: Clock,
        store: Store,
        clients: Clients,
        audience: str,
        source: Source = SYSTEM,
        *,
        also: Iterable[str] = (),
    ) -> None:
        self._clock, self._store, self._clients, self._source = clock, store, clients, source
        self.audience = audience.rstrip("/")
        self._audiences = {self.audience, *(url.rstrip("/") for url in also)}
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._signing: tuple[str, rsa.RSAPrivateKey] | None = None
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def announce(self) -> None:
        """Let all processes on the database know the base URLs here."""
        for url in self._audiences:
            await self._store.of(AUDIENCES).put(Audience(url, self._clock.now()))

    async def issue(self, client: Client, scope: str = "", audience: str = "") -> dict[str, Any]:
        """The answer of the token endpoint for an authenticated client (RFC 6749 5.1).

        ``scope``: the services it asks to be let into, parted by blanks. Those not its role's are passed over; where
        none is left, or none is named, it gets all of its role's (RFC 6749 3.3 leaves either to the server).
        ``audience``: the base URL it names, one that is :meth:`accepted <accepts>`.
        """
        import jwt

        kid, key = await self._key()
        audience = audience.rstrip("/") or self.audience
        now = int(self._clock.now())
        asked = set(scope.split())
        scope = " ".join([one for one in SCOPES[client.role] if one in asked] or SCOPES[client.role])
        claims = {
            "iss": f"{audience}/",
            "sub": f"{client.id}@clients",
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME,
            "azp": client.id,
            "gty": "client-credentials",
            "scope": scope,
            "permissions": scope.split(),
            f"{audience}/role": [client.role],
            f"{audience}/pcid": list(client.wmis),
            f"{audience}/emaid": list(client.providers),
            f"{audience}/client_name": client.name,
        }
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})
        return {"access_token": token, "scope": scope, "expires_in": LIFETIME, "token_type": "Bearer"}

    async def grant(self, token: str) -> Grant | None:
        """What the holder of ``token`` may do now; None for a token that is none of ours, out of time or shut out."""
        known = self._known.get(token) or await self._verified(token)
        if known is None or not known.begins <= self._clock.now() < known.ends:
            return None
        client = await self._clients.enabled(known.client)
        return None if client is None else replace(client.grant, scopes=known.scopes.intersection(SCOPES[client.role]))

    async def accepts(self, audience: str) -> bool:
        """Whether a client that names ``audience`` means these services."""
        url = audience.rstrip("/")
        return url in self._audiences or await self._store.of(AUDIENCES).get(url) is not None

    async def _verified(self, token: str) -> _Known | None:
        import jwt

        if len(token) > LONGEST:
            return None
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._public(kid) if isinstance(kid, str) and kid.isalnum() else None
            if key is None:
                return None
            required = ["exp", "iat", "aud", "azp"]
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                # The lab's clock decides about times, with each use, and the store about audiences.
                options={
                    "require": required,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                },
            )
            scopes = frozenset(str(claims.get("scope", "")).split())
            if not isinstance(claims["aud"], str) or not await self.accepts(claims["aud"]):
                return None
            known = _Known(str(claims["azp"]), float(claims["iat"]), float(claims["exp"]), scopes)
        except (jwt.PyJWTError, TypeError, ValueError, OverflowError):
            return None
        self._known[token] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _key(self) -> tuple[str, rsa.RSAPrivateKey]:
        """The key tokens are signed with: the first one kept, made if there is none."""
        if self._signing is None:
            kept = await self._store.change(self._kept)
            key = kept_rsa_key(kept.private)
            self._signing = kept.id, key
            self._keys[kept.id] = key.public_key()
        return self._signing

    async def _kept(self, change: Change) -> TokenKey:
        async for kept in every(change.of(TOKEN_KEYS)):
            return kept
        key = self._source.rsa_key()
        octets = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        made = TokenKey(id=reading.fingerprint(octets)[:16], private=private_octets(key), created_at=self._clock.now())
        await change.of(TOKEN_KEYS).put(made)
        return made

    async def _public(self, kid: str) -> rsa.RSAPublicKey | None:
        """The key of that name, maybe another process's."""
        if kid not in self._keys and (kept := await self._store.of(TOKEN_KEYS).get(kid)) is not None:
            self._keys[kid] = kept_rsa_key(kept.private).public_key()
        return self._keys.get(kid)
