"""CharIN 2.1.4.1: at home, a vehicle in pairing mode takes the root of its owner's station, and charges there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.roots import fingerprint
from pncsim.simulator.plan import STATION_ID, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import parsed
from pncsim.wire.tls.alerts import ALERTS
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "station-paired",
    title="a vehicle is paired with its owner's station, whose root nobody else knows, and charges there offline",
    clauses=("CharIN 2.1.4.1", "PE-1", "PE-2", "EV-2"),
    plan=Plan(stations=(StationPlan(private=True),)),
    use_case=UseCase(
        id="2.1.4.1",
        actors=("EV", "SECC", "driver"),
        preconditions=("the station is the driver's own and has a root of its own", "the vehicle holds a contract"),
    ),
)
async def station_paired(lab: Lab) -> None:
    """The station sends its whole chain with the root while it is pairing; a vehicle keeps that only while it is, too.

    From then on the vehicle charges there without pairing. The station has no CSMS and asks nobody: which contracts may
    charge stands in a list of its owner, and it does not matter that one of them was revoked meanwhile.
    """
    ev, secc, driver = map(lab.expect.of, ("EV", "SECC", "driver"))
    vehicle = await lab.vehicle(kwh=0.2, contract=True, payment="contract")
    guest = await lab.vehicle(kwh=0.2, contract=True, payment="contract")
    station, home = await lab.station(), lab.homes[STATION_ID]
    contract = vehicle.contracts.all[0]
    home.emaids.add(contract.emaid)
    frames, handshakes = lab.watch.frames("CS"), lab.watch.handshakes()
    exchanges, calls = lab.watch.exchanges(), lab.watch.calls()

    alerts = {}
    for which, vehicle_pairs in (("vehicle", False), ("station", True)):
        station.pairing = None if vehicle_pairs else home.root
        vehicle.config = replace(vehicle.config, pairing=vehicle_pairs)
        await lab.plug_in(vehicle)
        alerts[f"{which} not pairing"] = ALERTS.get(handshakes[-1].alert or 0, "none")
    refused = {*alerts.values()} == {"unknown_ca"} and vehicle.private_roots == ()
    ev.shows("unpaired-refused", "PE-1", "unless both are pairing the station is refused", refused, alerts)

    station.pairing = home.root
    paired = await lab.plug_in(vehicle)
    kept = [*vehicle.private_roots] == [home.root]
    ev.shows("paired", "PE-1", "while both are it keeps the root, and charges", paired.ok and kept, paired.reason)
    shown = [*map(parsed, handshakes[-1].chain)]
    whole = shown[-1] == home.root and len(shown) == 2
    secc.shows("root-sent", "PE-1", "the chain is sent with its root", whole, fingerprint(shown[-1])[:16])

    station.pairing, vehicle.config = None, replace(vehicle.config, pairing=False)
    again = await lab.plug_in(vehicle)
    known = again.ok and [*map(parsed, handshakes[-1].chain)] == shown[:1]
    ev.shows("again-without-pairing", "PE-1", "the next session needs no pairing", known, again.reason)
    stapled = [staple for staple in handshakes[-1].staples if staple]
    secc.shows("no-ocsp", "PE-2", "no OCSP answer is stapled", not stapled, len(stapled))

    guest.private_roots = vehicle.private_roots
    unlisted = await lab.plug_in(guest)
    lab.expect.refused(unlisted, "FAILED")
    loops = unlisted.loops
    driver.shows("listed-only", "PE-2", "a contract that is not on the list does not charge", loops == 0, loops)

    asked = len(frames) + len(exchanges) + len(calls)
    secc.shows("offline", "PE-2", "all that works without a back end: nobody was asked", asked == 0, asked)
    await lab.revoke(contract)
    later = await lab.plug_in(vehicle)
    secc.shows(
        "not-validated", "PE-2", "nor is it asked what became of the contract", later.ok, later.error or later.reason
    )
