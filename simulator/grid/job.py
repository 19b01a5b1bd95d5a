"""The main job with somebody taken away in the middle of it, and done again once everybody is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from pncsim.backend.events.facts import ContractDelivered
from pncsim.backend.store import every
from pncsim.simulator.grid.invariants import broken, untold
from pncsim.simulator.lab.lives.life import RESTART, SILENCE, How, Mortal, Strike
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario, scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import PeerSilent
from pncsim.wire.trace import Event, Problem

if TYPE_CHECKING:
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.simulator.lab.lab import Lab

WAITING = 7_230.0
"""Seconds between the day's errands and plug-in: what was heard of certificates counts no more (an hour), and no
heartbeat (every 300 s) falls into the session."""

BACK = 300.0
"""Seconds in which station and CSMS have to be together again: several attempts to reconnect (5 to 8 s, doubling)."""

KWH = 0.25

SECONDS: dict[How, float] = {"killed": RESTART, "silent": SILENCE}
"""How long somebody is away."""


class Seen(Struct, kw_only=True):
    """What became of one cell. ``struck``, and the times in ``told`` and ``problems``: lab seconds since plug-in.

    ``told``: the messages of the first session. ``problems``: (time, role, kind). ``held``: EMAIDs in the vehicle after
    the first session. ``invariants``: what is not as it always has to be, as sentences.
    """

    told: list[tuple[float, str]] = field(default_factory=list)
    problems: list[tuple[float, str, str]] = field(default_factory=list)
    vehicle: str = ""
    ended: float = 0.0
    held: tuple[str, ...] = ()
    again: str = ""
    emaid: str = ""
    began: float = 0.0
    stopped: list[str] = field(default_factory=list)
    invariants: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def messages(self) -> tuple[str, ...]:
        """Each message once, in the order in which it was first about to be sent."""
        return tuple(dict.fromkeys(message for _, message in self.told))


async def see(message: str = "", actor: Mortal | None = None, how: How = "killed") -> Seen:
    """Run a cell: ``actor`` is taken away as ``message`` is about to be sent for the first time; None: nobody is.

    To be awaited on a loop of virtual time.
    """
    seen, events, delivered = Seen(), list[Event](), list[ContractDelivered]()
    strikes = [] if actor is None else [Strike(actor, how, message, 1, SECONDS[how])]
    run = Run(
        _job(seen, strikes, delivered), settings=RunSettings(transport="memory", seed="grid"), readers=(events.append,)
    )
    result = await run.done()
    seen.error = result.error or ""
    problems = [one for one in events if isinstance(one, Problem)]
    seen.invariants += untold(events, delivered)
    seen.problems = [(one.time - seen.began, one.role, one.kind) for one in problems]
    return seen


def _job(seen: Seen, strikes: list[Strike], delivered: list[ContractDelivered]) -> Scenario:
    async def hear(fact: ContractDelivered) -> None:
        delivered.append(fact)

    @scenario("main-job", title="the main job, and once more")
    async def main_job(lab: Lab) -> None:
        """The vehicle installs its contract, charges and pays; whatever happens, it can do so afterwards."""
        lab.lives.arm(*strikes)
        before = lab.through
        lab.through = lambda network: lab.lives.on(before(network))
        vehicle = await lab.vehicle(kwh=KWH, payment="contract", install="if-needed")
        seen.emaid = await lab.subscribe(vehicle)
        (await lab.region.ecosystem()).bus.listen(ContractDelivered, hear)
        await lab.station()
        await lab.clock.pass_time(WAITING)
        seen.began = began = lab.clock.now()
        first = await lab.plug_in(vehicle, keep_plugged=True)
        seen.vehicle, seen.ended = _end(first), lab.clock.now() - began
        seen.told = [(time - began, message) for time, message in lab.lives.told]
        seen.held = tuple(contract.emaid for contract in vehicle.contracts.all)
        await _settled(lab)
        seen.again = _end(await lab.plug_in(vehicle))
        await _settled(lab)
        kept = [one async for one in every(lab.back.csms.transactions)]
        seen.stopped = [one.stopped_reason for one in kept]
        seen.invariants = await broken(lab, vehicle, kept, delivered, seen.emaid)

    return main_job


def _end(outcome: SessionOutcome) -> str:
    """ok, or the kind of what ended it."""
    return "ok" if outcome.ok or outcome.error is None else outcome.error.kind


async def _settled(lab: Lab) -> None:
    """Everybody is back, and the CSMS has heard everything."""
    await lab.lives.all_back()
    site = lab.site
    try:
        async with lab.clock.timeout(BACK):
            while not site.station.online:
                await lab.clock.sleep(1.0)
            await site.station.settled()
    except TimeoutError:
        raise PeerSilent(f"Station and CSMS have not found each other again within {BACK:g} s.") from None
    await site.quiet()
