"""The contract pool over HTTP, seen from the caller: the methods of :class:`ContractPool` with the same signatures."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pncsim.backend import certificates
from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import NAMESPACE, NO_SESSION, SignedContractData
from pncsim.backend.ccp.store import ContractEntry
from pncsim.backend.cps import xml_form
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.client import HttpClient, kind_of
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.exi.errors import ExiDecodeError
from pncsim.wire.gate import NotTolerated, Tolerate
from pncsim.wire.urls import without_password
from pncsim.wire.v2g.iso2 import codes
from pncsim.wire.v2g.registry import codec
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    import ssl

DEADLINE = 4.0
"""Seconds an answer may take: the vehicle behind a request waits 5 s."""

MAX_ANSWER = 262_144


class ContractPoolClient:
    """Calls the pool at ``base_url`` (before ``/v1``) in the name of ``voice``'s owner,
    with a bearer token if given; ``renew`` gets another one where it is not taken any more. Close it after use."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        base_url: str,
        *,
        token: str | None = None,
        renew: Callable[[], Awaitable[str]] | None = None,
        deadline: float = DEADLINE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._voice = voice
        self._base = base_url.rstrip("/") + "/v1/ccp"
        self._whom = f"The contract pool at {without_password(self._base)}"
        self._headers = {"Accept": "application/json"} | _bearer(token)
        self._renew = renew
        self._http = HttpClient(clock, whole=deadline, body=MAX_ANSWER, tls=tls, voice=voice)

    async def provide(self, exi: bytes, schema: str = NAMESPACE, *, local: bool = False) -> PoolAnswer:
        """See :meth:`ContractPool.provide`. Raises PeerError when the pool gives no answer."""
        body = {"certificateInstallationReq": _base64(exi), "xsdMsgDefNamespace": schema}
        headers = {"broadcast": "true"} if local else {}
        status, answer = await self._call("POST", "/signedContractData", body, headers)
        contents = _path(answer, "CCPResponse", "emaidContent")
        message = contents[0].get("messageDef") if isinstance(contents, list) and contents else None
        if status in (200, 404) and isinstance(message, dict):
            return _provided(message, self._voice.tolerate)
        if status == 404:
            code = codes.answer("no contract", "CertificateInstallationRes")
            return PoolAnswer(None, "Failed", "; ".join(_messages(answer)), code)
        raise _refused(status, answer)

    async def provide_to_oem(self, emaid: str, pcid: str, session_id: bytes = NO_SESSION) -> PoolAnswer:
        """See :meth:`ContractPool.provide_to_oem`."""
        path = f"/provideSignedContractData/{quote(emaid, safe='')}/{quote(pcid, safe='')}?sessionID={session_id.hex()}"
        status, answer = await self._call("GET", path)
        if status != 200:
            raise _refused(status, answer)
        return _provided({"emaid": emaid, **answer}, self._voice.tolerate)

    async def add(self, pcid: str, bundle: SignedContractData) -> None:
        """See :meth:`ContractPool.add`."""
        body = {
            "xsdMsgDefNamespace": NAMESPACE,
            "emaid": bundle.emaid.value,
            "pcid": pcid,
            "signedContractDataXML": _base64(xml_form.to_xml(bundle).encode()),
        }
        await self._done("PUT", "/signedContractData", body)

    async def lookup(self, emaid: str) -> ContractEntry:
        """See :meth:`ContractPool.lookup`."""
        entries = _entries(await self._done("GET", f"/lookupContract/{quote(emaid, safe='')}"))
        if not entries:
            raise PeerError(f"The contract pool found {emaid} but says nothing about it.", http_status=502)
        return entries[0]

    async def contracts(self, pcid: str) -> list[ContractEntry]:
        """See :meth:`ContractPool.contracts`."""
        return _entries(await self._done("GET", f"/signedContractData/{quote(pcid, safe='')}"))

    async def set_default(self, pcid: str, emaid: str) -> None:
        """See :meth:`ContractPool.set_default`."""
        await self._done("POST", f"/signedContractData/{quote(pcid, safe='')}/{quote(emaid, safe='')}/default")

    async def delete(self, emaid: str, *, skip_revocation: bool = False) -> None:
        """See :meth:`ContractPool.delete`."""
        headers = {"X-Skip-Revocation": "true"} if skip_revocation else {}
        await self._done("DELETE", f"/signedContractData/{quote(emaid, safe='')}", headers=headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _done(
        self, method: str, path: str, body: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        status, answer = await self._call(method, path, body, headers)
        if status not in (200, 201):
            raise _refused(status, answer)
        return answer

    async def _call(
        self, method: str, path: str, body: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer (an empty one where it holds none)."""
        own = (headers or {}) | ({"Content-Type": "application/json"} if body is not None else {})
        octets = json.dumps(body).encode() if body is not None else None
        reply = await self._http.request(
            self._whom, method, self._base + path, body=octets, headers=self._headers | own
        )
        if reply.status == 401 and self._renew is not None:
            self._headers |= _bearer(await self._renew())
            reply = await self._http.request(
                self._whom, method, self._base + path, body=octets, headers=self._headers | own
            )
        return reply.status, reply.json_object()


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _provided(message: dict[str, Any], gate: Tolerate) -> PoolAnswer:
    """What the pool said. A response with a contract goes on as it came: reading it is the vehicle's affair."""
    try:
        exi = base64.b64decode(str(message.get("certificateInstallationRes", "")), validate=True)
    except ValueError as error:
        raise _no_response(error) from None
    emaid, root = message.get("emaid"), message.get("cpsV2GRootCertificateFingerprint")
    if emaid:
        return PoolAnswer(exi, "Accepted", f"Contract {emaid} handed out.", "OK", emaid, root)
    try:
        code = str(codec("iso2").decode(exi, gate=gate).Body.BodyElement.ResponseCode)
    except (AttributeError, ExiDecodeError, NotTolerated) as error:
        raise _no_response(error) from None
    return PoolAnswer(exi, "Accepted", f"The pool answers {code}.", code, None, root)


def _no_response(error: Exception) -> PeerError:
    return PeerError(f"The contract pool's EXI response cannot be decoded: {error}.", kind="malformed", http_status=502)


def _entries(answer: dict[str, Any]) -> list[ContractEntry]:
    try:
        return [
            ContractEntry(
                emaid=item["emaid"],
                pcid=item["pcid"],
                certificate=certificates.load(base64.b64decode(item["contractCertificate"]), "contractCertificate"),
                root=item.get("cpsV2GRootCertificateFingerprint", ""),
                default=bool(item["defaultContract"]),
            )
            for item in answer.get("XMLContracts", [])
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise PeerError(f"The contract pool's list of contracts cannot be read: {error!r}.", http_status=502) from None


def _refused(status: int, answer: dict[str, Any]) -> PeerError:
    """The pool's refusal, in its own words."""
    messages = _messages(answer)
    sentence = messages[-1] if messages else "it gives no reason."
    return Refused(
        f"The contract pool answered HTTP {status}: {sentence}",
        clause=str(answer.get("errorCode", "")),
        kind=kind_of(status),
        http_status=status,
        message=messages[0] if len(messages) > 1 else "",
    )


def _messages(answer: dict[str, Any]) -> list[str]:
    messages = answer.get("errorMessages")
    return [str(message)[:500] for message in messages] if isinstance(messages, list) else []


def _path(answer: Any, *names: str) -> Any:
    for name in names:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
