"""The vehicle's asyncio shell: plugs in, drives the EVCC engine over the connection and closes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pncsim.ev.connection import connect
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.questions import PassTime, StoreContract, Wait
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, Send
from pncsim.wire.trace import Event, Problem, Story, Trace
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.ev.engine import EvccEngine
    from pncsim.ev.vehicle import Vehicle
    from pncsim.wire.clock import Clock
    from pncsim.wire.network import Network
    from pncsim.wire.pilot import Pilot
    from pncsim.wire.streams import ByteStream

ACTOR = "EV"
CLOSE_SECONDS = 5.0
"""How long an orderly end of the connection may take before it is dropped."""


async def charge(
    network: Network, vehicle: Vehicle, clock: Clock, trace: Trace, *, pilot: Pilot | None = None
) -> SessionOutcome:
    """Plug ``vehicle`` in at ``network``: SDP, TCP, TLS as configured, one session to its end.

    ``pilot`` is the EVSE's where both ends are simulated: the vehicle is plugged in there, or wakes the station (BCB
    toggle) if it still is from before a pause; who unplugs it is the caller.

    Never raises for what the station did: the outcome says how it ended and carries the error. A paused session is
    kept in ``vehicle.memory`` and resumed by the next call; contracts arrive in ``vehicle.contracts``.
    """
    from pncsim.ev.engine import EvccEngine

    plugged_in = clock.now()
    trace.emit(Story(time=plugged_in, role=ACTOR, text="The vehicle is plugged in."))
    try:
        async with clock.timeout(timing.EVCC_SETUP):
            if pilot is not None:
                await _plug_in(pilot)
            stream, tls = await connect(network, vehicle, clock, Voice.on(clock, trace, ACTOR))
    except TimeoutError:
        return _failed(clock, trace, _setup_too_slow())
    except PncError as error:
        return SessionOutcome(reason=error.sentence, error=error)
    engine = EvccEngine(vehicle, tls=tls, plugged_in=plugged_in)
    try:
        await _drive(engine, stream, vehicle, clock, trace)
    except BaseException:
        stream.abort()
        raise
    await _close(stream, clock)
    _remember(vehicle, engine.outcome)
    return engine.outcome


async def _plug_in(pilot: Pilot) -> None:
    """Connect, or toggle if connected, and wait for the data link."""
    if pilot.plugged:
        pilot.toggle()
    else:
        pilot.connect()
    await pilot.matched()


async def _drive(engine: EvccEngine, stream: ByteStream, vehicle: Vehicle, clock: Clock, trace: Trace) -> None:
    """Carry out what the engine puts out until it closes."""
    outputs = engine.start(clock.now())
    while True:
        ask: Ask | None = None
        broken: PeerError | None = None
        for output in outputs:
            if isinstance(output, Event):
                trace.emit(output)
            elif isinstance(output, Send):
                try:
                    stream.write(output.frame)
                except PeerError as error:
                    broken = error
            elif isinstance(output, Ask):
                ask = output
            elif isinstance(output, Close):
                return
            else:
                assert isinstance(output, Notice)
        if broken is not None:
            outputs = engine.closed(clock.now(), broken)
        elif ask is not None:
            answer = await _answer(ask.question, vehicle, clock)
            outputs = engine.answered(ask.id, answer, clock.now())
        else:
            outputs = await _input(engine, stream, clock)


async def _input(engine: EvccEngine, stream: ByteStream, clock: Clock) -> list[Output]:
    """What the engine says to the next bytes, the end of the line or the end of its patience."""
    limit = engine.deadline
    try:
        async with clock.timeout(None if limit is None else max(0.0, limit - clock.now())):
            await stream.drain()
            data = await stream.read()
    except TimeoutError:
        return engine.wake(clock.now())
    except PeerClosed:
        return engine.closed(clock.now())
    except PeerError as error:
        return engine.closed(clock.now(), error)
    return engine.receive(data, clock.now()) if data else engine.closed(clock.now())


async def _answer(question: object, vehicle: Vehicle, clock: Clock) -> object:
    if isinstance(question, PassTime):
        await clock.pass_time(question.seconds)
    elif isinstance(question, Wait):
        await clock.sleep(question.seconds)
    elif isinstance(question, StoreContract):
        try:
            vehicle.contracts.install(question.contract)
        except LocalError as error:
            return error
    return None


async def _close(stream: ByteStream, clock: Clock) -> None:
    try:
        async with clock.timeout(CLOSE_SECONDS):
            await stream.close()
    except (TimeoutError, PeerError):
        stream.abort()


def _remember(vehicle: Vehicle, outcome: SessionOutcome) -> None:
    """What outlives the session: a pause, and a contract the station says is about to end."""
    if outcome.session_id:
        vehicle.memory.paused = outcome.paused
    contract = vehicle.contracts.get(outcome.emaid) if outcome.emaid else None
    if outcome.contract_expires_soon and contract is not None and not contract.renew:
        try:
            vehicle.contracts.install(replace(contract, renew=True), default=False)
        except LocalError as error:
            outcome.problems.append(error)


def _failed(clock: Clock, trace: Trace, error: PncError) -> SessionOutcome:
    trace.emit(Problem(time=clock.now(), role=ACTOR, text=error.sentence, clause=error.clause, advice=error.advice))
    return SessionOutcome(reason=error.sentence, error=error)


def _setup_too_slow() -> PeerSilent:
    return PeerSilent(
        f"No secured connection to a station stood {timing.EVCC_SETUP:g} s after plug-in.",
        clause="V2G2-446",
        advice="Look at which of SDP, TCP and TLS was the last to be reported.",
    )
