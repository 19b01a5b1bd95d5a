"""Management systems of ours that are wrong in one point: in a call they make, an answer they give, or a decision.

Which cases have to see it follows from their steps: those in which that call, answer or decision occurs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms import authorization, csms, handlers, link
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.register import Register
from pncsim.simulator.conformance.case import Case, Mutant
from pncsim.simulator.conformance.csms.course import (
    CARDS,
    GROUPED,
    Begun,
    CoursePlay,
    CourseStep,
    EventSent,
    Plugged,
    Rebooted,
    Says,
    SetsOff,
    Swiped,
)
from pncsim.simulator.conformance.csms.wrong_calls import CALLS, WrongCall
from pncsim.simulator.conformance.put import put, wrong
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.values import replace

Hits = Callable[[CourseStep], bool]
StepsOf = Mapping[str, tuple[CourseStep, ...]]
Refusal = tuple[str, str, str, Callable[[Any], bool], Hits]


def mutants(cases: Iterable[Case]) -> dict[str, Mutant]:
    """All of them by name; which of ``cases`` each makes fail follows from their steps."""
    taken = {one.id: one.how.steps for one in cases if isinstance(one.how, CoursePlay)}
    found = (*_calling(taken), *_refusing(taken), *_deciding(taken))
    return {one.name: replace(one, kills=(*one.kills, *BESIDES.get(one.name, ()))) for one in found}


BESIDES: Mapping[str, tuple[str, ...]] = {
    "no-status": ("TC_C_50_CSMS",),
    "nobody-known": ("TC_C_50_CSMS",),
    "refuses-heartbeat": ("TC_B_01_CSMS",),
    "refuses-status": ("TC_M_24_CSMS",),
    "refuses-statusnotification": ("TC_B_01_CSMS",),
}
"""Cases that are no course of steps, and need the same answer."""


def _kills(taken: StepsOf, hits: Hits) -> tuple[str, ...]:
    return tuple(id for id, steps in taken.items() if any(hits(one) for one in _each(steps)))


def _each(steps: Iterable[CourseStep]) -> Iterator[CourseStep]:
    for one in steps:
        yield one
        if isinstance(one, SetsOff):
            yield one.told


def _calling(taken: StepsOf) -> Iterator[Mutant]:
    """Calls are made wrongly."""
    for one in CALLS:

        def hits(step: CourseStep, one: WrongCall = one) -> bool:
            return isinstance(step, Begun) and step.action == one.action and one.shows(step.payload)

        yield Mutant(name=one.name, title=one.title, kills=_kills(taken, hits), made=partial(_called, one))


def _called(wrongly: WrongCall) -> AbstractContextManager[None]:
    right = Csms.call

    async def call(
        self: Csms, identity: str, action: str, payload: Mapping[str, Any], limit: float | None = None
    ) -> Any:
        sent = wrongly.change(dict(payload)) if action == wrongly.action else payload
        return await right(self, identity, action, sent, limit)

    return put(Csms, "call", call)


def _refusing(taken: StepsOf) -> Iterator[Mutant]:
    """A row of the table of answers says no."""
    for name, title, action, refuses, hits in REFUSALS:
        yield Mutant(name=name, title=title, kills=_kills(taken, hits), made=partial(_refused, action, refuses))


def _refused(action: str, refuses: Callable[[Any], bool]) -> AbstractContextManager[None]:
    right = handlers.ANSWERS[action]

    def answer(link: Any, request: Any) -> Any:
        if refuses(request):
            raise CallError("InternalError", "the mutant cannot do that")
        return right(link, request)

    return put(csms, "ANSWERS", {**handlers.ANSWERS, action: answer})


def _says(action: str) -> Hits:
    return lambda step: isinstance(step, Says) and step.action == action


def _told(holds: Callable[[EventSent], bool]) -> Hits:
    return lambda step: isinstance(step, EventSent) and holds(step)


def _values(context: str) -> Refusal:
    """Readings of that context are refused."""

    def refuses(request: Any) -> bool:
        return any(
            one.get("context") == context for value in request.get("meterValue", ()) for one in value["sampledValue"]
        )

    name = f"refuses-{context.replace('.', '-').lower()}"
    return (
        name,
        f"it refuses readings of {context}",
        "TransactionEvent",
        refuses,
        _told(lambda one: one.values == context),
    )


def _signed(request: Any) -> bool:
    return any("signedMeterValue" in one for value in request.get("meterValue", ()) for one in value["sampledValue"])


def _any(request: Any) -> bool:
    return True


REFUSALS: tuple[Refusal, ...] = (
    *(
        (f"refuses-{action.lower()}", f"it refuses {action}", action, _any, _says(action))
        for action in (
            "FirmwareStatusNotification",
            "Heartbeat",
            "LogStatusNotification",
            "MeterValues",
            "NotifyCustomerInformation",
            "NotifyEvent",
            "NotifyReport",
            "ReportChargingProfiles",
            "SecurityEventNotification",
        )
    ),
    (
        "refuses-statusnotification",
        "it refuses StatusNotification",
        "StatusNotification",
        _any,
        lambda step: isinstance(step, Plugged),
    ),
    (
        "refuses-returns",
        "who boots again is refused",
        "BootNotification",
        lambda request: request["reason"] not in ("PowerUp", "Triggered"),
        lambda step: isinstance(step, Rebooted),
    ),
    (
        "refuses-custom-data",
        "it refuses who has data of its own",
        "BootNotification",
        lambda request: "customData" in request,
        lambda step: isinstance(step, Says) and step.action == "BootNotification" and "customData" in step.payload,
    ),
    (
        "refuses-unpaid",
        "a transaction begins with a card, or is refused",
        "TransactionEvent",
        lambda request: request["eventType"] == "Started" and "idToken" not in request,
        _told(lambda one: one.type == "Started" and not one.card and not one.contract),
    ),
    (
        "refuses-what-happens",
        "it refuses TransactionEvent Updated",
        "TransactionEvent",
        lambda request: request["eventType"] == "Updated",
        _told(lambda one: one.type == "Updated"),
    ),
    (
        "refuses-ends",
        "it refuses TransactionEvent Ended",
        "TransactionEvent",
        lambda request: request["eventType"] == "Ended",
        _told(lambda one: one.type == "Ended"),
    ),
    (
        "refuses-late",
        "it refuses what happened while the station was offline",
        "TransactionEvent",
        lambda request: request.get("offline", False),
        _told(lambda one: one.offline),
    ),
    (
        "refuses-nowhere",
        "it refuses a transaction of no EVSE",
        "TransactionEvent",
        lambda request: "evse" not in request,
        _told(lambda one: not one.evse),
    ),
    (
        "refuses-signed",
        "it refuses signed readings",
        "TransactionEvent",
        _signed,
        _told(lambda one: one.signed),
    ),
    (
        "refuses-status",
        "it says nothing of certificates",
        "GetCertificateStatus",
        _any,
        lambda step: False,
    ),
    *map(_values, ("Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End", "Trigger")),
)
"""Name, what is wrong, in answers to which action, which requests are refused, by which steps it is seen."""


def _deciding(taken: StepsOf) -> Iterator[Mutant]:
    """A decision is another one."""

    def card(kind: type[EventSent | Swiped], sees: Callable[[str], bool]) -> tuple[str, ...]:
        return _kills(taken, lambda step: isinstance(step, kind) and step.card != "" and sees(step.card))

    def bad(name: str) -> bool:
        return name in GROUPED or "Accepted" not in CARDS[name]

    def known(name: str) -> bool:
        return "Unknown" not in CARDS[name]

    rows = (
        (
            "any-password",
            "whoever knows a station's identity comes in",
            Register,
            "check",
            _always("welcome"),
            ("TC_A_02_CSMS", "TC_A_03_CSMS"),
        ),
        ("no-password", "no password is the right one", Register, "check", _always("unauthorized"), ("TC_A_01_CSMS",)),
        (
            "any-card",
            "every card may charge",
            authorization,
            "check_token",
            _always(TokenStatus("Accepted")),
            card(Swiped, bad),
        ),
        (
            "any-card-later",
            "every card goes on charging",
            handlers,
            "check_token",
            _always(TokenStatus("Accepted")),
            card(EventSent, bad),
        ),
        ("nobody-known", "no card is known", authorization, "token_info", _unknown, card(Swiped, known)),
        (
            "nobody-known-later",
            "a transaction's card is never known",
            handlers,
            "token_info",
            _unknown,
            card(EventSent, known),
        ),
        (
            "any-status",
            "revoked contracts may charge",
            authorization,
            "_revocation",
            _always(("Accepted", "")),
            ("TC_C_51_CSMS",),
        ),
        (
            "no-status",
            "no contract's certificate is good",
            authorization,
            "_revocation",
            _always(("CertChainError", "It is not.")),
            ("TC_C_50_CSMS",),
        ),
        (
            "any-data",
            "it takes whatever vendors send",
            csms,
            "ANSWERS",
            {**handlers.ANSWERS, "DataTransfer": lambda link, request: {"status": "Accepted"}},
            ("TC_P_02_CSMS",),
        ),
        ("open-house", "who is not registered may call", link, "_ALLOWED_PENDING", _Everything(), ("TC_B_30_CSMS",)),
    )
    yield from wrong(*rows).values()


def _always(value: object) -> Callable[..., Awaitable[object]]:
    async def decide(*args: object, **more: object) -> object:
        return value

    return decide


def _unknown(status: object) -> dict[str, str]:
    return {"status": "Unknown"}


class _Everything:
    def __contains__(self, action: object) -> bool:
        return True
