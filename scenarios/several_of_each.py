"""Several mobility operators, manufacturers and V2G roots: five roots in one vehicle, and each keeps to its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.lab.roots import fingerprint
from pncsim.simulator.plan import ManufacturerPlan, OperatorPlan, PkiPlan, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, parsed
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.simulator.lab.around import Parties
    from pncsim.simulator.lab.lab import Lab

PKIS = ("", "north", "east", "south", "west")
FAR = "CS002"
HOME, ABROAD = "DEHOM", "SEABR"
NEAR_CARS, FAR_CARS = "PNC", "QRS"
BUNDLES = "/v1/ccp/signedContractData"


@scenario(
    "several-of-each",
    title="two manufacturers, two mobility operators, five V2G roots in one vehicle",
    clauses=("CharIN 2.2.1", "CharIN 2.2.1.1", "EV-1", "CPS-2", "CCP-GET-3", "CCP-ISO-1", "ACC-3", "ACC-5", "PKI-8"),
    plan=Plan(
        pkis=tuple(map(PkiPlan, PKIS)),
        operators=(OperatorPlan(HOME), OperatorPlan(ABROAD, pki="north")),
        manufacturers=(ManufacturerPlan(NEAR_CARS), ManufacturerPlan(FAR_CARS, pki="north")),
        stations=(StationPlan(), StationPlan(identity=FAR, pki="west")),
    ),
    use_case=UseCase(
        id="2.2.1",
        part=True,
        actors=("EV", "SECC", "CSMS", "CPS", "CCP", "PCP", "MO", "OEM"),
        preconditions=(
            "each manufacturer and operator has a PKI",
            "a vehicle knows the V2G roots of five",
        ),
    ),
)
async def several_of_each(lab: Lab) -> None:
    """A vehicle that knows five V2G roots charges at stations below the first and the last of them.

    At each it pays with a contract of another operator, whose certificate leads to that operator's root. What was
    signed for a vehicle that knows one root leads to that root. Manufacturers and operators write of their own alone.
    """
    ev, secc, ccp, cps, pcp, mo = map(lab.expect.of, ("EV", "SECC", "CCP", "CPS", "PCP", "MO"))
    home, abroad = await lab.caller("MO", HOME), await lab.caller("MO", ABROAD)
    makers = {NEAR_CARS: await lab.caller("OEM", NEAR_CARS), FAR_CARS: await lab.caller("OEM", FAR_CARS)}
    vehicle = await lab.vehicle(kwh=0.25, contract=True, operator=HOME)
    other, parties = await lab.vehicle(), await lab.region.parties()
    other.provisioning = await parties.build(FAR_CARS, "QRSOTHERMAKE000001")
    other.v2g_roots = (parties.pkis["south"].certificate("v2g_root"),)
    known = {fingerprint(root) for root in vehicle.v2g_roots}
    ev.shows("five-roots", "EV-1", "the vehicle holds five V2G roots", len(known) == len(PKIS), len(known))

    emaids = {}
    for one, own, foreign in ((vehicle, NEAR_CARS, FAR_CARS), (other, FAR_CARS, NEAR_CARS)):
        pcid, publication = vehicle_publication(one)
        said = {name: (await makers[name].put(VEHICLES, publication)).status for name in (foreign, own)}
        apart = said == {foreign: 403, own: 200}
        pcp.shows(
            f"published-by-{own}", "ACC-3", f"a vehicle of {own} is published by that manufacturer alone", apart, said
        )
        emaids[own] = (await abroad.post("/v1/mo/contracts", {"customer": "Ada", "pcid": pcid})).body["emaid"]
        signed = (await makers[own].get(f"{BUNDLES}/{pcid}")).body["XMLContracts"]
        below = [entry["cpsV2GRootCertificateFingerprint"] for entry in signed]
        right = len(below) == 1 and below[0] in {fingerprint(root) for root in one.v2g_roots}
        cps.shows(f"signed-for-{own}", "CPS-2", "its contract is signed below a V2G root it knows", right, below)
    refused = (await home.delete(f"{BUNDLES}/{emaids[NEAR_CARS]}")).status
    ccp.shows("operators-apart", "CCP-ISO-1", "an operator cannot take out another's contract", refused == 403, refused)

    handshakes, messages = lab.watch.handshakes(), lab.watch.messages("SECC")
    near = await lab.plug_in(vehicle)
    lab.expect.session(near)
    lab.expect.paid(near, vehicle.contracts.all[0].emaid, kwh=0.25)
    vehicle.config = replace(vehicle.config, install="always")
    far = await lab.plug_in(vehicle, at=FAR)
    lab.expect.session(far)
    lab.expect.installed(vehicle, far, emaids[NEAR_CARS])
    lab.expect.paid(far, emaids[NEAR_CARS], kwh=0.25)

    tops = [parsed(one.chain[-1]) for one in handshakes if one.role == "EV"]
    above = [name for top, name in zip(tops, ("", "west"), strict=True) if issued_by(top, _root(parties, name))]
    secc.shows(
        "stations", "EV-2", "the stations stand below the first root and the last", above == ["", "west"], len(above)
    )
    asked: Any = next(one.value for one in messages if one.name == "CertificateInstallationReq")
    listed = len(asked.Body.BodyElement.ListOfRootCertificateIDs.RootCertificateID)
    ev.shows("five-listed", "CCP-GET-3", "it lists all five as it asks for a contract", listed == len(PKIS), listed)
    held = {one.emaid: one.credentials.chain[-1] for one in vehicle.contracts.all}
    leads = {
        emaid: issued_by(top, _root(parties, "" if emaid.startswith(HOME) else "north", "mo_root"))
        for emaid, top in held.items()
    }
    mo.shows(
        "own-roots",
        "PKI-8",
        "each contract leads to its operator's root",
        len(leads) == 2 and all(leads.values()),
        leads,
    )


def _root(parties: Parties, name: str, role: str = "v2g_root") -> x509.Certificate:
    """The root of the PKI ``name``."""
    return parties.pkis[name].certificate(role)
