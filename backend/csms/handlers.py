"""What a station may ask of the CSMS: one handler per action, listed in one table."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pncsim.backend.csms.authorization import check_token, decide, token_info, within
from pncsim.backend.csms.transactions import authorised, record
from pncsim.tls_certs.hash_data import HashData
from pncsim.wire.errors import PncError
from pncsim.wire.ocpp.actions import AndThen, Handler
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.backend.csms.csms import StationLink

MAX_OCSP_BASE64 = 5500
MAX_EXI_BASE64 = 7500
_ALLOWED_UNREGISTERED = frozenset({"BootNotification"})
_ALLOWED_PENDING = frozenset({"BootNotification", "NotifyReport", "StatusNotification", "Heartbeat", "SignCertificate"})
"""What a Pending station may send: boots, and what the CSMS has triggered (B02)."""


def handlers(link: StationLink) -> Iterator[tuple[str, Handler]]:
    """(action, handler) for every action the CSMS supports, guarded by the station's registration."""
    for action, handler in _TABLE.items():
        yield action, partial(_gated, link, action, handler)


def _gated(
    link: StationLink, action: str, handler: Callable[[Any, Payload], Any], payload: Payload
) -> Payload | AndThen[Payload] | Awaitable[Payload | AndThen[Payload]]:
    allowed = _ALLOWED_PENDING if link.registration == "Pending" else _ALLOWED_UNREGISTERED
    if link.registration != "Accepted" and action not in allowed:
        raise CallError("SecurityError", f"{action} is not allowed before an accepted BootNotification")
    answer: Payload | AndThen[Payload] | Awaitable[Payload | AndThen[Payload]] = handler(link, payload)
    return answer


async def _boot(link: StationLink, payload: Payload) -> Payload:
    link.plate = payload["chargingStation"]
    status = link.csms.config.boot_status(link.identity)
    link.registration = status
    await link.csms.register.booted(link.identity, status)
    link.tell(f"{link.identity} ({link.plate['vendorName']} {link.plate['model']}) boots: {status}")
    return {
        "currentTime": timestamp(link.csms.clock.now()),
        "interval": link.csms.config.heartbeat if status == "Accepted" else link.csms.config.retry,
        "status": status,
    }


def _heartbeat(link: StationLink, payload: Payload) -> Payload:
    return {"currentTime": timestamp(link.csms.clock.now())}


def _status(link: StationLink, payload: Payload) -> Payload:
    link.connectors[payload["evseId"], payload["connectorId"]] = payload["connectorStatus"]
    return {}


def _report(link: StationLink, payload: Payload) -> Payload:
    for row in payload.get("reportData", ()):
        name = (row["component"]["name"], row["variable"]["name"], row["variable"].get("instance", ""))
        link.variables[name] = next((a["value"] for a in row["variableAttribute"] if "value" in a), "")
    return {}


def _security_event(link: StationLink, payload: Payload) -> Payload:
    link.security_events.append(payload)
    return {}


def _acknowledge(link: StationLink, payload: Payload) -> Payload:
    return {}


async def _authorize(link: StationLink, payload: Payload) -> Payload:
    csms = link.csms
    decision = await decide(payload, csms.services, csms.clock, csms.config.deadlines)
    token = payload["idToken"]
    link.judged(f"authorisation of {token['idToken']} ({token['type']})", decision)
    return decision.payload()


async def _transaction_event(link: StationLink, payload: Payload) -> Payload:
    csms = link.csms
    try:
        transaction, new = await record(csms.store, link.identity, payload)
    except ValueError as error:
        raise CallError("PropertyConstraintViolation", "a timestamp is no date and time") from error
    if new:
        link.transaction_event(transaction, payload)
    if "idToken" not in payload or payload["idToken"]["type"] == "NoAuthorization":
        return {}
    token = payload["idToken"]
    status = await check_token(token["idToken"], token["type"], csms.services, csms.clock, csms.config.deadlines)
    await authorised(csms.store, transaction, status.status)
    return {"idTokenInfo": token_info(status)}


