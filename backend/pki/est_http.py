"""Enrolment over secure transport (EST, RFC 7030) as Open Plug&Charge 1.0 publishes it, on every path its clients use.

The published paths contradict each other and the products follow one or the other: all of them lead here. Media types
and transfer encodings that clients name are not looked at, for they name wrong ones. Programs that know RFC 7030 alone
put ``/.well-known/est`` behind the address they are given and nothing between it and the operation: for them an
authority may be named before it, or not at all, where the caller's role says which is meant.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from cryptography import x509
from msgspec import Struct

from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Proof, Role
from pncsim.backend.rest.bodies import check_namespace
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs.csr_attributes import csr_attributes
from pncsim.tls_certs.pkcs7 import certs_only
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import der

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

PREFIXES = ("/.well-known/est", "/.well-known", "")
_TENANT = "{tenant:(?:[A-Za-z0-9_]+-)?}"
_FORM = "{version:(?:/ISO15118-[^/]*)?}{algorithm:(?:/[^/]+)?}{end:/?}"
WELL_KNOWN = PREFIXES[0]
_SERVED = {"version": "ISO15118-2", "algorithm": "secp256r1"}
_CERTS_ONLY, _ATTRIBUTES = "application/pkcs7-mime; smime-type=certs-only", "application/csrattrs"


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

_PROOFS: frozenset[Proof] = frozenset({"certificate", "secret"})
_RENEWAL: frozenset[Proof] = _PROOFS.union({"renewed"})
"""What RFC 7030 3.3 has beside tokens; a certificate that is to be renewed is good for that alone."""

UNNAMED: Mapping[Role, str] = {"CPO": "cpo", "OEM": "oem", "CPS": "cps", "MO_HUBJECT_PKI": "mo"}
"""Which of them is meant by a caller of each role who names none."""


def routes(services: Mapping[str, CertificateService]) -> tuple[Route, ...]:
    """EST at each of ``services``: the one without a name at ``/cpo/...``, another at ``/<name>-cpo/...``."""
    return (
        *(route for name in LABELS for route in _labelled(_Face(services, name), name)),
        *_operations(_Face(services, ""), WELL_KNOWN, frozenset(UNNAMED)),
    )


def _labelled(face: _Face, name: str) -> Iterator[Route]:
    """Every path with the label ``name``; where it stands first, what RFC 7030 has open is open (4.1.1, 4.5.1)."""
    roles = LABELS[name].roles
    for prefix in PREFIXES:
        yield from _operations(face, f"{prefix}/{_TENANT}{name}", roles)
    yield from _operations(face, f"/{_TENANT}{name}{WELL_KNOWN}", roles, open_to_read=True)


def _operations(face: _Face, path: str, roles: frozenset[Role], *, open_to_read: bool = False) -> Iterator[Route]:
    """The operations below ``path`` for ``roles``; ``open_to_read``: everybody may do those that issue nothing."""
    readers = None if open_to_read else roles
    for method, operation, handler, allowed, proofs in (
        ("GET", "cacerts", face.ca_certificates, readers, _PROOFS),
        ("GET", "csrattrs", face.attributes, readers, _PROOFS),
        ("POST", "simpleenroll", face.enrol, roles, _PROOFS),
        ("POST", "simplereenroll", face.enrol, roles, _RENEWAL),
    ):
        yield Route(method, f"{path}/{operation}{_FORM}", operation, allowed, handler, proofs=proofs)


class _Face:
    """The operations of the label ``name``, or of that of the caller's role where there is none in the path."""

    def __init__(self, services: Mapping[str, CertificateService], name: str) -> None:
        self._services, self._name = services, name

    async def ca_certificates(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Sub-CA 2, Sub-CA 1, root."""
        service, label = self._authority(request, grant)
        return _bag(service.ca_certificates(label.leaf))

    async def attributes(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """What a request has to be like."""
        _, label = self._authority(request, grant)
        return _base64(csr_attributes(PROFILES[label.leaf]), _ATTRIBUTES)

    async def enrol(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Leaf, Sub-CA 2, Sub-CA 1: RFC 7030 4.2.3 has the leaf alone, clients of this protocol look for the chain.

        A renewal is no different: who may have the name may have it again, and the old certificate stays good. Who
        shows that certificate, and nothing else, gets its name and no other (4.2.2).
        """
        service, label = self._authority(request, grant)
        csr = request_in(await request.read())

        def owns(name: str) -> bool:
            return label.owns(grant, name) and grant.certified in (None, name)

        return _bag(await service.enrol(csr, label.leaf, owns, holder=grant.holder))

    def _authority(self, request: web.Request, grant: Grant) -> tuple[CertificateService, Label]:
        tenant = request.match_info.get("tenant", "").removesuffix("-")
        if tenant not in self._services:
            raise Refused(f"There is no PKI {tenant!r} here.", clause="OPCP EST {ca}", http_status=404)
        for part, served in _SERVED.items():
            asked = request.match_info[part].strip("/")
            if asked not in ("", served):
                raise Refused(f"The {part} {asked[:40]!r} is not served here, {served} is.", clause="OPCP EST")
        check_namespace(request.query)
        label = LABELS[self._name or next(UNNAMED[role] for role in UNNAMED if role in grant.roles)]
        if not label.leaf:
            raise Refused("Vehicle certificates of ISO 15118-20 are not issued here.", clause="OPCP EST {ca}")
        return self._services[tenant], label


def request_in(body: bytes) -> bytes:
    """The request in PEM or DER; a body in base64, broken into lines or not, is DER."""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return body


def _bag(certificates: Sequence[x509.Certificate]) -> web.Response:
    return _base64(certs_only(map(der, certificates)), _CERTS_ONLY)


def _base64(octets: bytes, media_type: str) -> web.Response:
    """In one line: clients take it line by line, or without looking for line breaks.

    RFC 8951 (section 3) has nobody heed the header, but Bouncy Castle 1.72 reads base64 only where it stands.
    """
    from pncsim.wire.web import web

    headers = {"Content-Type": media_type, "Content-Transfer-Encoding": "base64"}
    return web.Response(body=base64.b64encode(octets), headers=headers)
