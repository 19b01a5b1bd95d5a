"""How stations come in, and are registered."""

from __future__ import annotations

from pncsim.simulator.conformance.csms.declared import AT_ONCE, PENDING, WITH_PASSWORD
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.when import seconds

DOOR = OcttCases("coming in", when=AT_ONCE)
CASES = DOOR.cases


async def _good_password(desk: StationDesk) -> None:
    try:
        await desk.boot()
    except PeerError as error:
        if error.http_status is None:
            raise
        raise Unlike(f"The CSMS does not let in who has the right password: HTTP {error.http_status}.") from error


async def _turned_away(desk: StationDesk, user: str, password: str) -> None:
    if desk.password is None:
        raise LocalError("The tester was given no password to come in by.", advice="Give --password FILE.")
    try:
        await desk.connect(user, password)
    except PeerError as error:
        if error.http_status in (401, 403, 404):
            return
        raise
    raise Unlike(f"The CSMS let in the user {user!a} as station {desk.identity!a}, whose name or password that is not.")


async def _wrong_user(desk: StationDesk) -> None:
    await _turned_away(desk, f"{desk.identity[:40]}-other", desk.password or "")


async def _wrong_password(desk: StationDesk) -> None:
    await _turned_away(desk, desk.identity, "no-password-of-anybody")


async def _cold_boot(desk: StationDesk) -> None:
    answer = await desk.boot()
    must(answer["interval"] > 0, "The CSMS accepts the station, but names no interval for its heartbeats.")
    try:
        seconds(answer["currentTime"])
    except ValueError:
        raise Unlike(f"currentTime is {answer['currentTime']!a}: no date and time.") from None
    for evse in (1, 2):
        await desk.ask(
            v201.StatusNotification(
                {"timestamp": desk.time, "connectorStatus": "Available", "evseId": evse, "connectorId": 1}
            )
        )
    await desk.ask(v201.Heartbeat({}))


async def _not_yet(desk: StationDesk) -> None:
    await desk.boot(wanted="Pending")
    card = desk.options.card
    code = await desk.refused(v201.Authorize({"idToken": {"idToken": card, "type": "ISO14443"}}))
    must(code == "SecurityError", f"Authorize of a pending station was refused with {code}, not SecurityError.")


DOOR.add(
    "A_01",
    "Basic Authentication: Valid username/password combination",
    _good_password,
    use_case="A00, B01",
    given="The station is known to the CSMS.",
    does="it opens a WebSocket with its identity and password, and sends BootNotification",
    expects="the CSMS upgrades the connection and accepts the station",
    when=(*AT_ONCE, *WITH_PASSWORD),
)
DOOR.add(
    "A_02",
    "Basic Authentication: Username does not equal ChargingStationId",
    _wrong_user,
    use_case="A00",
    given="The station is known to the CSMS.",
    does="it opens a WebSocket with another user's name and its own password",
    expects="the CSMS refuses the upgrade (HTTP 401, or 403 or 404)",
    when=WITH_PASSWORD,
)
DOOR.add(
    "A_03",
    "Basic Authentication: Invalid password",
    _wrong_password,
    use_case="A00",
    given="The station is known to the CSMS.",
    does="it opens a WebSocket with its identity and a wrong password",
    expects="the CSMS refuses the upgrade (HTTP 401, or 403 or 404)",
    when=WITH_PASSWORD,
)
DOOR.add(
    "B_01",
    "Cold Boot Charging Station: Accepted",
    _cold_boot,
    use_case="B01",
    given="The station is known to the CSMS.",
    does="it sends BootNotification, StatusNotification for two connectors, and Heartbeat",
    expects="status Accepted with a time and an interval; the others are answered",
)
DOOR.add(
    "B_30",
    "Cold Boot Charging Station: Pending/Rejected - SecurityError",
    _not_yet,
    use_case="B03",
    given="The CSMS answers the station's BootNotification with Pending.",
    does="it sends Authorize, which nobody has triggered",
    expects="CALLERROR SecurityError",
    when=PENDING,
)
