"""What an event says (EVT-5): the members of the published payload 1.0.1, as the octets that are sent and signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pncsim.backend.events.facts import ContractFact, Fact, RootAdded, RootRemoved
from pncsim.backend.rcp.store import ROOTS, root_id
from pncsim.backend.rest.bodies import base64_text
from pncsim.backend.store import Tables
from pncsim.backend.webhooks.types import EventType
from pncsim.tls_certs import reading
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

Payload = Mapping[str, Any]

_ORDER = (
    NameOID.COMMON_NAME,
    NameOID.DOMAIN_COMPONENT,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COUNTRY_NAME,
)
"""In which the published pattern of a distinguishedName has its parts; others come last."""


async def payload_of(fact: Fact, tables: Tables) -> Payload:
    """What the events of a fact say; the root a bundle is signed below is looked up in ``tables`` for its name."""
    match fact:
        case RootAdded() | RootRemoved():
            return _of_root(fact)
        case ContractFact():
            root = await tables.of(ROOTS).get(root_id(fact.root))
            return _of_contract(fact, None if root is None else reading.common_name(root.certificate))
    raise ValueError(f"a {type(fact).__name__} has no events")


def body_of(type: EventType, event_id: str, time: float, payload: Payload) -> bytes:
    """The octets of an event that came to be at ``time``, lab seconds since the epoch."""
    moment = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = {
        "timestamp": moment,
        "eventId": event_id,
        "eventType": type,
        "xsdMsgDefNamespace": ISO2_NAMESPACE,
        "payload": payload,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def signatures(secret: str, body: bytes) -> dict[str, str]:
    """The header fields that sign a body (EVT-2): the sources know three names, receivers look for any of them."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "payload-signature": digest,
        "X-Operator-Signature": f"sha256={digest}",
        "X-Hubject-Signature": f"sha256={digest}",
    }


def _of_root(fact: RootAdded | RootRemoved) -> Payload:
    certificate = reading.parsed(fact.certificate)
    return _present(
        rootCertificateId=fact.id,
        distinguishedName=_distinguished_name(certificate.subject),
        commonName=reading.common_name(certificate),
        rootType=fact.kind,
        rootSerialNumber=f"{certificate.serial_number:x}",
        signatureAlgorithm=_curve(certificate),
        fingerprintSHA256=fact.fingerprint,
    )


def _of_contract(fact: ContractFact, root_name: str | None) -> Payload:
    return _present(
        emaid=fact.emaid,
        pcid=fact.pcid,
        contractCert=base64_text(fact.certificate),
        cpsSignerRootFingerprint=fact.root,
        cpsSignerRootCommonName=root_name,
        signatureAlgorithm=_curve(reading.parsed(fact.certificate)),
    )


def _present(**members: str | None) -> Payload:
    return {name: value for name, value in members.items() if value is not None}


def _distinguished_name(name: x509.Name) -> str:
    """In the published order; what a name holds beyond the published letters stays as it is."""
    parts = list(reversed(name.rdns))
    rank = {oid: number for number, oid in enumerate(_ORDER)}
    parts.sort(key=lambda part: min((rank.get(one.oid, len(rank)) for one in part), default=len(rank)))
    return ", ".join(part.rfc4514_string() for part in parts)


def _curve(certificate: x509.Certificate) -> str | None:
    """The published member of this name says which curve the key is on, and knows two of them."""
    key = certificate.public_key()
    known = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp521r1")
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) and known else None
