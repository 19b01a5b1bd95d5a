"""One connected station as the CSMS sees it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pncsim.backend.csms.context import Context
from pncsim.backend.csms.register import RegistrationStatus
from pncsim.wire.ocpp.actions import A, Reply, Request
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.peer import OcppPeer

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import ChargingScheduleType, ChargingStationType, SecurityEventNotificationRequest

Answers = Mapping[str, Callable[["StationLink", Any], Reply[Any]]]
"""Action -> what answers it, given the link and the request."""

MAX_SECURITY_EVENTS = 1000
"""Security events remembered per connection."""

MAX_CONNECTORS, MAX_VARIABLES = 1_000, 20_000
"""Connectors and variables of a station that are remembered; what it tells of others is heard and forgotten."""

_ALLOWED_UNREGISTERED = frozenset({"BootNotification"})
_ALLOWED_PENDING = frozenset({"BootNotification", "NotifyReport", "StatusNotification", "Heartbeat", "SignCertificate"})
"""What a Pending station may send: boots, and what the CSMS has triggered (B02)."""


class VariableName(NamedTuple):
    """What names a variable of a station; 0 stands for the station as a whole."""

    component: str
    variable: str
    instance: str = ""
    evse: int = 0
    connector: int = 0


class StationLink:
    """A connection of station ``identity``, and what it has told on it.

    ``connectors``: (evseId, connectorId) -> status; ``variables``: what was reported, by name; ``registration``: what
    the last BootNotification was answered; ``plate``: what it said it is; ``offered``: the schedules an EVSE has taken;
    ``insisted``: those whose vehicle was told once more that they count.
    """

    def __init__(
        self,
        context: Context,
        identity: str,
        channel: FrameChannel,
        answers: Answers,
        registration: RegistrationStatus | Literal[""] = "",
    ) -> None:
        self.context = context
        self.identity = identity
        self.registration = registration
        self.plate: ChargingStationType | None = None
        self.connectors: dict[tuple[int, int], str] = {}
        self.variables: dict[VariableName, str] = {}
        self.offered: dict[int, list[ChargingScheduleType]] = {}
        self.insisted: set[int] = set()
        self.security_events: deque[SecurityEventNotificationRequest] = deque(maxlen=MAX_SECURITY_EVENTS)
        self.peer = OcppPeer(
            channel,
            context.clock,
            context.source.of(identity),
            context.voice,
            peer=identity,
            handlers={action: partial(self._answer, action, answer) for action, answer in answers.items()},
            default_timeout=context.config.call_timeout,
        )

    def _answer(self, action: str, answer: Callable[[StationLink, Any], Reply[Any]], request: Any) -> Reply[Any]:
        """Let ``answer`` answer, if the station may call ``action`` as it is registered."""
        allowed = _ALLOWED_PENDING if self.registration == "Pending" else _ALLOWED_UNREGISTERED
        if self.registration != "Accepted" and action not in allowed:
            raise CallError("SecurityError", f"{action} is not allowed before an accepted BootNotification")
        return answer(self, request)

    def plugged(self, evse: int, connector: int, status: str) -> None:
        """A connector is in this state."""
        if (evse, connector) in self.connectors or len(self.connectors) < MAX_CONNECTORS:
            self.connectors[evse, connector] = status

    def reported(self, name: VariableName, value: str) -> None:
        """A variable has this value."""
        if name in self.variables or len(self.variables) < MAX_VARIABLES:
            self.variables[name] = value

    async def ask(self, request: Request[A], limit: float | None = None) -> A:
        """Call the station. Raises what OcppPeer.call raises."""
        return await self.peer.ask(request, limit)
