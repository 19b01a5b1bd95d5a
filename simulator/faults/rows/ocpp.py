"""OCPP between station and CSMS: answers that are errors, late, lost, malformed, refusals, and broken calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Ocpp, Reports
from pncsim.simulator.faults.changes import malformed, nonsense
from pncsim.simulator.faults.demands import BrokenCall, call_error, responds
from pncsim.simulator.faults.fault import Fault, Observations
from pncsim.simulator.lab.hooks import Late
from pncsim.simulator.parameters import Bounds, Choices
from pncsim.wire.ocpp.versions import V201

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DisturbedCall = Literal["Authorize", "Get15118EVCertificate"]
OfCall = Annotated[DisturbedCall, "Which call of the station it is about."]
_SCENARIO: Mapping[str, str] = {"Get15118EVCertificate": "install-contract"}


def _unanswered(action: str = "Authorize", **_: Any) -> Observations:
    """What a vehicle hears where its station has no answer of the CSMS."""
    if action == "Authorize":
        return responds("not authorised", "AuthorizationRes"), Reports("SECC", "not authorised")
    return responds("no contract", "CertificateInstallationRes"), Reports("SECC", "no contract")


def _scenario(action: str, **_: Any) -> str:
    return _SCENARIO.get(action, "pnc-ac")


def _instead(lab: Lab, where: str, action: str, change: Callable[[str], str | Late | None]) -> None:
    lab.hooks.alter_frames(where, lambda answered, frame: change(frame) if answered == action else frame)


def call_fails(
    lab: Lab,
    where: str,
    /,
    *,
    action: OfCall = "Authorize",
    code: Annotated[str, "The code it carries.", Choices(tuple(sorted(V201.codes)))] = "InternalError",
) -> None:
    """The CSMS answers with CALLERROR."""
    _instead(lab, where, action, lambda frame: json.dumps([4, json.loads(frame)[1], code, "", {}]))


def late(
    lab: Lab,
    where: str,
    /,
    *,
    action: OfCall = "Authorize",
    seconds: Annotated[float, "How late.", Bounds(0.0, 86_400.0)] = 30.0,
) -> None:
    """The CSMS answers late."""
    _instead(lab, where, action, lambda frame: Late(frame, seconds, lab.clock))


def lost(lab: Lab, where: str, /, *, action: OfCall = "Authorize") -> None:
    """The CSMS does not answer."""
    _instead(lab, where, action, lambda frame: None)


def garbled(lab: Lab, where: str, /, *, action: OfCall = "Authorize") -> None:
    """The CSMS answers with what is no JSON."""
    _instead(lab, where, action, nonsense)


def broken(lab: Lab, where: str, /, *, action: OfCall = "Authorize") -> None:
    """The CSMS answers with what its schema does not allow."""
    _instead(lab, where, action, malformed)


RefusedContract = Literal["Blocked", "Expired", "Invalid", "Unknown", "NoCredit", "NotAtThisTime", "NotAtThisLocation"]
_CANCELLED = frozenset({"Blocked", "Expired", "Invalid", "Unknown"})
"""Refusals that say of a contract that it is none any more; after the others its certificate is as good as before."""


def refused(
    lab: Lab, where: str, /, *, status: Annotated[RefusedContract, "What the CSMS says of the contract."] = "NoCredit"
) -> None:
    """The CSMS refuses a contract whose certificate is good."""

    def change(frame: str) -> str:
        kind, call, payload = json.loads(frame)
        payload["idTokenInfo"]["status"] = status
        payload["certificateStatus"] = _of_the_certificate(status)
        return json.dumps([kind, call, payload])

    _instead(lab, where, "Authorize", change)


def _of_the_certificate(status: str) -> str:
    return "ContractCancelled" if status in _CANCELLED else "Accepted"


_BREAKS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "message-type": lambda call: [7, *call[1:]],
    "unknown-action": lambda call: [*call[:2], "Authorise", call[3]],
    "missing-field": lambda call: [*call[:3], {name: value for name, value in call[3].items() if name != "idToken"}],
    "wrong-type": lambda call: [*call[:3], call[3] | {"idToken": "DEPNC"}],
    "unknown-value": lambda call: [*call[:3], call[3] | {"idToken": call[3]["idToken"] | {"type": "EMAID"}}],
    "surplus-field": lambda call: [*call[:3], call[3] | {"nobodyAsked": True}],
    "too-many": lambda call: [
        *call[:3],
        call[3] | {"iso15118CertificateHashData": 5 * call[3]["iso15118CertificateHashData"][:1]},
    ],
}


def broken_call(
    lab: Lab,
    where: str,
    /,
    *,
    how: Annotated[str, "What is wrong with it.", Choices(get_args(BrokenCall))] = "missing-field",
) -> None:
    """The station's Authorize is no call the schema allows."""

    def change(action: str, frame: str) -> str:
        return json.dumps(_BREAKS[how](json.loads(frame))) if action == "Authorize" else frame

    lab.hooks.alter_said(where, change)


