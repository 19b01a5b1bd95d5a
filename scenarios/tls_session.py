"""CharIN 2.2.1.1: vehicle and station make a secure channel, or none."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, parsed
from pncsim.wire.tls import ISO2_CIPHERS
from pncsim.wire.tls.alerts import ALERTS

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

GOOD, OTHER_SUITES = "CS-GOOD", "CS-OTHER-SUITES"
NO_STATUS = "bad_certificate_status_response"
BAD = {
    "CS-STRANGE": ("foreign-root{at}", "unknown_ca"),
    "CS-EXPIRED": ("expired-station{at}", "certificate_expired"),
    "CS-REVOKED": ("bad-staple{at}:revoked", NO_STATUS),
    "CS-WITHOUT": ("no-staple{at}", NO_STATUS),
    "CS-OLD": ("stale-staple{at}", NO_STATUS),
}
"""A station, what is wrong with what it shows, and the alert that answers it."""
REFUSED = (
    ("unknown-root", "one below an unknown root is refused", ("CS-STRANGE",)),
    ("expired", "one whose certificate has expired", ("CS-EXPIRED",)),
    ("revoked", "one whose certificate is revoked", ("CS-REVOKED",)),
    ("staple", "one without a staple, or with an old one", ("CS-WITHOUT", "CS-OLD")),
)


@scenario(
    "tls-session",
    title="a vehicle opens a secure channel to a good station, and to no other",
    clauses=("CharIN 2.2.1.1", "EV-1", "EV-2", "EVSE-1", "V2G2-602"),
    plan=Plan(stations=tuple(StationPlan(identity=name) for name in (GOOD, *BAD, OTHER_SUITES))),
    use_case=UseCase(
        id="2.2.1.1",
        actors=("EV", "SECC"),
        preconditions=(
            "the vehicle holds a V2G root",
            "the station has a certificate with its chain and key below it",
            "the station has a valid OCSP answer",
        ),
    ),
)
async def tls_session(lab: Lab) -> None:
    """The station shows its chain and staples an OCSP answer; the vehicle verifies both before it says anything.

    Seven stations are tried; what the refusing side says is read where it arrives, at the other end.
    """
    from pncsim.simulator.faults.table import find_fault

    for name, (fault, _) in BAD.items():
        find_fault(fault.format(at=f"@{name}")).apply(lab)
    (await lab.station(identity=OTHER_SUITES)).presented.suites = ("ECDHE-ECDSA-AES256-GCM-SHA384",)
    ev, secc = lab.expect.of("EV"), lab.expect.of("SECC")
    handshakes, messages = lab.watch.handshakes(), lab.watch.messages("SECC")
    vehicle = await lab.vehicle(payment="external", kwh=0.1)
    outcomes = {name: await lab.plug_in(vehicle, at=name) for name in (GOOD, *BAD, OTHER_SUITES)}

    done = next(one for one in handshakes if one.ok and one.role == "SECC")
    right = done.cipher in ISO2_CIPHERS and done.version == "TLSv1.2" and outcomes[GOOD].tls
    secc.shows("secure-channel", "EV-2", "at a good station the channel is secure", right, (done.version, done.cipher))
    got = next(one for one in handshakes if one.ok and one.role == "EV")
    linked = all(issued_by(below, above) for below, above in pairwise(map(parsed, got.chain)))
    whole = len(got.chain) > 1 and linked and bool(got.staples[0])
    shown = f"{len(got.chain)} certificates, {'an' if got.staples[0] else 'no'} OCSP answer"
    secc.shows("chain-and-staple", "EVSE-1", "its chain and a staple arrive", whole, shown)

    told = {one.unit: ALERTS.get(one.alert or 0, "none") for one in handshakes if one.role == "SECC" and not one.ok}
    for item, text, names in REFUSED:
        alerts = [told.get(f"{name}/1", "none") for name in names]
        ev.shows(item, "EV-2", text, alerts == [BAD[name][1] for name in names], alerts)
    last = [ALERTS.get(one.alert or 0, "none") for one in handshakes if one.role == "EV"][-1]
    secc.shows("cipher", "V2G2-602", "with other cipher suites there is no channel", last == "handshake_failure", last)
    spoke = sorted({one.unit for one in messages})
    ev.shows("nothing-said", "EV-2", "nothing was said to any but the good one", spoke == [f"{GOOD}/1"], spoke)
