"""Who may do what: bearer tokens, roles, and whose ids are whose (ACC-1 to ACC-4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from pncsim.backend.refusal import Refused
from pncsim.wire.https import shown_certificate

if TYPE_CHECKING:
    from aiohttp import web

Role = Literal["OEM", "CPO", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI", "CPS", "ADMIN"]
"""As tokens name them: a mobility operator has a PKI of its own, or takes its contracts from this operator's."""
ROLES: frozenset[Role] = frozenset(get_args(Role))
OPERATORS: frozenset[Role] = frozenset({"MO_EXTERNAL_PKI", "MO_HUBJECT_PKI"})
"""Mobility operators, of either kind."""


class Grant(Struct, frozen=True):
    """What a token's holder may do: its roles, and whose ids it owns (None: anybody's).

    ``wmis`` are manufacturer codes (first 3 characters of a PCID), ``providers`` country and provider ids (first 5 of
    an EMAID); letter case does not count. ``holder`` is the client's id, empty where nobody had to say who he is.
    ``scopes`` are the services the token lets him into (RFC 6749 3.3), None: any.
    ``certified``: the one name he may have certified, that of the certificate he has shown to renew it.
    """

    roles: frozenset[Role]
    wmis: frozenset[str] | None = None
    providers: frozenset[str] | None = None
    holder: str = ""
    scopes: frozenset[str] | None = None
    certified: str | None = None

    def owns_vehicle(self, pcid: str) -> bool:
        """Whether the PCID is of a manufacturer code in the grant."""
        return self.wmis is None or pcid[:3].upper() in {wmi.upper() for wmi in self.wmis}

    def owns_contract(self, emaid: str) -> bool:
        """Whether the EMAID is of a provider in the grant."""
        prefix = emaid.replace("-", "")[:5].upper()
        return self.providers is None or prefix in {provider.upper() for provider in self.providers}


EVERYTHING = Grant(ROLES)
"""What a face without tokens grants to everybody who can reach it."""


class Others(Struct, frozen=True):
    """What a request may show in place of a token; each finds what its sender may do, None for nobody we know.

    ``certificate``: that of a client (DER) in the TLS handshake. ``renewed``: one that was enrolled for, good for its
    own renewal (RFC 7030 3.3.2). ``secret``: a client's id and secret (RFC 7617).
    """

    certificate: Callable[[bytes], Awaitable[Grant | None]]
    renewed: Callable[[bytes], Awaitable[Grant | None]]
    secret: Callable[[str, str], Awaitable[Grant | None]]


Proof = Literal["certificate", "renewed", "secret"]
CERTIFICATE: frozenset[Proof] = frozenset({"certificate"})

Grants = Callable[[str], Awaitable[Grant | None]]
"""Finds what a token's holder may do; None for a token nobody should hold."""


def fixed(grants: Mapping[str, Grant]) -> Grants:
    """Tokens that were agreed on beforehand."""

    async def grant(token: str) -> Grant | None:
        return grants.get(token)

    return grant


async def identify(
    request: web.Request, tokens: Grants | None, others: Others | None = None, proofs: frozenset[Proof] = CERTIFICATE
) -> Grant:
    """The caller's grant; Refused with 401 without a known token.

    ``proofs``: what may stand in a token's place, where ``others`` can judge it.
    """
    if tokens is None:
        return EVERYTHING
    grant = await _shown(request, tokens, others, proofs)
    if grant is None:
        raise Refused(
            f"The request carries no bearer token{', and shows no certificate,' if others else ''} that is known here "
            "and has not expired.",
            clause="ACC-1",
            http_status=401,
            challenge='Basic realm="EST", Bearer' if others is not None and "secret" in proofs else "Bearer",
        )
    return grant


def check_allowed(grant: Grant, allowed: frozenset[Role], scope: str = "") -> None:
    """Refused with 403 without one of the ``allowed`` roles, or without the service's ``scope`` where it has one."""
    if not grant.roles & allowed:
        raise Refused(
            f"This operation is for {', '.join(sorted(allowed))}, the token is of {', '.join(sorted(grant.roles))}.",
            clause="ACC-2",
            http_status=403,
        )
    if scope and grant.scopes is not None and scope not in grant.scopes:
        raise Refused(
            f"This service needs the scope {scope}, the token has {' '.join(sorted(grant.scopes)) or 'none'}.",
            clause="ACC-2",
            http_status=403,
            advice="Ask for a token that names this scope, or none at all.",
        )


async def _shown(request: web.Request, tokens: Grants, others: Others | None, proofs: frozenset[Proof]) -> Grant | None:
    """Who says in the header who he is means that; a certificate counts where the header says nothing.

    A browser shows its person's certificate for every page that makes it ask: what another page has it ask (RFC 6454
    7) is asked by nobody.
    """
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await tokens(credentials.strip())
    if others is None:
        return None
    if scheme.lower() == "basic":
        id, secret = _basic(credentials)
        return await others.secret(id, secret) if "secret" in proofs else None
    elsewhere = request.headers.get("Origin", str(request.url.origin())) != str(request.url.origin())
    if scheme or elsewhere or (certificate := shown_certificate(request)) is None:
        return None
    grant = await others.certificate(certificate)
    return await others.renewed(certificate) if grant is None and "renewed" in proofs else grant


def _basic(credentials: str) -> tuple[str, str]:
    """Id and secret (RFC 7617 2); empty where there are none."""
    try:
        id, _, secret = base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return id, secret


def not_owned(what: str) -> Refused:
    """The 403 for an id of somebody else (ACC-3, ACC-4)."""
    return Refused(f"{what} is not among the ids the token's holder owns.", clause="ACC-4", http_status=403)
