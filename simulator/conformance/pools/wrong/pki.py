"""Authorities, responders and revocation lists of ours that are wrong in one point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509

from pncsim.backend.pki import ca, crl_http, est_http
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.store import every
from pncsim.simulator.conformance.put import gives, wrong
from pncsim.tls_certs import issue, reading
from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.revocation import Registry, Revocation, Status
from pncsim.wire.values import replace

_enrol, _above, _said = CertificateService.enrol, CertificateService.ca_certificates, Registry.said_of


def _as_asked(name: str, *args: object, **more: object) -> str:
    return name


def _unsigned(data: bytes | str) -> x509.CertificateSigningRequest:
    try:
        return reading.load_request(data)
    except reading.Unreadable as error:
        raise issue.RequestError(error.sentence) from error


def _good_unless_revoked(registry: Registry, serial: int, *, issued: bool = False) -> tuple[Status, Revocation | None]:
    status, revocation = _said(registry, serial, issued=issued)
    return (Status.GOOD if status is Status.UNKNOWN else status), revocation


def _naming_nobody(authority: Authority, now: float) -> bytes:
    return build_crl(replace(authority, registry=Registry()), now)


def _with_a_third(service: CertificateService, role: str) -> tuple[x509.Certificate, ...]:
    *subs, root = _above(service, role)
    other = "cps_leaf" if role != "cps_leaf" else "secc_leaf"
    return (*subs, _above(service, other)[0], root)


def _without_root(service: CertificateService, role: str) -> tuple[x509.Certificate, ...]:
    return _above(service, role)[:-1]


async def _as_before(
    service: CertificateService, csr: bytes, role: str, owns: Callable[[str], bool], **more: Any
) -> tuple[x509.Certificate, ...]:
    chain = await _enrol(service, csr, role, owns, **more)
    name = reading.common_name(chain[0])
    issued = [one async for one in every(service._store.of(ISSUED)) if reading.common_name(one.certificate) == name]
    first = min(issued, key=lambda one: one.issued_at)
    return (first.certificate, *chain[1:])


_LEAF = PROFILES["secc_leaf"]
WRONG = wrong(
    ("names-as-asked", "a certificate may have any name", ca, "certified_name", _as_asked, ("PKI-2",)),
    ("any-curve", "keys of any curve are certified", ca, "check_request", issue.read_request, ("PKI-3",)),
    ("unproven-keys", "the signature of a request is not checked", issue, "read_request", _unsigned, ("PKI-3",)),
    (
        "names-of-others",
        "whoever may enrol gets certificates for everybody's names",
        est_http,
        "LABELS",
        {name: replace(label, owns=gives(True)) for name, label in est_http.LABELS.items()},
        ("PKI-4",),
    ),
    (
        "good-strangers",
        "the responder says good of what was never issued",
        Registry,
        "said_of",
        _good_unless_revoked,
        ("PKI-5",),
    ),
    ("empty-lists", "revocation lists name nothing", crl_http, "build_crl", _naming_nobody, ("PKI-6",)),
    (
        "three-subs",
        "cacerts names three Sub-CAs",
        CertificateService,
        "ca_certificates",
        _with_a_third,
        ("PKI-7",),
    ),
    (
        "no-root-above",
        "cacerts names the Sub-CAs alone",
        CertificateService,
        "ca_certificates",
        _without_root,
        ("PKI-8",),
    ),
    (
        "one-certificate-a-name",
        "who enrols a name again gets the certificate it had",
        CertificateService,
        "enrol",
        _as_before,
        ("PKI-9",),
    ),
    (
        "signing-stations",
        "certificates of stations may sign certificates",
        ca,
        "PROFILES",
        {**PROFILES, _LEAF.role: replace(_LEAF, key_usage=_LEAF.key_usage | {"key_cert_sign"})},
        ("PKI-10",),
    ),
)
