"""Answers a CSMS of ours gives wrongly: each row refuses calls of an action that it should take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from pncsim.backend.csms import csms, handlers
from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.csms.course import EventSent, Plugged, Rebooted, Says
from pncsim.simulator.conformance.csms.wrong import Hits, StepsOf, kills
from pncsim.simulator.conformance.put import put
from pncsim.wire.ocpp.errors import CallError

Refusal = tuple[str, str, str, Callable[[Any], bool], Hits]


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
            "Get15118EVCertificate",
            "Heartbeat",
            "LogStatusNotification",
            "MeterValues",
            "NotifyCustomerInformation",
            "NotifyEVChargingNeeds",
            "NotifyEVChargingSchedule",
            "NotifyEvent",
            "NotifyReport",
            "ReportChargingProfiles",
            "SecurityEventNotification",
            "SignCertificate",
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


def mutants(taken: StepsOf) -> Iterator[Mutant]:
    """A row of the table of answers says no."""
    for name, title, action, refuses, hits in REFUSALS:
        yield Mutant(name=name, title=title, kills=kills(taken, hits), made=partial(_refused, action, refuses))


def _refused(action: str, refuses: Callable[[Any], bool]) -> AbstractContextManager[None]:
    right = handlers.ANSWERS[action]

    def answer(link: Any, request: Any) -> Any:
        if refuses(request):
            raise CallError("InternalError", "the mutant cannot do that")
        return right(link, request)

    return put(csms, "ANSWERS", {**handlers.ANSWERS, action: answer})
