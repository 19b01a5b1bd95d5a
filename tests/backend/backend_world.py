"""What the back-end tests share: a back end with its clock, and vehicles that sign requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509

from pncsim.backend.ecosystem import Ecosystem, open_ecosystem
from pncsim.backend.mo import Subscription
from pncsim.backend.pki.fetch import Fetch
from pncsim.tls_certs.pki import DEFAULT_EMAID, Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.trace import Event, Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

NOW = 1_795_000_000.0
"""Lab time of the tests: November 2026."""

DAY = 86_400
PCID = "PNCSIMVEHICLE00001"
SCHEMA = "urn:iso:15118:2:2013:MsgDef"


@dataclass(slots=True)
class World:
    """A back end with its clock and what it reported."""

    clock: Clock
    trace: Trace
    eco: Ecosystem
    events: list[Event] = field(default_factory=list)

    @property
    def pki(self) -> Pki:
        return self.eco.pki

    @property
    def vehicle(self) -> Credentials:
        """The PKI's own vehicle."""
        return self.pki.credentials("oem_leaf")

    def voice(self, role: str) -> Voice:
        """The voice of a service the test makes itself."""
        return Voice.on(self.clock, self.trace, role)

    def of(self, kind: type[Event]) -> list[Event]:
        """Reported events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def published(self) -> Credentials:
        """The vehicle, published with the V2G root it holds."""
        await self.eco.oem.publish(self.vehicle, v2g_roots=[self.pki.root("v2g_root")])
        return self.vehicle

    async def subscribed(self) -> Subscription:
        """The vehicle published, and a contract for it in the pool."""
        await self.published()
        return await self.eco.mo.subscribe("Ada", PCID)


async def open_world(
    *, fetch: Callable[[Clock], Fetch] | None = None, refuses: frozenset[Tolerance] = LENIENT
) -> World:
    """A fresh back end over a fresh PKI: tests publish and revoke in it."""
    clock, trace, events = Clock(NOW), Trace(), list[Event]()
    trace.subscribe(events.append)
    pki = create_pki(NOW, pcid=PCID)
    return World(
        clock, trace, await open_ecosystem(pki, clock, trace, fetch=fetch and fetch(clock), refuses=refuses), events
    )


def leaf_of(world: World, role: str, name: str, *, now: float = NOW, not_after: float | None = None) -> Credentials:
    """Another leaf of a role's profile from the world's PKI."""
    profile = PROFILES[role]
    assert profile.issuer is not None
    return world.pki.authority(profile.issuer).credentials(profile, name, now, not_after=not_after)


def unrelated(role: str, *, pcid: str = PCID, emaid: str = DEFAULT_EMAID) -> Credentials:
    """The same role from a PKI nobody here trusts."""
    return create_pki(NOW, pcid=pcid, emaid=emaid).credentials(role)


def with_leaf(credentials: Credentials, leaf: x509.Certificate) -> Credentials:
    """The same chain below another leaf."""
    return replace(credentials, chain=(leaf, *credentials.chain[1:]))
