"""CharIN 2.1.2.1: a driver subscribes with the PCID of the vehicle, and the operator makes a contract certificate."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.lab.bundles import PROVIDED, bundle_in, was_read
from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.parameters import Bounds
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import common_name, not_after, parsed
from pncsim.wire.identifiers import check_emaid, with_check_character

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0
NOBODY = "PNCNOBODYHASTHIS01"


@scenario(
    "contract-concluded",
    title="a driver subscribes, and a contract certificate is made for the vehicle",
    clauses=("CharIN 2.1.2.1", "MO-1", "MO-2", "CPS-5", "CPS-9", "ID-1"),
    use_case=UseCase(
        id="2.1.2.1",
        actors=("driver", "MO", "PCP", "OEM", "CPS", "CCP"),
        preconditions=("the vehicle is published (2.1.1.2.2)", "the driver knows its PCID and has a subscription"),
    ),
)
async def contract_concluded(
    lab: Lab, *, days: Annotated[float, "Days the provisioning certificate still lasts.", Bounds(1, 3_650)] = 100.0
) -> None:
    """The operator reads the vehicle's certificate by the PCID it was given, verifies it, and makes the contract.

    The certificate bears the EMAID, check character included, and ends no later than the vehicle's own.
    """
    pcp, mo = lab.expect.of("PCP"), lab.expect.of("MO")
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    vehicle = await lab.vehicle()
    pcid, publication = vehicle_publication(vehicle)
    await manufacturer.put(VEHICLES, publication)
    leaf = parsed(base64.b64decode(publication["vehicleCertificate"]))
    lab.clock.jump(not_after(leaf) - days * DAY - lab.clock.now())
    await lab.renew_authorities()

    reads = lab.watch.calls()
    concluded = await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": pcid})
    mo.shows("concluded", "2.1.2.1", "the contract is concluded", concluded.status == 201, concluded.said)
    emaid = concluded.body.get("emaid", "")
    provided = await manufacturer.get(f"{PROVIDED}/{emaid}/{pcid}")
    read, seen = was_read(reads, bundle_in(provided), vehicle)
    pcp.shows("read-by-pcid", "MO-2", "the certificate was read by its PCID", read, seen)

    stored = (await manufacturer.get(f"/v1/ccp/signedContractData/{pcid}")).body["XMLContracts"]
    certificates = [parsed(base64.b64decode(one["contractCertificate"])) for one in stored]
    named = [common_name(one) for one in certificates]
    right = named == [emaid] and check_emaid(emaid) == emaid == with_check_character(emaid[:14])
    mo.shows("emaid", "CPS-5", "its certificate bears the EMAID, check character included", right, named)
    ends = [not_after(one) <= not_after(leaf) for one in certificates]
    until = [f"{one.not_valid_after_utc:%Y-%m-%d}" for one in certificates]
    mo.shows("ends-in-time", "CPS-9", "and ends no later than the vehicle's", ends == [True], until)

    unknown = await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": NOBODY})
    pcp.shows("unknown-pcid", "PCP-GET-2", "for a PCID nobody has there is none", unknown.status == 404, unknown.said)
