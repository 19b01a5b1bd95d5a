"""The roots of stations: a CSMS brings them to what its operator trusts (OCPP M03 to M05; CharIN 2.1.1.3.1 and .2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from pncsim.backend.csms.csms import Csms
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.tls_certs.reading import pem
from pncsim.wire.ocpp import v201

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import GetCertificateIdUseEnumType, InstallCertificateUseEnumType


class RootsRenewed(NamedTuple):
    """What a station has taken, given up, and kept in spite of everything: by the status it answered with."""

    installed: tuple[str, ...]
    removed: tuple[str, ...]


async def renew_roots(
    csms: Csms, identity: str, use: InstallCertificateUseEnumType, trusted: Iterable[x509.Certificate]
) -> RootsRenewed:
    """Have the station keep the roots ``trusted`` for ``use``, and no others; the statuses of what that took.

    New roots come first, so that what hangs below either stays good meanwhile. Raises what OcppPeer.call raises.
    """
    wanted, listed = tuple(trusted), await _listed(csms, identity, use)
    installed = [
        await csms.install_certificate(identity, use, pem([root]))
        for root in wanted
        if not any(_names(entry, root) for entry in listed)
    ]
    removed = [
        (await csms.ask(identity, v201.DeleteCertificate({"certificateHashData": entry.certificate_payload()})))[
            "status"
        ]
        for entry in listed
        if not any(_names(entry, root) for root in wanted)
    ]
    return RootsRenewed(tuple(installed), tuple(removed))


async def _listed(csms: Csms, identity: str, use: GetCertificateIdUseEnumType) -> list[HashData]:
    answer = await csms.ask(identity, v201.GetInstalledCertificateIds({"certificateType": [use]}))
    return [HashData.from_payload(one["certificateHashData"]) for one in answer.get("certificateHashDataChain", ())]


def _names(entry: HashData, root: x509.Certificate) -> bool:
    return hash_data(root, root, entry.algorithm).same_certificate(entry)
