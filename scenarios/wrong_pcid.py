"""CharIN 2.4.2.1: a PCID that was mistyped, or is nobody's, makes no contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

CONTRACTS = "/v1/mo/contracts"


@scenario(
    "wrong-pcid",
    title="a mistyped PCID makes no contract",
    clauses=("CharIN 2.4.2.1", "ID-2", "MO-2", "PCP-ENUM-1"),
    use_case=UseCase(
        id="2.4.2.1",
        actors=("driver", "MO", "OEM", "PCP", "CCP"),
        preconditions=("the vehicle is published (2.1.1.2.2)", "the driver reads its PCID to the operator"),
    ),
)
async def wrong_pcid(lab: Lab) -> None:
    """Too short, with a sign that is none, and with two letters changed: each is refused, and leaves nothing behind.

    With the PCID as it is, read from a code, there is a contract at once.
    """
    mo, ccp = lab.expect.of("MO"), lab.expect.of("CCP")
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    vehicle = await lab.vehicle()
    pcid, publication = vehicle_publication(vehicle)
    await manufacturer.put(VEHICLES, publication)

    malformed = {}
    for typed in (pcid[:-3], f"{pcid[:-1]}-", f"{pcid}0123"):
        malformed[typed] = (await operator.post(CONTRACTS, {"customer": "Ada", "pcid": typed})).status
    mo.shows("malformed", "ID-2", "what is no PCID is refused as such", set(malformed.values()) == {400}, malformed)
    swapped = f"{pcid[:-2]}99"
    unknown = await operator.post(CONTRACTS, {"customer": "Ada", "pcid": swapped})
    mo.shows("unknown", "MO-2", "one that is nobody's is not found", unknown.status == 404, unknown.said)
    hers = (await operator.get(f"{CONTRACTS}?customer=Ada")).body["contracts"]
    # Of other vehicles she may have some, where services go on from run to run.
    made = [one for one in hers if one.get("pcid") in {pcid, swapped, *malformed}]
    waiting = (await manufacturer.get(f"/v1/ccp/signedContractData/{pcid}")).body.get("XMLContracts", [])
    ccp.shows("no-emaid", "2.4.2.1", "no contract came of any of these", not made and not waiting, made)

    right = await operator.post(CONTRACTS, {"customer": "Ada", "pcid": pcid})
    mo.shows("as-it-is", "2.4.2.1", "the PCID as it is makes a contract", right.status == 201, right.said)
