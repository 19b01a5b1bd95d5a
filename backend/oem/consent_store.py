"""What a manufacturer keeps of the people who own its vehicles, and of what they let mobility operators know."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from pncsim.backend.store.tables import KeptKind
from pncsim.wire.values import Discreet


class VehicleOwner(Discreet, Struct, frozen=True, kw_only=True):
    """A person with vehicles of this manufacturer; of the password only a salted hash is kept.

    ``maker`` is the client that took the person in.
    """

    name: str
    maker: str
    salt: bytes
    digest: bytes
    created_at: float

    _hidden: ClassVar[tuple[str, ...]] = ("salt", "digest")


class Partner(Struct, frozen=True):
    """A mobility operator's client, and where it wants its drivers to come back to (RFC 6749 3.1.2)."""

    client: str
    redirect_uris: tuple[str, ...]


class Consent(Discreet, Struct, frozen=True, kw_only=True):
    """An owner's answer to an operator that wants to know a vehicle's PCID, and what came of it.

    ``code`` and ``token`` are SHA-256 of what was handed out, empty before that. Times are lab seconds since the epoch;
    ``withdrawn_at`` is None while it holds.
    """

    id: str
    owner: str
    client: str
    vin: str
    granted: bool
    decided_at: float
    redirect_uri: str
    challenge: str
    code: str = ""
    code_ends: float = 0.0
    token: str = ""
    token_ends: float = 0.0
    withdrawn_at: float | None = None

    _hidden: ClassVar[tuple[str, ...]] = ("code", "token", "challenge")


OWNERS: KeptKind[VehicleOwner] = KeptKind("owners", VehicleOwner, key=lambda owner: owner.name)
PARTNERS: KeptKind[Partner] = KeptKind("partners", Partner, key=lambda partner: partner.client)
CONSENTS: KeptKind[Consent] = KeptKind(
    "consents",
    Consent,
    key=lambda consent: consent.id,
    indexes={
        "owner": lambda consent: consent.owner,
        "code": lambda consent: consent.code,
        "token": lambda consent: consent.token,
    },
)
CONSENT_KINDS = (OWNERS, PARTNERS, CONSENTS)
