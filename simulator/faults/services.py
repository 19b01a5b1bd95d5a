"""Services behind the CSMS that fail: each stands in for the real one and keeps its signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.wire.errors import PeerError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.backend.answers import PoolAnswer, TokenStatus
    from pncsim.wire.clock import Clock
    from pncsim.wire.v2g import iso2


class DeadPool:
    """A contract pool nobody answers at."""

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        raise PeerError("The contract pool did not accept the connection.", kind="unreachable", http_status=503)


class FailingPool(Struct, frozen=True):
    """A contract pool that answers every request with the HTTP ``status``, as its client tells it."""

    status: int

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        raise _refused("The contract pool", self.status)


class CutPool(Struct, frozen=True):
    """A contract pool whose answer ends in the middle: it has handed the contract out, and nobody got it."""

    pool: Any

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        await self.pool.provide(exi, schema)
        raise PeerError(
            "The contract pool closed the connection in the middle of its answer.", kind="unreachable", http_status=502
        )


class SlowPool(Struct, frozen=True):
    """A contract pool that answers after ``seconds``."""

    pool: Any
    clock: Clock
    seconds: float

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        await self.clock.sleep(self.seconds)
        answer: PoolAnswer = await self.pool.provide(exi, schema)
        return answer


class TamperingPool(Struct, frozen=True):
    """A contract pool whose answers pass through ``change`` on the way."""

    pool: Any
    change: Callable[[iso2.V2G_Message], iso2.V2G_Message]

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        """As backend.csms.ports.ContractPool."""
        from pncsim.wire.v2g.registry import codec

        answer: PoolAnswer = await self.pool.provide(exi, schema)
        assert answer.exi is not None
        message: Any = codec("iso2").decode(answer.exi)
        return replace(answer, exi=codec("iso2").encode(self.change(message)))


class DeadResponder:
    """An OCSP responder nobody answers at."""

    def known_status(self, hash_data: object) -> None:
        """As backend.csms.ports.Revocation."""

    async def status(self, hash_data: object) -> Any:
        """As backend.csms.ports.Revocation."""
        raise PeerError("The OCSP responder did not accept the connection.", kind="unreachable", http_status=503)

    async def fetch(self, hash_data: object) -> bytes:
        """As backend.csms.ports.Revocation."""
        raise PeerError("The OCSP responder did not accept the connection.", kind="unreachable", http_status=503)


class FailingResponder(Struct, frozen=True):
    """An OCSP responder that answers every request with this HTTP status; what it said before does not count."""

    http_status: int

    def known_status(self, hash_data: object) -> None:
        """As backend.csms.ports.Revocation."""

    async def status(self, hash_data: object) -> Any:
        """As backend.csms.ports.Revocation."""
        raise _refused("The OCSP responder", self.http_status)

    async def fetch(self, hash_data: object) -> bytes:
        """As backend.csms.ports.Revocation."""
        raise _refused("The OCSP responder", self.http_status)


class SlowResponder(Struct, frozen=True):
    """An OCSP responder that answers after ``seconds``."""

    responder: Any
    clock: Clock
    seconds: float

    def known_status(self, hash_data: object) -> None:
        """As backend.csms.ports.Revocation."""

    async def status(self, hash_data: object) -> Any:
        """As backend.csms.ports.Revocation."""
        await self.clock.sleep(self.seconds)
        return await self.responder.status(hash_data)

    async def fetch(self, hash_data: object) -> bytes:
        """As backend.csms.ports.Revocation."""
        await self.clock.sleep(self.seconds)
        answer: bytes = await self.responder.fetch(hash_data)
        return answer


def _refused(whom: str, status: int) -> PeerError:
    from pncsim.backend.rest.client import kind_of

    return PeerError(f"{whom} answered HTTP {status}.", kind=kind_of(status), http_status=status)


class Stranger:
    """A mobility operator that has never heard of the contract."""

    async def authorize(self, emaid: str) -> TokenStatus:
        """As backend.csms.ports.MobilityOperator."""
        from pncsim.backend.answers import TokenStatus

        return TokenStatus("Unknown", f"The operator has no contract {emaid}.")
