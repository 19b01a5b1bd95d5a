"""CharIN 2.1.1.2.1: on the line a vehicle gets its roots, makes its key and has it certified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.lab.plant import shows_key
from pncsim.simulator.lab.roots import ROOTS, fingerprint, listed, publication
from pncsim.simulator.parameters import Bounds
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import common_name, issued_by

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

MOST_ROOTS = 5
ENROLMENT = "/.well-known/est/oem/simpleenroll"


@scenario(
    "vehicle-made",
    title="a vehicle is made: roots, key and provisioning certificate are installed in it",
    clauses=("CharIN 2.1.1.2.1", "EV-1", "ACC-9", "OEM-3", "PKI-1", "PKI-2", "PKI-3"),
    use_case=UseCase(
        id="2.1.1.2.1",
        actors=("OEM", "EV", "RCP"),
        preconditions=(
            "vehicle, manufacturer and root pool know each other (mutual TLS)",
            "a PCID is assigned to the vehicle",
            "the vehicle keeps keys where nobody reads them",
        ),
    ),
)
async def vehicle_made(
    lab: Lab, *, more_roots: Annotated[int, "V2G roots in the pool besides the first.", Bounds(0, 20)] = 6
) -> None:
    """The vehicle fetches its trust anchors, makes its key in itself, enrols over EST, and says what it holds.

    It has room for five V2G roots, however many the pool has. A root of a private environment comes beside them.
    """
    ev, oem, rcp = map(lab.expect.of, ("EV", "OEM", "RCP"))
    admin, manufacturer = await lab.caller("ADMIN"), await lab.caller("OEM")
    for kind in ("V2G",) * more_roots + ("PE",):
        await admin.put(ROOTS, publication(lab.new_root("V2G"), kind))
    pool = await listed(manufacturer)
    own = [root for root in pool.values() if root["rootType"] == "OEM"]
    rcp.shows("oem-root", "RCP-1", "the manufacturer's root is in the root pool", len(own) == 1, len(own))

    exchanges = lab.watch.exchanges()
    made = await lab.order(await lab.vehicle())
    await made.produce()

    est = [exchange.status for exchange in exchanges if exchange.url.endswith(ENROLMENT)]
    oem.shows("est", "PKI-1", "the certificate was enrolled for over EST", est == [200], est)
    held = {fingerprint(root) for root in made.vehicle.v2g_roots}
    kinds = {pool[one]["rootType"] for one in held if one in pool}
    some = 1 <= len(held) <= MOST_ROOTS and kinds == {"V2G"} and held <= pool.keys()
    ev.shows("v2g-roots", "EV-1", "the vehicle holds one to five V2G roots of the pool", some, len(held))
    private = [fingerprint(root) for root in made.unit.private_roots]
    known = [one for one, root in pool.items() if root["rootType"] == "PE"]
    ev.shows("private-roots", "PE-1", "and the root of the private environment", private == known, len(private))

    credentials = made.vehicle.provisioning
    assert credentials is not None, "no provisioning certificate has arrived"
    named, above = common_name(credentials.leaf), credentials.chain[-1]
    ev.shows("pcid", "PKI-2", "the provisioning certificate's CN is the PCID", named == made.pcid, named)
    rooted = any(issued_by(above, root) and fingerprint(root) in pool for root in made.unit.oem_roots)
    ev.shows("chain", "OEM-3", "its chain leads to the manufacturer's root, which the vehicle holds", rooted, named)
    left = shows_key(made.said, credentials.key)
    ev.shows(
        "key-inside",
        "PKI-3",
        "its private key was in nothing the vehicle has sent",
        not left,
        f"{len(made.said)} requests",
    )