ROWS = (
    Fault(
        name="csms-error",
        title="the CSMS answers {action} with CALLERROR {code}",
        group="OCPP",
        place="CSMS",
        answer=_unanswered,
        scenario=_scenario,
        deed=call_fails,
    ),
    Fault(
        name="late-csms",
        title="the CSMS answers {action} {seconds:g} s late",
        group="OCPP",
        place="CSMS",
        answer=_unanswered,
        scenario=_scenario,
        deed=late,
    ),
    Fault(
        name="silent-csms",
        title="the CSMS does not answer {action}",
        group="OCPP",
        place="CSMS",
        answer=_unanswered,
        scenario=_scenario,
        deed=lost,
    ),
    Fault(
        name="garbled-csms",
        title="the CSMS answers {action} with what is no JSON",
        group="OCPP",
        place="CSMS",
        answer=lambda action: (_unanswered(action)[0], Reports("CS", "malformed")),
        scenario=_scenario,
        deed=garbled,
    ),
    Fault(
        name="malformed-csms",
        title="the CSMS answers {action} with what its schema does not allow",
        group="OCPP",
        place="CSMS",
        answer=_unanswered,
        scenario=_scenario,
        deed=broken,
    ),
    Fault(
        name="contract-refused",
        title="the CSMS says {status} of a contract whose certificate is good",
        group="OCPP",
        place="CSMS",
        answer=lambda status: (responds("not authorised", "AuthorizationRes"),),
        deed=refused,
    ),
    Fault(
        name="broken-call",
        title="the station's Authorize is broken: {how}",
        group="OCPP",
        place="station",
        answer=lambda how: (call_error(how), *_unanswered()),
        deed=broken_call,
    ),
    Fault(
        name="card-refused",
        title="the CSMS does not know the driver's card",
        group="OCPP",
        place="CSMS",
        answer=(
            Ocpp("Authorize", "status", "Unknown", "C01.FR.02"),
            *_unanswered(),
        ),
        scenario="eim-ac",
        deed=deeds.service(deeds.card_unknown),
    ),
    Fault(
        name="dead-csms",
        title="the CSMS goes away before the vehicle is plugged in",
        group="OCPP",
        place="CSMS",
        answer=(Reports("CS", "closed"), Reports("EV", "payment selection", "OCPP ContractValidationOffline")),
        deed=deeds.beforehand("csms", deeds.csms_dead),
    ),
    Fault(
        name="csms-away",
        title="the connection to the CSMS is lost for {seconds:g} s while energy flows",
        group="OCPP",
        place="CSMS",
        answer=(Reports("CS", "closed", "E04.FR.01"),),
        survived=True,
        deed=deeds.csms_away,
    ),
    Fault(
        name="csms-dies",
        title="the CSMS goes away for good while energy flows",
        group="OCPP",
        place="CSMS",
        answer=(Reports("CS", "closed", "E04.FR.01"), Reports("CS", "unreachable", "E04.FR.01")),
        survived=True,
        deed=deeds.csms_dies,
    ),
)
