"""The PKI of a recorded run, from the certificates in its bundle: what was presented, staples, a lab's roots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography import x509

from pncsim.simulator.dashboard.holders import heard_in
from pncsim.simulator.dashboard.reports import AroundTold, CertificateTold, StatusHeard
from pncsim.tls_certs.facts import read_ca
from pncsim.tls_certs.reading import der, fingerprint, issued_by, load_all
from pncsim.wire.errors import PncError
from pncsim.wire.values import replace

_ROLES: Mapping[str, tuple[str, str, str]] = {
    "secc": ("secc_leaf", "cpo", "SECC"),
    "contract": ("contract_leaf", "mo", "EV"),
    "cps": ("cps_leaf", "cps", "CPS"),
    "provisioning": ("oem_leaf", "oem", "EV"),
    "csms": ("csms_server", "", "CSMS"),
    "station": ("station_client", "", "CS"),
}
"""How files of chains are called (:mod:`simulator.evidence.presented`): role of the leaf, its branch, who has it."""
_ROOTS = ("v2g_root", "mo_root", "oem_root")
_FILE = re.compile(r"[a-z0-9]+(?:_root)?")
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)
_PIECE = 1 << 20
"""Octets that are read of a file."""


def around_in(folder: Path, now: float) -> AroundTold:
    """What the bundle in ``folder`` knows of the PKI; what cannot be read is left out."""
    found: dict[bytes, CertificateTold] = {}
    known: dict[bytes, x509.Certificate] = {}
    for path in sorted((folder / "certs").glob("*.pem")):
        for told, certificate in _in_file(path):
            before = found.get(told.der)
            if before is None or not before.role:
                found[told.der], known[told.der] = told, certificate
    heard = _staples(folder, list(known.values()))
    every = [replace(one, heard=tuple(heard.get(one.der, ()))) for one in found.values()]
    # Roots first, as everything stands below them.
    order = {role: at for at, role in enumerate(_ROOTS)}
    return AroundTold(now=now, certificates=tuple(sorted(every, key=lambda one: order.get(one.role, len(order)))))


def _in_file(path: Path) -> Iterator[tuple[CertificateTold, x509.Certificate]]:
    named = _FILE.match(path.stem)
    name = named.group() if named is not None else ""
    leaf, branch, holder = _ROLES.get(name, ("", "", ""))
    for at, certificate in enumerate(_certificates(path)):
        role = name if name in _ROOTS else leaf if at == 0 else _authority(certificate, branch)
        octets = der(certificate)
        held = (holder,) if holder and at == 0 else ()
        yield CertificateTold(name=fingerprint(octets)[:16], role=role, der=octets, holders=held), certificate


def _certificates(path: Path) -> Iterator[x509.Certificate]:
    try:
        with path.open("rb") as file:
            octets = file.read(_PIECE)
    except OSError:
        return
    for block in _BLOCK.findall(octets):
        try:
            yield from load_all(block)
        except PncError:
            continue  # octets that are no certificate are kept as they came


def _authority(certificate: x509.Certificate, branch: str) -> str:
    """The role of a Sub-CA, by how many may follow."""
    try:
        basic = read_ca(certificate, "Sub-CA").basic
    except PncError:
        return ""
    if basic is None or not branch or basic.value.path_length not in (0, 1):
        return ""
    return f"{branch}_sub{2 - (basic.value.path_length or 0)}"


def _staples(folder: Path, certificates: list[x509.Certificate]) -> dict[bytes, list[StatusHeard]]:
    found: dict[bytes, list[StatusHeard]] = {}
    issuers = [
        (one, issuer)
        for one in certificates
        for issuer in certificates
        if one is not issuer and one.issuer == issuer.subject and issued_by(one, issuer)
    ]
    for path in sorted((folder / "certs" / "ocsp").glob("*.der")):
        try:
            with path.open("rb") as file:
                answer = file.read(_PIECE)
        except OSError:
            continue
        for certificate, issuer in issuers:
            heard = heard_in(answer, certificate, issuer, "The station stapled")
            if heard is not None:
                found.setdefault(der(certificate), []).append(heard)
    return found
