"""What a station may ask of the CSMS: one handler per action, listed in one table."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

from pncsim.backend.answers import SigningUse
from pncsim.backend.csms.authorization import check_token, decide, token_info, within
from pncsim.backend.csms.link import Answers, StationLink, VariableName
from pncsim.backend.csms.schedules import charging_needs, told_plan
from pncsim.backend.csms.transactions import Transaction, authorised, record
from pncsim.tls_certs.hash_data import HashData
from pncsim.tls_certs.issue import read_request
from pncsim.wire.amounts import shown_energy
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.exi.errors import ExiDecodeError
from pncsim.wire.gate import told_before
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen, Reply, row
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import (
        AuthorizeRequest,
        AuthorizeResponse,
        BootNotificationRequest,
        BootNotificationResponse,
        Get15118EVCertificateRequest,
        Get15118EVCertificateResponse,
        GetCertificateStatusRequest,
        GetCertificateStatusResponse,
        HeartbeatRequest,
        HeartbeatResponse,
        MeterValuesResponse,
        NotifyReportRequest,
        NotifyReportResponse,
        SecurityEventNotificationRequest,
        SecurityEventNotificationResponse,
        SignCertificateRequest,
        SignCertificateResponse,
        StatusInfoType,
        StatusNotificationRequest,
        StatusNotificationResponse,
        TransactionEventRequest,
        TransactionEventResponse,
    )

MAX_OCSP_BASE64 = 5500
MAX_EXI_BASE64 = 7500
EXI_BASE64_OF_OLD_SCHEMAS = 5600
"""Characters of exiResponse that schemas of the first edition allow, which many stacks still have."""


async def _boot(
    link: StationLink, request: BootNotificationRequest
) -> BootNotificationResponse | AndThen[BootNotificationResponse]:
    config, register = link.context.config, link.context.register
    plate = link.plate = request["chargingStation"]
    known = await register.find(link.identity)
    stranger = known is not None and known.serial_number not in ("", plate.get("serialNumber"))
    status = link.registration = "Rejected" if stranger else config.boot_status(link.identity)
    await register.booted(link.identity, status)
    link.context.voice.story(f"{link.identity} ({plate['vendorName']} {plate['model']}) boots: {status}")
    answer: BootNotificationResponse = {
        "currentTime": timestamp(link.context.clock.now()),
        "interval": config.heartbeat if status == "Accepted" else config.retry,
        "status": status,
    }
    # B01.FR.12: it has shown the certificate of another one.
    return AndThen(answer, lambda: link.peer.close(1008, "another serial number")) if stranger else answer


def _heartbeat(link: StationLink, request: HeartbeatRequest) -> HeartbeatResponse:
    return {"currentTime": timestamp(link.context.clock.now())}


def _status(link: StationLink, request: StatusNotificationRequest) -> StatusNotificationResponse:
    link.plugged(request["evseId"], request["connectorId"], request["connectorStatus"])
    return {}


def _report(link: StationLink, request: NotifyReportRequest) -> NotifyReportResponse:
    for reported in request.get("reportData", ()):
        component, variable = reported["component"], reported["variable"]
        evse, connector = 0, 0
        if "evse" in component:
            evse, connector = component["evse"]["id"], component["evse"].get("connectorId", 0)
        name = VariableName(component["name"], variable["name"], variable.get("instance", ""), evse, connector)
        link.reported(name, next((a["value"] for a in reported["variableAttribute"] if "value" in a), ""))
    return {}


def _security_event(link: StationLink, request: SecurityEventNotificationRequest) -> SecurityEventNotificationResponse:
    link.security_events.append(request)
    return {}


def _acknowledge(link: StationLink, request: Any) -> MeterValuesResponse:
    return {}


async def _authorize(link: StationLink, request: AuthorizeRequest) -> AuthorizeResponse:
    csms = link.context
    ask = partial(csms.addresses.ask, link.identity)
    decision = await decide(request, csms.services, csms.clock, csms.config.deadlines, ask)
    token = request["idToken"]
    what = f"authorisation of {token['idToken']} ({token['type']})"
    csms.voice.judged(what, decision.accepted, decision.text or decision.token, decision.clause)
    return decision.payload()


async def _transaction_event(link: StationLink, request: TransactionEventRequest) -> TransactionEventResponse:
    csms = link.context
    try:
        transaction, new = await record(csms.store, link.identity, request)
    except ValueError as error:
        raise CallError(
            "PropertyConstraintViolation", "a timestamp is no date and time, or a number is too large"
        ) from error
    if new:
        _tell(link, transaction, request)
    if "idToken" not in request:
        return {}
    token = request["idToken"]
    status = await check_token(token["idToken"], token["type"], csms.services, csms.clock, csms.config.deadlines)
    await authorised(csms.store, transaction, status.status)
    return {"idTokenInfo": token_info(status)}


def _tell(link: StationLink, transaction: Transaction, event: TransactionEventRequest) -> None:
    if event["eventType"] == "Started":
        link.context.voice.story(f"transaction {transaction.id} starts at {link.identity}")
    elif event["eventType"] == "Ended":
        whom = f" for {transaction.token}" if transaction.token else ""
        why, energy = transaction.stopped_reason, transaction.energy_wh
        link.context.voice.story(f"transaction {transaction.id} closed{whom}: {shown_energy(energy)}, {why}")


def _sign_certificate(link: StationLink, request: SignCertificateRequest) -> Reply[SignCertificateResponse]:
    if link.context.services.authority is None:
        return {"status": "Rejected", "statusInfo": _because("NotEnabled", "this CSMS has no certificate authority")}
    try:
        read_request(request["csr"])
    except PncError as error:
        link.context.voice.problem(error)
        return {"status": "Rejected", "statusInfo": _because("InvalidCSR", error.sentence)}
    use: SigningUse = request.get("certificateType") or "Combined"
    return AndThen({"status": "Accepted"}, lambda: _sign(link, request["csr"], use))


async def _sign(link: StationLink, csr: str, use: SigningUse) -> None:
    """Have the request signed and deliver the chain by CertificateSigned (A02)."""
    csms, authority = link.context, link.context.services.authority
    if authority is None:
        raise LocalError("This CSMS has no certificate authority.")
    try:
        signed = authority.sign_csr(csr, use)
        chain = await within(csms.clock, csms.config.deadlines.authority, "The certificate authority", signed)
    except PncError as error:
        csms.voice.called("PKI", "sign", False, error.sentence)
        return
    delivery = v201.CertificateSigned({"certificateChain": chain})
    if use != "Combined":  # a certificate for both goes without a type, as it was asked for
        delivery.payload["certificateType"] = use
    answer = await link.ask(delivery)
    accepted = answer["status"] == "Accepted"
    info = answer.get("statusInfo")
    why = "" if accepted else f": {answer['status'] if info is None else info.get('additionalInfo', answer['status'])}"
    text = f"{link.identity} {'took' if accepted else 'refused'} the certificate it had asked for{why}"
    csms.voice.called("PKI", "sign", accepted, text)


async def _certificate_status(link: StationLink, request: GetCertificateStatusRequest) -> GetCertificateStatusResponse:
    csms = link.context
    data = HashData.from_payload(request["ocspRequestData"])
    if csms.services.revocation is None:
        return {"status": "Failed", "statusInfo": _because("NotEnabled", "this CSMS has no OCSP client")}
    try:
        asked = csms.addresses.ask(link.identity, data.responder_url, partial(csms.services.revocation.fetch, data))
        who = f"The OCSP responder {data.responder_url}"
        der = await within(csms.clock, csms.config.deadlines.ocsp, who, asked)
    except PncError as error:
        csms.voice.problem(error)
        return {"status": "Failed", "statusInfo": _because("InternalError", error.sentence)}
    result = base64.b64encode(der).decode("ascii")
    if len(result) > MAX_OCSP_BASE64:
        info = _because("TooLargeElement", f"the OCSP answer has {len(der)} octets")
        return {"status": "Failed", "statusInfo": info}
    return {"status": "Accepted", "ocspResult": result}


async def _ev_certificate(link: StationLink, request: Get15118EVCertificateRequest) -> Get15118EVCertificateResponse:
    """M01 and M02. Accepted means an EXI response is there, whatever it says; exiResponse is required even when not."""
    csms = link.context
    if csms.services.pool is None:
        return _no_contract("NotEnabled", "this CSMS knows no contract pool")
    try:
        exi = base64.b64decode(request["exiRequest"], validate=True)
    except ValueError:  # binascii.Error, or characters outside ASCII
        return _no_contract("InvalidValue", "exiRequest is not base64")
    contradiction = _contradiction(exi, request)
    if contradiction:
        return _no_contract("InvalidValue", contradiction)
    try:
        asked = csms.services.pool.provide(exi, request["iso15118SchemaVersion"])
        answer = await within(csms.clock, csms.config.deadlines.pool, "The contract pool", asked)
    except PncError as error:
        csms.voice.called("CCP", request["action"], False, error.sentence)
        return _no_contract("InternalError", error.sentence)
    csms.voice.called("CCP", request["action"], answer.status == "Accepted", answer.text)
    response = base64.b64encode(answer.exi or b"").decode("ascii")
    if len(response) > MAX_EXI_BASE64:
        return _no_contract("TooLargeElement", f"the response has {len(answer.exi or b'')} octets")
    if len(response) > EXI_BASE64_OF_OLD_SCHEMAS:
        csms.voice.warning(
            f"exiResponse for {link.identity} has {len(response)} characters; who checks by schemas that still allow "
            f"{EXI_BASE64_OF_OLD_SCHEMAS} (four sets on npm do) refuses it. Certificates without CRL addresses, or one "
            "Sub-CA per chain, would fit."
        )
    if response and answer.status == "Accepted":
        return {"status": "Accepted", "exiResponse": response}
    return _no_contract("NotFound", answer.text or "the contract pool has nothing for this vehicle", response)


def _contradiction(exi: bytes, request: Get15118EVCertificateRequest) -> str:
    """How action and message contradict each other, if they do; what cannot be read is the pool's to refuse."""
    try:
        message = codec("iso2").decode(exi, gate=told_before)
    except ExiDecodeError:
        return ""
    body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else message
    says, name = request["action"], type(body).__name__
    return "" if _ACTIONS.get(name, says) == says else f"action is {says}, but exiRequest holds a {name}"


