"""The root pool over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/root``)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.x509.oid import NameOID

from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rcp.store import Root, RootActivity, RootKind
from pncsim.backend.rcp.trust_list import TrustLists, moment_text
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import ROLES, Grant, Role
from pncsim.backend.rest.bodies import (
    base64_text,
    binary_member,
    distinguished_name,
    json_object,
    json_response,
    text_member,
)
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/v1/root/rootCerts"
_ONE = _ALL + "/{rootCertificateId}"
_ADMIN: frozenset[Role] = frozenset({"ADMIN"})
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
_CASCADES = {"none": False, "purge": True}


def routes(pool: RootPool, lists: TrustLists) -> tuple[Route, ...]:
    """The pool's operations: everybody reads, the operator's administrators write (RCP-1, RCP-2)."""
    face = _Face(pool, lists)
    return (
        Route("GET", _ALL, "getAllRootCerts", ROLES, face.list),
        Route("GET", _ONE, "getRootCert", ROLES, face.get),
        Route("PUT", _ALL, "saveRootCa", _ADMIN, face.add),
        Route("DELETE", _ONE, "deleteRootCa", _ADMIN, face.remove),
        Route("GET", "/v1/root/ctl", "getCertificateTrustList", ROLES, face.trust_list),
        Route("POST", "/v1/root/ctl/signer", "replaceTrustListSigner", _ADMIN, face.replace_signer),
        Route("GET", "/v1/root/activities", "getRootActivities", _ADMIN, face.activities),
    )


class _Face:
    """One method for each operation: read, call the pool, write."""

    def __init__(self, pool: RootPool, lists: TrustLists) -> None:
        self._pool = pool
        self._lists = lists

    async def list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        kind = request.query.get("rootType")
        roots = await self._pool.roots(None if kind is None else _kind(kind.upper()))
        return json_response({"RootCertificateCollection": {"rootCertificates": [root_body(root) for root in roots]}})

    async def get(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"RootResponse": root_body(await self._pool.get(_id(request)))})

    async def add(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        der = binary_member(body, "caCertificate", "Invalid certificate format on caCertificate")
        kind = _kind(text_member(body, "rootType"))
        expected = body.get("expectedFingerprint", request.query.get("expectedFingerprint"))
        if expected is not None and not isinstance(expected, str):
            raise Refused("The member 'expectedFingerprint' is no text.", clause="RCP-3")
        root = await self._pool.add(der, kind, expected_fingerprint=expected, by=grant.holder)
        return json_response({"RootResponse": root_body(root)})

    async def remove(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        id, cascade = _id(request), request.query.get("cascade", "none")
        if cascade not in _CASCADES:
            raise Refused(f"The cascade {cascade[:40]!r} is not none or purge.", clause="RCP-9")
        await self._pool.remove(id, purge=_CASCADES[cascade], by=grant.holder)
        return json_response({})

    async def trust_list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        signed = await self._lists.trust_list()
        return json_response(
            {
                "signerCertificate": base64_text(reading.der(signed.signer)),
                "timeStamp": moment_text(signed.this_update),
                "CTL": {
                    "contentType": "application/json",
                    "thisUpdate": moment_text(signed.this_update),
                    "nextUpdate": moment_text(signed.next_update),
                    "signedData": base64_text(signed.octets),
                },
            }
        )

    async def replace_signer(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Ours: the published interface has no answer to a signer whose key is in wrong hands."""
        root = reading.der(await self._lists.replace_signer(by=grant.holder))
        return json_response({"rootCertificate": base64_text(root), "fingerprint": reading.fingerprint(root)})

    async def activities(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            page = await self._pool.activities(after=request.query.get("after", ""))
        except ValueError as error:
            raise Refused(f"{error}.", clause="RCP-5") from None
        return json_response({"activities": [_activity(one) for one in page.values], "next": page.next})


def root_body(root: Root) -> dict[str, Any]:
    """A RootCert: the certificate, and what can be read from it for information."""
    certificate, der = root.certificate, reading.der(root.certificate)
    key_id = reading.key_identifier(certificate)
    body = {
        "rootCertificateId": root.id,
        "rootType": str(root.kind),
        "caCertificate": base64_text(der),
        "distinguishedName": distinguished_name(certificate.subject),
        "commonName": reading.common_name(certificate),
        "organizationName": next(iter(reading.values_of(certificate.subject, NameOID.ORGANIZATION_NAME)), ""),
        "rootAuthorityKeyIdentifier": base64_text(bytes.fromhex(key_id.replace(":", ""))),
        "rootAuthorityKeyIdentifierHex": key_id,
        "rootIssuerSerialNumber": f"{certificate.serial_number:x}",
        "validFrom": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "validTo": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "fingerprint": root.fingerprint,
        "fingerprintSha1": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        "xsdMsgDefNamespace": ISO2_NAMESPACE,
        "signatureAlgorithm": _curve(certificate),
    }
    return {name: value for name, value in body.items() if value}


def _curve(certificate: x509.Certificate) -> str:
    """The published member of this name says which curve the key is on; empty for other keys."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp521r1"):
        return key.curve.name
    return "ed448" if isinstance(key, ed448.Ed448PublicKey) else ""


def _activity(activity: RootActivity) -> dict[str, Any]:
    return {name: getattr(activity, name) for name in activity.__struct_fields__}


def _kind(text: str) -> RootKind:
    try:
        return RootKind(text)
    except ValueError:
        kinds = ", ".join(RootKind)
        raise Refused(f"The rootType {text[:40]!r} is none of {kinds}.", clause="OPCP rootType") from None


def _id(request: web.Request) -> str:
    id = request.match_info["rootCertificateId"]
    if not _UUID.fullmatch(id):
        raise Refused(f"{id[:80]!r} is no UUID.", clause="OPCP getRootCert")
    return id.lower()
