"""A good contract is refused where its operator has no roaming agreement with the station's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.said import authorised, refusal
from pncsim.simulator.plan import CsmsPlan, OperatorPlan, Plan
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

PARTNER, STRANGER = "DEPNC", "FRXYZ"


@scenario(
    "no-roaming",
    title="contracts of one operator charge, those of another do not: there is no roaming agreement",
    clauses=("CharIN 2.2.1", "CSO-2", "OCPP C07.FR.13"),
    plan=Plan(operators=(OperatorPlan(PARTNER), OperatorPlan(STRANGER)), csmss=(CsmsPlan(roaming=(PARTNER,)),)),
    use_case=UseCase(
        id="2.2.1",
        part=True,
        actors=("EV", "SECC", "CSMS", "PKI", "MO"),
        preconditions=("a contract is in each vehicle, and its operator grants it",),
    ),
)
async def no_roaming(lab: Lab) -> None:
    """Both certificates are good, and both operators would grant the charge.

    The station's operator has an agreement with one of them. The other's customer is told that the contract is not for
    here, and nothing is charged to it.
    """
    pki, csms, secc = map(lab.expect.of, ("PKI", "CSMS", "SECC"))
    await lab.station(authorize_early=True)
    partner, stranger = [
        await lab.vehicle(kwh=0.2, contract=True, payment="contract", operator=one) for one in (PARTNER, STRANGER)
    ]
    received, frames, granted = lab.watch.messages("EV"), lab.watch.frames(), lab.watch.grants()
    first = await lab.plug_in(partner)
    lab.expect.session(first)
    lab.expect.paid(first, partner.contracts.all[0].emaid, kwh=0.2)

    contract, before, asked = stranger.contracts.all[0], len(lab.transactions()), len(granted)
    status = await lab.status(contract.credentials.leaf)
    pki.shows("certificate-good", "CSO-1", "the other contract's certificate is good", status == "good", status)
    await lab.plug_in(stranger)
    told = authorised(frames, contract.emaid)
    wanted = ("NotAtThisLocation", "Accepted")
    csms.shows("not-here", "OCPP C07.FR.13", "the CSMS says that it may not charge here", told == wanted, told)
    nobody = len(granted) - asked
    csms.shows("not-asked", "CSO-2", "and asks nobody without an agreement", nobody == 0, f"{nobody} questions")
    code = refusal(received, stranger.name)
    right = code == ("PaymentDetailsRes", "FAILED_CertificateNotAllowedAtThisEVSE")
    secc.shows("refused", "CharIN 2.2.1", "the vehicle is told that its contract is not allowed here", right, code)
    paid = [one.token for one in lab.transactions()[before:] if one.token]
    csms.shows("nothing-charged", "CSO-2", "nothing is charged to it", not paid, paid or "no transaction")
