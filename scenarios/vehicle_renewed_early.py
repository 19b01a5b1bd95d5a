"""CharIN 2.1.1.2.4: a provisioning certificate is replaced while it is valid, for the same PCID or another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.plant import VEHICLES, approve_all, response_in
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

NEW_PCID = "PNCANOTHER00000001"
OTHER_KEY = "contract key"
"""What a vehicle finds wrong with a contract that was wrapped for a key it has not."""


@scenario(
    "vehicle-renewed-early",
    title="a provisioning certificate is renewed while it is valid, and contracts follow",
    clauses=("CharIN 2.1.1.2.4", "PCP-UPD-2", "PCP-UPD-3", "PCP-UPD-5", "OEM-1", "OEM-2"),
    use_case=UseCase(
        id="2.1.1.2.4",
        actors=("OEM", "EV", "PCP", "MO", "CCP", "PKI", "SECC", "CSMS"),
        preconditions=(
            "the vehicle is published (2.1.1.2.2) and sold",
            "a contract waits for it",
            "its certificate is valid",
        ),
    ),
)
async def vehicle_renewed_early(
    lab: Lab,
    *,
    pcid: Annotated[Literal["same", "new"], "Whether the vehicle keeps its PCID."] = "same",
    revoke: Annotated[Literal["now", "later"], "When the old certificate is revoked."] = "now",
    channel: Annotated[Literal["telematics", "station"], "How the new contract reaches the vehicle."] = "station",
) -> None:
    """The key is a new one, so what was wrapped for the old one is useless and leaves the pool; the operator is told.

    With another PCID the old one stands beside it in the pool, and the operator concludes a contract for the new one.
    Either way the vehicle ends up with a contract that it can open.
    """
    ev, pcp, ccp, pki, mo = map(lab.expect.of, ("EV", "PCP", "CCP", "PKI", "MO"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.5, install="if-needed"))
    await made.produce()
    owner = await made.sell("Ada")
    old, before = made.certificate, made.pcid
    concluded = await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": before})
    emaid = concluded.body["emaid"]
    stale = await manufacturer.get(f"/v1/ccp/provideSignedContractData/{emaid}/{before}")
    subscription = await operator.listen("mo.prov.cert.updated", "mo.prov.cert.deleted")

    wanted = {"pcid": NEW_PCID} if pcid == "new" else {}
    await manufacturer.post(f"{made.place}/renewal", {**wanted, "newKey": True, "revoke": revoke})
    await made.visit()
    if revoke == "later":
        status = await lab.status(old)
        pki.shows("old-good", "2.1.1.2.4", "until it is revoked the old certificate is good", status == "good", status)
        await manufacturer.post(f"{made.place}/revocation")
    status = await lab.status(old)
    pki.shows(
        "old-revoked",
        "2.1.1.2.4",
        "the responder says that the old certificate is revoked",
        status == "revoked",
        status,
    )

    gone = (await operator.get(f"/v1/ccp/lookupContract/{emaid}")).status
    ccp.shows("bundles-gone", "PCP-UPD-3", "what waited for the old key has left the pool", gone == 404, gone)
    news = "mo.prov.cert.updated" if pcid == "same" else "mo.prov.cert.deleted"
    heard = [(event["pcid"], event["emaid"]) for event in await subscription.heard()]
    told = heard == [(before, emaid)] and len(await subscription.heard(news)) == 1
    pcp.shows("told", "PCP-UPD-2", f"the operator is told of its contract's vehicle ({news})", told, heard)
    try:
        opened = made.open(response_in(stale)).emaid
    except PncError as error:
        opened = error.kind
    useless = opened == OTHER_KEY
    ev.shows("old-bundle-useless", "V2G2-823", "the vehicle cannot open what was made before", useless, opened)

    if pcid == "new":
        entry = (await operator.get(f"{VEHICLES}/{NEW_PCID}")).body["OEMMessage"]
        named = entry.get("previousPcid")
        pcp.shows("previous-pcid", "PCP-UPD-5", "the new entry names the PCID before", named == before, named)
    again = await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": NEW_PCID if pcid == "new" else before})
    mo.shows("new-contract", "MO-3", "the customer has a contract made anew", again.status == 201, again.said)

    if channel == "telematics":
        await approve_all(owner)
        await made.visit()
    else:
        outcome = await lab.plug_in(made.vehicle)
        lab.expect.session(outcome)
        lab.expect.paid(outcome, again.body["emaid"], kwh=0.5)
    held = [contract.emaid for contract in made.vehicle.contracts.all]
    ev.shows("new-bundle", "EV-3", "the vehicle opens and holds the new contract", held == [again.body["emaid"]], held)
