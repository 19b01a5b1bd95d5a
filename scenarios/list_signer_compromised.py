"""The key that signs the root pool's lists is in wrong hands: the list is rebuilt under a new name and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.lists import LIST, believed, fetch_list, with_root
from pncsim.simulator.lab.roots import fingerprint
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import common_name, same_key
from pncsim.tls_certs.signed_data import open_signed

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "list-signer-compromised",
    title="the signer of the root pool's lists is compromised, and another one of another name takes its place",
    clauses=("CharIN 2.1.1.1.3", "OPCP GetCertificateTrustList", "RCP-1", "RCP-2", "RCP-5", "EV-1"),
    use_case=UseCase(
        id="2.1.1.1.3",
        part=True,
        actors=("root operator", "RCP", "OEM", "EV"),
        preconditions=("the key that signs the root pool's lists is in wrong hands",),
    ),
)
async def list_signer_compromised(lab: Lab) -> None:
    """Who has the signer's key brings a root of their own into a list, and everybody believes it.

    The pool's administrator has the list signed with another key of another name, below another root, which readers
    are given by another way. With it they believe the new list, which holds the same roots, and nothing that the old
    key signs; without it they believe no new list. Vehicles go on with the roots they had.
    """
    rcp, oem, ev = map(lab.expect.of, ("RCP", "OEM", "EV"))
    admin, manufacturer, operator = [await lab.caller(name) for name in ("ADMIN", "OEM", "MO")]
    made = await lab.order(await lab.vehicle(payment="external"))
    await made.produce()
    held, genuine, parties = [*made.vehicle.v2g_roots], await fetch_list(manufacturer), await lab.region.parties()
    old_root, thief = await parties.list_keys()

    theirs = lab.new_root("V2G")
    forged = with_root(genuine, theirs, thief, lab.clock.now())
    taken = await believed(lab, forged, [old_root])
    oem.shows(
        "forged-believed",
        "OPCP GetCertificateTrustList",
        "with the stolen key any root is believed",
        theirs in taken,
        len(taken),
    )

    others = {one.name: (await one.post(f"{LIST}/signer")).status for one in (manufacturer, operator)}
    rcp.shows("refused-to-others", "RCP-2", "nobody else replaces the signer", set(others.values()) == {403}, others)
    replaced = await admin.post(f"{LIST}/signer")
    (new_root, _), rebuilt = await parties.list_keys(), await fetch_list(manufacturer)
    handed = replaced.status == 200 and replaced.body["fingerprint"] == fingerprint(new_root) != fingerprint(old_root)
    rcp.shows("replaced", "RCP-2", "the administrator does, and has the new root to hand on", handed, replaced.said)
    signers = [open_signed(octets).signer for octets in (genuine, rebuilt)]
    names = [common_name(one) for one in signers]
    other = len(set(names)) == 2 and not same_key(*signers)
    rcp.shows("new-name-and-key", "2.1.1.1.3", "the signer has another name and another key", other, names)

    roots = await believed(lab, rebuilt, [new_root])
    oem.shows("same-roots", "RCP-1", "who was given the new root reads the same roots", roots == held, len(roots))
    late = with_root(rebuilt, theirs, thief, lab.clock.now())
    said = {"of before": await believed(lab, forged, [new_root]), "of now": await believed(lab, late, [new_root])}
    refused = all(found == "no anchor" for found in said.values())
    told = {when: found if isinstance(found, str) else f"{len(found)} roots" for when, found in said.items()}
    oem.shows("forged-refused", "2.1.1.1.3", "and believes nothing the old key signs", refused, told)
    unaware = await believed(lab, rebuilt, [old_root])
    oem.shows("given-elsewhere", "2.1.1.1.3", "who was not believes no new list", unaware == "no anchor", unaware)

    await made.fetch_roots()
    kept = [*made.vehicle.v2g_roots]
    ev.shows("vehicle", "EV-1", "a vehicle has the roots it had", kept == held, len(kept))
    log = (await admin.get("/v1/root/activities")).body["activities"]
    entries = [(one["action"], one["by"]) for one in log if one["fingerprint"] == fingerprint(new_root)]
    rcp.shows("logged", "RCP-5", "it is in the log", entries == [("list signer replaced", admin.holder)], entries)
