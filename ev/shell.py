"""A vehicle over asyncio: plugs in, connects, drives its engine over the connection, and remembers what outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.ev.connection import connect
from pncsim.ev.notices import Switch
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.questions import StoreContract
from pncsim.wire.errors import LocalError, PeerSilent, PncError
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.ev.vehicle import Vehicle
    from pncsim.ev.wheel import Wheel
    from pncsim.wire.clock import Clock
    from pncsim.wire.network import Network
    from pncsim.wire.pilot import Pilot
    from pncsim.wire.session.dialect import Dialect
    from pncsim.wire.trace import Trace


async def charge(
    network: Network,
    vehicle: Vehicle,
    clock: Clock,
    trace: Trace,
    *,
    pilot: Pilot | None = None,
    dialects: tuple[Dialect, ...] | None = None,
    wheel: Wheel | None = None,
) -> SessionOutcome:
    """Plug ``vehicle`` in at ``network``: SDP, TCP, TLS as configured, one session to its end.

    ``pilot`` is the EVSE's where both ends are simulated: the vehicle is plugged in there, or wakes the station (BCB
    toggle) if it still is from before a pause; who unplugs it is the caller.

    Never raises for what the station did: the outcome says how it ended and carries the error. A paused session is
    kept in ``vehicle.memory`` and resumed by the next call; contracts arrive in ``vehicle.contracts``. The vehicle's
    configuration counts as it is at plug-in. ``dialects``: what the vehicle speaks, best first, if not all it can.
    ``wheel``: what the driver does meanwhile.
    """
    from pncsim.ev.engine import EvccEngine, spoken_by
    from pncsim.ev.pilot_guard import PilotGuard
    from pncsim.wire.session.driver import Driver

    # What the driver sets from here on is for the next time (CharIN 2.4.1.1, EV-5).
    config = vehicle.config
    spoken = spoken_by(config) if dialects is None else dialects
    voice = Voice.on(clock, trace, "EV", vehicle.name, refuses=config.refuses)
    plugged_in = clock.now()
    setup = spoken[0].times.vehicle_setup
    limit = setup.seconds * config.patience
    voice.story("The vehicle is plugged in.")
    try:
        async with clock.timeout(limit):
            if pilot is not None:
                await _plug_in(pilot)
            stream, tls = await connect(network, vehicle, clock, voice)
    except TimeoutError:
        late = PeerSilent(
            f"No secured connection to a station stood {limit:g} s after plug-in.",
            clause=setup.source,
            advice="Look at which of SDP, TCP and TLS was the last to be reported.",
        )
        voice.problem(late)
        return SessionOutcome(reason=late.sentence, error=late)
    except PncError as error:
        return SessionOutcome(reason=error.sentence, error=error)

    async def answer(question: object) -> object:
        if isinstance(question, StoreContract):
            if wheel is not None and not await wheel.lets(question.contract):
                raise LocalError(f"The driver does not want contract {question.contract.emaid}.", clause="EV-6")
            vehicle.contracts.install(question.contract)
        return None

    def tell(notice: object) -> None:
        if pilot is not None and isinstance(notice, Switch):
            (pilot.signal_ready if notice.closed else pilot.signal_not_ready)()

    engine = EvccEngine(replace(vehicle, config=config), tls=tls, plugged_in=plugged_in, dialects=spoken)
    driver = Driver(engine, stream, clock, trace, answer, tell)
    if wheel is not None:
        wheel.take(driver, clock)
    guard = None if pilot is None else PilotGuard(pilot, driver, clock)
    try:
        await driver.run()
    finally:
        if guard is not None:
            guard.leave()
        if wheel is not None:
            wheel.take(None, clock)
        # However a session ends, the vehicle takes no energy without one.
        if pilot is not None:
            pilot.signal_not_ready()
    _remember(vehicle, engine.outcome)
    return engine.outcome


async def _plug_in(pilot: Pilot) -> None:
    """Connect, or toggle if connected, and wait for the data link."""
    if pilot.plugged:
        pilot.toggle()
    else:
        pilot.connect()
    await pilot.matched()


def _remember(vehicle: Vehicle, outcome: SessionOutcome) -> None:
    """What outlives the session: a pause, and what the station said of the contract.

    A contract that was refused and then charged with was refused by mistake.
    """
    if outcome.session_id:
        vehicle.memory.paused = outcome.paused
    contract = vehicle.contracts.get(outcome.emaid) if outcome.emaid else None
    if contract is None:
        return

    def learn(kept: Contract) -> Contract:
        refused = outcome.contract_refused or ("" if outcome.loops else kept.refused)
        return replace(kept, renew=kept.renew or outcome.contract_expires_soon, refused=refused)

    learnt = learn(contract)
    if (learnt.renew, learnt.refused) != (contract.renew, contract.refused):
        try:
            vehicle.contracts.note(contract, learn)
        except LocalError as error:
            outcome.problems.append(error)
