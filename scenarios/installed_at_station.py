"""CharIN 2.1.3.2: a contract comes into a vehicle through the charging station it is plugged in at."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.bundles import body_of, session_of
from pncsim.simulator.scenario import Energy, UseCase, scenario
from pncsim.tls_certs.bad.certificates import wrong_credentials
from pncsim.tls_certs.reading import common_name
from pncsim.wire.credentials import Credentials
from pncsim.wire.ocpp.frames import Call, Result

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab

Asks = Literal["rightly", "wrong-key", "expired", "revoked", "foreign-issuer", "without-contract"]
ANSWERS: dict[Asks, str] = {
    "rightly": "OK",
    "wrong-key": "FAILED_SignatureError",
    "expired": "FAILED_CertificateExpired",
    "revoked": "FAILED_CertificateRevoked",
    "foreign-issuer": "FAILED",
    "without-contract": "FAILED_NoCertificateAvailable",
}
"""What is with the vehicle that asks, and its answer (CCP-GET-2). Table 112 has no code for a bad chain in it."""


@scenario(
    "installed-at-station",
    title="a contract is installed through the charging station",
    clauses=("CharIN 2.1.3.2", "OCPP M01", "CCP-GET-1", "CCP-GET-2", "CCP-GET-5", "EV-3", "EV-7b"),
    use_case=UseCase(
        id="2.1.3.2",
        actors=("EV", "SECC", "CSMS", "CCP"),
        preconditions=("a bundle waits in the contract pool (2.1.2.4)", "the station offers the certificate service"),
    ),
)
async def installed_at_station(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    asks: Annotated[Asks, "What is with the vehicle's provisioning key and certificate, or with its contract."] = (
        "rightly"
    ),
) -> None:
    """The vehicle's request goes to station, CSMS and pool octet by octet, and so does the answer on its way back.

    A vehicle that does not prove to be the one it names, or for which nothing waits, is told why and gets nothing.
    """
    ev, secc, csms, ccp = map(lab.expect.of, ("EV", "SECC", "CSMS", "CCP"))
    vehicle = await lab.vehicle(energy=energy, kwh=0.5, install="if-needed")
    emaid = await lab.subscribe(vehicle)
    await spoil(lab, vehicle, asks)
    messages = lab.watch.messages("", "CertificateInstallationReq", "CertificateInstallationRes")
    frames, asked = lab.watch.frames("", "Get15118EVCertificate"), lab.watch.contracts_asked()
    outcome = await lab.plug_in(vehicle)

    request, response = ({one.payload for one in messages if one.name.endswith(end)} for end in ("Req", "Res"))
    ends = [(one.role, one.direction) for one in messages]
    path = [("EV", "sent"), ("SECC", "received"), ("SECC", "sent"), ("EV", "received")]
    told = [f"{role} {direction}" for role, direction in ends]
    secc.shows("on-the-line", "EV-7b", "request and answer pass between vehicle and station", ends == path, told)
    passed = [one.content.payload for one in frames if isinstance(one.content, Call | Result)]
    said = [{base64.b64decode(one.get(name, "")) for one in passed} - {b""} for name in ("exiRequest", "exiResponse")]
    whole = said == [request, response] and len(request) == len(response) == 1
    seen = [f"{one.role} {one.direction}" for one in frames]
    csms.shows("whole-way", "OCPP M01", "the same octets between station and CSMS", whole, seen)
    ccp.shows("asked", "CCP-GET-1", "the pool was asked once", asked() == [asks == "rightly"], asked())
    ids = {session_of(octets) for octets in {one.payload for one in messages}.union(*said)}
    same = ids == {outcome.session_id}
    ev.shows("same-session", "CCP-GET-5", "the SessionID is the same throughout", same, [id.hex() for id in ids])

    code = str(body_of(messages[-1]).ResponseCode)
    held = [contract.emaid for contract in vehicle.contracts.all]
    if asks != "rightly":
        right = code == ANSWERS[asks] and not outcome.ok
        ccp.shows("refusals", "CCP-GET-2", f"the answer is {ANSWERS[asks]}", right, code)
        ev.shows("nothing-held", "EV-3", "the vehicle holds nothing", not held, held)
        return
    ev.shows("held", "EV-3", "the vehicle has verified and opened the contract, and holds it", held == [emaid], held)
    lab.expect.session(outcome)
    lab.expect.paid(outcome, emaid, kwh=0.5)


async def spoil(lab: Lab, vehicle: Vehicle, asks: Asks) -> None:
    """Let the vehicle be one that ``asks`` so, of which nobody knows before it does."""
    own = vehicle.provisioning
    assert own is not None, "it has subscribed"
    match asks:
        case "wrong-key":
            neighbour = (await lab.vehicle()).provisioning
            assert neighbour is not None, "as the first"
            vehicle.provisioning = Credentials(own.chain, neighbour.key)
        case "expired" | "foreign-issuer":
            parties = await lab.region.parties()
            vehicle.provisioning = wrong_credentials(parties.pkis[""], "oem_leaf", asks, lab.clock.now())
        case "revoked":
            await lab.revoke(own)
        case "without-contract":
            await (await lab.region.parties()).empty(common_name(own.leaf))
