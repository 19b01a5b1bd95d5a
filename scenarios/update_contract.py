"""CharIN 2.1.2.5: a contract close to its end is replaced during the session that finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.lab.bundles import contract_shown
from pncsim.simulator.scenario import Energy, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "update-contract",
    title="replace a contract that ends soon (CertificateUpdate)",
    clauses=("CharIN 2.1.2.5", "OCPP M02", "V2G2-690", "V2G2-821"),
    use_case=UseCase(
        id="2.1.2.5",
        part=True,
        actors=("EV", "SECC", "CSMS"),
        preconditions=("the vehicle holds a contract that ends within three weeks", "its operator lets it go on"),
    ),
)
async def update_contract(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
) -> None:
    """The vehicle holds a contract with two weeks left and asks for its successor.

    The request is signed with the old contract key, the new key arrives encrypted to it; the vehicle verifies the CPS
    signature, replaces the contract as a whole and pays this session with the new one.
    """
    vehicle = await lab.vehicle(
        energy=energy, kwh=kwh, contract=True, contract_days=14, payment="contract", update="if-needed"
    )
    before = vehicle.contracts.all[0]
    shown = lab.watch.messages("SECC", "PaymentDetailsReq")
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.updated(vehicle, outcome, before)
    lab.expect.paid(outcome, before.emaid, kwh=kwh)
    pays = {contract_shown(message) for message in shown}
    old = before.credentials.leaf
    lab.expect.of("EV").shows(
        "old-superseded",
        "2.1.2.5",
        "the station is shown the successor alone",
        len(pays) == 1 and old not in pays,
        len(pays),
    )
