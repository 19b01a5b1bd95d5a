"""CharIN 2.4.2.3: a customer leaves the operator, and the contracts of all the customer's vehicles end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.bundles import CONTRACTS, LOOKUP
from pncsim.simulator.lab.channels import Channel, bring
from pncsim.simulator.lab.revocation import in_list
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0
AGREED, VEHICLES = 10, 2
"""Days until the end that is agreed on, and vehicles of the customer."""


@scenario(
    "customer-terminated",
    title="a customer's contracts end, for all vehicles",
    clauses=("CharIN 2.4.2.3", "MO-5", "CCP-DEL-1", "OEM-4", "PKI-5", "PKI-6"),
    use_case=UseCase(
        id="2.4.2.3",
        actors=("driver", "MO", "PKI", "CCP", "OEM", "EV", "SECC", "CSMS"),
        preconditions=("two vehicles of one customer have a contract each, one of somebody else's, too",),
    ),
)
async def customer_terminated(
    lab: Lab,
    *,
    when: Annotated[Literal["now", "agreed"], "Whether they end at once or at an agreed end."] = "agreed",
    channel: Annotated[Channel, "How the contracts have reached the vehicles."] = "telematics",
) -> None:
    """Until the agreed end they are good as ever. Then they go by themselves: revoked, out of the pool, refused, and
    removed by the vehicles; the customer is told of each. Whoever else drives with this operator drives on.
    """
    mo, pki, ccp, oem, ev = map(lab.expect.of, ("MO", "PKI", "CCP", "OEM", "EV"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    vehicles = [await lab.order(await lab.vehicle(kwh=0.2, install="if-needed")) for _ in range(VEHICLES + 1)]
    ada, bob = (f"{name}-{vehicles[0].vin}" for name in ("Ada", "Bob"))
    for made, customer in zip(vehicles, (ada, ada, bob), strict=True):
        await made.produce()
        owner = await made.sell(customer)
        await operator.post(CONTRACTS, {"customer": customer, "pcid": made.pcid})
        await bring(lab, made, owner, channel)
        await made.visit()
    *hers, his = vehicles
    emaids = [made.vehicle.contracts.all[0].emaid for made in vehicles]
    certificates = [made.vehicle.contracts.all[0].credentials.leaf for made in vehicles]
    subscription = await manufacturer.listen("oem.contract.deleted")

    end = {"contractEnds": f"{lab.clock.utc() + timedelta(days=AGREED):%Y-%m-%dT%H:%M:%SZ}"} if when == "agreed" else {}
    ended = await operator.post(f"/v1/mo/customers/{ada}/termination", end)
    mo.shows("taken", "MO-5", "all her contracts are to end", len(ended.body["contracts"]) == VEHICLES, ended.said)
    if when == "agreed":
        early = [await lab.status(one) for one in certificates]
        outcome = await lab.plug_in(hers[0].vehicle)
        lab.expect.paid(outcome, emaids[0], kwh=0.2)
        mo.shows("until-then", "2.4.2.3", "until then they are good", {*early} == {"good"}, early)
        lab.clock.jump(AGREED * DAY + 1)
        await lab.look_after_contracts()

    known = [(await lab.status(one), await in_list(operator, "mo_sub2", one)) for one in certificates]
    all_of_hers = known == [("revoked", True)] * VEHICLES + [("good", False)]
    pki.shows("all-revoked", "MO-5", "all of hers are revoked, and nobody else's", all_of_hers, known)
    there = [(await operator.get(f"{LOOKUP}/{emaid}")).status for emaid in emaids]
    gone = there == [404] * VEHICLES + [200]
    ccp.shows("deleted", "CCP-DEL-1", "the pool has none of hers", gone, there)
    if when == "agreed":
        contracts = [(await operator.get(f"{CONTRACTS}/{emaid}")).body["state"] for emaid in emaids]
        by_itself = gone and contracts == ["cancelled"] * VEHICLES + ["active"]
        mo.shows("end-date", "2.4.2.3", "at the agreed end they go by themselves", by_itself, contracts)
    notices = (await operator.get(f"/v1/mo/customers/{ada}/notices")).body["notices"]
    told = {notice["emaid"] for notice in notices if notice["subject"] == "ended"}
    mo.shows("customer-told", "2.4.2.3", "the customer is told of each", told == {*emaids[:VEHICLES]}, sorted(told))
    heard = sorted(event["pcid"] for event in await subscription.heard())
    oem.shows("told", "CCP-PUB-5", "the manufacturer is told of each", heard == [made.pcid for made in hers], heard)

    outcome = await lab.plug_in(hers[-1].vehicle)
    lab.expect.refused(outcome, "FAILED_CertificateRevoked")
    deeds = [await made.visit() for made in vehicles]
    left = [len(made.vehicle.contracts.all) for made in vehicles]
    removed = deeds == [[("remove", True)]] * VEHICLES + [[]] and left == [0] * VEHICLES + [1]
    ev.shows("left-vehicles", "OEM-4", "the vehicles remove them with their next calls", removed, left)
    outcome = await lab.plug_in(his.vehicle)
    lab.expect.paid(outcome, emaids[-1], kwh=0.2)
