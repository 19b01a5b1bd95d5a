"""A rented vehicle holds its owner's contract and, for as long as it is rented, one of the driver who rents it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.plant import approve_all
from pncsim.simulator.plan import OperatorPlan, Plan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

FLEET, DRIVERS = "DEFLE", "FRDRI"
CONTRACTS, BUNDLES = "/v1/mo/contracts", "/v1/ccp/signedContractData"


@scenario(
    "rented-vehicle",
    title="a rented vehicle with two contracts: its owner's, and the driver's until it is given back",
    clauses=("CharIN 2.4.1.3", "CharIN 2.4.2.2", "CCP-PUB-4", "CCP-DEF-1", "CCP-ISO-1", "MO-5", "OEM-2", "OEM-4"),
    plan=Plan(operators=(OperatorPlan(FLEET), OperatorPlan(DRIVERS))),
    use_case=UseCase(
        id="2.4.1.3",
        part=True,
        actors=("driver", "owner", "EV", "SECC", "CSMS", "CCP", "MO", "OEM"),
        preconditions=(
            "owner and driver have an operator each",
            "the driver was told the PCID",
        ),
    ),
)
async def rented_vehicle(lab: Lab) -> None:
    """The rental company's operator and the driver's conclude a contract each for one PCID; the owner approves both.

    The driver chooses the own contract in the vehicle and pays with it. As the vehicle is given back the driver's
    operator ends that contract: it pays no more, whether or not the vehicle has heard of it, and then leaves the
    vehicle. The owner's contract was untouched all the while, and pays again.
    """
    ev, ccp, csms = map(lab.expect.of, ("EV", "CCP", "CSMS"))
    manufacturer = await lab.caller("OEM")
    fleet, drivers = await lab.caller("MO", FLEET), await lab.caller("MO", DRIVERS)
    made = await lab.order(await lab.vehicle(kwh=0.25, payment="contract"))
    await made.produce()
    owner = await made.sell("rental-company")
    vehicle, usual = made.vehicle, made.vehicle.config

    owners = (await fleet.post(CONTRACTS, {"customer": "rental-company", "pcid": made.pcid})).body["emaid"]
    rented = (await drivers.post(CONTRACTS, {"customer": "Ada", "pcid": made.pcid})).body["emaid"]
    listed = (await manufacturer.get(f"{BUNDLES}/{made.pcid}")).body["XMLContracts"]
    default = {one["emaid"]: one["defaultContract"] for one in listed}
    wanted = {owners: True, rented: False}
    ccp.shows(
        "both-wait",
        "CCP-PUB-4",
        "both contracts wait for one vehicle, the first is its default",
        default == wanted,
        default,
    )
    foreign = {
        FLEET: (await fleet.delete(f"{BUNDLES}/{rented}")).status,
        DRIVERS: (await drivers.delete(f"{BUNDLES}/{owners}")).status,
    }
    ccp.shows(
        "apart", "CCP-ISO-1", "neither operator may take out the other's", set(foreign.values()) == {403}, foreign
    )

    before = await made.visit()
    ev.shows(
        "unapproved", "OEM-2", "nothing is installed before the owner has approved", not before, before or "nothing"
    )
    await approve_all(owner)
    await made.visit()
    held = [one.emaid for one in vehicle.contracts.all]
    both = sorted(held) == sorted(wanted)
    if not ev.shows("both-held", "EV-7", "then the vehicle holds both", both, held):
        return

    certificates = {one.emaid: one.credentials.leaf for one in vehicle.contracts.all}
    vehicle.config = replace(usual, emaid=rented)
    first = await lab.plug_in(vehicle)
    lab.expect.session(first)
    lab.expect.paid(first, rented, kwh=0.25)

    ended = await drivers.delete(f"{CONTRACTS}/{rented}")
    status = await lab.status(certificates[rented])
    csms.shows(
        "ended", "MO-5", "given back, the driver's contract is revoked", status == "revoked", f"{ended.said}, {status}"
    )
    second = await lab.plug_in(vehicle)
    lab.expect.refused(second, "FAILED_CertificateRevoked")
    await made.visit()
    held = [one.emaid for one in vehicle.contracts.all]
    ev.shows("left", "OEM-4", "the vehicle holds the owner's alone", held == [owners], held)

    vehicle.config = usual
    third = await lab.plug_in(vehicle)
    lab.expect.session(third)
    lab.expect.paid(third, owners, kwh=0.25)
