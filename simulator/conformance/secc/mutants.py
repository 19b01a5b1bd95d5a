"""Stations of ours that are wrong in one point: a row, a handler or a value replaced. Each makes cases fail.

A case that none of them can fail proves nothing; :data:`UNKILLED` says why where that is so all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Any

from pncsim.secc.config import ReceiptPolicy
from pncsim.secc.evse import EvsePlan
from pncsim.simulator.conformance.case import Case, Mutant
from pncsim.simulator.conformance.secc.discovery import LateConnection, Search
from pncsim.simulator.conformance.secc.links import deaf, lax
from pncsim.simulator.conformance.secc.looks import offers_the_choice_of_before
from pncsim.simulator.conformance.secc.step import SEQUENCE_TIMEOUT, SETUP_TIMEOUT, SILENCE, CaseStep
from pncsim.wire.errors import Kind, PeerError
from pncsim.wire.session.dialect import Dialect, Move
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.codes import CODES
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.values import replace

Made = Callable[[EvsePlan], EvsePlan]
CaseSteps = tuple[tuple[Case, CaseStep], ...]

_BELOW_TLS = "The header of a message is read in one place, below TLS, which no dialect replaces; tests/wire breaks it."
UNKILLED = {
    "TC_SECC_CMN_VTB_SessionSetup_003": "A limit for sessions and one for requests end it; either will do.",
    **{f"TC_SECC_CMN_VTB_V2GTPSessionSetup_{number:03}": _BELOW_TLS for number in (2, 4, 5)},
}
"""Cases that no mutant fails, each with the reason."""

NO_NEGOTIATION = "Failed_NoNegotiation"
_PATIENT = 90.0
"""Seconds a mutant waits that does not give up in time."""
_DELIVERIES = ("CertificateInstallationReq", "CertificateUpdateReq")


def mutants(cases: Iterable[Case]) -> dict[str, Mutant]:
    """All of them by name; which of ``cases`` each makes fail follows from what the cases say."""
    every = tuple(cases)
    steps = tuple((case, case.how) for case in every if isinstance(case.how, CaseStep))
    found = [*_refusing(steps), *_too_kind(steps), *_late(every, steps), *_before(every), *_saying(steps)]
    return {one.name: one for one in found}


# ---- how one is made ---------------------------------------------------------------------------------------------


def _speaks(change: Callable[[Dialect], Dialect]) -> Made:
    """It speaks a changed dialect."""
    return lambda plan: replace(plan, dialects=tuple(change(one) for one in plan.dialects))


def _moves(name: str, wrap: Callable[[Move], Move]) -> Made:
    """It has another move on one request, made of the right one."""
    return _speaks(lambda dialect: dialect.with_move(name, wrap(dialect.moves[name])))


def _waits(name: str) -> Made:
    """It waits longer than it should where the dialect's times say ``name``."""
    return _speaks(
        lambda d: replace(d, times=replace(d.times, **{name: replace(getattr(d.times, name), seconds=_PATIENT)}))
    )


def _refuses(when: Callable[[Any, Any], bool], kind: Kind = "unspecific") -> Callable[[Move], Move]:
    def wrap(right: Move) -> Move:
        def move(s: Any, request: Any) -> Any:
            if when(s, request):
                raise PeerError("The mutant refuses this.", kind=kind)
            return right(s, request)

        return move

    return wrap


def _replies(change: Callable[[Any, Any], Any]) -> Callable[[Move], Move]:
    """The body of a reply is changed by ``change(session, body)``, whether it comes at once or later."""

    def changed(s: Any, reply: Reply) -> Reply:
        return replace(reply, message=change(s, reply.message))

    def wrap(right: Move) -> Move:
        def later(s: Any, handling: Any) -> Generator[Any, Any, Reply]:
            reply = yield from handling
            return changed(s, reply)

        def move(s: Any, request: Any) -> Any:
            handling = right(s, request)
            return changed(s, handling) if isinstance(handling, Reply) else later(s, handling)

        return move

    return wrap


# ---- right requests that are refused -----------------------------------------------------------------------------


def _refusing(steps: CaseSteps) -> Iterator[Mutant]:
    good = [(case, step) for case, step in steps if step.goes_on and step.at != "SupportedAppProtocolReq"]
    plain = str(CODES.get("unspecific", "FAILED"))
    another_code = [(case, step) for case, step in steps if not step.goes_on and plain not in step.codes]
    for at in dict.fromkeys(step.at for _, step in good):
        name, _, mode = at.rstrip(")").partition("(")
        delivery = at in _DELIVERIES
        kills = [
            case.id
            for case, step in (steps if delivery else (*good, *another_code))
            if step.at == at and step.nth == 1 and not step.setting.pause and not _of_the_chassis(step)
        ]
        if at == "CertificateUpdateReq":
            kills += [
                case.id for case, step in good if step.at == "PaymentDetailsReq" and step.setting.delivery == "update"
            ]
        kind: Kind = "revoked" if delivery else "unspecific"
        yield _mutant(f"refuses {at}", f"{at} is refused", kills, _moves(name, _refuses(_in_mode(mode), kind)))
    for at, what, when, seen in _AGAIN:
        kills = [case.id for case, step in good if step.at == at and seen(step)]
        made = _moves(at.partition("(")[0], _refuses(when))
        yield _mutant(f"refuses {at} {what}", f"{at} {what} is refused", kills, made)


