"""CharIN 2.1.1.3.1: a new station gets its roots, makes a key, is certified, and offers Plug & Charge."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pncsim.backend.csms.roots import renew_roots
from pncsim.simulator.lab.enrolment import certificate_comes, enrol_over_est
from pncsim.simulator.lab.roots import published
from pncsim.simulator.lab.said import bodies
from pncsim.simulator.lab.watch import answers
from pncsim.simulator.plan import STATION_ID, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.ocsp import answer_ends
from pncsim.tls_certs.reading import common_name, issued_by, parsed

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

HOUR = 3_600.0


@scenario(
    "station-certified",
    title="a new station gets roots, a certificate and its OCSP answer, and offers Plug & Charge",
    clauses=("CharIN 2.1.1.3.1", "OCPP A02", "OCPP M03", "OCPP M05", "OCPP M06", "PKI-2", "CSO-4", "EVSE-1"),
    plan=Plan(stations=(StationPlan(commissioned=False),)),
    use_case=UseCase(
        id="2.1.1.3.1",
        actors=("CPO", "CSMS", "SECC", "EV", "RCP", "PKI"),
        preconditions=("station and CSMS have a secure channel (2.1.1.3.3)", "Plug & Charge is switched off"),
    ),
)
async def station_certified(lab: Lab) -> None:
    """The CSMS takes the roots from the root pool and installs them. Then it has the station make a key.

    The certificate request goes over EST to the operator's Sub-CA, the chain back to the station, which verifies it and
    has the OCSP answer fetched by the CSMS. Only then Plug & Charge is switched on, and a vehicle pays by contract.
    """
    csms, secc, pki = map(lab.expect.of, ("CSMS", "SECC", "PKI"))
    operator, vehicle = await lab.caller("CPO"), await lab.vehicle(kwh=0.5, contract=True, payment="contract")
    frames, exchanges, handshakes = lab.watch.frames(), lab.watch.exchanges(), lab.watch.handshakes()
    station = await lab.station()
    await enrol_over_est(lab)
    offered = lab.watch.messages("EV", "ServiceDiscoveryRes")
    await lab.plug_in(await lab.vehicle(kwh=0.1, payment="external", tls="off"))
    offers = [list(map(str, one.PaymentOptionList.PaymentOption)) for one in bodies(offered, "ServiceDiscoveryRes")]
    cards = offers == [["ExternalPayment"]]
    secc.shows("off-before", "2.1.1.3.1", "before that there is no Plug & Charge, cards alone pay", cards, offers)

    roots = {kind: await published(operator, kind) for kind in ("V2G", "MO")}
    await renew_roots(lab.back.csms, STATION_ID, "V2GRootCertificate", roots["V2G"])
    await renew_roots(lab.back.csms, STATION_ID, "MORootCertificate", roots["MO"])
    took = [answer["status"] for answer in answers(frames, "InstallCertificate")]
    whole = took == ["Accepted"] * sum(map(len, roots.values())) and min(map(len, roots.values())) > 0
    csms.shows("roots-installed", "OCPP M05", "the station takes the roots of the pool", whole, took)

    async with certificate_comes(lab, station):
        await lab.back.csms.set_variable(STATION_ID, "ISO15118Ctrlr", "V2GCertificateInstallationEnabled", "true")
    asked = [answer["status"] for answer in answers(frames, "SignCertificate")]
    secc.shows("certificate-requested", "OCPP A02", "it asks for a certificate", asked == ["Accepted"], asked)
    enrolled = [one.status for one in exchanges if (one.method, "/cpo/simpleenroll" in one.url) == ("POST", True)]
    pki.shows("est", "PKI-2", "which the CSMS enrols for over EST", enrolled == [200], enrolled)
    given = [answer["status"] for answer in answers(frames, "CertificateSigned")]
    csms.shows("certificate-delivered", "OCPP A02", "and gets the chain", given == ["Accepted"], given)
    fetched = [answer["status"] for answer in answers(frames, "GetCertificateStatus")]
    csms.shows("status-fetched", "OCPP M06", "the OCSP answer comes through the CSMS", fetched == ["Accepted"], fetched)

    await lab.back.csms.set_variable(STATION_ID, "ISO15118Ctrlr", "PnCEnabled", "true")
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=0.5)
    if not outcome.ok:
        return
    chain, staples = handshakes[-1].chain, handshakes[-1].staples
    leaf, *_, top = map(parsed, chain)
    named = common_name(leaf) == station.station.config.secc_id
    rooted = any(issued_by(top, root) for root in roots["V2G"])
    secc.shows("shown", "EVSE-1", "vehicles are shown its SECCID below a V2G root", named and rooted, common_name(leaf))

    told = [base64.b64decode(answer["ocspResult"]) for answer in answers(frames, "GetCertificateStatus")]
    ends = answer_ends(staples[0]) if staples and staples[0] else 0.0
    await lab.cut_csms(ends + 2 * HOUR - lab.clock.now())
    kept = []
    for moment in (ends - HOUR, ends + HOUR):
        lab.clock.jump(moment - lab.clock.now())
        await lab.plug_in(vehicle)
        kept.append(handshakes[-1].staples[0] == told[-1])
    secc.shows("staple-kept", "CSO-4", "without its CSMS the answer is kept to its end", kept == [True, False], kept)
