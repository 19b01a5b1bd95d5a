"""The PKI for other parts of the same operator (``/admin/pki``): its certificates, and issuing for keys they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import base64_text, binary_member, json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.tls_certs.profiles import PROFILES

if TYPE_CHECKING:
    from aiohttp import web

ISSUED_FOR_PARTS = frozenset({"cps_leaf", "contract_leaf", "oem_leaf"})
"""Leaves that another part may have issued."""


def routes(ecosystem: Ecosystem) -> tuple[Route, ...]:
    """The operations, for administrators of the operator's own parts."""
    face = _Face(ecosystem)
    return (
        Route("GET", "/admin/pki", "getPki", ADMIN, face.certificates),
        Route("POST", "/admin/pki/issue", "issueCertificate", ADMIN, face.issue),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, ecosystem: Ecosystem) -> None:
        self._ecosystem = ecosystem

    async def certificates(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        found = {
            role: [base64_text(reading.der(one)) for one in chain]
            for role, chain in self._ecosystem.pki.certificates.items()
            if role in PROFILES and PROFILES[role].ca
        }
        return json_response({"certificates": found, "algorithms": list(self._ecosystem.algorithms)})

    async def issue(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        role, name = text_member(body, "role"), text_member(body, "commonName")
        if role not in ISSUED_FOR_PARTS:
            text = f"The role {role[:40]!r} is none of {', '.join(sorted(ISSUED_FOR_PARTS))}."
            raise Refused(text, clause="PKI-1")
        if len(name) > 64 or not name.isprintable():
            raise Refused("The member 'commonName' is not 1 to 64 printable characters.", clause="PKI-2")
        issuer = body.get("issuer")
        if issuer is not None and issuer not in self._ecosystem.pki.keys:
            raise Refused(f"This PKI has no {str(issuer)[:40]!r} with its key.", clause="PKI-1", http_status=404)
        chain = await self._ecosystem.ca.issue(
            role,
            name,
            _key(binary_member(body, "publicKey")),
            _time(body, "notAfter"),
            begins=_time(body, "notBefore"),
            issuer=issuer,
        )
        return json_response({"chain": [base64_text(reading.der(one)) for one in chain]}, 201)


def _key(octets: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Refused("The member 'publicKey' is no P-256 key (SubjectPublicKeyInfo).", clause="PKI-3")
    return key


def _time(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11):
        raise Refused(f"The member {name!r} is no time in seconds since the epoch.", clause="PKI-1")
    return None if value is None else float(value)