def _of_the_chassis(step: CaseStep) -> bool:
    """Whether it never comes to the request's own move: nothing came, another request, or one of another session."""
    return not step.answer or step.codes[0] in ("FAILED_SequenceError", "FAILED_UnknownSession")


def _in_mode(mode: str) -> Callable[[Any, Any], bool]:
    def when(s: Any, request: Any) -> bool:
        return not mode or mode in (getattr(request, "ChargeProgress", ""), getattr(request, "ChargingSession", ""))

    return when


def _in_a_joined_session(s: Any, request: Any) -> bool:
    return s.joined is not None


def _while_renegotiating(s: Any, request: Any) -> bool:
    return s.state in (State.RENEGOTIATING_AC, State.RENEGOTIATING_DC)


def _started_before(s: Any, request: Any) -> bool:
    return bool(s.was_charging) and request.ChargeProgress == "Start"


def _about_certificates(s: Any, request: Any) -> bool:
    return bool(request.ServiceID == CERTIFICATES)


def _joins(step: CaseStep) -> bool:
    return step.setting.pause == "vehicle"


def _comes_again(step: CaseStep) -> bool:
    return step.nth > 1


def _asks_about_certificates(step: CaseStep) -> bool:
    return step.setting.details[step.nth - 1 : step.nth] == (CERTIFICATES,)


CERTIFICATES = 2
"""ServiceID of the certificate service (ISO 15118-2, Table 105)."""
_AGAIN = (
    ("ServiceDiscoveryReq", "in a joined session", _in_a_joined_session, _joins),
    ("ChargeParameterDiscoveryReq", "in a joined session", _in_a_joined_session, _joins),
    ("ChargeParameterDiscoveryReq", "to renegotiate", _while_renegotiating, _comes_again),
    ("ServiceDetailReq", "about the certificate service", _about_certificates, _asks_about_certificates),
    ("PowerDeliveryReq(Start)", "after renegotiating", _started_before, _comes_again),
)
"""Request, when it is refused in words, when that is, and which steps see it."""


# ---- wrong requests that are not refused -------------------------------------------------------------------------

_KINDS: tuple[Kind, ...] = (
    "unspecific",
    "sequence",
    "unknown session",
    "service unknown",
    "service selection",
    "no charge service",
    "payment selection",
    "profile",
    "expired",
    "signature",
    "energy mode",
    "charge parameter",
    "tariff",
    "charging profile",
    "receipt signature",
)


def _too_kind(steps: CaseSteps) -> Iterator[Mutant]:
    """What is wrong in one way is answered with OK: a row of the table of response codes replaced."""
    for kind in _KINDS:
        code = str(CODES.get(kind, "FAILED"))
        kills = [
            case.id
            for case, step in steps
            if step.closes
            and step.codes[:1] == (code,)
            and (len(step.codes) == 1)
            and (step.at not in _DELIVERIES or _of_the_chassis(step))
        ]
        kills += _CHAINS.get(kind, [])
        yield _mutant(
            f"says OK to {kind}", f"an error of the kind '{kind}' is answered with OK", kills, _speaks(_says_ok(kind))
        )


_CHAINS: dict[Kind, list[str]] = {
    "profile": ["TC_SECC_CMN_VTB_PaymentDetails_008"],
    "expired": ["TC_SECC_CMN_VTB_PaymentDetails_010"],
}


def _says_ok(kind: Kind) -> Callable[[Dialect], Dialect]:
    def change(dialect: Dialect) -> Dialect:
        right = dialect.answer
        return replace(dialect, answer=lambda found, response: "OK" if found == kind else right(found, response))

    return change


# ---- times -------------------------------------------------------------------------------------------------------


def _late(cases: tuple[Case, ...], steps: CaseSteps) -> Iterator[Mutant]:
    silent = [(case, step.not_before) for case, step in steps if step.sends is SILENCE]
    after = [case.id for case, seconds in silent if seconds == SEQUENCE_TIMEOUT]
    yield _mutant("waits for requests", f"it waits {_PATIENT:g} s for a request", after, _waits("sequence_timeout"))
    first = [case.id for case, seconds in silent if seconds == SETUP_TIMEOUT and case.id not in UNKILLED]
    first += [
        case.id
        for case in cases
        if isinstance(case.how, LateConnection) or (isinstance(case.how, Search) and case.how.late)
    ]
    yield _mutant("waits for sessions", f"it waits {_PATIENT:g} s for a session", first, _waits("station_setup"))
    # Whoever breaks the sequence is hung up on in any case.
    refused = [
        case.id
        for case, step in steps
        if step.closes and step.answer and "FAILED_SequenceError" not in step.codes and step.codes[0] != NO_NEGOTIATION
    ]
    yield _mutant(
        "stays connected",
        "it closes no connection after a refusal",
        refused,
        lambda plan: replace(plan, config=replace(plan.config, after_failed="goodbye")),
    )


