"""CharIN 2.3: a new algorithm is introduced beside the old one, and one that nobody has configured is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.lab.said import authorised, refusal
from pncsim.simulator.plan import OperatorPlan, PkiPlan, Plan, Policies, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.keys import name_of
from pncsim.tls_certs.reading import parsed
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.tls.alerts import ALERTS

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

NEXT, NEW_STATION, NEW_OPERATOR = "next", "CS002", "DENEW"
OLD: AlgorithmId = "P-256"
NEW: AlgorithmId = "P-521"
UNKNOWN = "P-384"


@scenario(
    "crypto-agility",
    title="P-521 is introduced beside P-256: both work everywhere, a third algorithm is refused",
    clauses=("CharIN 2.3", "PKI-12", "V2G2-006", "V2G2-007", "V2G2-771"),
    plan=Plan(
        pkis=(PkiPlan(), PkiPlan(NEXT, algorithm=NEW)),
        operators=(OperatorPlan("DEPNC"), OperatorPlan(NEW_OPERATOR, pki=NEXT)),
        stations=(StationPlan(), StationPlan(identity=NEW_STATION, pki=NEXT)),
        policies=Policies(algorithms=(OLD, NEW)),
    ),
    use_case=UseCase(
        id="2.3",
        actors=("EV", "SECC", "CSMS", "PCP", "OEM", "MO", "PKI"),
        preconditions=("everybody who verifies is configured for the old algorithm and the new one",),
    ),
)
async def crypto_agility(lab: Lab) -> None:
    """Old and new certificates of stations, contracts and vehicles are taken, each by everybody.

    Which curves, hashes and signatures are taken is configuration, by ids: a vehicle that was not configured for the
    new ones goes on with the old, and what nobody is configured for is refused with its own word.
    """
    from pncsim.simulator.faults.table import find_fault

    secc, csms, ev, pcp = map(lab.expect.of, ("SECC", "CSMS", "EV", "PCP"))
    handshakes, frames = lab.watch.handshakes(), lab.watch.frames()
    received, sent = lab.watch.messages("SECC"), lab.watch.messages("EV")

    # The overlap: each contract at each station.
    seen: list[tuple[str, str, str]] = []
    for operator, contract in (("DEPNC", OLD), (NEW_OPERATOR, NEW)):
        vehicle = await lab.vehicle(kwh=0.1, contract=True, payment="contract", operator=operator)
        emaid = vehicle.contracts.all[0].emaid
        for place in ("CS001", NEW_STATION):
            outcome = await lab.plug_in(vehicle, at=place)
            shown = name_of(parsed(handshakes[-1].chain[0]).public_key())
            seen.append((contract, shown, authorised(frames, emaid)[0] if outcome.ok else str(outcome.error)))
    wanted = [(contract, station, "Accepted") for contract in (OLD, NEW) for station in (OLD, NEW)]
    csms.shows("configured", "PKI-12", "contracts and stations of both algorithms go together", seen == wanted, seen)
    proofs = [getattr(one.value, "Header", None) for one in received if one.name == "AuthorizationReq"]
    methods = [header.Signature for header in proofs if header is not None]
    named = list(dict.fromkeys(one.SignedInfo.SignatureMethod.Algorithm.partition("#")[2] for one in methods if one))
    both = named == ["ecdsa-sha256", "ecdsa-sha512"]
    secc.shows("signatures", "V2G2-771", "messages are signed with the ids of either", both, named)

    manufacturer, statuses = await lab.caller("OEM"), {}
    for pki, algorithm in (("", OLD), (NEXT, NEW)):
        _, publication = vehicle_publication(await lab.vehicle(pki=pki))
        statuses[algorithm] = (await manufacturer.put(VEHICLES, publication)).status
    pcp.shows("vehicles", "PKI-12", "the pool takes vehicles of both", statuses == {OLD: 200, NEW: 200}, statuses)

    # Who is not configured, and what nobody is configured for.
    late = await lab.vehicle(kwh=0.1, payment="external", algorithms=(OLD,))
    at_old = (await lab.plug_in(late)).ok
    await lab.plug_in(late, at=NEW_STATION)
    alert = ALERTS.get(handshakes[-1].alert or 0, "none")
    right = at_old and alert == "handshake_failure"
    ev.shows(
        "not-configured", "V2G2-602", "a vehicle for the old one alone charges at the old station alone", right, alert
    )
    first = next(iter(lab.vehicles.values()))
    find_fault(f"bad-certificate@{first.name}:name=p384-key,of=contract").apply(lab)
    sent.clear()
    await lab.plug_in(first)
    told = refusal(sent, first.name)
    clean = told == ("PaymentDetailsRes", "FAILED_CertChainError")
    secc.shows("unknown-refused", "V2G2-007", f"a contract for {UNKNOWN} is refused", clean, told)
