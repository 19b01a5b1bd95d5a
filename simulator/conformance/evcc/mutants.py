"""Vehicles of ours that are wrong in one point: a row, a move, a check or a value replaced. Each makes cases fail.

A case that none of them can fail proves nothing; :data:`UNKILLED` says why where that is so all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pncsim.ev.iso2 import ISO2
from pncsim.ev.pilot_guard import PilotGuard
from pncsim.ev.session import VehicleSession
from pncsim.simulator.conformance.case import Case, Mutant
from pncsim.simulator.conformance.evcc.lapses import InPlaceOf, Lapse, moves, speaks
from pncsim.simulator.conformance.evcc.misjudging import misjudging
from pncsim.simulator.conformance.evcc.step import AnswerFault, AnswerStep
from pncsim.simulator.conformance.evcc.table import ISO, OURS
from pncsim.simulator.conformance.put import gives, wrong
from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.pilot import Pilot
from pncsim.wire.session.dialect import Move
from pncsim.wire.session.initiator import Initiator
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

UNKILLED = {
    f"{ISO}DC_VTB_CurrentDemand_007": "The answer comes half a second later, and the vehicle's own limit is 0.25 s: "
    "one that does not look at the pilot ends the session all the same.",
}
"""Cases that no mutant fails, each with the reason."""

LATE = 30.0
"""Seconds that a mutant waits longer than it should."""

_Steps = Mapping[str, AnswerStep]

_await, _decide, _message, _silent = Initiator._await, Initiator._decide, Initiator._message, Initiator._silent
_begin_phase = VehicleSession.begin_phase
_LIMITED_TWICE = frozenset({f"{OURS}PreCharge_silence"})
"""Pre-charging as a whole has 7 s, within which the connection may be closed."""
_STOPS_ANYHOW = frozenset(
    f"{OURS}{pair}_{fault}" for pair in ("WeldingDetection", "SessionStop") for fault in ("failed", "session")
)
"""Whether a vehicle has heard what is wrong there or not: what it does next stops the session."""
_POWERED = (
    "CableCheckRes",
    "PreChargeRes",
    "PowerDeliveryRes",
    "ChargingStatusRes",
    "CurrentDemandRes",
    "MeteringReceiptRes",
    "SessionStopRes",
)
"""Answers as they come while the vehicle's switch is closed, and the one by which it is open in any case."""
_SIGNED = ("CertificateInstallationReq", "CertificateUpdateReq", "AuthorizationReq", "MeteringReceiptReq")


def mutants(cases: Iterable[Case]) -> Mapping[str, Mutant]:
    """All of them by name; which of ``cases`` each makes fail follows from what the cases say."""
    every = tuple(cases)
    steps = {case.id: case.how for case in every if isinstance(case.how, AnswerStep)}
    return wrong(*_ending(steps), *_giving_up(steps), *_saying(steps), *misjudging(every))


# ---- where the session has to end ----------------------------------------------------------------------------------


def _waits_longer(engine: Any, asked: str) -> None:
    _await(engine, asked)
    engine._limit += LATE


def _repeats_longer(session: Any, name: str, seconds: float, *more: Any, **limits: Any) -> None:
    _begin_phase(session, name, seconds + LATE, *more, **limits)


def _is_silent_no_more(engine: Any) -> Any:
    error = _silent(engine)
    _asks_for_services(engine)
    return error


def _asks_for_services(engine: Any) -> None:
    engine._await("ServiceDiscoveryReq")
    engine._send("ServiceDiscoveryReq", engine.dialect.wrap(engine.session.id, iso2.ServiceDiscoveryReq(), None))


def _hears_no_refusal(engine: Any, envelope: Any) -> Any:
    if str(envelope.body.ResponseCode).startswith("FAILED"):
        envelope = replace(envelope, body=replace(envelope.body, ResponseCode=iso2.ResponseCodeType.OK))
    return _decide(engine, envelope)


def _begins_anew(kind: Kind) -> Callable[[Any, Any], None]:
    """After what is wrong with a message in this way it asks which services there are."""

    def message(engine: Any, frame: Any) -> None:
        try:
            _message(engine, frame)
        except PeerError as error:
            if error.kind != kind:
                raise
            _asks_for_services(engine)

    return message