# ---- before any request ------------------------------------------------------------------------------------------


def _before(cases: tuple[Case, ...]) -> Iterator[Mutant]:
    asked = {case.id: case.how for case in cases if isinstance(case.how, Search)}
    yield _mutant("is deaf", "SDP is not answered", [id for id, how in asked.items() if how.answer is not None], deaf)
    wrong = [id for id, how in asked.items() if how.answer is None and isinstance(how.wish, bytes)]
    yield _mutant("reads any header", "the V2GTP header of an SDP request is not looked at", wrong, lax)
    sap = "TC_SECC_CMN_VTB_SupportedAppProtocol_00"
    yield _mutant(
        "speaks another protocol",
        "its namespace is another one",
        [f"{sap}{number}" for number in (1, 4, 6)],
        _speaks(lambda dialect: replace(dialect, namespace="urn:example:mutant")),
    )
    yield _mutant(
        "speaks what nobody speaks",
        "its namespace is the one nobody speaks",
        [f"{sap}{number}" for number in (2, 1, 4, 6)],
        _speaks(lambda dialect: replace(dialect, namespace="urn:example:nobody")),
    )
    yield _mutant(
        "takes any payload type",
        "messages come under another payload type, too",
        ["TC_SECC_CMN_VTB_V2GTPSessionSetup_003"],
        _speaks(lambda dialect: replace(dialect, sets={**dialect.sets, 0x7001: "iso2"})),
    )


# ---- what is said ------------------------------------------------------------------------------------------------


def _saying(steps: CaseSteps) -> Iterator[Mutant]:
    setup = [(case, step) for case, step in steps if step.at == "SessionSetupReq" and step.setting.pause == "vehicle"]
    old = [case.id for case, step in setup if step.codes == ("OK_OldSessionJoined",)]
    later = [case.id for case, step in steps if _joins(step) and offers_the_choice_of_before in step.also]
    yield _mutant("forgets", "a paused session is forgotten", [*old, *later], _moves("SessionSetupReq", _forgetful))
    new = [case.id for case, step in setup if case.id not in old]
    yield _mutant("joins any", "whoever comes joins the paused session", new, _moves("SessionSetupReq", _sociable))
    for first, name, title in ((0, "asks no receipt", "no receipt is asked for"), (1, "asks receipts", "they are")):
        policy = ReceiptPolicy(first=first, every=1)
        numbers = ("_001", "_006", "_008") if first else ("_002", "_007", "_009")
        kills = [
            case.id
            for case, step in steps
            if step.at in ("ChargingStatusReq", "CurrentDemandReq") and step.goes_on and case.id.endswith(numbers)
        ]
        yield _mutant(name, title, kills, partial(_asks, policy=policy))
    for at in ("ChargingStatusReq", "CurrentDemandReq"):
        kills = [
            case.id for case, step in steps if step.at == at and case.id[-3:] in ("002", "006", "007", "008", "009")
        ]
        made = _moves(at, _replies(lambda s, body: replace(body, MeterInfo=None)))
        yield _mutant(f"hides its meter in {at}", f"there is no MeterInfo in the answer to {at}", kills, made)
    offered = [case.id for case, step in steps if step.at == "ServiceDiscoveryReq" and step.setting.pause == "vehicle"]
    both = _moves("ServiceDiscoveryReq", _replies(_any_payment))
    yield _mutant("offers any payment", "a joined session may be paid in another way", offered, both)
    priced = [case.id for case, step in steps if step.setting.tariffs and step.goes_on and not step.setting.pause]
    free = _moves("ChargeParameterDiscoveryReq", _replies(_without_tariffs))
    yield _mutant("hides its prices", "no schedule has a tariff", priced, free)


def _forgetful(right: Move) -> Move:
    def move(s: Any, request: Any) -> Any:
        s.config.paused.clear()
        return right(s, request)

    return move


def _sociable(right: Move) -> Move:
    def move(s: Any, request: Any) -> Any:
        for kept in s.config.paused.values():
            s.received = replace(s.received, session_id=kept.session_id)
        return right(s, request)

    return move


def _asks(plan: EvsePlan, policy: ReceiptPolicy) -> EvsePlan:
    return replace(plan, config=replace(plan.config, receipts=policy))


def _any_payment(s: Any, body: Any) -> Any:
    every = iso2.PaymentOptionListType(PaymentOption=list(iso2.PaymentOptionType))
    return replace(body, PaymentOptionList=every)


def _without_tariffs(s: Any, body: Any) -> Any:
    if body.SASchedules is None:
        return body
    plain = [replace(one, SalesTariff=None) for one in body.SASchedules.SAScheduleTuple]
    return replace(body, SASchedules=iso2.SAScheduleListType(SAScheduleTuple=plain))


def _mutant(name: str, title: str, kills: Iterable[str], made: Made) -> Mutant:
    return Mutant(
        name=name.replace(" ", "-").replace("(", "-").replace(")", ""), title=title, kills=tuple(kills), made=made
    )
