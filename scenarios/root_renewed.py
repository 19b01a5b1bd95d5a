"""CharIN 2.1.1.1.2: a V2G root is followed by its successor, and both are good for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.roots import ROOTS, fingerprint, installed, listed, publication
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, parsed, pem

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

STATION = "CS001"


@scenario(
    "root-renewed",
    title="a V2G root is renewed, and stations and vehicles follow one after the other",
    clauses=("CharIN 2.1.1.1.2", "RCP-7", "RCP-11", "RCP-12", "EV-1"),
    use_case=UseCase(
        id="2.1.1.1.2",
        actors=("root operator", "RCP", "OEM", "EV", "CPO", "CSMS", "SECC", "MO", "CPS"),
        preconditions=("the root is in the root pool, valid and not compromised",),
    ),
)
async def root_renewed(
    lab: Lab, *, key: Annotated[Literal["new", "same"], "Whether the new root has a key of its own."] = "new"
) -> None:
    """The pool has the old root and the new one; whoever keeps roots fetches the new one and keeps both.

    A vehicle that knows only the old one still charges where the station's certificate is of before. Then the station
    gets a new one, and a vehicle that knows both charges there. With a new key it stands below Sub-CAs that were
    certified again; with the old key they are as they were.
    """
    operator, rcp, ev, secc = map(lab.expect.of, ("root operator", "RCP", "EV", "SECC"))
    admin, manufacturer = await lab.caller("ADMIN"), await lab.caller("OEM")
    elder = await lab.vehicle(kwh=0.5, contract=True, payment="contract")
    made = await lab.order(await lab.vehicle(kwh=0.5, contract=True, payment="contract"))
    await made.produce()
    station, (old,) = await lab.station(), elder.v2g_roots
    subscription, handshakes = await manufacturer.listen("root.cert.added"), lab.watch.handshakes()

    new = await lab.renew_root(new_key=key == "new")
    await admin.put(ROOTS, publication(new, "V2G"))
    both = {fingerprint(old), fingerprint(new)}
    roots = [one for one, root in (await listed(manufacturer)).items() if root["rootType"] == "V2G"]
    rcp.shows("both-listed", "RCP-11", "the pool has the old root and the new one", set(roots) == both, roots)
    told = [event["fingerprintSHA256"] for event in await subscription.heard()]
    rcp.shows("told", "RCP-7", "who keeps roots is told of the new one", told == [fingerprint(new)], told)

    await lab.back.csms.install_certificate(STATION, "V2GRootCertificate", pem([new]))
    serials = {f"{root.serial_number:x}" for root in (old, new)}
    kept = await installed(lab.back.csms, STATION)
    secc.shows("station-updated", "2.1.1.1.2", "the station has both roots", kept.keys() == serials, [*kept])
    await made.fetch_roots()
    held = {fingerprint(root) for root in made.vehicle.v2g_roots}
    ev.shows("vehicle-updated", "EV-1", "the vehicle has both roots", held == both, len(held))

    before = await lab.plug_in(elder)
    lab.expect.session(before)
    shown = [parsed(octets) for octets in handshakes[-1].chain]
    verified = before.ok and elder.v2g_roots == (old,) and issued_by(shown[-1], old)
    ev.shows("old-verifies", "RCP-11", "what was issued below the old root is still good", verified, before.reason)

    await lab.recertify(station)
    after = await lab.plug_in(made.vehicle)
    lab.expect.session(after)
    leaf, *_, top = [parsed(octets) for octets in handshakes[-1].chain]
    renewed = after.ok and leaf != shown[0] and issued_by(top, new)
    secc.shows("leaf-below-new", "RCP-12", "the station's new certificate leads to the new root", renewed, after.reason)
    if key == "new":
        silent, seen = not issued_by(top, old), "its Sub-CA was certified anew"
    else:
        silent, seen = top == shown[-1], "its Sub-CA is the one of before"
    operator.shows("old-issues-nothing", "RCP-11", "the old root has issued nothing since", silent, seen)