def _ending(steps: _Steps) -> Iterator[Lapse]:
    def of(*faults: AnswerFault) -> tuple[str, ...]:
        return tuple(id for id, step in steps.items() if step.fault in faults and id not in UNKILLED)

    def seen(fault: AnswerFault) -> tuple[str, ...]:
        return tuple(id for id in of(fault) if id not in _STOPS_ANYHOW)

    yield "deaf", "it takes every refusal for consent", Initiator, "_decide", _hears_no_refusal, seen("refusal")
    title = "it takes answers of other sessions"
    yield "any-session", title, Initiator, "check_session", gives(None), seen("foreign session")
    late = f"{LATE:g} s longer than it may"
    slow = tuple(id for id in of("silence") if id not in _LIMITED_TWICE)
    yield "patient", f"it waits for each answer {late}", Initiator, "_await", _waits_longer, slow
    title = "where no answer comes it asks for something else, and only then leaves"
    yield "asks-once-more", title, Initiator, "_silent", _is_silent_no_more, of("silence")
    title = f"it asks {late} where a station is not done"
    yield "tireless", title, VehicleSession, "begin_phase", _repeats_longer, of("endless")
    anew = "it begins anew after an answer that"
    yield (
        "takes-refusals-lightly",
        f"{anew} refuses what it has asked for",
        Initiator,
        "_message",
        _begins_anew("refused"),
        tuple(id for id in of("refusal") if steps[id].at not in ISO2.hears_failures),
    )
    yield (
        "takes-sessions-lightly",
        f"{anew} is of another session",
        Initiator,
        "_message",
        _begins_anew("unknown session"),
        of("foreign session"),
    )
    yield (
        "takes-any-message",
        f"{anew} was not due",
        Initiator,
        "_message",
        _begins_anew("unexpected answer"),
        of("other message"),
    )
    yield (
        "takes-noise",
        f"{anew} cannot be read",
        Initiator,
        "_message",
        _begins_anew("malformed"),
        of("unreadable"),
    )
    yield (
        "blind",
        "it does not look at the pilot while a session goes on",
        PilotGuard,
        "_count",
        gives(None),
        of("pilot"),
    )
    ends = tuple(
        id
        for id, step in steps.items()
        if step.at in _POWERED and not step.follows and not step.or_else and step.fault != "pilot"
    )
    leaves = tuple(id for id, step in steps.items() if step.leaves)
    title = "it does not open its switch when a session ends"
    yield "ready-for-ever", title, Pilot, "signal_not_ready", gives(None), (*ends, *leaves)


# ---- where it has to go on -----------------------------------------------------------------------------------------


def _gives_up(when: Callable[[Any, Any], bool]) -> Callable[[Move], Move]:
    def wrap(right: Move) -> Move:
        def move(s: Any, res: Any) -> Any:
            if when(s, res):
                raise PeerError("The mutant does not like this.")
            return right(s, res)

        return move

    return wrap


def _giving_up(steps: _Steps) -> Iterator[Lapse]:
    good = {id: step for id, step in steps.items() if step.follows and not step.leaves}
    for at in dict.fromkeys(step.at for step in good.values()):
        kills = tuple(id for id, step in steps.items() if step.at == at and (id in good or step.fault == "endless"))
        title = f"it ends the session after a right {at}"
        yield f"gives-up-after-{at}", title, *moves(at, _gives_up(lambda s, res: True)), kills
    stopped = _gives_up(lambda s, res: s.progress == iso2.ChargeProgressType.Stop)
    leaves = tuple(id for id, step in steps.items() if step.leaves)
    title = "it ends the session without SessionStopReq"
    yield "leaves-at-once", title, *moves("PowerDeliveryRes", stopped), leaves
    yield (
        "never-ready",
        "it does not close its switch",
        Pilot,
        "signal_ready",
        gives(None),
        tuple(id for id, step in steps.items() if step.ready),
    )


# ---- what it says --------------------------------------------------------------------------------------------------


def _wraps(change: Callable[[bytes, Any, Any], tuple[bytes, Any, Any]]) -> InPlaceOf:
    """What it sends is wrapped otherwise: another SessionID, body or signer."""
    return speaks(lambda dialect: replace(dialect, wrap=lambda *parts: ISO2.wrap(*change(*parts))))


def _has_a_number(right: Move) -> Move:
    def move(s: Any, res: Any) -> Any:
        s.id = bytes(7) + b"\x01"
        return right(s, res)

    return move


def _body(name: str, **fields: Any) -> Callable[[bytes, Any, Any], tuple[bytes, Any, Any]]:
    def change(session_id: bytes, body: Any, signer: Any) -> tuple[bytes, Any, Any]:
        meant = type(body).__name__ == name and getattr(body, "Id", None) is not None
        return session_id, replace(body, **fields) if meant else body, signer

    return change


def _unsigned(name: str) -> Callable[[bytes, Any, Any], tuple[bytes, Any, Any]]:
    return lambda session_id, body, signer: (session_id, body, None if type(body).__name__ == name else signer)


def _asking(steps: _Steps, request: str) -> tuple[str, ...]:
    """The cases in which this request has to come, and is looked at."""
    return tuple(id for id, step in steps.items() if request in step.follows and step.look is not None)


def _saying(steps: _Steps) -> Iterator[Lapse]:
    first, numbered = f"{ISO}CMN_VTB_SessionSetup_001", f"{ISO}CMN_VTB_ServiceDiscovery_001"
    title = "it begins with a SessionID that is not 0"
    yield "has-a-number", title, *moves("SupportedAppProtocolRes", _has_a_number), (first,)
    zero = _wraps(lambda session_id, body, signer: (bytes(8), body, signer))
    yield "forgets-its-number", "it sends SessionID 0 in every message", *zero, (numbered,)
    for name in _SIGNED:
        kills = _asking(steps, name)
        yield f"does-not-sign-{name}", f"it sends {name} without signature", *_wraps(_unsigned(name)), kills
    other = _wraps(_body("AuthorizationReq", GenChallenge=bytes(16)))
    title = "it sends another challenge than the station's"
    yield "own-challenge", title, *other, _asking(steps, "AuthorizationReq")
    nobody = _wraps(_body("MeteringReceiptReq", MeterInfo=iso2.MeterInfoType(MeterID="another")))
    title = "it signs another MeterInfo than the station's"
    yield "own-meter", title, *nobody, (f"{OURS}PNC_MR_01",)
