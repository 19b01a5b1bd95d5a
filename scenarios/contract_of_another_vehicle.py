"""An operator wraps a contract for the key of another vehicle: nobody but the vehicle can see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.packing import SIGNED, issue_contract
from pncsim.simulator.lab.plant import VEHICLES, response_in, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "contract-of-another-vehicle",
    title="a contract that was wrapped for another vehicle is installed in none",
    clauses=("CharIN 2.1.3.2", "CharIN 2.1.3.1", "V2G2-823", "CPS-6", "CPS-8", "EV-3"),
    use_case=UseCase(
        id="2.1.3.2",
        part=True,
        actors=("EV", "SECC", "CSMS", "CCP", "CPS", "MO", "OEM"),
        preconditions=("both vehicles are published (2.1.1.2.2)",),
    ),
)
async def contract_of_another_vehicle(
    lab: Lab,
    *,
    channel: Annotated[Literal["station", "telematics"], "How the contract reaches the vehicle."] = "station",
) -> None:
    """Two vehicles are published. The operator packs a contract for the one, by mistake with the other's key.

    Provisioning service and pool sign and keep it: all they could verify is right. The vehicle verifies the signature,
    unwraps a key that is not the certificate's, and keeps nothing. Nor does the other vehicle get it: the EMAID is the
    first one's. Packed with the right key, the contract is installed and pays.
    """
    ev, cps, ccp = map(lab.expect.of, ("EV", "CPS", "CCP"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.5))
    await made.produce()
    vehicle, other = made.vehicle, await lab.vehicle()
    other_pcid, publication = vehicle_publication(other)
    await manufacturer.put(VEHICLES, publication)
    contract = await issue_contract(lab, made.pcid)
    emaid = contract.emaid

    wrong = await operator.put(SIGNED, contract.packed(other, made.pcid))
    cps.shows("signed", "CPS-8", "what cannot be seen is signed and kept", wrong.status == 201, wrong.said)

    path = f"/v1/ccp/provideSignedContractData/{emaid}"
    if channel == "station":
        outcome = await lab.plug_in(vehicle)
        lab.expect.refused(outcome, "contract key")
        found = outcome.error.kind if outcome.error is not None else outcome.reason
    else:
        try:
            found = made.open(response_in(await manufacturer.get(f"{path}/{made.pcid}"))).emaid
        except PncError as error:
            found = error.kind
    ev.shows("other-key", "V2G2-823", "its vehicle finds that the key is another", found == "contract key", found)
    held = [one.emaid for one in vehicle.contracts.all]
    ev.shows("nothing-kept", "EV-3", "and keeps nothing of it", not held, held or "no contract")

    elsewhere = (await manufacturer.get(f"{path}/{other_pcid}")).status
    ccp.shows(
        "not-for-the-other", "CCP-GET-1", "the pool has it for its own vehicle alone", elsewhere == 404, elsewhere
    )
    moved = await operator.put(SIGNED, contract.packed(other, other_pcid))
    cps.shows("one-vehicle", "CPS-6", "and an EMAID does not go to another vehicle", moved.status == 400, moved.said)

    right = await operator.put(SIGNED, contract.packed(vehicle, made.pcid))
    cps.shows(
        "packed-anew", "CCP-UPD-1", "packed with the right key it takes the place", right.status == 201, right.said
    )
    after = await lab.plug_in(vehicle)
    lab.expect.session(after)
    lab.expect.installed(vehicle, after, emaid)
    lab.expect.paid(after, emaid, kwh=0.5)
