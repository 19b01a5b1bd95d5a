"""Who signs contract data below the V2G roots of an ecosystem's own PKIs, and who does so next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pncsim.backend.cps.service import CpsSigner
from pncsim.backend.pki.ca import CertificateService
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki
from pncsim.wire.errors import LocalError
from pncsim.wire.voice import Voice


def signers_of(pkis: Iterable[Pki], voice: Voice) -> list[CpsSigner]:
    """A PKI folder may have come without a usable provisioning service; then nothing is signed below its root."""
    found = []
    for pki in pkis:
        if "cps_leaf" not in pki.certificates or "cps_leaf" not in pki.keys:
            continue
        try:
            found.append(CpsSigner(pki.credentials("cps_leaf"), pki.root("cps_leaf")))
        except LocalError as error:
            voice.warning(f"No contract can be signed for installation: {error.sentence}")
    return found


async def renewed_signers(
    pkis: Mapping[str, Pki], authorities: Mapping[str, CertificateService], until: float
) -> dict[bytes, CpsSigner]:
    """Renew each that ends before ``until`` or is revoked, this one with another key: its certificate (DER) -> who
    signs in its place. PKIs and their authorities have the same names.
    """
    successors = {}
    for name, pki in pkis.items():
        if "cps_leaf" not in pki.keys or "cps_sub2" not in pki.keys:
            continue
        old, authority = pki.certificate("cps_leaf"), authorities[name]
        revoked = await authority.revoked(old)
        if revoked or reading.not_after(old) <= until:
            signer = CpsSigner(await authority.renew("cps_leaf", new_key=revoked), pki.root("cps_leaf"))
            successors[reading.der(old)] = signer
    return successors
