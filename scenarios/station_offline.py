"""A station that has lost its CSMS: it lets charge whom it may know, and tells of it when the CSMS is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.outage import outage
from pncsim.simulator.lab.said import refusal
from pncsim.simulator.plan import STATION_ID
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

HOURS = 3_600.0
FIRST, SECOND = 2 * HOURS, 6 * HOURS


@scenario(
    "station-offline",
    title="a station without its CSMS authorises by what it knows, where it may, and delivers what happened",
    clauses=("CharIN 2.2.1.3", "CSO-2", "CSO-4", "OCPP C12", "OCPP C15", "OCPP E04"),
    use_case=UseCase(
        id="2.2.1.3",
        part=True,
        actors=("EV", "SECC", "CS", "CSMS", "MO"),
        preconditions=("the contract certificate is good (2.2.1.2)", "the station loses its CSMS"),
    ),
)
async def station_offline(lab: Lab) -> None:
    """Unless its operator allows it, Plug & Charge is not offered while the CSMS cannot be asked.

    Where it is allowed, the station verifies the chain itself, and a contract that has charged here lately charges
    again; one that it has never seen does not. The OCSP answer it staples is the one it has kept. Of a revocation it
    hears nothing until the CSMS is back, to which it then tells what happened meanwhile.
    """
    secc, cs, csms = map(lab.expect.of, ("SECC", "CS", "CSMS"))
    known, new = [await lab.vehicle(kwh=0.5, contract=True, payment="contract") for _ in range(2)]
    emaid, handshakes, frames = known.contracts.all[0].emaid, lab.watch.handshakes(), lab.watch.frames()
    received = lab.watch.messages("EV")
    lab.expect.session(await lab.plug_in(known))
    staple = handshakes[-1].staples[0]

    async with outage(lab, FIRST):
        closed = await lab.plug_in(known)
    kind = closed.error.kind if closed.error is not None else closed.reason
    shut = not closed.ok and kind == "payment selection"
    secc.shows("not-offered", "CSO-2", "offline no contract is asked for", shut, kind)

    wanted = await lab.back.csms.set_variable(STATION_ID, "ISO15118Ctrlr", "ContractValidationOffline", "true")
    async with outage(lab, SECOND):
        asked = len(frames)
        again = await lab.plug_in(known)
        kept = bool(staple) and handshakes[-1].staples[0] == staple
        cs.shows(
            "cached", "OCPP C12", "once that is allowed, the known contract charges", again.ok, (wanted, again.reason)
        )
        secc.shows(
            "staple-kept", "CSO-4", "the OCSP answer is the one that was kept", kept, f"{len(staple or b'')} octets"
        )
        await lab.plug_in(new)
        code = refusal(received, new.name)
        right = code == ("AuthorizationRes", "FAILED")
        cs.shows("unknown-refused", "OCPP C15", "one that never charged here does not", right, code)
        await lab.revoke(known)
        blind = await lab.plug_in(known)
        cs.shows("not-heard", "CSO-1", "a revocation is not heard of meanwhile", blind.ok, blind.error or blind.reason)
        silent = len(frames) == asked
        csms.shows("nobody-asked", "2.2.1.3", "and nobody was asked", silent, len(frames) - asked)

    refused = await lab.plug_in(known)
    lab.expect.refused(refused, "FAILED_CertificateRevoked")
    told = [one for one in lab.transactions() if one.offline and one.token == emaid]
    energy = sum(one.energy_wh for one in told)
    whole = [one.complete for one in told] == [True, True] and abs(energy - 1_000) < 50
    csms.shows("told-later", "OCPP E04", "what happened is delivered when the CSMS is back", whole, f"{energy:.0f} Wh")
