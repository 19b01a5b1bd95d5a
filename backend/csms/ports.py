"""What the CSMS asks of others: contract pool, OCSP, certificate authority, mobility operator, its own tokens.

Every method may raise :class:`wire.errors.PncError`: that means "no answer" (unreachable, refused, too slow); the CSMS
turns it into the OCPP status the standard foresees and keeps the sentence. An answer that says no is a value, not an
exception. The CSMS sets its own deadline around each call, so implementations need none.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from pncsim.backend.answers import ChainStatus, PoolAnswer, RevocationStatus, SigningUse, TokenStatus
from pncsim.tls_certs.hash_data import HashData
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds


class ContractPool(Protocol):
    """The contract certificate pool (CCP)."""

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """Answer the vehicle's request ``exi`` (a whole V2G message, as received); ``schema`` is its namespace URI."""


class RevocationClient(Protocol):
    """A client of the OCSP responders the hash data names."""

    def known_status(self, hash_data: HashData) -> RevocationStatus | None:
        """What the responder has said before, while that still counts; None: it has to be asked."""

    async def status(self, hash_data: HashData) -> RevocationStatus:
        """Ask the responder, verify its answer, say what it says. Raises PncError when it cannot be had or trusted."""

    async def fetch(self, hash_data: HashData) -> bytes:
        """The responder's answer itself, a DER OCSPResponse. Raises PncError when it cannot be had or trusted.

        An error of the kind "no anchor" says that nobody was asked: the issuer is not known. That holds for
        :meth:`status` too.
        """


class CertificateAuthority(Protocol):
    """Signs certificate requests of stations."""

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        """The PEM chain for a PEM ``csr``: leaf first, then Sub-CAs, without root. Raises PncError on refusal."""


class MobilityOperator(Protocol):
    """Knows contracts by EMAID."""

    async def authorize(self, emaid: str) -> TokenStatus:
        """Whether the contract may charge; ``emaid`` in normal form (14 or 15 characters, capitals, no separators)."""


class Tokens(Protocol):
    """Knows the tokens of external identification: cards, keypads, central ids."""

    async def authorize(self, token: str, kind: str) -> TokenStatus:
        """Whether ``token`` of OCPP type ``kind`` (ISO14443, ISO15693, KeyCode, Local, Central …) may charge."""


class ContractChains(Protocol):
    """Validates contract chains centrally, for stations that lack the root (C07.FR.06)."""

    async def judge(self, chain: str, now: float) -> ChainStatus:
        """The status of a PEM ``chain`` (leaf first) at lab time ``now``."""


class PricedSchedule(Struct, frozen=True):
    """A schedule an operator offers: (start in s, watts) pairs, rising from 0, and what energy costs meanwhile."""

    periods: tuple[tuple[int, float], ...]
    tariff: iso2.SalesTariffType | None = None


class PricedOffer(Struct, frozen=True):
    """Up to three schedules, best for the driver first, and the operator's signature over their tariffs."""

    schedules: tuple[PricedSchedule, ...]
    signature: ds.SignatureType | None = None


class Tariffs(Protocol):
    """What mobility operators charge for energy."""

    async def offer(self, emaid: str) -> PricedOffer:
        """The schedules and tariffs for a contract. Raises PncError where there are none."""


class Services(Struct, kw_only=True):
    """Everything the CSMS was given; None means this operator has no such service and answers accordingly."""

    pool: ContractPool | None = None
    revocation: RevocationClient | None = None
    authority: CertificateAuthority | None = None
    operator: MobilityOperator | None = None
    tokens: Tokens | None = None
    chains: ContractChains | None = None
    tariffs: Tariffs | None = None
