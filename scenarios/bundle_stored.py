"""CharIN 2.1.2.4: a signed contract is put into the contract pool, where it waits for its vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.bundles import (
    CONTRACTS,
    LOOKUP,
    PROVIDED,
    STORED,
    bundle_in,
    session_of,
    storing_request,
    tampered,
)
from pncsim.simulator.lab.plant import VEHICLES, response_in, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "bundle-stored",
    title="a signed contract is put into the contract pool, and can be installed",
    clauses=("CharIN 2.1.2.4", "CCP-PUB-1", "CCP-PUB-2", "CCP-PUB-5", "CCP-GET-5", "CCP-ISO-1"),
    use_case=UseCase(
        id="2.1.2.4",
        actors=("CPS", "MO", "CCP", "OEM", "EV", "SECC", "CSMS"),
        preconditions=("the contract is signed (2.1.2.3)", "its provisioning service is known to the pool"),
    ),
)
async def bundle_stored(
    lab: Lab,
    *,
    sender: Annotated[Literal["CPS", "MO"], "Who puts it there."] = "CPS",
    channel: Annotated[Literal["manufacturer", "station"], "Who asks for it."] = "manufacturer",
) -> None:
    """The pool verifies what it is sent, keeps it as it is and tells the manufacturer. Tampered ones are refused.

    Nothing in it belongs to a session: the message for the vehicle is made when somebody asks, under his SessionID.
    """
    ccp, oem = lab.expect.of("CCP"), lab.expect.of("OEM")
    manufacturer, operator, station = [await lab.caller(name) for name in ("OEM", "MO", "CPO")]
    by = await lab.caller(sender)
    vehicle = await lab.vehicle(kwh=0.5, install="if-needed")
    pcid, publication = vehicle_publication(vehicle)
    await manufacturer.put(VEHICLES, publication)
    emaid = (await operator.post(CONTRACTS, {"customer": "Ada", "pcid": pcid})).body["emaid"]
    there = f"{PROVIDED}/{emaid}/{pcid}"
    bundle = bundle_in(await manufacturer.get(there))
    await (await lab.region.parties()).empty(pcid)
    subscription = await manufacturer.listen("oem.contract.created")

    tries = {what: (await by.put(STORED, storing_request(bad, pcid))).status for what, bad in tampered(bundle).items()}
    kept = (await operator.get(f"{LOOKUP}/{emaid}")).status
    refused = set(tries.values()) == {400} and kept == 404
    ccp.shows("tampered-refused", "CCP-PUB-2", "what was tampered with is refused, and not kept", refused, tries)
    request = storing_request(bundle, pcid)
    others = {one.name: (await one.put(STORED, request)).status for one in (station, manufacturer)}
    ccp.shows("refused-to-others", "CCP-PUB-1", "nobody else may put it there", set(others.values()) == {403}, others)

    put = await by.put(STORED, request)
    found = await operator.get(f"{LOOKUP}/{emaid}")
    stored = (put.status, found.status) == (201, 200)
    ccp.shows("stored", "CCP-PUB-1", "the bundle as it was signed is taken, and waits there", stored, put.said)
    heard = [(event["pcid"], event["emaid"]) for event in await subscription.heard()]
    oem.shows("told", "CCP-PUB-5", "the manufacturer is told, once", heard == [(pcid, emaid)], heard)

    if channel == "manufacturer":
        asked = [await manufacturer.get(f"{there}?sessionID={id}") for id in ("0102030405060708", "A1B2C3D4")]
        ids = [session_of(response_in(answer)).hex() for answer in asked]
        made = ids == ["0102030405060708", "a1b2c3d4"] and all(bundle_in(answer) == bundle for answer in asked)
    else:
        messages = lab.watch.messages("", "CertificateInstallationRes")
        outcome = await lab.plug_in(vehicle)
        lab.expect.installed(vehicle, outcome, emaid)
        lab.expect.paid(outcome, emaid, kwh=0.5)
        ids = sorted({session_of(message.payload).hex() for message in messages})
        made = ids == [outcome.session_id.hex()]
    ccp.shows("exi-at-request", "CCP-GET-5", "EXI is made when it is asked for, with that SessionID", made, ids)
