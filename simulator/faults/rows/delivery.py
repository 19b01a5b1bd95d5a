"""A contract on its way from the pool to the vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.changes import signed_by, wrong_key, wrong_signature
from pncsim.simulator.faults.demands import NO_CONTRACT, responds
from pncsim.simulator.faults.fault import Fault
from pncsim.simulator.faults.services import TamperingPool
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.signature import sign
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.plug_in import PlugIn
    from pncsim.wire.v2g import iso2

_BOTH = ("CertificateInstallationRes", "CertificateUpdateRes")


async def for_another(plug_in: PlugIn) -> None:
    """The contract's key is encrypted for another vehicle; the provisioning service has signed it all the same."""
    signer = plug_in.back.pki.credentials("cps_leaf")
    source = plug_in.back.pki.source.of("another vehicle")
    services = plug_in.back.services

    def change(message: iso2.V2G_Message) -> iso2.V2G_Message:
        response: Any = message.Body.BodyElement
        wrapped = wrap(source.key(), source.key().public_key(), source=source)
        response.ContractSignatureEncryptedPrivateKey.value = wrapped.encrypted
        response.DHpublickey.value = wrapped.dh_public
        names = ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")
        signature = sign([(name, getattr(response, name)) for name in names], signer.signer)
        return replace(message, Header=replace(message.Header, Signature=signature))

    services.pool = TamperingPool(services.pool, change)


ROWS = (
    Fault(
        name="no-bundle",
        title="no contract lies ready for the vehicle",
        group="contract delivery",
        place="pool",
        answer=(responds("no contract", "CertificateInstallationRes"), Reports("EV", "refused")),
        scenario="install-contract",
        deed=deeds.beforehand("vehicle", deeds.pool_empty),
    ),
    Fault(
        name="dead-pool",
        title="the contract pool is down",
        group="contract delivery",
        place="pool",
        answer=(NO_CONTRACT, responds("no contract", *_BOTH), Reports("SECC", "no contract")),
        scenario="install-contract",
        deed=deeds.service(deeds.pool_dead),
    ),
    Fault(
        name="slow-pool",
        title="the contract pool answers after {seconds:g} s; the vehicle waits for 5 s",
        group="contract delivery",
        place="pool",
        answer=(NO_CONTRACT, responds("no contract", *_BOTH), Reports("SECC", "no contract")),
        scenario="install-contract",
        deed=deeds.pool_slow,
    ),
    Fault(
        name="tampered-bundle",
        title="the encrypted contract key is altered between pool and vehicle",
        group="contract delivery",
        place="pool",
        answer=(Reports("EV", "signature", "V2G2-814, EV-3"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: wrong_key),
    ),
    Fault(
        name="wrong-bundle-signature",
        title="the provisioning service's signature over the contract has a wrong bit",
        group="contract delivery",
        place="pool",
        answer=(Reports("EV", "signature", "V2G2-814, EV-3"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: wrong_signature),
    ),
    Fault(
        name="foreign-cps",
        title="the contract is signed by a provisioning service under a V2G root the vehicle does not know",
        group="contract delivery",
        place="pool",
        answer=(Reports("EV", "no anchor", "V2G2-814, EV-3"),),
        scenario="install-contract",
        deed=deeds.bundle(lambda plug_in: signed_by(deeds.foreign(plug_in, "cps_leaf"))),
    ),
    Fault(
        name="foreign-contract",
        title="the contract's key is encrypted for another vehicle",
        group="contract delivery",
        place="pool",
        answer=(Reports("EV", "contract key", "V2G2-823"),),
        scenario="install-contract",
        deed=deeds.beforehand("csms", for_another),
    ),
)
