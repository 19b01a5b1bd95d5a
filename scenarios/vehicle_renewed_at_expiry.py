"""CharIN 2.1.1.2.3: a provisioning certificate comes to its end, and its successor takes its place."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.lab.plant import VEHICLES
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import not_after, parsed

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0


@scenario(
    "vehicle-renewed-at-expiry",
    title="a provisioning certificate is renewed as it comes to its end",
    clauses=("CharIN 2.1.1.2.3", "PCP-UPD-1", "PCP-UPD-2", "PCP-UPD-4", "PKI-9", "PKI-11"),
    use_case=UseCase(
        id="2.1.1.2.3",
        actors=("OEM", "EV", "PCP", "MO", "CCP"),
        preconditions=("the vehicle is published (2.1.1.2.2)", "its provisioning certificate ends within a week"),
    ),
)
async def vehicle_renewed_at_expiry(
    lab: Lab, *, new_key: Annotated[bool, "The vehicle makes a new key for it."] = False
) -> None:
    """Ten years go by but for a week. The vehicle is told to renew, enrols again, and the pool forgets the old one.

    Operators need to know only where the key is another one: contracts that wait are wrapped for the old key then.
    """
    oem, pcp, ccp = map(lab.expect.of, ("OEM", "PCP", "CCP"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle())
    await made.produce()
    old = made.certificate

    lab.clock.jump(not_after(old) - 7 * DAY - lab.clock.now())
    await lab.renew_authorities()
    contract = await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": made.pcid})
    waiting = f"/v1/ccp/lookupContract/{contract.body['emaid']}"
    subscription = await operator.listen("mo.prov.cert.updated")

    asked = await manufacturer.post(f"{made.place}/renewal", {"newKey": new_key})
    deeds = await made.visit()
    done = asked.status == 201 and deeds == [("renew", True)] and made.certificate != old
    oem.shows("renewed", "PKI-9", "the vehicle was told to renew, and did", done, deeds)

    published = (await operator.get(f"{VEHICLES}/{made.pcid}")).body["OEMMessage"]
    new = parsed(base64.b64decode(published["vehicleCertificate"]))
    same = new == made.certificate and new.serial_number != old.serial_number
    serial = f"serial number {new.serial_number:x}"
    pcp.shows("only-new", "PCP-UPD-4", "the pool has the new certificate and no other", same, serial)
    told = [event["pcid"] for event in await subscription.heard()]
    expected = [made.pcid] if new_key else []
    pcp.shows(
        "told-of-new-key", "PCP-UPD-2", "operators are told if the key is new, and only then", told == expected, told
    )
    status = (await operator.get(waiting)).status
    expected_status = 404 if new_key else 200
    ccp.shows("bundle", "PCP-UPD-3", "a contract waits on, unless the key is new", status == expected_status, status)

    lab.clock.jump(8 * DAY)
    still = await operator.get(f"{VEHICLES}/{made.pcid}")
    pcp.shows(
        "outlives",
        "PCP-GET-1",
        "past the old one's end the vehicle is still available",
        still.status == 200,
        still.said,
    )
