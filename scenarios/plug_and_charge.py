"""CharIN 2.2.1: a contract authorises a charge, from the plug to the closed transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.said import authorised, in_order, refusal
from pncsim.simulator.scenario import Energy, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

INSTALLS = ("CertificateInstallationReq", "CertificateInstallationRes")
CHARGES = ("PaymentDetailsReq", "PaymentDetailsRes", "AuthorizationReq", "AuthorizationRes", "PowerDeliveryRes")
"""What is seen between vehicle and station, in this order."""


@scenario(
    "plug-and-charge",
    title="a vehicle gets its contract and charges by it, twice; then it is refused and says so",
    clauses=("CharIN 2.2.1", "CSO-2", "EV-3", "EV-4"),
    use_case=UseCase(
        id="2.2.1",
        actors=("driver", "EV", "SECC", "CSMS", "CCP", "CPS", "PKI", "MO"),
        preconditions=(
            "roots, vehicle and station are set up (2.1.1.1.1, 2.1.1.2.1, 2.1.1.3.1, 2.1.1.3.3)",
            "the contract waits in the pool (2.1.2.4)",
            "station and mobility operator have a roaming agreement",
        ),
    ),
)
async def plug_and_charge(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants each time, in kWh."] = 0.5,
    channel: Annotated[Literal["station", "telematics"], "How the contract reaches the vehicle."] = "station",
) -> None:
    """The vehicle installs its contract, through the station or by its manufacturer's telematics, and pays with it.

    The next time it is there already. Once the contract is blocked the vehicle is told so, and no energy flows.
    """
    from pncsim.simulator.lab.plant import approve_all

    ev, csms, secc = map(lab.expect.of, ("EV", "CSMS", "SECC"))
    made = await lab.order(await lab.vehicle(energy=energy, kwh=kwh, install="if-needed"))
    await made.produce()
    vehicle, owner = made.vehicle, await made.sell("Ada")
    operator = await lab.caller("MO")
    emaid = (await operator.post("/v1/mo/contracts", {"customer": "Ada", "pcid": made.pcid})).body["emaid"]
    if channel == "telematics":
        await approve_all(owner)
        await made.visit()

    # Each session is read at the other end: what the station got and the CSMS keeps.
    for item in ("with-contract",) if channel == "telematics" else ("without-contract", "with-contract"):
        installing = item == "without-contract"
        messages, frames = lab.watch.messages("SECC"), lab.watch.frames()
        outcome = await lab.plug_in(vehicle)
        lab.expect.session(outcome)
        lab.expect.paid(outcome, emaid, kwh=kwh)
        names = [one.name for one in messages]
        whole = in_order(messages, "CS001/1", (*(INSTALLS if installing else ()), *CHARGES, "SessionStopRes"))
        first = installing is (INSTALLS[0] in names)
        text = "the contract is installed, then pays" if installing else "the contract is there, and pays"
        secc.shows(item, "2.2.1", text, whole and first, f"{len(names)} messages, {names[-1]} the last")
        status = authorised(frames, emaid)
        good = status == ("Accepted", "Accepted")
        csms.shows(f"{item}-authorised", "CSO-2", "the operator grants it by its EMAID", good, status)

    await (await lab.region.parties()).block(emaid)
    messages, before = lab.watch.messages("EV"), len(lab.transactions())
    refused = await lab.plug_in(vehicle)
    code = refusal(messages, vehicle.name)
    shown = code == ("AuthorizationRes", "FAILED") and refused.error is not None
    ev.shows("error-shown", "2.2.1", "the driver of a blocked contract is shown an error", shown, code)
    flowed = "PowerDeliveryReq" in [one.name for one in messages]
    paid = [one.token for one in lab.transactions()[before:]]
    secc.shows("no-energy", "2.2.1", "and no energy flows", not flowed and emaid not in paid, paid or "no transaction")
