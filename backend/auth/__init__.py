"""Who is let in: clients with their rights, and the tokens they get for a secret (OAuth 2.0 client credentials)."""

from pncsim.backend.auth.clients import Clients, NewClient
from pncsim.backend.auth.store import AUDIENCES, CLIENTS, TOKEN_KEYS, Audience, Client, TokenKey
from pncsim.backend.auth.tokens import SCOPES, BearerTokens

__all__ = [
    "AUDIENCES",
    "CLIENTS",
    "SCOPES",
    "TOKEN_KEYS",
    "Audience",
    "BearerTokens",
    "Client",
    "Clients",
    "NewClient",
    "TokenKey",
]
