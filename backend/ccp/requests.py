"""Reading what is asked of the contract pool: vehicles' EXI requests, EMAIDs and PCIDs; refused in published words."""

from __future__ import annotations

from pncsim.backend.bundle import NAMESPACE
from pncsim.backend.ccp.responses import ContractRequest
from pncsim.backend.refusal import Refused
from pncsim.wire.exi.errors import ExiDecodeError
from pncsim.wire.gate import NotTolerated, Tolerate
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_pcid
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec

_EMAID_TEXT = 'emaid : must match "^[A-Za-z]{2}[-]?\\w{3}[-]?\\w{9}[-]?(\\w{1})?$"'


def read_request(exi: bytes, schema: str, *, gate: Tolerate) -> tuple[iso2.V2G_Message, ContractRequest]:
    """The message and its body, if it is one of the two requests the pool answers."""
    if schema.strip().rstrip("/") != NAMESPACE:
        raise Refused(f"The schema {schema!r} is not served here, {NAMESPACE} is.", clause="OPCP xsdMsgDefNamespace")
    try:
        message = codec("iso2").decode(exi, gate=gate)
    except (ExiDecodeError, NotTolerated) as error:
        raise Refused(
            f"The certificateInstallationReq cannot be decoded: {error.sentence}",
            clause="OPCP getSignedContractData",
            message="EXI format is invalid!",
        ) from None
    body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else None
    if not isinstance(message, iso2.V2G_Message) or not isinstance(
        body, iso2.CertificateInstallationReq | iso2.CertificateUpdateReq
    ):
        raise Refused(
            f"The message is a {type(body).__name__}; the pool answers CertificateInstallationReq and "
            "CertificateUpdateReq.",
            clause="OPCP getSignedContractData",
            message="EXI format is invalid!",
        )
    return message, body


def read_emaid(text: str) -> str:
    try:
        return check_emaid(text)
    except IdentifierError as error:
        raise Refused(error.sentence, clause="ID-1", message=_EMAID_TEXT) from None


def read_pcid(text: str) -> str:
    try:
        return check_pcid(text)
    except IdentifierError as error:
        raise Refused(error.sentence, clause="ID-2", message='pcid : must match "^[a-zA-Z0-9]{17,18}$"') from None


def unknown_emaid(emaid: str) -> Refused:
    return Refused(
        f"The pool has no contract {emaid!r}.",
        clause="OPCP deleteSignedContractData",
        http_status=404,
        message="The contract for the given EMAID not found.",
    )
