"""The pool of root certificates."""

from __future__ import annotations

from pncsim.simulator.conformance.pools.declared import ADMINISTERED, MOVED, UPROOTED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import listed
from pncsim.simulator.conformance.pools.table import CHARIN, Requirements
from pncsim.simulator.conformance.unlike import must
from pncsim.tls_certs import reading

_RULES = Requirements("roots")
CASES = _RULES.cases

_ALL = "/v1/root/rootCerts"
_ROLES = ("OEM", "CPO", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI", "CPS", "ADMIN")


@_RULES.demands(
    "RCP-1",
    "It gets all of them, and only those of the kind it has asked for.",
    given="The pool holds V2G, MO and OEM roots.",
    does="Every role reads all roots, those of each kind, and each by its id; and roots of a kind there is not.",
)
async def everybody_reads(desk: TestDesk) -> None:
    for role in _ROLES:
        everything = listed((await desk.ask(role, "GET", "rcp", _ALL)).has(200))
        must(everything, f"{role} finds no root in the pool.")
        for kind in ("v2g", "mo", "oem"):
            answer = (await desk.ask(role, "GET", "rcp", f"{_ALL}?rootType={kind}")).has(200)
            others = [one for one in listed(answer) if str(one.get("rootType")).lower() != kind]
            must(not others, f"{answer}, and there are others among them.")
        one = everything[0]
        held = (await desk.ask(role, "GET", "rcp", f"{_ALL}/{one['rootCertificateId']}")).has(200).members
        must(held.get("RootResponse") == one, f"{role} reads the root {one['rootCertificateId']} otherwise by its id.")
    (await desk.ask("OEM", "GET", "rcp", f"{_ALL}?rootType=nonsense")).has(400)
    (await desk.ask("OEM", "GET", "rcp", f"{_ALL}/00000000-0000-4000-8000-000000000000")).has(404)


@_RULES.demands(
    "RCP-2",
    "Everybody else is refused with 403, and nothing has changed.",
    given="A root that is not in the pool, and one that is.",
    does="Every role adds the former and removes the latter; then the administrator does.",
)
async def administrators_alone_write(desk: TestDesk) -> None:
    root = desk.strangers().root("v2g_root")
    (await desk.put_root(root, "V2G")).has(200)
    found = listed((await desk.ask("ADMIN", "GET", "rcp", f"{_ALL}?rootType=v2g")).has(200))
    id = next(one["rootCertificateId"] for one in found if one["fingerprint"] == reading.fingerprint(reading.der(root)))
    for role in _ROLES[:-1]:
        (await desk.put_root(desk.strangers().root("v2g_root"), "V2G", role)).has(403)
        (await desk.ask(role, "DELETE", "rcp", f"{_ALL}/{id}")).has(403)
    (await desk.ask("ADMIN", "GET", "rcp", f"{_ALL}/{id}")).has(200)
    gone = await desk.drop_root(root)
    must(gone is not None and gone.status == 200, f"{gone}, not with 200.")
    (await desk.ask("ADMIN", "GET", "rcp", f"{_ALL}/{id}")).has(404)


@_RULES.demands(
    "RCP-3",
    "With another fingerprint it is refused with 400, with its own it is added.",
    given="A root whose fingerprint is known on a second way.",
    does="It is added with expectedFingerprint, that of another root first.",
    when=ADMINISTERED,
)
async def fingerprints_are_confirmed(desk: TestDesk) -> None:
    root, other = (desk.strangers().root("v2g_root") for _ in range(2))
    expected = {one: reading.fingerprint(reading.der(one)) for one in (root, other)}
    (await desk.put_root(root, "V2G", expectedFingerprint=expected[other])).has(400)
    (await desk.put_root(root, "V2G", expectedFingerprint=expected[root])).has(200)


@_RULES.demands(
    "RCP-4",
    "Each is refused with 400.",
    given="Certificates that are no root of ISO 15118.",
    does="A Sub-CA, a leaf and octets that are no certificate are added, and a root of a kind there is not.",
)
async def what_is_no_root_is_refused(desk: TestDesk) -> None:
    pki = desk.strangers()
    sub_ca, leaf = pki.chain("secc_leaf")[1], pki.chain("secc_leaf")[0]
    (await desk.put_root(sub_ca, "V2G")).has(400)
    (await desk.put_root(leaf, "V2G")).has(400)
    (await desk.put_root(pki.root("v2g_root"), "NONE")).has(400)
    (await desk.ask("ADMIN", "PUT", "rcp", _ALL, {"caCertificate": "bm9uZQ==", "rootType": "V2G"})).has(400)
    (await desk.ask("ADMIN", "PUT", "rcp", _ALL, {"rootType": "V2G"})).has(400)


@_RULES.demands(
    "RCP-5",
    "The log says who did what to which root.",
    given="The log of the pool's activities.",
    does="A root is added and removed by the administrator, who then reads the log.",
    when=ADMINISTERED,
)
async def activities_are_kept(desk: TestDesk) -> None:
    root = desk.strangers().root("v2g_root")
    fingerprint = reading.fingerprint(reading.der(root))
    (await desk.put_root(root, "V2G")).has(200)
    await desk.drop_root(root)
    rows, after = list[str](), ""
    while True:
        answer = (await desk.ask("ADMIN", "GET", "rcp", f"/v1/root/activities{after}")).has(200)
        rows += [str(one) for one in answer.members.get("activities", ())]
        if not answer.members.get("next"):
            break
        after = f"?after={answer.members['next']}"
    named = [one for one in rows if fingerprint in one]
    who = desk.who("ADMIN").client
    must(len(named) >= 2, f"The log names the root {fingerprint[:16]} {len(named)} times, not twice.")
    must(all(who in one for one in named), f"The log does not say that it was {who}.")
    (await desk.ask("OEM", "GET", "rcp", "/v1/root/activities")).has(403)


@_RULES.demands(
    "RCP-6",
    "It is not there any more.",
    given="A root in the pool.",
    does="Its validity ends, and the daily job is run.",
    when=MOVED,
)
async def expired_roots_are_removed(desk: TestDesk) -> None:
    root = desk.strangers().root("v2g_root")
    made = (await desk.put_root(root, "V2G")).has(200).members
    id = made["RootResponse"]["rootCertificateId"]
    (await desk.ask("OEM", "GET", "rcp", f"{_ALL}/{id}")).has(200)
    await desk.advance((reading.not_after(root) - desk.clock.now()) / 86_400 + 1)
    await desk.cleanse()
    must(root not in await desk.roots(), "The root is in the list after its validity has ended.")
    (await desk.ask("OEM", "GET", "rcp", f"{_ALL}/{id}")).has(404)


@_RULES.demands(
    "RCP-8",
    "The vehicle and its contract are there as before.",
    given="A vehicle with a contract, and its manufacturer's root in the pool.",
    does="The root is removed without a word about what is below it (and put back at the end).",
    when=UPROOTED,
)
async def a_removed_root_takes_nothing_with_it(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    root = (await desk.above("oem"))[-1]
    await desk.drop_root(root)
    try:
        must(root not in await desk.roots("oem"), "The root is in the pool after it was removed.")
        kept = [one.get("emaid") for one in await desk.waiting(vehicle)]
        must(emaid in kept, f"The contract {emaid} has gone with the manufacturer's root.")
    finally:
        (await desk.put_root(root, "OEM")).given()
        desk.keep_root(root)
    (await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", f"/v1/oem/provCerts/{vehicle.pcid}")).has(200)


@_RULES.demands(
    "RCP-9",
    "Vehicle and contract are gone with it.",
    given="A vehicle with a contract, and its manufacturer's root in the pool.",
    does="The root is removed with all that is below it (cascade=purge).",
    source=CHARIN,
    when=UPROOTED,
)
async def a_compromised_root_takes_all_with_it(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    root = (await desk.above("oem"))[-1]
    await desk.drop_root(root, "?cascade=purge")
    (await desk.put_root(root, "OEM")).given()
    desk.keep_root(root)
    (await desk.ask("OEM", "GET", "pcp", f"/v1/oem/provCerts/lookupVehicle/{vehicle.pcid}")).has(404)
    kept = [one.get("emaid") for one in await desk.waiting(vehicle)]
    must(emaid not in kept, f"The contract {emaid} is in the pool after all below the manufacturer's root was removed.")


@_RULES.demands(
    "RCP-10",
    "It is refused with 400 until its root is in the pool.",
    given="A vehicle whose manufacturer's root was removed.",
    does="It is published, and once more with the root in the pool again.",
    when=UPROOTED,
)
async def nothing_is_published_below_no_root(desk: TestDesk) -> None:
    vehicle, root = await desk.vehicle(), (await desk.above("oem"))[-1]
    await desk.drop_root(root)
    try:
        (await desk.publish(vehicle)).has(400)
    finally:
        (await desk.put_root(root, "OEM")).given()
        desk.keep_root(root)
    (await desk.publish(vehicle)).has(200)


@_RULES.demands(
    "RCP-11",
    "Both are there; a second time the old one gets the id it has.",
    given="A root in the pool.",
    does="Another one of the same name is added, and the old one once more.",
    source=CHARIN,
)
async def old_and_new_root_are_there_together(desk: TestDesk) -> None:
    old, new = (desk.strangers().root("v2g_root") for _ in range(2))
    first = (await desk.put_root(old, "V2G")).has(200)
    (await desk.put_root(new, "V2G")).has(200)
    again = (await desk.put_root(old, "V2G")).has(200)
    both = {old, new} <= set(await desk.roots())
    must(both, "Of two roots of one name the pool does not hold both.")
    ids = [one.members.get("RootResponse", {}).get("rootCertificateId") for one in (first, again)]
    must(ids[0] == ids[1], f"The same root has the ids {ids[0]} and {ids[1]}.")


_RULES.unseen(
    "It is a matter of the authority that renews itself; a pool sees the certificates alone.",
    RCP_12="Without a new key a renewed root keeps its Sub-CAs.",
)
