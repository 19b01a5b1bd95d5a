"""The services an operator's back end needs, where they are somebody's at a URL: by the published paths."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend import certificates
from pncsim.backend.bundle import NAMESPACE, ContractData, SignedContractData
from pncsim.backend.cps import xml_form
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import base64_text
from pncsim.tls_certs import reading
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.errors import PeerError


class RemotePools:
    """Provisioning pool, signing and contract service and contract pool, each as the back end sees it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get(self, pcid: str) -> ProvisionedVehicle:
        """See :class:`backend.ports.ProvisioningPort`."""
        answer = await self._calls.call("pcp", "GET", f"/v1/oem/provCerts/{quote(pcid, safe='')}")
        data = answer.get("OEMMessage")
        if not isinstance(data, dict):
            raise _unreadable("provisioning pool")
        names = ("vehicleCertificate", "subCA2Certificate", "subCA1Certificate")
        chain = [_certificate(data, name) for name in names if data.get(name) is not None]
        roots = data.get("v2gRootAuthorityKeyIdentifiers") or ()
        previous = data.get("previousPcid")
        return ProvisionedVehicle(
            pcid=reading.common_name(chain[0]) if chain else "",
            chain=tuple(chain),
            v2g_roots=tuple(map(str, roots)) if isinstance(roots, list) else (),
            previous_pcid=previous if isinstance(previous, str) else None,
        )

    async def sign(
        self, data: ContractData, *, pcid: str | None = None, roots: Sequence[str] = ()
    ) -> SignedContractData:
        """See :class:`backend.ports.SigningPort`; of several ``roots`` the first is asked for."""
        leaf, *sub_cas = map(base64_text, data.chain)
        wanted = {
            "contractCertificate": leaf,
            "contractSubCa2Certificate": sub_cas[0] if len(sub_cas) > 1 else None,
            "contractSubCa1Certificate": sub_cas[-1],
            "contractSignatureEncryptedPrivateKey": base64_text(data.wrapped.encrypted),
            "dHpublickey": base64_text(data.wrapped.dh_public),
        }
        body = {"contractData": _given(wanted), "pcid": pcid, "xsdMsgDefNamespace": NAMESPACE, **_below(roots)}
        answer = await self._calls.call("cps", "PUT", "/v1/cps/contractData/signed", _given(body))
        try:
            return xml_form.from_xml(_octets(answer, "signedData").decode("utf-8"))
        except UnicodeDecodeError:
            raise _unreadable("provisioning service") from None

    async def generate(
        self, emaid: str, pcid: str, *, begins: float, ends: float, roots: Sequence[str] = ()
    ) -> x509.Certificate:
        """See :class:`backend.ports.ContractMaker`; the certificate is what the contract pool then has."""
        body = {
            "contractBegins": _moment(begins),
            "contractEnds": _moment(ends),
            "emaid": emaid,
            "pcid": pcid,
            "xsdMsgDefNamespace": NAMESPACE,
            **_below(roots),
        }
        await self._calls.call("cps", "PUT", "/v1/cps/generate/signedContractData", body)
        answer = await self._calls.call("ccp", "GET", f"/v1/ccp/lookupContract/{quote(emaid, safe='')}")
        listed = answer.get("XMLContracts")
        if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
            raise _unreadable("contract pool")
        return _certificate(listed[0], "contractCertificate")

    async def delete(self, emaid: str, *, skip_revocation: bool = False) -> None:
        """See :class:`backend.ports.DeletionPort`; what the pool's own authority issued it revokes."""
        await self._calls.call("ccp", "DELETE", f"/v1/ccp/signedContractData/{quote(emaid, safe='')}")

    # For an operator without a PKI of its own

    async def issue_contract(
        self, emaid: str, key: ec.EllipticCurvePublicKey, ends: float
    ) -> tuple[x509.Certificate, ...]:
        """Nobody issues here: Refused."""
        raise Refused("This operator has no PKI; the contract service makes its contracts.", clause="CPS-11")

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """Not here: the contract pool does when it is told to delete (CCP-DEL-2)."""
        return False


def _below(roots: Sequence[str]) -> dict[str, str]:
    return {"cpsV2GRootCertificateFingerprint": roots[0]} if roots else {}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _certificate(data: Mapping[str, Any], name: str) -> x509.Certificate:
    return certificates.load(_octets(data, name), name)


def _octets(data: Mapping[str, Any], name: str) -> bytes:
    text = data.get(name)
    try:
        return base64.b64decode(text if isinstance(text, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        raise PeerError(f"The member {name!r} of an answer is not base64.", kind="malformed", http_status=502) from None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _unreadable(who: str) -> PeerError:
    return PeerError(f"The answer of the {who} cannot be read.", kind="malformed", http_status=502)
