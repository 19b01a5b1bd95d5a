"""A contract waits, and the certificate of the provisioning service that has signed it ends or is revoked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.plant import response_in
from pncsim.simulator.lab.said import bodies
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.tls_certs.reading import der, not_after, parsed, same_key
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab

DAY = 86_400.0
CONTRACTS = "/v1/mo/contracts"


@scenario(
    "signer-changed",
    title="the provisioning service has a new certificate while contracts wait that it has signed with the old one",
    clauses=("CharIN 2.1.2.3", "CharIN 2.1.3.2", "CPS-1", "CPS-14", "CCP-GET-1", "PKI-9", "PKI-11"),
    fresh_station=True,
    use_case=UseCase(
        id="2.1.2.3",
        part=True,
        actors=("EV", "SECC", "CSMS", "PKI", "CPS", "CCP", "MO", "OEM"),
        preconditions=("a contract waits in the pool (2.1.2.4)",),
    ),
)
async def signer_changed(
    lab: Lab,
    *,
    why: Annotated[Literal["ends", "revoked"], "Why the certificate is replaced."] = "revoked",
) -> None:
    """Vehicles verify who has signed a contract, and do not ask whether that was revoked: the pool has to.

    A revoked certificate signs nothing any more, and what waits under it is not handed out. Once the service has
    another one, with another key, what waits is signed again and can be installed. One that is near its end is renewed
    in time: what waits is signed again before it ends, and installed after it.
    """
    cps, ccp, ev, pki = map(lab.expect.of, ("CPS", "CCP", "EV", "PKI"))
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    made = await lab.order(await lab.vehicle(kwh=0.5))
    await made.produce()
    emaid = (await operator.post(CONTRACTS, {"customer": "Ada", "pcid": made.pcid})).body["emaid"]
    provide = f"/v1/ccp/provideSignedContractData/{emaid}/{made.pcid}"
    before = await manufacturer.get(provide)
    old = await _signer(operator)

    if why == "revoked":
        await lab.revoke(old)
        status = await lab.status(old)
        pki.shows("revoked", "PKI-5", "the responder says that it is revoked", status == "revoked", status)
        withheld = await lab.plug_in(made.vehicle)
        lab.expect.refused(withheld, "FAILED_NoCertificateAvailable")
        other = await lab.order(await lab.vehicle())
        await other.produce()
        none = await operator.post(CONTRACTS, {"customer": "Bob", "pcid": other.pcid})
        cps.shows("signs-nothing", "CPS-14", "nothing is signed with it any more", none.status == 400, none.said)
    else:
        lab.clock.jump(not_after(old) - 6 * DAY - lab.clock.now())
    await lab.renew_authorities()

    new = await _signer(operator)
    another = not same_key(new, old)
    renewed = new != old and not_after(new) > lab.clock.now() + 80 * DAY and another == (why == "revoked")
    seen = f"until {new.not_valid_after_utc:%Y-%m-%d}, with {'another' if another else 'the same'} key"
    cps.shows("renewed", "PKI-11", "the service has a new certificate", renewed, seen)
    if why == "ends":
        lab.clock.jump(7 * DAY)
    try:
        opened = made.open(response_in(before)).emaid
    except PncError as error:
        opened = error.kind
    told = emaid if why == "revoked" else "expired"
    ev.shows(
        "old-signature", "CCP-GET-1", "what the vehicle alone would say of the old signature", opened == told, opened
    )

    messages = lab.watch.messages("EV")
    outcome = await lab.plug_in(made.vehicle)
    lab.expect.session(outcome)
    lab.expect.installed(made.vehicle, outcome, emaid)
    lab.expect.paid(outcome, emaid, kwh=0.5)
    answers = [one for one in bodies(messages, "CertificateInstallationRes") if one.ResponseCode == "OK"]
    signers = [chain_octets(one.SAProvisioningCertificateChain)[0] for one in answers]
    told = f"{len(signers)} answer"
    ccp.shows("signed-again", "CPS-1", "what comes was signed with the new one", signers == [der(new)], told)


async def _signer(caller: Caller) -> x509.Certificate:
    """What the provisioning service says that it signs with."""
    (signer,) = (await caller.get("/v1/cps/signer")).body["cpsCertificates"]
    return parsed(base64.b64decode(signer["cpsCertificate"]))
