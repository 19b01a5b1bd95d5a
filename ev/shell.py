"""The vehicle's asyncio shell: finds a station, connects, secures the line and drives the EVCC engine."""

from __future__ import annotations

from ev.outcome import SessionOutcome
from ev.vehicle import Vehicle
from wire.clock import Clock
from wire.network import Network
from wire.trace import Story, Trace


async def charge(network: Network, vehicle: Vehicle, clock: Clock, trace: Trace) -> SessionOutcome:
    """Plug ``vehicle`` in at ``network``: SDP, TCP, TLS as configured, one session to its end.

    Never raises for what the station did: the outcome says how it ended and carries the error. A paused session is
    kept in ``vehicle.memory`` and resumed by the next call; contracts arrive in ``vehicle.contracts``.
    """
    outcome = SessionOutcome()
    trace.emit(Story(time=clock.now(), actor="EV", text="The vehicle is plugged in."))
    return outcome
