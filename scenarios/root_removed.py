"""CharIN 2.1.1.1.3, amid everything: a root goes while a station's chain hangs below it and contracts wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.backend.csms.roots import renew_roots
from pncsim.simulator.lab.roots import ROOTS, fingerprint, installed, listed, published
from pncsim.simulator.lab.said import bodies, refusal
from pncsim.simulator.plan import STATION_ID, PkiPlan, Plan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.tls_certs.reading import issued_by, parsed
from pncsim.tls_certs.reading import shown as shown_name
from pncsim.wire.tls.alerts import ALERTS

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

CONTRACTS, OTHER = "/v1/mo/contracts", "other"


@scenario(
    "root-removed",
    title="a V2G root is removed while a station's own chain hangs below it, and while contracts wait in the pool",
    clauses=("CharIN 2.1.1.1.3", "RCP-9", "CPS-14", "OCPP A02", "OCPP M04", "EV-2"),
    plan=Plan(pkis=(PkiPlan(), PkiPlan(OTHER))),
    fresh_station=True,
    use_case=UseCase(
        id="2.1.1.1.3",
        part=True,
        actors=("root operator", "RCP", "CPO", "CSMS", "SECC", "MO", "OEM", "EV", "CPS", "CCP"),
        preconditions=("a station and a contract are below the root", "there is another V2G root"),
    ),
)
async def root_removed(
    lab: Lab,
    *,
    cascade: Annotated[Literal["none", "purge"], "What the pool does with what is below it (RCP-9)."] = "none",
) -> None:
    """The CSMS takes the root out of the station, whose own chain goes on being shown until it has another one.

    A vehicle that trusts the root no more refuses it. Then the operator has the station certified below the other root,
    without anybody touching it. A contract that waited is not installed any more, whether the pool has dropped it or
    keeps what nobody can verify; the next one is signed below the other root, and is installed at that station.
    """
    rcp, secc, ev, ccp, cps = map(lab.expect.of, ("RCP", "SECC", "EV", "CCP", "CPS"))
    admin, manufacturer, operator = [await lab.caller(name) for name in ("ADMIN", "OEM", "MO")]
    made = await lab.order(await lab.vehicle(kwh=0.5, install="if-needed"))
    await made.produce()
    station, handshakes = await lab.station(), lab.watch.handshakes()
    order = {"customer": "Ada", "pcid": made.pcid}
    waiting = (await operator.post(CONTRACTS, order)).body["emaid"]
    roots = await published(operator, "V2G")
    own = station.station.credentials
    root = next(one for one in roots if own is not None and issued_by(own.chain[-1], one))
    (other,) = (one for one in roots if one != root)

    id = (await listed(admin))[fingerprint(root)]["rootCertificateId"]
    gone = await admin.delete(f"{ROOTS}/{id}?cascade={cascade}")
    kept = await published(operator, "V2G")
    rcp.shows("removed", "RCP-9", "the pool has the root no more", kept == [other], gone.said)
    provided = await manufacturer.get(f"/v1/ccp/provideSignedContractData/{waiting}/{made.pcid}")
    said = {"none": 200, "purge": 404}[cascade]
    ccp.shows("waiting", "RCP-9", f"a contract that waited is answered {said}", provided.status == said, provided.said)

    await renew_roots(lab.back.csms, STATION_ID, "V2GRootCertificate", kept)
    has = await installed(lab.back.csms, STATION_ID)
    away = has.keys() == {f"{other.serial_number:x}"}
    secc.shows("root-gone", "OCPP M04", "the station gives the root up, though it stands below it", away, [*has])
    refused = await lab.plug_in(made.vehicle)
    shown = own is not None and handshakes[-1].chain == own.chain_der
    lab.expect.refused(refused, "FAILED_NoCertificateAvailable")
    secc.shows("still-shown", "2.1.1.1.3", "its chain is shown as long as there is no other", shown, refused.tls)
    await made.fetch_roots()
    await lab.plug_in(made.vehicle)
    alert = ALERTS.get(handshakes[-1].alert or 0, "none")
    ev.shows("tls-refused", "EV-2", "a vehicle without the root refuses it", alert == "unknown_ca", alert)

    lab.services.authority = await (await lab.region.parties()).station_authority(OTHER)
    await lab.recertify(station)
    messages = lab.watch.messages("EV")
    unserved = await lab.plug_in(made.vehicle)
    top = parsed(handshakes[-1].chain[-1])
    moved = unserved.tls and issued_by(top, other)
    secc.shows("certified-anew", "OCPP A02", "then it is certified below the other root", moved, shown_name(top.issuer))
    code = refusal(messages, made.vehicle.name)
    nothing = code == ("CertificateInstallationRes", "FAILED_NoCertificateAvailable")
    ccp.shows("not-installed", "CPS-14", "what was signed below the old one is not installed", nothing, code)

    emaid = (await operator.post(CONTRACTS, order)).body["emaid"]
    messages.clear()
    outcome = await lab.plug_in(made.vehicle)
    lab.expect.session(outcome)
    lab.expect.installed(made.vehicle, outcome, emaid)
    lab.expect.paid(outcome, emaid, kwh=0.5)
    answers = [one for one in bodies(messages, "CertificateInstallationRes") if one.ResponseCode == "OK"]
    signers = [chain_octets(one.SAProvisioningCertificateChain) for one in answers]
    below = [issued_by(parsed(chain[-1]), other) for chain in signers]
    cps.shows("signed-below-other", "CPS-14", "the next one is signed below the other root", below == [True], emaid)
