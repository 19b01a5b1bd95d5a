"""How the station comes in at its CSMS: passwords, TLS, and what it makes of a CSMS it must not trust."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import LOOKS_EVERY, CsmsDesk
from pncsim.simulator.conformance.station.hands import NotToBeHad
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs.pki import create_ocpp_pki
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201

SECURITY = OcttCases("security", "CS")
CASES = SECURITY.cases

NEW_PASSWORD = "another-password-of-the-station"
REFUSES_FOR = 20.0
"""Seconds in which a station has tried to come in once more."""
MODERN = ("TLSv1.2", "TLSv1.3")


async def _comes_in(desk: CsmsDesk) -> None:
    """The station comes in anew. Raises Unlike where it shows what it is turned away for."""
    if desk.foreign:
        await desk.door.shut()
        await desk.door.open()
    await desk.hand.power_up()
    due = desk.clock.now() + desk.options.wait
    while not desk.connected:
        if desk.turned_away:
            raise Unlike(desk.turned_away[-1].text)
        if desk.clock.now() >= due:
            raise Unlike(f"The station has not connected within {desk.options.wait:g} s.")
        await desk.clock.sleep(LOOKS_EVERY)


async def _by_password(desk: CsmsDesk) -> None:
    if desk.foreign and desk.options.password is None:
        raise NotToBeHad("The tester does not know the station's password. Give --password FILE.")
    await _comes_in(desk)


def _needs_tls(desk: CsmsDesk) -> None:
    if desk.door.serving is None:
        raise NotToBeHad("The tester listens without TLS. Give a target at wss://.")


async def _by_tls(desk: CsmsDesk) -> None:
    _needs_tls(desk)
    await _comes_in(desk)
    must(desk.secured, "The station has come in without TLS.")
    version = desk.secured[-1].version
    must(version in MODERN, f"The connection has {version}; {' or '.join(MODERN)} is required.")


async def _by_certificate(desk: CsmsDesk) -> None:
    _needs_tls(desk)
    if not desk.door.certified:
        raise NotToBeHad("The tester asks for a password, not for a certificate. Give no --password.")
    await _by_tls(desk)
    must(desk.secured[-1].shown, "The station has shown no certificate of its own.")


def _distrusts(event: str, *, oldest: bool) -> Playing:
    """The CSMS shows a certificate of somebody else, or speaks TLS that is too old; then it is as it was."""

    async def play(desk: CsmsDesk) -> None:
        _needs_tls(desk)
        good = desk.door.serving
        await desk.door.shut()
        if oldest:
            desk.door.oldest_tls = True
        else:
            desk.door.serving = create_ocpp_pki(desk.clock.now()).credentials("csms_server")
        await desk.door.open()
        await desk.clock.sleep(REFUSES_FOR)
        came = desk.connected
        await desk.door.shut()
        desk.door.serving, desk.door.oldest_tls = good, False
        await desk.door.open()
        must(not came, "The station has come in at a CSMS that it must not trust.")
        await desk.arrived(desk.options.wait)
        await desk.expect("SecurityEventNotification", lambda said: said["type"] == event, what=f"({event})")

    return play


async def _new_password(desk: CsmsDesk) -> None:
    connection = desk.link
    result = await desk.set("SecurityCtrlr", "BasicAuthPassword", NEW_PASSWORD)
    status = result["attributeStatus"]
    must(status == "Accepted", f"A new password is answered {status}, not Accepted.")
    await desk.csms.register.change(desk.identity, NEW_PASSWORD)
    before = desk.options.secret
    if before is not None:
        desk.afterwards(lambda: desk.set("SecurityCtrlr", "BasicAuthPassword", before))
    await desk.left(connection)
    await _back(desk)


async def _back(desk: CsmsDesk) -> None:
    try:
        await desk.arrived(desk.options.wait)
    except PeerError as error:
        raise Unlike(f"It has not come back: {error.sentence}") from error
    must(not desk.turned_away, "It has come back with another password than the one it has to have.")


async def _bad_password(desk: CsmsDesk) -> None:
    result = await desk.set("SecurityCtrlr", "BasicAuthPassword", "short")
    status = result["attributeStatus"]
    must(status == "Rejected", f"A password of 5 characters is answered {status}, not Rejected.")
    await desk.clock.sleep(5.0)
    must(desk.connected, "The station has closed its connection, though the password was Rejected.")
    await desk.door.shut()
    await desk.door.open()
    await _back(desk)


def _network(**changed: Any) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        data = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "ws://csms.example/ocpp",
            "messageTimeout": 30,
            "securityProfile": 1,
            "ocppInterface": "Wired0",
        }
        request: Any = {"configurationSlot": 1, "connectionData": data} | changed
        await desk.status(v201.SetNetworkProfile(request), "Rejected")

    return play


SECURITY.add(
    "A_01",
    "Basic Authentication: Valid username/password combination",
    Staged(play=_by_password, boots=True, profile=1),
    use_case="A00, B01",
    given="the tester knows the station's password",
    does="the station connects",
    expects="it comes with its identity and that password",
    when=has("Password"),
)
SECURITY.add(
    "A_04",
    "TLS - server-side certificate: Valid certificate",
    Staged(play=_by_tls, boots=True, profile=2),
    use_case="A00",
    given="the tester shows a certificate below a root that the station has",
    does="the station connects",
    expects="it comes in over TLS 1.2 or 1.3",
    when=has("TLS"),
)
SECURITY.add(
    "A_07",
    "TLS - Client-side certificate: valid certificate",
    Staged(play=_by_certificate, boots=True, profile=3),
    use_case="A00",
    given="the tester shows a certificate below a root that the station has",
    does="the station connects",
    expects="it comes in over TLS 1.2 or 1.3 and shows its own certificate",
    when=has("ClientCertificate"),
)
SECURITY.add(
    "A_05",
    "TLS - server-side certificate: Invalid certificate",
    Staged(play=_distrusts("InvalidCsmsCertificate", oldest=False), profile=2),
    use_case="A00",
    does="the connection is closed; the tester shows a certificate below another root, and later its own again",
    expects="it does not come in at first; then SecurityEventNotification (InvalidCsmsCertificate)",
    when=has("TLS"),
)
SECURITY.add(
    "A_06",
    "TLS - server-side certificate: TLS version too low",
    Staged(play=_distrusts("InvalidTLSVersion", oldest=True), profile=2),
    use_case="A00",
    does="the connection is closed; the tester speaks TLS 1.0 and 1.1 alone, and later as before",
    expects="it does not come in at first; then SecurityEventNotification (InvalidTLSVersion)",
    when=has("TLS"),
)
SECURITY.add(
    "A_09",
    "Update Charging Station Password for HTTP Basic Authentication: Accepted",
    _new_password,
    use_case="A01",
    does="SetVariables of BasicAuthPassword",
    expects="Accepted; it closes its connection and comes back with the new password",
    when=has("Password"),
)
SECURITY.add(
    "A_10",
    "Update Charging Station Password for HTTP Basic Authentication: Rejected",
    _bad_password,
    use_case="A01",
    does="SetVariables of BasicAuthPassword with 5 characters, where 16 are required; then its connection is closed",
    expects="Rejected; it stays, and comes back with the old password",
    when=has("Password"),
)
SECURITY.add(
    "A_22",
    "Upgrade Charging Station Security Profile: Downgrade security profile - Rejected",
    _network(),
    use_case="A05, B09",
    given="it is registered by security profile 2 or 3",
    does="SetNetworkProfile with security profile 1",
    expects="status Rejected",
    when=(*has("NetworkProfiles"), *has("TLS")),
)
SECURITY.add(
    "B_43",
    "Set new NetworkConnectionProfile: Rejected",
    _network(configurationSlot=9999),
    use_case="B09",
    does="SetNetworkProfile for a slot there is not",
    expects="status Rejected",
    when=has("NetworkProfiles"),
)
for _number, _title in (
    ("A_19", "Upgrade Charging Station Security Profile: Accepted"),
    ("A_20", "Upgrade Charging Station Security Profile: No valid CSMSRootCertificate installed"),
    ("A_21", "Upgrade Charging Station Security Profile: No valid ChargingStationCertificate installed"),
    ("B_45", "Migrate to new ConnectionProfile: Success - Same CSMS Root"),
    ("B_46", "Migrate to new ConnectionProfile: Fallback mechanism - Same CSMS Root"),
    (
        "B_47",
        "Migrate to new ConnectionProfile: Fallback after NetworkProfileConnectionAttempts per"
        " NetworkConfigurationPriority failed - New CSMS Root - New CSMS",
    ),
    (
        "B_49",
        "Migrate to new ConnectionProfile: Fallback after NetworkProfileConnectionAttempts per"
        " NetworkConfigurationPriority failed - Same CSMS Root",
    ),
    ("B_50", "Migrate to new ConnectionProfile: Success - New CSMS Root - New CSMS"),
):
    SECURITY.add(
        _number,
        _title,
        None,
        use_case="A05, B09, B10",
        does="SetNetworkProfile, NetworkConfigurationPriority and Reset",
        expects="the station comes in by the other profile",
        unsuited="The tester listens at one address, by one security profile: there is nowhere for the station to go.",
    )
