"""What a CSMS works with: its configuration, and everything it was given."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from pncsim.backend.csms.addresses import Addresses
from pncsim.backend.csms.authorization import Deadlines
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.register import Register, RegistrationStatus
from pncsim.backend.store import Store
from pncsim.tls_certs.issue import ORGANIZATION
from pncsim.wire.clock import Clock
from pncsim.wire.source import Source
from pncsim.wire.voice import Voice


class CsmsConfig(Struct, kw_only=True):
    """Times in seconds. ``boot_status`` decides per identity how a BootNotification is answered; ``organization`` is
    the operator's name, which the certificates of its stations bear (security profile 3)."""

    heartbeat: int = 300
    retry: int = 30
    organization: str = ORGANIZATION
    call_timeout: float = 30.0
    deadlines: Deadlines = field(default_factory=Deadlines)
    boot_status: Callable[[str], RegistrationStatus] = lambda identity: "Accepted"


class Context(Struct, frozen=True, kw_only=True):
    """One CSMS as its parts see it. ``store``, ``register`` and ``addresses`` keep what outlives a connection."""

    services: Services
    clock: Clock
    source: Source
    voice: Voice
    config: CsmsConfig
    store: Store
    register: Register
    addresses: Addresses