def _sign_certificate(link: StationLink, payload: Payload) -> Payload | AndThen[Payload]:
    if link.csms.services.authority is None:
        info = {"reasonCode": "NotEnabled", "additionalInfo": "this CSMS has no certificate authority"}
        return {"status": "Rejected", "statusInfo": info}
    use = payload.get("certificateType", "ChargingStationCertificate")
    return AndThen({"status": "Accepted"}, lambda: link.sign(payload["csr"], use))


async def _certificate_status(link: StationLink, payload: Payload) -> Payload:
    csms = link.csms
    data = HashData.from_payload(payload["ocspRequestData"])
    if csms.services.revocation is None:
        return _failed("NotEnabled", "this CSMS has no OCSP client")
    try:
        asked = csms.services.revocation.fetch(data)
        who = f"The OCSP responder {data.responder_url}"
        der = await within(csms.clock, csms.config.deadlines.ocsp, who, asked)
    except PncError as error:
        link.problem(error)
        return _failed("InternalError", error.sentence)
    result = base64.b64encode(der).decode("ascii")
    if len(result) > MAX_OCSP_BASE64:
        return _failed("TooLargeElement", f"the OCSP answer has {len(der)} octets")
    return {"status": "Accepted", "ocspResult": result}


async def _ev_certificate(link: StationLink, payload: Payload) -> Payload:
    """M01 and M02. Accepted means an EXI response is there, whatever it says; exiResponse is required even when not."""
    csms = link.csms
    if csms.services.pool is None:
        return {**_failed("NotEnabled", "this CSMS knows no contract pool"), "exiResponse": ""}
    try:
        exi = base64.b64decode(payload["exiRequest"], validate=True)
    except ValueError:  # binascii.Error, or characters outside ASCII
        return {**_failed("InvalidValue", "exiRequest is not base64"), "exiResponse": ""}
    try:
        asked = csms.services.pool.provide(exi, payload["iso15118SchemaVersion"])
        answer = await within(csms.clock, csms.config.deadlines.pool, "The contract pool", asked)
    except PncError as error:
        link.service_call("CCP", payload["action"], False, error.sentence)
        return {**_failed("InternalError", error.sentence), "exiResponse": ""}
    link.service_call("CCP", payload["action"], answer.status == "Accepted", answer.text)
    response = base64.b64encode(answer.exi or b"").decode("ascii")
    if len(response) > MAX_EXI_BASE64:
        return {**_failed("TooLargeElement", f"the response has {len(answer.exi or b'')} octets"), "exiResponse": ""}
    result: Payload = {"status": answer.status if response else "Failed", "exiResponse": response}
    if result["status"] != "Accepted":
        result.update(_failed("NotFound", answer.text or "the contract pool has nothing for this vehicle"))
    return result


def _failed(reason: str, text: str) -> Payload:
    return {"status": "Failed", "statusInfo": {"reasonCode": reason, "additionalInfo": text[:512]}}


_TABLE: dict[str, Callable[[Any, Payload], Payload | AndThen[Payload] | Awaitable[Payload]]] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "StatusNotification": _status,
    "Authorize": _authorize,
    "TransactionEvent": _transaction_event,
    "Get15118EVCertificate": _ev_certificate,
    "GetCertificateStatus": _certificate_status,
    "SignCertificate": _sign_certificate,
    "NotifyReport": _report,
    "SecurityEventNotification": _security_event,
    "MeterValues": _acknowledge,
    "NotifyEvent": _acknowledge,
    "LogStatusNotification": _acknowledge,
    "FirmwareStatusNotification": _acknowledge,
    "NotifyChargingLimit": _acknowledge,
    "ClearedChargingLimit": _acknowledge,
    "NotifyEVChargingNeeds": lambda link, payload: {"status": "Rejected"},
    "NotifyEVChargingSchedule": lambda link, payload: {"status": "Accepted"},
    "DataTransfer": lambda link, payload: {"status": "UnknownVendorId"},
}
