"""The back end of one lab: every service made from one PKI and introduced to the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend import certificates
from pncsim.backend.ccp.delivery import Policy
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.cps import CpsSigner, ProvisioningService
from pncsim.backend.mo import MobilityOperator
from pncsim.backend.oem import Manufacturer
from pncsim.backend.pcp import ProvisioningPool
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.pki.fetch import Fetch, in_process
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.rcp import RootKind, RootPool
from pncsim.backend.verification import Verifier
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.identifiers import emaid_provider
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

_ROOTS = {"v2g_root": RootKind.V2G, "mo_root": RootKind.MO, "oem_root": RootKind.OEM}
DEFAULT_PROVIDER = "DEPNC"


@dataclass(slots=True, frozen=True, kw_only=True)
class Ecosystem:
    """The services of a lab. ``pool``, ``ocsp``, ``ca``, ``mo`` and ``chains`` are also what a CSMS asks for."""

    pki: Pki
    roots: RootPool
    vehicles: ProvisioningPool
    pool: ContractPool
    signing: ProvisioningService
    mo: MobilityOperator
    oem: Manufacturer
    ca: CertificateService
    responder: OcspResponder
    ocsp: OcspClient
    chains: ContractChainJudge
    verifier: Verifier


async def open_ecosystem(
    pki: Pki,
    clock: Clock,
    trace: Trace,
    *,
    provider: str | None = None,
    fetch: Fetch | None = None,
    policy: Policy = "default-first",
    new_key: Callable[[], ec.EllipticCurvePrivateKey] = lambda: ec.generate_private_key(ec.SECP256R1()),
    random: Callable[[int], bytes] = os.urandom,
) -> Ecosystem:
    """Make all services and put the PKI's roots into the root pool.

    ``provider``: country and provider id of the mobility operator, by default that of the PKI's contract certificate.
    ``fetch``: how OCSP requests travel, by default straight to the PKI's own responder. ``new_key`` and ``random`` make
    a run reproducible.
    """
    pki_voice, provider = Voice.on(clock, trace, "PKI"), provider or _provider_of(pki)
    ca = CertificateService(clock, pki_voice, pki)
    responder = OcspResponder(clock, pki_voice, pki)
    ocsp = OcspClient(
        clock,
        pki_voice,
        fetch or in_process(responder.answer),
        issuers=[authority.certificate for authority in pki.authorities()],
    )
    ca.observers.append(ocsp.forget)
    roots = RootPool(clock, Voice.on(clock, trace, "RCP"))
    for role, kind in _ROOTS.items():
        for root in pki.anchors(role):
            await roots.add(certificates.der(root), kind)
    verifier = Verifier(clock, roots, ocsp)
    vehicles = ProvisioningPool(clock, Voice.on(clock, trace, "PCP"), verifier)
    pool = ContractPool(
        clock, Voice.on(clock, trace, "CCP"), verifier=verifier, vehicles=vehicles, revocation=ca, policy=policy
    )
    vehicles.observers.append(pool.vehicle_changed)
    signing = ProvisioningService(
        clock, Voice.on(clock, trace, "CPS"), signers=_signers(pki), verifier=verifier, vehicles=vehicles, pool=pool
    )
    mo = MobilityOperator(
        clock,
        Voice.on(clock, trace, "MO", f"MO {provider}"),
        provider=provider,
        authority=ca,
        verifier=verifier,
        vehicles=vehicles,
        signing=signing,
        new_key=new_key,
        random=random,
    )
    pool.renew_through(mo)
    return Ecosystem(
        pki=pki,
        roots=roots,
        vehicles=vehicles,
        pool=pool,
        signing=signing,
        mo=mo,
        oem=Manufacturer(Voice.on(clock, trace, "OEM"), authority=ca, pool=vehicles, new_key=new_key),
        ca=ca,
        responder=responder,
        ocsp=ocsp,
        chains=ContractChainJudge(roots, learn=ocsp.learn),
        verifier=verifier,
    )


def _signers(pki: Pki) -> list[CpsSigner]:
    """A PKI folder may have come without a provisioning service; then nothing can be signed."""
    if "cps_leaf" not in pki.certificates or "cps_leaf" not in pki.keys:
        return []
    return [CpsSigner(pki.credentials("cps_leaf"), pki.root("cps_leaf"))]


def _provider_of(pki: Pki) -> str:
    leaf: x509.Certificate | None = next(iter(pki.anchors("contract_leaf")), None)
    return emaid_provider(certificates.common_name(leaf)) if leaf is not None else DEFAULT_PROVIDER
