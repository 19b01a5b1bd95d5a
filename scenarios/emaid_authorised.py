"""CharIN 2.2.1.3: the station asks by the EMAID whether the contract may charge, and the charge begins, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.said import authorised, refusal
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "emaid-authorised",
    title="the mobility operator grants a contract, and none that it does not know or has blocked",
    clauses=("CharIN 2.2.1.3", "CSO-2", "OCPP C07.FR.13", "OCPP C07.FR.14"),
    use_case=UseCase(
        id="2.2.1.3",
        actors=("SECC", "CSMS", "MO", "EV"),
        preconditions=("the contract certificate is good, and its EMAID known (2.2.1.2)",),
    ),
)
async def emaid_authorised(lab: Lab) -> None:
    """The CSMS asks the operator of the contract. All three certificates are good: the EMAID alone decides."""
    from pncsim.simulator.lab.strange_contract import install_strange_contract

    csms, secc, mo = map(lab.expect.of, ("CSMS", "SECC", "MO"))
    received, frames, calls = lab.watch.messages("EV"), lab.watch.frames(), lab.watch.grants()

    good, unknown, blocked = [
        await lab.vehicle(kwh=0.2, contract=name != "unknown", payment="contract", name=name)
        for name in ("good", "unknown", "blocked")
    ]
    await install_strange_contract(lab, unknown)
    emaids = {one.name: one.contracts.all[0].emaid for one in (good, unknown, blocked)}
    await (await lab.region.parties()).block(emaids["blocked"])
    status = [await lab.status(one.contracts.all[0].credentials.leaf) for one in (good, unknown, blocked)]
    csms.shows("certificates-good", "CSO-1", "all three certificates are good", status == ["good"] * 3, status)

    for item, vehicle, wanted in (
        ("accepted", good, ("Accepted", "Accepted")),
        ("unknown", unknown, ("Unknown", "ContractCancelled")),
        ("blocked", blocked, ("Blocked", "ContractCancelled")),
    ):
        before = len(lab.transactions())
        await lab.plug_in(vehicle)
        told = authorised(frames, emaids[vehicle.name])
        clause = f"OCPP C07.FR.{13 if item == 'accepted' else 14}"
        csms.shows(item, clause, f"Authorize is answered {' and '.join(wanted)}", told == wanted, told)
        payers = {one.token: one.energy_wh for one in lab.transactions()[before:] if one.token}
        if item == "accepted":
            begun = payers.get(emaids["good"], 0.0) > 0
            secc.shows("charge-begins", "2.2.1.3", "the charge begins, and is the contract's", begun, payers)
        else:
            code = refusal(received, vehicle.name)
            stopped = code[1].startswith("FAILED") and not payers
            secc.shows(f"{item}-refused", "CSO-2", "the vehicle is refused and charges nothing", stopped, code)
    asked = [one.ok for one in calls]
    mo.shows("asked", "CSO-2", "the operator was asked each time", asked.count(False) == 2 and True in asked, asked)
