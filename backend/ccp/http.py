"""The contract pool over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/ccp``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend import certificates
from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import NAMESPACE, NO_SESSION
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.ccp.store import ContractEntry
from pncsim.backend.cps import xml_form
from pncsim.backend.refusal import Refused
from pncsim.backend.rest import (
    MAX_BODY,
    Grant,
    Role,
    Tokens,
    authorize,
    base64_text,
    binary_member,
    error_response,
    json_object,
    not_owned,
    reporting,
    text_member,
)
from pncsim.wire.identifiers import same_emaid
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.web import web

RIGHTS: dict[str, frozenset[Role]] = {
    "getSignedContractData": frozenset({"CPO"}),
    "addSignedContractData": frozenset({"CPS", "MO"}),
    "deleteSignedContractData": frozenset({"MO"}),
    "lookupContract": frozenset({"MO", "CPO", "OEM"}),
    "provideSignedContractData": frozenset({"OEM"}),
    "getContracts": frozenset({"OEM"}),
    "setDefaultContract": frozenset({"OEM"}),
}
"""Who may call what."""

_MAX_SESSION_DIGITS = 16


def ccp_app(pool: ContractPool, voice: Voice, *, tokens: Tokens | None = None) -> web.Application:
    """The aiohttp application that serves ``pool``. Without ``tokens`` everybody who reaches it may do everything."""
    from pncsim.wire.web import web

    face = _Face(pool)
    routes: list[tuple[str, str, str, Callable[[web.Request, Grant], Awaitable[web.StreamResponse]]]] = [
        ("POST", "/v1/ccp/signedContractData", "getSignedContractData", face.provide),
        ("PUT", "/v1/ccp/signedContractData", "addSignedContractData", face.add),
        ("DELETE", "/v1/ccp/signedContractData/{emaid}", "deleteSignedContractData", face.delete),
        ("GET", "/v1/ccp/signedContractData/{pcid}", "getContracts", face.contracts),
        ("POST", "/v1/ccp/signedContractData/{pcid}/{emaid}/default", "setDefaultContract", face.set_default),
        ("GET", "/v1/ccp/lookupContract/{emaid}", "lookupContract", face.lookup),
        ("GET", "/v1/ccp/provideSignedContractData/{emaid}/{pcid}", "provideSignedContractData", face.provide_to_oem),
    ]
    app = web.Application(client_max_size=MAX_BODY, middlewares=[reporting(voice)])
    for method, path, operation, handle in routes:
        app.router.add_route(method, path, _guarded(handle, tokens, RIGHTS[operation]))
    return app


def _guarded(
    handle: Callable[[web.Request, Grant], Awaitable[web.StreamResponse]],
    tokens: Tokens | None,
    allowed: frozenset[Role],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await handle(request, authorize(request, tokens, allowed))

    return handler


class _Face:
    """One method for each operation: read, call the pool, write."""

    def __init__(self, pool: ContractPool) -> None:
        self._pool = pool

    async def provide(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        exi = binary_member(body, "certificateInstallationReq", "EXI format is invalid!")
        answer = await self._pool.provide(exi, text_member(body, "xsdMsgDefNamespace"))
        if answer.emaid is None and not _flag(request, "alwaysReturnEXI", default=True):
            return error_response(404, ["Contract or Vehicle not found.", answer.text], answer.response_code)
        return _json(
            {"CCPResponse": {"emaidContent": [{"messageDef": _message(answer)}]}}, 200 if answer.emaid else 404
        )

    async def add(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        _check_namespace(text_member(body, "xsdMsgDefNamespace"))
        emaid, pcid = text_member(body, "emaid"), text_member(body, "pcid")
        octets = binary_member(body, "signedContractDataXML")
        if "CPS" not in grant.roles and not grant.owns_contract(emaid):
            raise not_owned(emaid)
        try:
            bundle = xml_form.from_xml(octets.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refused("The signedContractDataXML is not UTF-8.", clause="OPCP signedContractDataXML") from None
        if not same_emaid(bundle.emaid.value, emaid):
            raise Refused(f"The bundle is for {bundle.emaid.value}, the request for {emaid}.", clause="CPS-5")
        await self._pool.add(pcid, bundle)
        return _json({}, 201)

    async def delete(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        emaid = request.match_info["emaid"]
        if not grant.owns_contract(emaid):
            raise not_owned(emaid)
        await self._pool.delete(emaid, skip_revocation=_flag(request, "X-Skip-Revocation", default=False))
        return _json({}, 200)

    async def lookup(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        emaid = request.match_info["emaid"]
        if grant.roles <= {"MO"} and not grant.owns_contract(emaid):
            raise not_owned(emaid)
        entry = await self._pool.lookup(emaid)
        if grant.roles <= {"OEM"} and not grant.owns_vehicle(entry.pcid):
            raise not_owned(emaid)
        wanted = request.query.get("cpsV2GRootCertificateFingerprint", entry.root)
        if wanted.replace(":", "").lower() != entry.root:
            raise Refused(
                f"The bundle of {entry.emaid} is not signed below the root {wanted}.",
                clause="CCP-GET-3",
                http_status=404,
                message="The contract for the given EMAID not found.",
            )
        return _json({"XMLContracts": [_entry(entry)]}, 200)

    async def contracts(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        return _json({"XMLContracts": [_entry(entry) for entry in await self._pool.contracts(pcid)]}, 200)

    async def set_default(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        await self._pool.set_default(pcid, request.match_info["emaid"])
        return _json({}, 200)

    async def provide_to_oem(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        session_id = _session_id(request.query.get("sessionID", ""))
        answer = await self._pool.provide_to_oem(request.match_info["emaid"], pcid, session_id)
        return _json({**_message(answer), "xsdMsgDefNamespace": NAMESPACE}, 200)


def _message(answer: PoolAnswer) -> dict[str, str]:
    message = {"certificateInstallationRes": base64_text(answer.exi or b"")}
    if answer.emaid is not None:
        message["emaid"] = answer.emaid
    if answer.root is not None:
        message["cpsV2GRootCertificateFingerprint"] = answer.root
    return message


def _entry(entry: ContractEntry) -> dict[str, Any]:
    return {
        "pcid": entry.pcid,
        "emaid": entry.emaid,
        "xsdMsgDefNamespace": NAMESPACE,
        "contractCertificate": base64_text(certificates.der(entry.certificate)),
        "defaultContract": entry.default,
        "priority": int(entry.default),
        "certValidFrom": _moment(entry.valid_from),
        "certValidTo": _moment(entry.valid_to),
        "cpsV2GRootCertificateFingerprint": entry.root,
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _session_id(digits: str) -> bytes:
    """An even number of hex digits, at most 16; none means the one zero octet of a response outside a session."""
    try:
        octets = bytes.fromhex(digits) if len(digits) <= _MAX_SESSION_DIGITS else None
    except ValueError:
        octets = None
    if octets is None:
        raise Refused(
            f"The sessionID {digits[:40]!r} is not up to 8 octets in hex.",
            clause="OPCP provideSignedContractData",
            message="Invalid SessionID format, make sure the length is maximum 8 characters and it is represented in "
            "HEX binary",
        )
    return octets or NO_SESSION


def _check_namespace(namespace: str) -> None:
    if namespace != NAMESPACE:
        raise Refused(f"The schema {namespace!r} is not served here, {NAMESPACE} is.", clause="OPCP xsdMsgDefNamespace")


def _flag(request: web.Request, header: str, *, default: bool) -> bool:
    return {"true": True, "false": False}.get(request.headers.get(header, "").strip().lower(), default)


def _json(body: dict[str, Any], status: int) -> web.Response:
    from pncsim.wire.web import web

    return web.json_response(body, status=status)
