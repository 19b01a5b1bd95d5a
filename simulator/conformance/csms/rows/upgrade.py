"""The upgrade of a station's security profile, after which it does not come in as before."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import Begun, StationCourse
from pncsim.simulator.conformance.csms.declared import UPGRADED
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.csms.rows.control import ACCEPTED
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything, Such
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.wire.errors import LocalError, PeerError

UPGRADE = OcttCases("security profiles")
CASES = UPGRADE.cases

_ADDRESS = Such("an address of wss://", lambda url: url.startswith("wss://"), "wss://localhost/ocpp")
_PROFILE = Begun(
    "SetNetworkProfile",
    {
        "configurationSlot": Anything(1),
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": _ADDRESS,
            "messageTimeout": Anything(30),
            "securityProfile": 2,
            "ocppInterface": Anything("Wired0"),
        },
    },
    ACCEPTED,
)
_SLOTS: dict[str, Any] = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "NetworkConfigurationPriority"},
}
_FIRST = Begun(
    "SetVariables",
    {"setVariableData": [{**_SLOTS, "attributeValue": Anything("1")}]},
    {"setVariableResult": [{**_SLOTS, "attributeStatus": "Accepted"}]},
)
_RESET = Begun("Reset", {"type": Anything("OnIdle"), "evseId": ABSENT}, ACCEPTED)


async def _upgraded(desk: StationDesk) -> None:
    if desk.later is None:
        raise LocalError("The tester does not know whom to trust over TLS.", advice="Give --trust FILE.")
    await desk.boot()
    course = StationCourse(desk)
    await course.take([_PROFILE, _FIRST, _RESET])
    await desk.go()
    address = course.calls["SetNetworkProfile"]["connectionData"]["ocppCsmsUrl"]
    try:
        await desk.connect(desk.identity, desk.password, desk.later.context(), at=address)
    except PeerError as error:
        raise Unlike(f"The station does not come in over TLS: {error.sentence}") from error
    answer = await desk.register(reason="RemoteReset")
    must(answer["status"] == "Accepted", f"The station came in over TLS, and was answered {answer['status']}.")
    await desk.go()
    try:
        await desk.connect(desk.identity, desk.password)
    except PeerError:
        return
    raise Unlike("The station that has come in over TLS still comes in without.")


UPGRADE.add(
    "A_19",
    "Upgrade Charging Station Security Profile: Accepted",
    _upgraded,
    use_case="A05",
    given="The station comes in without TLS (security profile 1).",
    does="its operator lets it send a network profile of security profile 2, make it the first, and reset the station, "
    "which comes again over TLS, and then without",
    expects="the CSMS lets it in and accepts it over TLS, and does not let it in without any more",
    when=(*UPGRADED, *(Condition("Sends", one.action) for one in (_PROFILE, _FIRST, _RESET))),
)
