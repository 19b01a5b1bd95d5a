"""Roots that are set up in a lab beside those it begins with, and a V2G root that is followed by its successor."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import ORGANIZATION, issue, subject_name
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.source import Source

if TYPE_CHECKING:
    from pncsim.backend.csms.csms import Csms
    from pncsim.simulator.lab.desk import Caller
    from pncsim.wire.ocpp.types.v201 import CertificateHashDataType

ROOTS = "/v1/root/rootCerts"
"""Where the root pool has them (Open Plug&Charge Protocol)."""


def new_root(kind: str, now: float, source: Source) -> x509.Certificate:
    """A root of that kind (V2G, MO, OEM) with a name and key that nobody has seen before."""
    profile, key = PROFILES[f"{kind.lower()}_root"], source.key()
    subject = subject_name(profile, f"{ORGANIZATION} new {profile.title}")
    return issue(profile, subject, key.public_key(), now, issuer=None, issuer_key=key, serial=source.serial())


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 in lower-case hex, as the pools tell it."""
    return reading.fingerprint(reading.der(certificate))


def publication(root: x509.Certificate, kind: str) -> dict[str, Any]:
    """The request that adds a root; its fingerprint was confirmed over a second channel (RCP-3)."""
    octets = base64.b64encode(reading.der(root)).decode("ascii")
    return {"caCertificate": octets, "rootType": kind, "expectedFingerprint": fingerprint(root)}


async def installed(csms: Csms, station: str, use: str = "V2GRootCertificate") -> dict[str, CertificateHashDataType]:
    """The roots a station says it has for ``use`` (GetInstalledCertificateIds), by serial number in hex."""
    answer = await csms.call(station, "GetInstalledCertificateIds", {"certificateType": [use]})
    found = [entry["certificateHashData"] for entry in answer.get("certificateHashDataChain", ())]
    return {one["serialNumber"].lower(): one for one in found}


async def forget_roots(csms: Csms, station: str, use: str) -> None:
    """Have a station delete every root it has for ``use`` (DeleteCertificate)."""
    for entry in (await installed(csms, station, use)).values():
        await csms.call(station, "DeleteCertificate", {"certificateHashData": entry})


async def listed(caller: Caller) -> Mapping[str, Mapping[str, Any]]:
    """The roots of the pool by their fingerprints, as ``caller`` reads them."""
    answer = await caller.get(ROOTS)
    roots = answer.body.get("RootCertificateCollection", {}).get("rootCertificates", ())
    return {root["fingerprint"]: root for root in roots}


async def published(caller: Caller, kind: str) -> list[x509.Certificate]:
    """The root certificates of that kind that the pool has, as ``caller`` reads them."""
    roots = (await listed(caller)).values()
    return [reading.parsed(base64.b64decode(one["caCertificate"])) for one in roots if one["rootType"] == kind]
