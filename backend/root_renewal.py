"""A V2G root is followed by its successor in all that stands below it (CharIN 2.1.1.1.2; RCP-11, RCP-12)."""

from __future__ import annotations

from cryptography import x509

from pncsim.backend.cps import CpsSigner
from pncsim.backend.ecosystem import Ecosystem
from pncsim.tls_certs.folder_work import renew_authority
from pncsim.tls_certs.rollover import succeed_root

ROLE = "v2g_root"


async def renew_v2g_root(ecosystem: Ecosystem, now: float, *, new_key: bool, name: str = "") -> x509.Certificate:
    """The new V2G root of the PKI ``name``; in the root pool it is when its administrator adds it.

    With its old key the root is certified again, and what is below stays as it is. With a new key its Sub-CAs are
    certified again: the provisioning service then signs below either, and the old root issues nothing any more.
    A folder of the PKI has neither: it is forgotten with the ecosystem.
    """
    pki = ecosystem.pkis[name]
    if not new_key:
        new = renew_authority(pki, ROLE, now, lasting=False)
    else:
        former = succeed_root(pki, ROLE, now)
        await ecosystem.add_pki(former, f"{name} former".strip())
        signer = CpsSigner(pki.credentials("cps_leaf"), pki.root("cps_leaf"))
        for service in (ecosystem.signing, *ecosystem.provisioning.values()):
            service.replace_signers((*service.signers, signer))
        new = pki.certificate(ROLE)
    for role in pki.roles:
        for certificate in pki.certificates[role]:
            ecosystem.ocsp.learn(certificate)
    return new
