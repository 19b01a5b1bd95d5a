"""The services a manufacturer's back end needs, where they are somebody's at a URL: by the published paths.

What Open Plug&Charge has no operation for, an authority of somebody else does not do: revoking a certificate.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import quote

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.answers import PoolAnswer
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.pki.est_client import enrol
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.errors import PeerError
from pncsim.wire.v2g.registry import ISO2_NAMESPACE


class RemoteServices:
    """Root pool, enrolment, provisioning pool and contract pool, each as the back end sees it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def trust_list(self) -> bytes:
        """The root pool's container (see :class:`backend.oem.roots.VerifiedRoots`)."""
        answer = await self._calls.call("rcp", "GET", "/v1/root/ctl")
        held = answer.get("CTL")
        return _octets(held.get("signedData") if isinstance(held, dict) else None, "The root pool's trust list")

    async def enrol(self, csr: bytes) -> tuple[x509.Certificate, ...]:
        """See :class:`backend.oem.production.EnrolmentPort`."""
        return await enrol(self._calls, "oem", csr)

    async def publish(
        self, chain: Sequence[bytes], *, v2g_roots: Sequence[str] = (), previous_pcid: str | None = None
    ) -> ProvisionedVehicle:
        """See :class:`backend.oem.production.VehiclePoolPort`."""
        leaf, *sub_cas = (base64.b64encode(der).decode("ascii") for der in chain)
        body = {
            "vehicleCertificate": leaf,
            "subCA1Certificate": sub_cas[-1],
            "subCA2Certificate": sub_cas[0] if len(sub_cas) > 1 else None,
            "xsdMsgDefNamespace": ISO2_NAMESPACE,
            "v2gRootAuthorityKeyIdentifiers": list(v2g_roots) or None,
            "previousPcid": previous_pcid,
        }
        body = {name: value for name, value in body.items() if value is not None}
        answer = await self._calls.call("pcp", "PUT", "/v1/oem/provCerts", body)
        kept = certificates.load(
            _octets(answer.get("vehicleCertificate", leaf), "The provisioning pool's answer"), "vehicleCertificate"
        )
        return ProvisionedVehicle(
            pcid=reading.common_name(kept),
            chain=certificates.load_chain(chain, "vehicleCertificate"),
            v2g_roots=tuple(v2g_roots),
            previous_pcid=previous_pcid,
        )

    async def delete(self, pcid: str, *, factory_reset: bool = False) -> None:
        """See :class:`backend.oem.production.VehiclePoolPort`."""
        reason = "?reason=factoryReset" if factory_reset else ""
        await self._calls.call("pcp", "DELETE", f"/v1/oem/provCerts/{quote(pcid, safe='')}{reason}")

    async def provide_to_oem(self, emaid: str, pcid: str) -> PoolAnswer:
        """See :class:`backend.oem.deliveries.ContractSourcePort`."""
        path = f"/v1/ccp/provideSignedContractData/{quote(emaid, safe='')}/{quote(pcid, safe='')}?sessionID="
        answer = await self._calls.call("ccp", "GET", path)
        exi = _octets(answer.get("certificateInstallationRes"), "The contract pool's answer")
        return PoolAnswer(exi, "Accepted", f"Contract {emaid} handed out.", "OK", emaid)

    async def set_default(self, pcid: str, emaid: str) -> None:
        """See :class:`backend.oem.deliveries.ContractSourcePort`."""
        path = f"/v1/ccp/signedContractData/{quote(pcid, safe='')}/{quote(emaid, safe='')}/default"
        await self._calls.call("ccp", "POST", path)

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """Nobody here can: Refused, with what has to be done."""
        raise Refused(
            f"{reading.common_name(certificate)} was issued by somebody else's authority, and there is no published "
            "operation to revoke it.",
            clause="2.1.1.2.4",
            http_status=501,
            advice="Ask the operator of the authority, whose administrators can.",
        )


def _octets(text: object, what: str) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        raise PeerError(f"{what} is not base64.", kind="malformed", http_status=502) from None
