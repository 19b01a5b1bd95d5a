"""The provisioning pool over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/oem/provCerts``).

There is no operation that lists or counts vehicles (PCP-ENUM-1). What a manufacturer is told of a vehicle that is not
its own depends on the PCID's first characters alone, and is told before anybody looks whether the vehicle is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.backend.pcp.service import ProvisioningPool, checked_pcid
from pncsim.backend.pcp.store import ProvisionedVehicle, vehicle_key
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, Grant, Role
from pncsim.backend.rest.bodies import (
    base64_text,
    binary_member,
    check_namespace,
    distinguished_name,
    json_object,
    json_response,
    text_member,
)
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/v1/oem/provCerts"
_ONE, _LOOKUP = _ALL + "/{pcid}", _ALL + "/lookupVehicle/{pcid}"
_OEM: frozenset[Role] = frozenset({"OEM"})
_KEY_ID = re.compile(r"[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){0,63}", re.ASCII)
_REASONS = {"": False, "factoryReset": True}


def routes(pool: ProvisioningPool, guesses: Guesses) -> tuple[Route, ...]:
    """The pool's operations: manufacturers write their own vehicles, mobility operators read any by its PCID."""
    face = _Face(pool, guesses)
    return (
        Route("PUT", _ALL, "addOEMProvCert", _OEM, face.publish),
        Route("GET", _LOOKUP, "lookupVehicle", _OEM | OPERATORS, face.lookup),
        Route("GET", _ONE, "getOEMProvCert", _OEM | OPERATORS, face.get),
        Route("DELETE", _ONE, "deleteOEMProvCert", _OEM, face.delete),
    )


class _Face:
    """One method for each operation: read, call the pool, write."""

    def __init__(self, pool: ProvisioningPool, guesses: Guesses) -> None:
        self._pool = pool
        self._guesses = guesses

    async def publish(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        chain = [_certificate(body, "vehicleCertificate", "vehicleCertificate")]
        if body.get("subCA2Certificate") is not None:
            chain.append(_certificate(body, "subCA2Certificate", "subCa2Certificate"))
        chain.append(_certificate(body, "subCA1Certificate", "subCa1Certificate"))
        check_namespace(body)
        previous = text_member(body, "previousPcid") if body.get("previousPcid") is not None else None
        vehicle, root = await self._pool.publish_below(
            chain,
            v2g_roots=_key_ids(body),
            previous_pcid=None if previous is None else checked_pcid(previous, "previousPcid"),
            wmis=grant.wmis,
        )
        return json_response(_vehicle(vehicle, root))

    async def get(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        pcid = checked_pcid(request.match_info["pcid"])
        local = request.headers.get("broadcast", "").strip().lower() == "true"
        self._pool.check_owned(pcid, _readable(grant))
        with self._guesses.attempt(grant.holder, vehicle_key(pcid)):
            vehicle, root = await self._pool.get_below(pcid, local=local)
        return json_response({"OEMMessage": _vehicle(vehicle, root)})

    async def lookup(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        pcid = checked_pcid(request.match_info["pcid"])
        self._pool.check_owned(pcid, _readable(grant))
        with self._guesses.attempt(grant.holder, vehicle_key(pcid)):
            await self._pool.lookup(pcid)
        return web.Response()

    async def delete(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        pcid, reason = checked_pcid(request.match_info["pcid"]), request.query.get("reason", "")
        if reason not in _REASONS:
            raise Refused(f"The reason {reason[:40]!r} is not factoryReset.", clause="OPCP deleteOEMProvCert")
        await self._pool.delete(pcid, wmis=grant.wmis, factory_reset=_REASONS[reason])
        return json_response({})


def _readable(grant: Grant) -> Collection[str] | None:
    """The manufacturer codes whose vehicles the caller may read; a mobility operator reads any (ACC-5, ACC-6)."""
    return None if grant.roles & OPERATORS else grant.wmis


def _certificate(body: Mapping[str, Any], name: str, published: str) -> bytes:
    """A certificate's octets; the published messages spell two of the members differently."""
    return binary_member(body, name, f"Invalid certificate format on {published}")


def _key_ids(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The key identifiers of the V2G roots in the vehicle, in the form they are kept and told in."""
    name = "v2gRootAuthorityKeyIdentifiers"
    given = body.get(name)
    if given is None:
        return ()
    found = [
        bytes.fromhex(one.replace(":", "")).hex(":").upper()
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, str) and _KEY_ID.fullmatch(one)
    ]
    if not isinstance(given, list) or not found or len(set(found)) != len(given):
        raise Refused(
            f"The member {name!r} is not a list of at least one key identifier in hex, each once.",
            clause="PCP-PUB-8",
        )
    return tuple(found)


def _vehicle(vehicle: ProvisionedVehicle, root: x509.Certificate) -> dict[str, Any]:
    """A ProvisioningCertificateData: what was published, and what the chain leads to."""
    leaf, *sub_cas = vehicle.chain_der
    body = {
        "vehicleCertificate": base64_text(leaf),
        "subCA1Certificate": base64_text(sub_cas[-1]),
        "subCA2Certificate": base64_text(sub_cas[0]) if len(sub_cas) > 1 else None,
        "xsdMsgDefNamespace": vehicle.namespace,
        "v2gRootAuthorityKeyIdentifiers": list(vehicle.v2g_roots) or None,
        "previousPcid": vehicle.previous_pcid,
        "rootIssuerDistinguishedName": distinguished_name(root.subject),
        "rootIssuerSerialNumber": f"{root.serial_number:x}",
        "rootAuthorityKeyIdentifier": reading.key_identifier(root) or None,
        "fingerprint": reading.fingerprint(leaf),
    }
    return {name: value for name, value in body.items() if value is not None}
