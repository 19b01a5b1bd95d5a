"""CharIN 2.1.1.1.3: a V2G root is compromised, and with it goes everything that was issued below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.lab.roots import ROOTS, fingerprint, installed, listed
from pncsim.simulator.plan import PkiPlan, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.wire.tls.alerts import ALERTS

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

SOUND = "CS002"


@scenario(
    "root-distrusted",
    title="a compromised V2G root is taken out, and everything below it with it",
    clauses=("CharIN 2.1.1.1.3", "RCP-7", "RCP-9", "CPS-14", "EV-2"),
    plan=Plan(
        pkis=(PkiPlan(), PkiPlan("sound")),
        stations=(StationPlan(), StationPlan(identity=SOUND, pki="sound")),
    ),
    use_case=UseCase(
        id="2.1.1.1.3",
        actors=("root operator", "RCP", "CPO", "CSMS", "SECC", "MO", "OEM", "EV", "CPS", "CCP", "PCP"),
        preconditions=("the key of a V2G root is in wrong hands", "there is another V2G root"),
    ),
)
async def root_distrusted(lab: Lab) -> None:
    """Of two V2G roots one is compromised. The pool takes it out with all that stands below, and tells everybody.

    A contract that was signed below it is gone, one below the other root waits on. Vehicles and stations forget the
    root, and a station that still shows its certificate below it is refused.
    """
    rcp, ccp, cps, mo = map(lab.expect.of, ("RCP", "CCP", "CPS", "MO"))
    ev, secc, oem = map(lab.expect.of, ("EV", "SECC", "OEM"))
    admin, manufacturer, operator = [await lab.caller(name) for name in ("ADMIN", "OEM", "MO")]
    made = await lab.order(await lab.vehicle(payment="external"))
    await made.produce()
    by_name = {root.subject.rfc4514_string(): root for root in made.vehicle.v2g_roots}
    sound, bad = (next(root for name, root in by_name.items() if ("sound" in name) is it) for it in (True, False))

    # Three vehicles more: two know one root each, and have a contract waiting; one knows the bad root, and has none.
    contracts = {}
    for name, root in (("bad", bad), ("sound", sound), ("none", bad)):
        vehicle = await lab.vehicle()
        vehicle.v2g_roots = (root,)
        pcid, publication = vehicle_publication(vehicle)
        await manufacturer.put(VEHICLES, publication)
        order = {"customer": name, "pcid": pcid}
        contracts[name] = order if name == "none" else (await operator.post("/v1/mo/contracts", order)).body
    for identity in ("", SOUND):
        await lab.station(identity=identity)
    subscription = await manufacturer.listen("root.cert.revoked")
    id = (await listed(admin))[fingerprint(bad)]["rootCertificateId"]

    gone = await admin.delete(f"{ROOTS}/{id}?cascade=purge")
    left = fingerprint(bad) not in await listed(operator) and (await operator.get(f"{ROOTS}/{id}")).status == 404
    rcp.shows("deleted", "RCP-9", "the pool has the root no more", gone.status == 200 and left, gone.said)
    told = [event["fingerprintSHA256"] for event in await subscription.heard()]
    rcp.shows("told", "RCP-7", "who keeps roots is told that it is revoked", told == [fingerprint(bad)], told)

    emaids = {name: contracts[name]["emaid"] for name in ("bad", "sound")}
    read = {name: (await operator.get(f"/v1/ccp/lookupContract/{emaid}")).status for name, emaid in emaids.items()}
    ccp.shows("reads-refused", "RCP-9", "its contract is not read any more", read == {"bad": 404, "sound": 200}, read)
    provided = {
        name: (await manufacturer.get(f"/v1/ccp/provideSignedContractData/{emaid}/{contracts[name]['pcid']}")).status
        for name, emaid in emaids.items()
    }
    ccp.shows("deliveries-refused", "RCP-9", "and not delivered", provided == {"bad": 404, "sound": 200}, provided)
    vehicles = [contracts[name]["pcid"] for name in contracts]
    there = [(await operator.get(f"{VEHICLES}/lookupVehicle/{pcid}")).status == 200 for pcid in vehicles]
    went = {"vehicles": there.count(False), "contracts": list(read.values()).count(404)}
    counts = f"PCP {went['vehicles']} of {len(there)} vehicles, CCP {went['contracts']} of {len(read)} contracts"
    exact = went == {"vehicles": 0, "contracts": 1}
    rcp.shows("cascade", "RCP-9", "what stands below it went, and nothing else", exact, counts)
    lab.expect.fact("purged", counts)

    refused = await operator.post("/v1/mo/contracts", contracts["none"])
    rule = str(refused.body.get("errorCode"))
    nothing = rule.startswith("CPS-")  # whoever asked passes on what the provisioning service has said
    cps.shows("cps-refuses", "CPS-14", "the provisioning service signs nothing below it", nothing, refused.said)
    mo.shows("no-contract", "CPS-14", "no contract comes of it", refused.status == 400, refused.said)

    await made.fetch_roots()
    ours = [fingerprint(root) for root in made.vehicle.v2g_roots]
    oem.shows(
        "vehicle-store", "2.1.1.1.3", "vehicles are given the other root alone", ours == [fingerprint(sound)], ours
    )
    serial, kept = f"{bad.serial_number:x}", {}
    for identity in (lab.site.station.config.identity, SOUND):
        entry = (await installed(lab.back.csms, identity))[serial]
        await lab.back.csms.call(identity, "DeleteCertificate", {"certificateHashData": entry})
        kept[identity] = serial in await installed(lab.back.csms, identity)
    secc.shows("stores", "2.1.1.1.3", "stations do not hold it any more", not any(kept.values()), kept)
    handshakes = lab.watch.handshakes()
    await lab.plug_in(made.vehicle)
    alerts = [ALERTS.get(one.alert or 0, "none") for one in handshakes if one.role == "SECC"]
    ev.shows("tls-refused", "EV-2", "a vehicle refuses a station below it", alerts == ["unknown_ca"], alerts)
    again = await lab.plug_in(made.vehicle, at=SOUND)
    ev.shows("other-root", "EV-2", "and charges at one below the other root", again.ok, again.error or again.reason)
