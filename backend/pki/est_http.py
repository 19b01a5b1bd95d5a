"""Enrolment over secure transport (EST, RFC 7030) as Open Plug&Charge 1.0 publishes it, on every path its clients use.

The published paths contradict each other and the products follow one or the other: all of them lead here. Media types
and transfer encodings that clients name are not looked at, for they name wrong ones.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cryptography import x509
from msgspec import Struct

from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.rest.bodies import check_namespace
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.tls_certs.pkcs7 import certs_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

PREFIXES = ("/.well-known/est", "/.well-known", "")
_TENANT = "{tenant:(?:[A-Za-z0-9_]+-)?}"
_FORM = "{version:(?:/ISO15118-[^/]*)?}{algorithm:(?:/[^/]+)?}{end:/?}"
_SERVED = {"version": "ISO15118-2", "algorithm": "secp256r1"}
_CERTS_ONLY = {"Content-Type": "application/pkcs7-mime; smime-type=certs-only", "Content-Transfer-Encoding": "base64"}


class Label(Struct, frozen=True):
    """An issuing authority as paths name it: the leaf it issues, for whom, and whose names those may certify (PKI-4).

    An empty ``leaf``: a published one that issues nothing here.
    """

    leaf: str
    roles: frozenset[Role]
    owns: Callable[[Grant, str], bool] = lambda grant, name: True


LABELS: Mapping[str, Label] = {
    "cpo": Label("secc_leaf", frozenset({"CPO"})),
    "mo": Label("contract_leaf", frozenset({"MO_HUBJECT_PKI"}), Grant.owns_contract),
    "oem": Label("oem_leaf", frozenset({"OEM"}), Grant.owns_vehicle),
    "cps": Label("cps_leaf", frozenset({"CPS", "MO_HUBJECT_PKI"})),
    "veh": Label("", frozenset({"OEM"})),  # vehicles of ISO 15118-20
}
"""By the name in the path. A mobility operator with a PKI of its own has no business here."""


def routes(services: Mapping[str, CertificateService]) -> tuple[Route, ...]:
    """EST at each of ``services``: the one without a name at ``/cpo/...``, another at ``/<name>-cpo/...``."""
    return tuple(
        Route(method, f"{prefix}/{_TENANT}{name}/{operation}{_FORM}", operation, label.roles, handler)
        for name, label in LABELS.items()
        for face in (_Face(services, label),)
        for method, operation, handler in (
            ("GET", "cacerts", face.ca_certificates),
            ("POST", "simpleenroll", face.enrol),
            ("POST", "simplereenroll", face.enrol),
        )
        for prefix in PREFIXES
    )


class _Face:
    """The operations of one label."""

    def __init__(self, services: Mapping[str, CertificateService], label: Label) -> None:
        self._services = services
        self._label = label

    async def ca_certificates(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Sub-CA 2, Sub-CA 1, root."""
        return _bag(self._service(request).ca_certificates(self._label.leaf))

    async def enrol(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Leaf, Sub-CA 2, Sub-CA 1: RFC 7030 4.2.3 has the leaf alone, clients of this protocol look for the chain.

        A renewal is no different: who may have the name may have it again, and the old certificate stays good.
        """
        service = self._service(request)
        csr = _request(await request.read())
        return _bag(await service.enrol(csr, self._label.leaf, lambda name: self._label.owns(grant, name)))

    def _service(self, request: web.Request) -> CertificateService:
        tenant = request.match_info["tenant"].removesuffix("-")
        if tenant not in self._services:
            raise Refused(f"There is no PKI {tenant!r} here.", clause="OPCP EST {ca}", http_status=404)
        for part, served in _SERVED.items():
            asked = request.match_info[part].strip("/")
            if asked not in ("", served):
                raise Refused(f"The {part} {asked[:40]!r} is not served here, {served} is.", clause="OPCP EST")
        check_namespace(request.query)
        if not self._label.leaf:
            raise Refused("Vehicle certificates of ISO 15118-20 are not issued here.", clause="OPCP EST {ca}")
        return self._services[tenant]


def _request(body: bytes) -> bytes:
    """The request in PEM or DER; a body in base64, broken into lines or not, is DER."""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return body


def _bag(certificates: Sequence[x509.Certificate]) -> web.Response:
    """PKCS#7 in base64, in one line: clients take it line by line, or without looking for line breaks."""
    from pncsim.wire.web import web

    return web.Response(body=base64.b64encode(certs_only(map(reading.der, certificates))), headers=_CERTS_ONLY)