_ACTIONS = {"CertificateInstallationReq": "Install", "CertificateUpdateReq": "Update"}


def _no_contract(reason: str, text: str, response: str = "") -> Get15118EVCertificateResponse:
    return {"status": "Failed", "statusInfo": _because(reason, text), "exiResponse": response}


def _because(reason: str, text: str) -> StatusInfoType:
    return {"reasonCode": reason, "additionalInfo": text[:512]}


ANSWERS: Answers = dict(
    (
        row(v201.BootNotification, _boot),
        row(v201.Heartbeat, _heartbeat),
        row(v201.StatusNotification, _status),
        row(v201.Authorize, _authorize),
        row(v201.TransactionEvent, _transaction_event),
        row(v201.Get15118EVCertificate, _ev_certificate),
        row(v201.GetCertificateStatus, _certificate_status),
        row(v201.SignCertificate, _sign_certificate),
        row(v201.NotifyReport, _report),
        row(v201.SecurityEventNotification, _security_event),
        row(v201.MeterValues, _acknowledge),
        row(v201.NotifyEvent, _acknowledge),
        row(v201.LogStatusNotification, _acknowledge),
        row(v201.FirmwareStatusNotification, _acknowledge),
        row(v201.ReportChargingProfiles, _acknowledge),
        row(v201.NotifyCustomerInformation, _acknowledge),
        row(v201.NotifyChargingLimit, _acknowledge),
        row(v201.ClearedChargingLimit, _acknowledge),
        row(v201.NotifyEVChargingNeeds, charging_needs),
        row(v201.NotifyEVChargingSchedule, told_plan),
        row(v201.DataTransfer, lambda link, request: {"status": "UnknownVendorId"}),
    )
)
