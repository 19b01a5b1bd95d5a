"""Calls a CSMS of ours makes wrongly: each row changes the payload of calls of some actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from msgspec import Struct

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.csms.course import Begun, CourseStep
from pncsim.simulator.conformance.csms.wrong import StepsOf, kills
from pncsim.simulator.conformance.pattern import Fitting, FromCase, Such, filled, unlike
from pncsim.simulator.conformance.put import put
from pncsim.wire.ocpp.actions import Request

Sent = dict[str, Any]


class WrongCall(Struct, frozen=True):
    """``change`` is what becomes of the payload of each call of ``action``."""

    name: str
    title: str
    action: str
    change: Callable[[Sent], Sent]

    def shows(self, pattern: Any) -> bool:
        """Whether a call that has to be like ``pattern`` is then unlike it."""
        plain = _without_case(pattern)
        return bool(unlike(plain, self.change(filled(plain, None)), None))


def _without_case(pattern: Any) -> Any:
    """What follows from the case stands for itself, whatever it is."""
    match pattern:
        case dict():
            return {name: _without_case(one) for name, one in pattern.items()}
        case list():
            return [_without_case(one) for one in pattern]
        case FromCase(words) | Such(example=FromCase(words)) | Fitting(words):
            return words
    return pattern


def _puts(*path: str, value: Any) -> Callable[[Sent], Sent]:
    """This member has another value."""
    name, *below = path

    def change(payload: Sent) -> Sent:
        if not below:
            return {**payload, name: value}
        inner = payload.get(name)
        return {**payload, name: _puts(*below, value=value)(inner)} if isinstance(inner, dict) else payload

    return change


def _drops(*path: str) -> Callable[[Sent], Sent]:
    """This member is not there."""
    name, *below = path

    def change(payload: Sent) -> Sent:
        if not below:
            return {one: value for one, value in payload.items() if one != name}
        inner = payload.get(name)
        return {**payload, name: _drops(*below)(inner)} if isinstance(inner, dict) else payload

    return change


def _swaps(name: str, *values: str) -> Callable[[Sent], Sent]:
    """One of two values stands for the other."""
    return lambda payload: {**payload, name: values[1 - values.index(payload[name])]}


def _renamed(items: str) -> Callable[[Sent], Sent]:
    return lambda payload: {
        **payload,
        items: [{**one, "variable": {"name": "SomethingElse"}} for one in payload[items]],
    }


def _without(*names: str) -> Callable[[Sent], Sent]:
    return lambda payload: {name: value for name, value in payload.items() if name not in names}


def _first(items: str) -> Callable[[Sent], Sent]:
    return lambda payload: {**payload, items: payload[items][:1]}


def _another_priority(payload: Sent) -> Sent:
    return {
        **payload,
        "setVariableData": [
            {**one, "attributeValue": "7"} if one["variable"]["name"] == "NetworkConfigurationPriority" else one
            for one in payload["setVariableData"]
        ],
    }


def _installed_long_ago(payload: Sent) -> Sent:
    firmware = payload["firmware"]
    when = {"installDateTime": "2001-01-01T00:00:00Z"} if "installDateTime" in firmware else {}
    return {**payload, "firmware": firmware | when}


def _root_of_another(payload: Sent) -> Sent:
    manufacturers = payload["certificateType"] == "ManufacturerRootCertificate"
    return {**payload, "certificateType": "V2GRootCertificate" if manufacturers else "ManufacturerRootCertificate"}


_ANOTHER = {"hashAlgorithm": "SHA256", "issuerNameHash": "00", "issuerKeyHash": "00", "serialNumber": "4711"}
CALLS: tuple[WrongCall, ...] = tuple(
    WrongCall(*row)
    for row in (
        ("resets-at-once", "it never waits with a reset", "Reset", _puts("type", value="Immediate")),
        ("resets-some-time", "it always waits with a reset", "Reset", _puts("type", value="OnIdle")),
        ("resets-all", "it resets the station where an EVSE is meant", "Reset", _drops("evseId")),
        ("resets-one", "it resets EVSE 3, whatever is meant", "Reset", _puts("evseId", value=3)),
        ("reads-another", "it asks for another variable", "GetVariables", _renamed("getVariableData")),
        ("reads-one", "it asks for the first variable only", "GetVariables", _first("getVariableData")),
        ("writes-another", "it sets another variable", "SetVariables", _renamed("setVariableData")),
        ("writes-one", "it sets the first variable only", "SetVariables", _first("setVariableData")),
        (
            "asks-for-a-summary",
            "it asks for another report",
            "GetBaseReport",
            _puts("reportBase", value="SummaryInventory"),
        ),
        (
            "prefers-another",
            "it makes another network profile the first than the one it has sent",
            "SetVariables",
            _another_priority,
        ),
        (
            "profile-of-old",
            "its network profile is for OCPP 1.6",
            "SetNetworkProfile",
            _puts("connectionData", "ocppVersion", value="OCPP16"),
        ),
        (
            "triggers-another",
            "it triggers another message",
            "TriggerMessage",
            _puts("requestedMessage", value="PublishFirmwareStatusNotification"),
        ),
        ("triggers-all", "it triggers at the station where an EVSE is meant", "TriggerMessage", _drops("evse")),
        ("triggers-one", "it triggers at EVSE 3, whatever is meant", "TriggerMessage", _puts("evse", value={"id": 3})),
        (
            "turns-off-for-on",
            "it turns off what it should turn on, and the other way round",
            "ChangeAvailability",
            _swaps("operationalStatus", "Operative", "Inoperative"),
        ),
        ("turns-all", "it turns the station where an EVSE is meant", "ChangeAvailability", _drops("evse")),
        ("turns-one", "it turns EVSE 3, whatever is meant", "ChangeAvailability", _puts("evse", value={"id": 3})),
        (
            "turns-the-evse",
            "it turns the EVSE where a connector is meant",
            "ChangeAvailability",
            _drops("evse", "connectorId"),
        ),
        ("unlocks-another", "it unlocks another connector", "UnlockConnector", _puts("connectorId", value=2)),
        (
            "stops-another",
            "it stops another transaction",
            "RequestStopTransaction",
            _puts("transactionId", value="another"),
        ),
        (
            "asks-of-another",
            "it asks for another transaction, and always for one",
            "GetTransactionStatus",
            _puts("transactionId", value="another"),
        ),
        (
            "replaces-for-changing",
            "it sends a whole list for a difference, and the other way round",
            "SendLocalList",
            _swaps("updateType", "Full", "Differential"),
        ),
        ("lists-of-no-version", "its lists have the version 0", "SendLocalList", _puts("versionNumber", value=0)),
        ("lists-of-one-version", "its lists have the version 1", "SendLocalList", _puts("versionNumber", value=1)),
        ("lists-nobody", "its lists are empty", "SendLocalList", _drops("localAuthorizationList")),
        ("limits-another", "its profiles are for EVSE 3", "SetChargingProfile", _puts("evseId", value=3)),
        (
            "limits-for-another-end",
            "its profiles have another purpose",
            "SetChargingProfile",
            _puts("chargingProfile", "chargingProfilePurpose", value="ChargingStationExternalConstraints"),
        ),
        (
            "limits-from-the-start",
            "its profiles begin with the transaction",
            "SetChargingProfile",
            _puts("chargingProfile", "chargingProfileKind", value="Relative"),
        ),
        (
            "limits-whatever-charges",
            "its profiles name no transaction",
            "SetChargingProfile",
            _drops("chargingProfile", "transactionId"),
        ),
        (
            "starts-without-limits",
            "it starts transactions without a profile",
            "RequestStartTransaction",
            _drops("chargingProfile"),
        ),
        ("sums-up-another", "it asks for another EVSE's schedule", "GetCompositeSchedule", _puts("evseId", value=3)),
        (
            "asks-for-other-profiles",
            "it asks for the profiles of one level of one purpose, whatever is meant",
            "GetChargingProfiles",
            _puts("chargingProfile", value={"chargingProfilePurpose": "TxProfile", "stackLevel": 3}),
        ),
        (
            "clears-everywhere",
            "it takes away the profiles of every EVSE",
            "ClearChargingProfile",
            _drops("chargingProfileCriteria", "evseId"),
        ),
        (
            "clears-another",
            "it takes away another profile",
            "ClearChargingProfile",
            lambda payload: {"chargingProfileId": 4711},
        ),
        ("signs-no-firmware", "its firmware has no signature", "UpdateFirmware", _drops("firmware", "signature")),
        (
            "installs-at-once",
            "it never says when to install",
            "UpdateFirmware",
            _drops("firmware", "installDateTime"),
        ),
        ("installs-long-ago", "it says to install in the past", "UpdateFirmware", _installed_long_ago),
        (
            "fetches-another-log",
            "it asks for the other log",
            "GetLog",
            _swaps("logType", "DiagnosticsLog", "SecurityLog"),
        ),
        (
            "clears-for-reading",
            "it lets clear where it should only read, and the other way round",
            "CustomerInformation",
            lambda payload: {**payload, "clear": not payload["clear"]},
        ),
        (
            "asks-about-nobody",
            "it asks about a customer without saying whom",
            "CustomerInformation",
            _without("idToken", "customerCertificate", "customerIdentifier"),
        ),
        ("brings-another-root", "it brings roots as those of somebody else", "InstallCertificate", _root_of_another),
        (
            "brings-no-certificate",
            "what it brings is no certificate",
            "InstallCertificate",
            _puts("certificate", value="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ),
        (
            "lists-other-certificates",
            "it asks for certificates of two uses, whatever is meant",
            "GetInstalledCertificateIds",
            _puts("certificateType", value=["V2GRootCertificate", "MORootCertificate"]),
        ),
        (
            "hashes-in-one-way",
            "it names certificates by SHA256 alone",
            "DeleteCertificate",
            _puts("certificateHashData", "hashAlgorithm", value="SHA256"),
        ),
        (
            "deletes-another",
            "it has another certificate deleted",
            "DeleteCertificate",
            _puts("certificateHashData", value=_ANOTHER),
        ),
    )
)


def mutants(taken: StepsOf) -> Iterator[Mutant]:
    """Calls are made wrongly."""
    for one in CALLS:

        def hits(step: CourseStep, one: WrongCall = one) -> bool:
            return isinstance(step, Begun) and step.action == one.action and one.shows(step.payload)

        yield Mutant(name=one.name, title=one.title, kills=kills(taken, hits), made=partial(_called, one))


@contextmanager
def _called(wrongly: WrongCall) -> Iterator[None]:
    call, ask = Csms.call, Csms.ask

    def sent(action: str, payload: Any) -> Any:
        return wrongly.change(dict(payload)) if action == wrongly.action else payload

    async def calls(self: Csms, identity: str, action: str, payload: Any, limit: float | None = None) -> Any:
        return await call(self, identity, action, sent(action, payload), limit)

    async def asks(self: Csms, identity: str, request: Request[Any], limit: float | None = None) -> Any:
        return await ask(self, identity, Request(request.action, sent(request.action, request.payload)), limit)

    with put(Csms, "call", calls), put(Csms, "ask", asks):
        yield
