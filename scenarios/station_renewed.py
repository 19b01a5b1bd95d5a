"""CharIN 2.1.1.3.2: what a station holds is renewed in time, and at once where it is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.backend.csms.roots import renew_roots
from pncsim.simulator.lab.enrolment import certificate_comes, quiet_until
from pncsim.simulator.lab.roots import fingerprint, installed, published
from pncsim.simulator.lab.watch import asked
from pncsim.simulator.plan import STATION_ID
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, not_after, parsed

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0
WEEK, MONTH = 7 * DAY, 30 * DAY


@scenario(
    "station-renewed",
    title="a station's certificate and roots are renewed before they end, and when they are revoked",
    clauses=("CharIN 2.1.1.3.2", "OCPP A03", "OCPP M05", "OCPP M06", "PKI-11", "RCP-11", "CSO-4"),
    fresh_station=True,
    use_case=UseCase(
        id="2.1.1.3.2",
        actors=("CPO", "CSMS", "SECC", "EV", "RCP", "PKI"),
        preconditions=("the station has its certificates (2.1.1.3.1)", "Plug & Charge is running"),
    ),
)
async def station_renewed(
    lab: Lab, *, days: Annotated[Literal["7", "30"], "Days before the end at which the station asks anew."] = "7"
) -> None:
    """A week, or a month, before its certificate ends the station makes a key and asks for the next one.

    That is then revoked: the station hears of it by the next OCSP answer and asks once more. Decades later the root
    ends: a month before that the root pool has its successor, and the CSMS brings it to the station. After each change
    a vehicle sees the new certificate, and never again an old one.
    """
    secc, pki, rcp = map(lab.expect.of, ("SECC", "PKI", "RCP"))
    operator, vehicle = await lab.caller("CPO"), await lab.vehicle(kwh=0.2, payment="external")
    frames, handshakes = lab.watch.frames(), lab.watch.handshakes()
    await lab.renew_authorities()  # nothing is due yet
    station = await lab.station()
    await lab.back.csms.set_variable(STATION_ID, "ISO15118Ctrlr", "CertificateRenewalDays", days)
    outcomes = [await lab.plug_in(vehicle)]

    first = parsed(handshakes[-1].chain[0])
    due = not_after(first) - float(days) * DAY
    await quiet_until(lab, due - DAY, station)
    early = len(asked(frames, "SignCertificate"))
    async with certificate_comes(lab, station):
        lab.clock.jump(due - lab.clock.now())
    outcomes.append(await lab.plug_in(vehicle))
    requests = asked(frames, "SignCertificate")
    late = requests[-1].time - due
    punctual = (early, len(requests)) == (1, 2) and 0 <= late < DAY / 24
    secc.shows("leaf-in-time", "OCPP A03", f"a certificate is asked for {days} days before", punctual, f"{late:.0f} s")

    second = parsed(handshakes[-1].chain[0])
    await lab.revoke(station)
    async with certificate_comes(lab, station):
        lab.clock.jump(WEEK)
    outcomes.append(await lab.plug_in(vehicle))
    third, status = parsed(handshakes[-1].chain[0]), await lab.status(second)
    renewed = status == "revoked" and third != second and len(asked(frames, "SignCertificate")) == 3
    secc.shows("revocation-triggers", "OCPP M06", "a revoked one is replaced at once", renewed, status)

    (root,) = await published(operator, "V2G")
    async with certificate_comes(lab, station):
        lab.clock.jump(not_after(root) - MONTH - DAY - lab.clock.now())
        await lab.renew_authorities()
    alone = await published(operator, "V2G")
    lab.clock.jump(DAY)
    await lab.renew_authorities()
    both = await published(operator, "V2G")
    in_time = alone == [root] and {*both} > {root}
    rcp.shows("root-in-time", "RCP-11", "a month before its end the root has a successor", in_time, len(both))
    await renew_roots(lab.back.csms, STATION_ID, "V2GRootCertificate", both)
    kept, serials = await installed(lab.back.csms, STATION_ID), {f"{one.serial_number:x}" for one in both}
    secc.shows("renewed-in-time", "2.1.1.3.2", "and the station has both by then", kept.keys() == serials, [*kept])
    await lab.recertify(station)
    vehicle.v2g_roots = tuple(one for one in both if one != root)
    outcomes.append(await lab.plug_in(vehicle))
    leaf, *_, top = map(parsed, handshakes[-1].chain)
    below = any(issued_by(top, one) for one in vehicle.v2g_roots)
    pki.shows("below-new-root", "RCP-12", "its certificate leads to the new root", below, fingerprint(leaf)[:16])

    shown = [outcome.ok for outcome in outcomes]
    secc.shows("up-to-date", "2.1.1.3.2", "a vehicle charges after each renewal", all(shown), shown)
    leaves = [parsed(one.chain[0]) for one in handshakes if one.role == "EV"]
    fresh = leaves == [first, second, third, leaf] and len({*leaves}) == len(leaves)
    secc.shows("old-unused", "OCPP A02", "no old certificate is shown again", fresh, [*map(fingerprint, leaves)])
