"""CharIN 2.1.2.3: a provisioning service signs contract data below a V2G root that the vehicle holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.bundles import (
    CONTRACTS,
    PROVIDED,
    SIGNED,
    bundle_in,
    opened,
    signed_below,
    signed_in,
    signing_request,
)
from pncsim.simulator.lab.plant import VEHICLES, vehicle_publication
from pncsim.simulator.lab.roots import fingerprint
from pncsim.simulator.plan import PkiPlan, Plan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import is_ca, load
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "bundle-signed",
    title="contract data are signed below a V2G root of the vehicle's",
    clauses=("CharIN 2.1.2.3", "CPS-1", "CPS-2", "CPS-3", "CPS-4", "CPS-12", "EV-3"),
    plan=Plan(pkis=(PkiPlan(), PkiPlan("other"))),
    use_case=UseCase(
        id="2.1.2.3",
        actors=("MO", "CPS", "CCP", "EV"),
        preconditions=(
            "contract data are ready (2.1.2.2)",
            "the service has a signer below each of two V2G roots",
        ),
    ),
)
async def bundle_signed(lab: Lab) -> None:
    """One vehicle has told which V2G root it holds, and the service chooses the signer below that one by itself.

    Of another vehicle nothing is known: the operator has one bundle made for each root, and whichever the vehicle
    holds, it opens the one below it and refuses the other.
    """
    cps, ev = lab.expect.of("CPS"), lab.expect.of("EV")
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    known, unknown = await lab.vehicle(), await lab.vehicle()
    first, second = known.v2g_roots
    now = lab.clock.now()

    known.v2g_roots = (second,)
    bundles = {}
    for vehicle in (known, unknown):
        pcid, publication = vehicle_publication(vehicle)
        if vehicle is unknown:
            del publication["v2gRootAuthorityKeyIdentifiers"]
        await manufacturer.put(VEHICLES, publication)
        emaid = (await operator.post(CONTRACTS, {"customer": vehicle.name, "pcid": pcid})).body["emaid"]
        bundles[vehicle.name] = emaid, bundle_in(await manufacturer.get(f"{PROVIDED}/{emaid}/{pcid}"))

    emaid, bundle = bundles[known.name]
    leads = signed_below(bundle, second, now), signed_below(bundle, first, now)
    cps.shows("verifies", "CPS-2", "the signature leads to the root the vehicle holds", leads == (True, False), leads)
    leaf = load(bundle.provisioning_certificates[0])
    cps.shows("leaf", "CPS-1", "who signs is a leaf below its Sub-CAs", not is_ca(leaf), leaf.subject.rfc4514_string())
    named = [reference.URI for reference in bundle.signature.SignedInfo.Reference]
    cps.shows("four-parts", "CPS-12", "chain, key, point and EMAID are signed, each by its Id", len(named) == 4, named)

    emaid, bundle = bundles[unknown.name]
    signers = (await operator.get("/v1/cps/signer")).body["cpsCertificates"]
    offered = {one["cpsV2GRootCertificateFingerprint"] for one in signers}
    by_root = {}
    for root in (first, second):
        answer = await operator.put(SIGNED, signing_request(bundle, root=fingerprint(root)))
        by_root[root] = signed_in(answer)
    below = [[signed_below(one, root, now) for root in by_root] for one in by_root.values()]
    right = below == [[True, False], [False, True]] and offered >= {fingerprint(root) for root in by_root}
    cps.shows("several-roots", "CPS-3", "for a vehicle of unknown roots there is one below each", right, below)

    for root in by_root:
        unknown.v2g_roots = (root,)
        said = [opened(unknown, one, now, lab.voice) for one in by_root.values()]
        told = [one.kind if isinstance(one, PncError) else one.emaid for one in said]
        expected = [emaid if one is root else "no anchor" for one in by_root]
        number = 1 + list(by_root).index(root)
        ev.shows(f"opens-{number}", "EV-3", "it opens the one below its root, and no other", told == expected, told)

    stranger = lab.new_root("V2G")
    refused = await operator.put(SIGNED, signing_request(bundle, root=fingerprint(stranger)))
    cps.shows(
        "no-signer", "CPS-3", "below a root without a signer nothing is signed", refused.status == 400, refused.said
    )
