"""What is kept of who may call the services."""

from __future__ import annotations

import hashlib
import hmac
from typing import ClassVar

from msgspec import Struct

from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.store.tables import KeptKind
from pncsim.wire.values import Discreet


class Client(Discreet, Struct, frozen=True, kw_only=True):
    """A participant's program. Of its secret only a salted hash is kept: ``digest``.

    ``wmis`` are the manufacturer codes of an OEM, ``providers`` the country and provider ids of a mobility operator;
    another role owns no ids. ``created_at`` is in lab seconds since the epoch. ``confirmation`` says who has confirmed
    that the provider ids are its own, and is empty as long as nobody has (ACC-7).
    """

    id: str
    name: str
    role: Role
    wmis: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    salt: bytes
    digest: bytes
    created_at: float
    enabled: bool = True
    confirmation: str = "the operator"

    _hidden: ClassVar[tuple[str, ...]] = ("salt", "digest")

    def has(self, secret: str) -> bool:
        """Whether that is its secret; how long it takes does not tell."""
        return hmac.compare_digest(digest(self.salt, secret), self.digest)

    @property
    def grant(self) -> Grant:
        """What it may do."""
        return Grant(frozenset({self.role}), frozenset(self.wmis), frozenset(self.providers), self.id)


def digest(salt: bytes, secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(salt + secret.encode("utf-8", "surrogatepass")).digest()


class TokenKey(Discreet, Struct, frozen=True, kw_only=True):
    """An RSA key that signs tokens, ``id`` its name in them (``kid``). Shared by all processes on one database."""

    id: str
    private: bytes
    """PKCS#8, DER."""
    created_at: float

    _hidden: ClassVar[tuple[str, ...]] = ("private",)


CLIENTS: KeptKind[Client] = KeptKind("clients", Client, key=lambda client: client.id)


class Audience(Struct, frozen=True):
    """A base URL that a process on this database is called by: tokens for one are good at all."""

    url: str
    announced_at: float


TOKEN_KEYS: KeptKind[TokenKey] = KeptKind("token_keys", TokenKey, key=lambda key: key.id, identity=True)
AUDIENCES: KeptKind[Audience] = KeptKind("audiences", Audience, key=lambda audience: audience.url, identity=True)
