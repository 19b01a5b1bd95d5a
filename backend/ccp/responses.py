"""The EXI responses of the contract pool, positive and negative."""

from __future__ import annotations

from pncsim.backend.bundle import SignedContractData
from pncsim.wire.errors import Kind
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import codes
from pncsim.wire.v2g.registry import codec

ContractRequest = iso2.CertificateInstallationReq | iso2.CertificateUpdateReq

_NOTHING = b"\x00"
_NO_EMAID = "0" * 14
_FAULT_LENGTH = 64

NEXT_SESSION = 0
"""RetryCounter of a failed update: try again in the next charging session (V2G2-696, V2G2-928)."""


def positive(request: ContractRequest, session_id: bytes, bundle: SignedContractData) -> bytes:
    """The EXI message that carries ``bundle``, with the request's SessionID (CCP-GET-5)."""
    if isinstance(request, iso2.CertificateUpdateReq):
        return codec("iso2").encode(bundle.update_response(session_id))
    return codec("iso2").encode(bundle.installation_response(session_id))


def refusal(request: ContractRequest, kind: Kind) -> str:
    """The ResponseCode with which ``request`` is refused for something of this kind."""
    return codes.answer(kind, f"{type(request).__name__.removesuffix('Req')}Res")


def negative(request: ContractRequest, session_id: bytes, code: str, reason: str) -> bytes:
    """The EXI message that says ``code``: all mandatory elements are there and hold placeholders."""
    chain = iso2.CertificateChainType(Certificate=_NOTHING)
    contract = iso2.CertificateChainType(Id="id1", Certificate=_NOTHING)
    key = iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=_NOTHING)
    point = iso2.DiffieHellmanPublickeyType(Id="id3", value=_NOTHING)
    body: iso2.BodyElement
    if isinstance(request, iso2.CertificateUpdateReq):
        body = iso2.CertificateUpdateRes(
            ResponseCode=iso2.ResponseCodeType(code),
            SAProvisioningCertificateChain=chain,
            ContractSignatureCertChain=contract,
            ContractSignatureEncryptedPrivateKey=key,
            DHpublickey=point,
            eMAID=iso2.EMAIDType(Id="id4", value=request.eMAID),
            RetryCounter=NEXT_SESSION,
        )
    else:
        body = iso2.CertificateInstallationRes(
            ResponseCode=iso2.ResponseCodeType(code),
            SAProvisioningCertificateChain=chain,
            ContractSignatureCertChain=contract,
            ContractSignatureEncryptedPrivateKey=key,
            DHpublickey=point,
            eMAID=iso2.EMAIDType(Id="id4", value=_NO_EMAID),
        )
    notification = iso2.NotificationType(FaultCode=iso2.FaultCodeType.UnknownError, FaultMsg=_short(reason))
    header = iso2.MessageHeaderType(SessionID=session_id, Notification=notification)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))


def _short(reason: str) -> str:
    """FaultMsg has room for 64 characters; plain ASCII spares every receiver trouble."""
    return reason.encode("ascii", "replace").decode()[:_FAULT_LENGTH]
