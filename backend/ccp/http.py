"""The contract pool over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/ccp``)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import NAMESPACE, NO_SESSION
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.ccp.store import ContractEntry
from pncsim.backend.cps import xml_form
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, Grant, Grants, Role, not_owned
from pncsim.backend.rest.bodies import (
    base64_text,
    binary_member,
    error_response,
    json_object,
    json_response,
    text_member,
)
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route, application
from pncsim.tls_certs import reading
from pncsim.wire.identifiers import normal_emaid, same_emaid
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.web import web

_MAX_SESSION_DIGITS = 16
_DATA, _OEM = "/v1/ccp/signedContractData", "/v1/ccp/provideSignedContractData"


def routes(pool: ContractPool, source: Source = SYSTEM, guesses: Guesses | None = None) -> tuple[Route, ...]:
    """The pool's operations and who may call them; without ``guesses`` anybody may miss as often as he likes."""
    face = _Face(pool, source, guesses)
    return (
        Route("POST", _DATA, "getSignedContractData", _only("CPO"), face.provide),
        Route("PUT", _DATA, "addSignedContractData", _only("CPS") | OPERATORS, face.add),
        Route("DELETE", _DATA + "/{emaid}", "deleteSignedContractData", OPERATORS, face.delete),
        Route("GET", _DATA + "/{pcid}", "getContracts", _only("OEM"), face.contracts),
        Route("POST", _DATA + "/{pcid}/{emaid}/default", "setDefaultContract", _only("OEM"), face.set_default),
        Route("GET", "/v1/ccp/lookupContract/{emaid}", "lookupContract", _only("CPO", "OEM") | OPERATORS, face.lookup),
        Route("GET", _OEM + "/{emaid}/{pcid}", "provideSignedContractData", _only("OEM"), face.provide_to_oem),
    )


def ccp_app(
    pool: ContractPool, voice: Voice, *, tokens: Grants | None = None, source: Source = SYSTEM
) -> web.Application:
    """The aiohttp application that serves ``pool``. Without ``tokens`` everybody who reaches it may do everything."""
    return application(routes(pool, source), voice, tokens=tokens, source=source)


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


class _Face:
    """One method for each operation: read, call the pool, write."""

    def __init__(self, pool: ContractPool, source: Source, guesses: Guesses | None) -> None:
        self._pool = pool
        self._source = source
        self._guesses = guesses

    def _attempt(self, grant: Grant, id: str) -> AbstractContextManager[None]:
        """Around the look for an EMAID or PCID: who misses too often is not answered (PCP-ENUM-1)."""
        return nullcontext() if self._guesses is None else self._guesses.attempt(grant.holder, normal_emaid(id))

    async def provide(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        exi = binary_member(body, "certificateInstallationReq", "EXI format is invalid!")
        local = _flag(request, "broadcast", default=False)
        answer = await self._pool.provide(exi, text_member(body, "xsdMsgDefNamespace"), local=local)
        if answer.emaid is None and not _flag(request, "alwaysReturnEXI", default=True):
            return error_response(
                404, ["Contract or Vehicle not found.", answer.text], self._source, answer.response_code
            )
        return json_response(
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
        with self._attempt(grant, pcid):
            await self._pool.add(pcid, bundle)
        return json_response({}, 201)

    async def delete(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        emaid = request.match_info["emaid"]
        if not grant.owns_contract(emaid):
            raise not_owned(emaid)
        with self._attempt(grant, emaid):
            await self._pool.delete(emaid, skip_revocation=_flag(request, "X-Skip-Revocation", default=False))
        return json_response({}, 200)

    async def lookup(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        emaid = request.match_info["emaid"]
        if grant.roles <= OPERATORS and not grant.owns_contract(emaid):
            raise not_owned(emaid)
        with self._attempt(grant, emaid):
            entry = await self._pool.lookup(emaid, wmis=grant.wmis if grant.roles <= {"OEM"} else None)
        wanted = request.query.get("cpsV2GRootCertificateFingerprint", entry.root)
        if wanted.replace(":", "").lower() != entry.root:
            raise Refused(
                f"The bundle of {entry.emaid} is not signed below the root {wanted}.",
                clause="CCP-GET-3",
                http_status=404,
                message="The contract for the given EMAID not found.",
            )
        return json_response({"XMLContracts": [_entry(entry)]}, 200)

    async def contracts(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        return json_response({"XMLContracts": [_entry(entry) for entry in await self._pool.contracts(pcid)]}, 200)

    async def set_default(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        with self._attempt(grant, request.match_info["emaid"]):
            await self._pool.set_default(pcid, request.match_info["emaid"])
        return json_response({}, 200)

    async def provide_to_oem(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        _check_namespace(request.query.get("xsdMsgDefNamespace", NAMESPACE))
        pcid = request.match_info["pcid"]
        if not grant.owns_vehicle(pcid):
            raise not_owned(pcid)
        session_id = _session_id(request.query.get("sessionID", ""))
        with self._attempt(grant, request.match_info["emaid"]):
            answer = await self._pool.provide_to_oem(request.match_info["emaid"], pcid, session_id)
        return json_response({**_message(answer), "xsdMsgDefNamespace": NAMESPACE}, 200)


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
        "contractCertificate": base64_text(reading.der(entry.certificate)),
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
