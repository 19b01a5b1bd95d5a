"""CharIN 2.1.1.1.1: a new root comes into the root pool by its administrator's hand alone, and everybody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.desk import ROLES
from pncsim.simulator.lab.roots import ROOTS, fingerprint, listed, publication
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, shown

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "root-set-up",
    title="a new root CA is set up and published in the root pool",
    clauses=("CharIN 2.1.1.1.1", "RCP-1", "RCP-2", "RCP-3", "RCP-4", "RCP-5", "RCP-7"),
    use_case=UseCase(
        id="2.1.1.1.1",
        actors=("root operator", "RCP", "OEM", "MO", "CPS", "CPO"),
        preconditions=("the root is in no pool yet", "its certificate policy and practice statement exist"),
    ),
)
async def root_set_up(lab: Lab, *, kind: Annotated[Literal["V2G", "MO", "OEM"], "Whose root it is."] = "V2G") -> None:
    """The pool takes the root from its administrator and from nobody else, offers it to everybody, and tells of it.

    Its fingerprint comes along over a second channel, and stands in the pool's log.
    """
    operator, rcp = lab.expect.of("root operator"), lab.expect.of("RCP")
    callers = {name: await lab.caller(name) for name in ROLES}
    subscriptions = [await caller.listen("root.cert.added") for caller in callers.values()]

    root = lab.new_root(kind)
    print_ = fingerprint(root)
    signed = issued_by(root, root)
    operator.shows("self-signed", "RCP-4", "the root is signed with its own key", signed, shown(root.subject))

    admin = callers["ADMIN"]
    others = {
        name: (await one.put(ROOTS, publication(root, kind))).status for name, one in callers.items() if one != admin
    }
    only = set(others.values()) == {403}
    rcp.shows("refused-to-others", "RCP-2", "nobody but the pool's administrator may add it", only, others)
    taken = await admin.put(ROOTS, publication(root, kind))
    rcp.shows("added-by-admin", "RCP-3", "the administrator adds it", taken.status == 200, taken.said)

    read = {name: await listed(caller) for name, caller in callers.items()}
    everywhere = all(print_ in roots and roots[print_]["rootType"] == kind for roots in read.values())
    rcp.shows("read-by-all", "RCP-1", "each role reads it there", everywhere, {name: len(read[name]) for name in read})
    kinds = sorted({root["rootType"] for root in read["MO"].values()})
    rcp.shows("every-kind", "RCP-1", "the pool has roots of every kind", kinds == ["MO", "OEM", "V2G"], kinds)

    told = [[event["fingerprintSHA256"] for event in await one.heard("root.cert.added")] for one in subscriptions]
    rcp.shows("told", "RCP-7", "each subscriber is told of it once", told == [[print_]] * len(callers), told)
    log = (await admin.get("/v1/root/activities")).body["activities"]
    entries = [(entry["action"], entry["by"]) for entry in log if entry["fingerprint"] == print_]
    rcp.shows(
        "logged", "RCP-5", "the log has its fingerprint and who added it", entries == [("added", admin.holder)], entries
    )
