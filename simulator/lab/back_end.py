"""What a station has behind it: its CSMS, and what that asks of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.ecosystem import Ecosystem
from pncsim.simulator.lab.around import Parties, inside_unseen
from pncsim.simulator.lab.doors import CsmsDoor
from pncsim.simulator.lab.here import Here
from pncsim.simulator.plan import SecurityProfile
from pncsim.tls_certs.pki import Pki
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.channel import Connector

if TYPE_CHECKING:
    from pncsim.wire.ocpp.websocket import WebSocketServer


class BackEnd(Struct, kw_only=True):
    """What a station has behind it. ``connect`` is how it reaches its CSMS, with ``password`` (security profiles 1, 2).

    ``close`` closes every socket and connection of all there is behind the stations. ``door``: how stations come in
    there, where the plan says by which security profile. ``make(store=…)`` makes another CSMS like ``own``.
    """

    name: str
    pki: Pki
    parties: Parties
    services: Services
    connect: Connector
    password: str
    csms_url: str
    security_profile: SecurityProfile
    close: Callable[[], Awaitable[None]]
    own: Csms | None = None
    make: Callable[..., Csms] | None = None
    server: WebSocketServer | None = None
    door: CsmsDoor | None = None

    @property
    def csms(self) -> Csms:
        """The CSMS itself. Raises LocalError where it is somebody else's."""
        if self.own is None:
            raise LocalError(f"The CSMS {self.name} is somebody else's: its inside cannot be seen.")
        return self.own

    @property
    def entrance(self) -> CsmsDoor:
        """The door. Raises LocalError where the plan says no security profile, or the CSMS is somebody else's."""
        if self.door is None:
            raise LocalError(f"Nothing says by which security profile stations come in at {self.name}.")
        return self.door

    @property
    def ecosystem(self) -> Ecosystem:
        """The parties' inside. Raises LocalError where they are elsewhere."""
        if not isinstance(self.parties, Here):
            raise inside_unseen()
        return self.parties.ecosystem

    async def stop_csms(self) -> None:
        """Take the CSMS off the network; everything else goes on."""
        if self.server is not None:
            await self.server.close()
        await self.csms.close()
