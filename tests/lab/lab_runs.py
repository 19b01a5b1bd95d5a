"""Runs of the lab for tests: a scenario on a transport, bounded in time, with everything that was seen."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run as LabRun
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.network import Serving
from pncsim.wire.trace import Event, Problem
from pncsim.wire.values import replace

Transport = Literal["memory", "loopback"]

LAB_LIMIT = 3_600.0
"""Lab seconds no run may need: none charges for longer than some minutes."""

REAL_LIMIT = 30.0
"""Real seconds no run on sockets may need."""


@dataclass(slots=True)
class Run:
    """One finished run. ``before`` and ``after``: what was stored when the vehicle was ready, and at the end."""

    result: RunResult
    events: list[Event]
    before: Stored | None = None
    after: Stored | None = None
    keys: list[ec.EllipticCurvePrivateKey] = field(default_factory=list)
    password: str = ""

    def problems(self) -> list[Problem]:
        """What actors reported."""
        return [event for event in self.events if isinstance(event, Problem)]


@dataclass(slots=True)
class Stored:
    """What outlives a session: contracts in the vehicle, transactions in the CSMS, and what is still open."""

    contracts: list[tuple[str, int]]
    transactions: list[tuple[str, bool]]
    session: bool
    transaction_of_station: bool
    waiting: bool


def newest(lab: Lab) -> Vehicle:
    """The vehicle that was made last."""
    return next(reversed(lab.vehicles.values()))


def stored(lab: Lab) -> Stored:
    """What ``lab`` holds now."""
    station = lab.site.station
    return Stored(
        contracts=[(c.emaid, c.credentials.leaf.serial_number) for c in newest(lab).contracts.all],
        transactions=[(t.id, t.complete) for t in lab.transactions()],
        session=lab.site.evse().engine is not None,
        transaction_of_station=station.outlet().book.open is not None,
        waiting=station.delivery.holds(),
    )


def run(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    transport: Transport = "memory",
    faults: Sequence[str] = (),
    pki: Path | None = None,
    evidence: Path | None = None,
    meanwhile: Callable[[Lab], Awaitable[None]] | None = None,
) -> Run:
    """Run the scenario ``name``. ``meanwhile(lab)`` is awaited first, with all actors up and no vehicle plugged in.

    Raises TimeoutError when it does not end: nothing may hang.
    """
    return run_of(
        find_scenario(name),
        options,
        transport=transport,
        faults=faults,
        pki=pki,
        evidence=evidence,
        meanwhile=meanwhile,
    )


def run_of(
    found: Scenario,
    options: Mapping[str, Any] | None = None,
    *,
    transport: Transport = "memory",
    faults: Sequence[str] = (),
    pki: Path | None = None,
    evidence: Path | None = None,
    meanwhile: Callable[[Lab], Awaitable[None]] | None = None,
) -> Run:
    """As :func:`run`, for a scenario that has no place of its own."""
    events = list[Event]()
    seen = Run(RunResult(found.name, transport), events)

    async def watched(lab: Lab, **chosen: Any) -> None:
        make = lab.vehicle

        async def vehicle(**wishes: Any) -> Any:
            made = await make(**wishes)
            seen.before = stored(lab)
            return made

        lab.vehicle = vehicle  # type: ignore[method-assign]
        await lab.station()
        try:
            if meanwhile is not None:
                await meanwhile(lab)
            await found.run(lab, **chosen)
        finally:
            if seen.before is not None:
                seen.after = stored(lab)
                seen.keys = _keys(lab)
            seen.password = lab.back.password

    async def main() -> RunResult:
        settings = RunSettings(transport=transport, pki=pki, faults=tuple(faults), evidence=evidence)
        scenario = replace(found, run=watched)
        async with asyncio.timeout(REAL_LIMIT if transport == "loopback" else LAB_LIMIT):
            return await LabRun(scenario, options, settings, readers=(events.append,)).done()

    seen.result = run_on_loop(transport, main)
    return seen


async def plugged(lab: Lab) -> Serving:
    """Plug something in at the lab's EVSE, which opens its listeners; a vehicle that comes later finds them open."""
    pilot = lab.site.evse().pilot
    pilot.connect()
    await pilot.matched()
    serving = lab.site.evse().serving
    assert serving is not None
    return serving


def _keys(lab: Lab) -> list[ec.EllipticCurvePrivateKey]:
    keys = list(lab.back.pki.keys.values())
    keys += [contract.credentials.key for contract in newest(lab).contracts.all]
    if lab.site.station.credentials is not None:
        keys.append(lab.site.station.credentials.key)
    return keys


def leaks(texts: Iterable[str], keys: Iterable[ec.EllipticCurvePrivateKey], *secrets: str) -> list[str]:
    """Where ``texts`` show a key (as hex, decimal or base64, at any alignment), a PEM of one, or a secret."""
    wanted = {"PRIVATE KEY", *(secret for secret in secrets if secret)}
    for key in keys:
        number = key.private_numbers().private_value
        octets = number.to_bytes(32, "big")
        wanted |= {octets.hex(), octets.hex().upper(), str(number), repr(octets)[2:-1]}
        for shift in range(3):
            inner = octets[(3 - shift) % 3 :]
            wanted.add(base64.b64encode(inner[: len(inner) // 3 * 3]).decode())
    return [text[:80] for text in texts if any(secret in text for secret in wanted)]


def texts(events: Iterable[Event]) -> Iterable[str]:
    """Everything events say: as shown, and the octets they carry as hex."""
    for event in events:
        yield repr(event)
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if isinstance(value, bytes):
                yield value.hex()
