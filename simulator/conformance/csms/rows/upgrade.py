"""The upgrade of a station's security profile, after which it does not come in as before."""

from __future__ import annotations

import ssl
from typing import Any

from msgspec import Struct

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import Begun, Checked, StationCourse
from pncsim.simulator.conformance.csms.declared import UPGRADED
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.csms.rows.control import ACCEPTED
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything, Such
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.values import replace

UPGRADE = OcttCases("security profiles")
CASES = UPGRADE.cases

_ADDRESS = Such("an address of wss://", lambda url: url.startswith("wss://"), "wss://localhost/ocpp")
_SLOTS: dict[str, Any] = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "NetworkConfigurationPriority"},
}
_FIRST = Begun(
    "SetVariables",
    {"setVariableData": [{**_SLOTS, "attributeValue": Anything("1")}]},
    {"setVariableResult": [{**_SLOTS, "attributeStatus": "Accepted"}]},
)


def _not_it(course: StationCourse) -> str:
    slot = str(course.calls["SetNetworkProfile"]["configurationSlot"])
    first = course.calls["SetVariables"]["setVariableData"][0]["attributeValue"]
    named = slot in (one.strip() for one in first.split(","))
    return "" if named else f"NetworkConfigurationPriority is set to {first!a}, without the slot {slot} of the profile."


_NAMES_IT = Checked("the priority names the slot of the profile", _not_it)
_RESET = Begun("Reset", {"type": Anything("OnIdle"), "evseId": ABSENT}, ACCEPTED)


def _profile(number: int) -> Begun:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": _ADDRESS,
        "messageTimeout": Anything(30),
        "securityProfile": number,
        "ocppInterface": Anything("Wired0"),
    }
    return Begun("SetNetworkProfile", {"configurationSlot": Anything(1), "connectionData": data}, ACCEPTED)


class _Way(Struct, frozen=True, kw_only=True):
    """How the station comes in by a security ``profile``: ``words`` say it. ``at``: another address than the target."""

    profile: int
    words: str
    password: str | None
    tls: ssl.SSLContext | None = None
    at: str = ""

    async def take(self, desk: StationDesk) -> None:
        """Come in like that. Raises PeerError where the CSMS does not let it."""
        await desk.go()
        await desk.connect(desk.identity, self.password, self.tls, at=self.at)


def _ways(desk: StationDesk) -> list[_Way]:
    """Those the tester has the means for, from the lowest on. Raises LocalError for less than two."""
    ways = [] if desk.security else [_Way(profile=1, words="without TLS", password=desk.password)]
    security = desk.security or desk.later
    if security is None:
        raise LocalError("The tester does not know whom to trust over TLS.", advice="Give --trust FILE.")
    if desk.security and desk.password is None:
        raise LocalError("The tester was given no password to come in by.", advice="Give --password FILE.")
    ways.append(_Way(profile=2, words="over TLS", password=desk.password, tls=security.showing_nothing))
    if security.shown is not None:
        ways.append(_Way(profile=3, words="with its certificate", password=None, tls=security.context()))
    elif desk.security:
        desk.certified_by()
    return ways


async def _told(desk: StationDesk, profile: int) -> str:
    """The CSMS has it come in by that security profile: the address at which."""
    course = StationCourse(desk)
    await course.take([_profile(profile), _FIRST, _NAMES_IT, _RESET])
    address: str = course.calls["SetNetworkProfile"]["connectionData"]["ocppCsmsUrl"]
    return address


async def _upgraded(desk: StationDesk) -> None:
    before, *higher = _ways(desk)
    await before.take(desk)
    answer = await desk.register()
    if answer["status"] != "Accepted":
        raise PeerError(f"The CSMS answered BootNotification with {answer['status']}, not Accepted.", kind="refused")
    for way in higher:
        now = replace(way, at=await _told(desk, way.profile))
        await _boots(desk, now)
        try:
            await before.take(desk)
        except PeerError:
            await _boots(desk, now)
            before = now
        else:
            raise Unlike(f"The station that has come in {now.words} still comes in {before.words}.")


async def _boots(desk: StationDesk, way: _Way) -> None:
    """It comes again after a reset. Raises Unlike unless the CSMS lets it in and accepts it."""
    try:
        await way.take(desk)
    except PeerError as error:
        raise Unlike(f"The station does not come in {way.words}: {error.sentence}") from error
    answer = await desk.register(reason="RemoteReset")
    must(answer["status"] == "Accepted", f"The station came in {way.words}, and was answered {answer['status']}.")


UPGRADE.add(
    "A_19",
    "Upgrade Charging Station Security Profile: Accepted",
    _upgraded,
    use_case="A05",
    given="The station comes in without TLS (security profile 1), or over TLS with its password (2).",
    does="its operator lets it send a network profile of the next security profile, make it the first, and reset the "
    "station, which comes again by that, and then as before; the same for profile 3, if it has a certificate "
    "(--station-credentials)",
    expects="the CSMS lets it in and accepts it by the higher profile, and by the lower one not any more",
    when=(*UPGRADED, *(Condition("Sends", one.action) for one in (_profile(2), _FIRST, _RESET))),
)
