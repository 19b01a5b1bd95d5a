"""The certificate chains and OCSP responses that were really presented in a run, as PEM and DER files.

A station presents its chain in the TLS handshake, with staples; a vehicle's contract and provisioning certificates and
the chains of a delivery travel in messages. Station and CSMS show each other theirs. The same chain seen from both ends
is kept once.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pncsim.simulator.evidence.bundle_files import BundleFiles
from pncsim.wire.trace import Event, OcppSecured, Secured, V2gMessage

Chain = tuple[bytes, ...]

MOST = 1000
"""Chains that are kept: who shows a new one with every attempt must not fill the disk."""

_NOTHING: dict[str, Any] = {}
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")


class PresentedChains:
    """Files in ``certs`` of a bundle: ``secc.pem``, ``contract-EMAID.pem`` ..., ``ocsp/secc-1.der``.

    Another chain of the same role is ``secc-2.pem``. Octets that are no certificate are kept as they came.
    """

    def __init__(self, files: BundleFiles) -> None:
        self._files = files
        self._names: dict[tuple[str, Chain], str] = {}
        self._staples: dict[bytes, str] = {}

    def __call__(self, event: Event) -> dict[str, Any]:
        """Keep what is presented in ``event``; the names of the files, as ``chain``, ``staples`` and ``chains``."""
        if isinstance(event, V2gMessage):
            names = [self._keep(role, chain) for role, chain in _in_message(event)]
            return {"chains": [f"{name}.pem" for name in names if name]} if names else _NOTHING
        if isinstance(event, Secured):
            if not event.chain:
                return {"chain": None, "staples": []}
            name = self._keep("secc", event.chain)
            return {"chain": f"{name}.pem" if name else None, "staples": self._keep_staples(name, event.staples)}
        if isinstance(event, OcppSecured):
            # Python's TLS says of a chain no more than its leaf.
            role = "csms" if event.role == "CS" else f"station-{event.peer}"
            name = self._keep(role, (event.certificate,)) if event.certificate else ""
            return {"chain": f"{name}.pem" if name else None}
        return _NOTHING

    def roots(self, roots: Mapping[str, Iterable[bytes]]) -> None:
        """Keep the trust anchors of a lab, which nobody presents."""
        for role, chain in roots.items():
            self._keep(role, tuple(chain))

    def _keep(self, role: str, chain: Chain) -> str:
        name = self._names.get((role, chain), "")
        if name:
            return name
        role = _FOREIGN.sub("_", role)[:80]
        name = self._names.get((role, chain), "")
        if not name and len(self._names) < MOST:
            number = 1 + sum(other == role for other, _ in self._names)
            name = self._names[role, chain] = role if number == 1 else f"{role}-{number}"
            if len(self._names) == 1:
                self._files.folder_for("certs")
            self._files.keep(f"certs/{name}.pem", "".join(map(pem, chain)).encode())
        return name

    def _keep_staples(self, name: str, staples: Sequence[bytes | None]) -> list[str | None]:
        return [self._keep_staple(f"{name}-{n}", one) if one and name else None for n, one in enumerate(staples, 1)]

    def _keep_staple(self, name: str, staple: bytes) -> str | None:
        if staple not in self._staples and len(self._staples) < MOST:
            taken = set(self._staples.values())
            free = next(file for n in range(1, MOST + 2) if (file := _numbered(name, n)) not in taken)
            self._files.folder_for("certs/ocsp")
            self._files.keep(f"certs/{free}", staple)
            self._staples[staple] = free
        return self._staples.get(staple)


def _numbered(name: str, number: int) -> str:
    return f"ocsp/{name}.der" if number == 1 else f"ocsp/{name}-{number}.der"


def pem(der: bytes) -> str:
    """``der`` in PEM armour, certificate or not."""
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"


_CARRIED = ("ContractSignatureCertChain", "SAProvisioningCertificateChain", "OEMProvisioningCert")


@cache
def _carries(kind: Any) -> bool:
    """Whether messages of this class have room for certificates."""
    return any(hasattr(kind, name) for name in _CARRIED)


def _in_message(event: V2gMessage) -> list[tuple[str, Chain]]:
    """Role and chain of whatever certificates a message of any dialect carries."""
    document = getattr(event.value, "Body", None)
    body = getattr(document, "BodyElement", None)
    if body is None or not _carries(body.__class__):
        return []
    emaid = getattr(body, "eMAID", "")
    emaid = getattr(emaid, "value", emaid)
    found = [
        (f"contract-{emaid}", getattr(body, "ContractSignatureCertChain", None)),
        ("cps", getattr(body, "SAProvisioningCertificateChain", None)),
    ]
    chains = [(role, _octets(chain)) for role, chain in found if chain is not None]
    provisioning = getattr(body, "OEMProvisioningCert", None)
    return [*chains, ("provisioning", (provisioning,))] if isinstance(provisioning, bytes) else chains


def _octets(chain: Any) -> Chain:
    above = getattr(getattr(chain, "SubCertificates", None), "Certificate", ())
    return tuple(der for der in (chain.Certificate, *above) if isinstance(der, bytes))
