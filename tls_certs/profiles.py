"""Every certificate profile of ISO 15118-2 (annex F) as one table, and the other actors' certificates beside them.

A profile says what a certificate of a role looks like: who issues it, its subject, what its key may do, how long it
lives. Issuing reads it literally, so a bad certificate on purpose is a changed profile. Profiles of ISO 15118-20 differ
in key kind, sizes and key identifiers only and go into a table of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from cryptography.x509 import ExtensionType, ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from pncsim.tls_certs.keys import KeyKind

MAX_SIZE = 800
"""Octets a certificate's DER may have in ISO 15118-2 (V2G2-010, XSD certificateType)."""

MAX_CHAIN = 3
"""Certificates below the root in a path: a leaf and at most two Sub-CAs (V2G2-009)."""

DAY = 86_400
YEAR = 365 * DAY


class NameKind(Enum):
    """What the common name of a subject is."""

    FREE = "free text"
    STATION = "charging point or controller id"
    PCID = "provisioning certificate id"
    EMAID = "contract id"
    HOST = "host name"


class Profile(Struct, frozen=True, kw_only=True):
    """What a certificate of one role looks like.

    ``issuer`` is the role that signs it, None for a root. ``domain`` is the DC of the subject, ``country`` its C (None:
    no such attribute). ``path_length`` counts the CAs that may follow. ``key_usage`` has the names of RFC 5280 as
    ``cryptography`` spells them. ``lifetime`` is in seconds. ``responder`` marks a delegated OCSP signer (RFC 6960
    4.2.2.2: id-pkix-ocsp-nocheck). ``hosts`` are subject alternative names, ``further`` other
    extensions, each with its criticality. ``max_size`` None: no limit.
    """

    role: str
    title: str
    issuer: str | None
    lifetime: int
    domain: str | None = None
    country: str | None = "DE"
    name: NameKind = NameKind.FREE
    ca: bool = False
    path_length: int | None = None
    key_usage: frozenset[str] = frozenset({"digital_signature"})
    key_usage_critical: bool = True
    extended_key_usage: tuple[ObjectIdentifier, ...] = ()
    responder: bool = False
    hosts: tuple[str, ...] = ()
    further: tuple[tuple[ExtensionType, bool], ...] = ()
    key: KeyKind = KeyKind.P256
    max_size: int | None = MAX_SIZE


_CA = frozenset({"key_cert_sign", "crl_sign"})
_TARIFF_CA = _CA | {"digital_signature", "content_commitment"}
_AGREEING_LEAF = frozenset({"digital_signature", "key_agreement"})
_CONTRACT = frozenset({"digital_signature", "content_commitment", "key_encipherment", "key_agreement"})
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def _root(role: str, title: str, domain: str | None, lifetime: int = 40 * YEAR + 10 * DAY) -> Profile:
    return Profile(role=role, title=title, issuer=None, lifetime=lifetime, domain=domain, ca=True, key_usage=_CA)


def _sub(role: str, title: str, issuer: str, domain: str, lifetime: int, usage: frozenset[str] = _CA) -> Profile:
    length = 1 if role.endswith("1") else 0
    return Profile(
        role=role,
        title=title,
        issuer=issuer,
        lifetime=lifetime,
        domain=domain,
        ca=True,
        path_length=length,
        key_usage=usage,
    )


V2G_PROFILES = (
    _root("v2g_root", "V2G root", "V2G"),
    _sub("cpo_sub1", "CPO Sub-CA 1", "v2g_root", "V2G", 4 * YEAR),
    _sub("cpo_sub2", "CPO Sub-CA 2", "cpo_sub1", "V2G", 2 * YEAR),
    Profile(
        role="secc_leaf",
        title="SECC certificate",
        issuer="cpo_sub2",
        lifetime=90 * DAY,
        domain="CPO",
        name=NameKind.STATION,
        key_usage=_AGREEING_LEAF,
    ),
    _root("mo_root", "MO root", "MO"),
    _sub("mo_sub1", "MO Sub-CA 1", "mo_root", "MO", 8 * YEAR),
    # The key of this Sub-CA also signs sales tariffs for the vehicle.
    _sub("mo_sub2", "MO Sub-CA 2", "mo_sub1", "MO", 4 * YEAR, _TARIFF_CA),
    Profile(
        role="contract_leaf",
        title="contract certificate",
        issuer="mo_sub2",
        lifetime=YEAR,
        domain="MO",
        country=None,
        name=NameKind.EMAID,
        key_usage=_CONTRACT,
    ),
    _sub("cps_sub1", "CPS Sub-CA 1", "v2g_root", "CPS", 4 * YEAR),
    _sub("cps_sub2", "CPS Sub-CA 2", "cps_sub1", "CPS", 2 * YEAR),
    Profile(role="cps_leaf", title="CPS certificate", issuer="cps_sub2", lifetime=90 * DAY, domain="CPS"),
    _root("oem_root", "OEM root", "OEM"),
    _sub("oem_sub1", "OEM Sub-CA 1", "oem_root", "OEM", 30 * YEAR),
    _sub("oem_sub2", "OEM Sub-CA 2", "oem_sub1", "OEM", 20 * YEAR),
    Profile(
        role="oem_leaf",
        title="OEM provisioning certificate",
        issuer="oem_sub2",
        lifetime=10 * YEAR,
        domain="OEM",
        name=NameKind.PCID,
        key_usage=_AGREEING_LEAF,
    ),
)
"""The four chains of ISO 15118-2, each issuer before what it issues."""

CONTRACT_SERVICE_PROFILES = (
    _sub("v2g_mo_sub1", "V2G MO Sub-CA 1", "v2g_root", "MO", 8 * YEAR),
    _sub("v2g_mo_sub2", "V2G MO Sub-CA 2", "v2g_mo_sub1", "MO", 4 * YEAR, _TARIFF_CA),
)
"""Below the V2G root, for operators without a PKI of their own (contract service); no part of a default PKI."""

PRIVATE_PROFILES = (
    _root("private_root", "private environment root", "PE"),
    Profile(
        role="private_leaf",
        title="SECC certificate of a private environment",
        issuer="private_root",
        lifetime=10 * YEAR,
        domain="CPO",
        name=NameKind.STATION,
        key_usage=_AGREEING_LEAF,
    ),
)
"""A charging point of one's own: no Sub-CA, no OCSP (V2G2-868); made on request, not part of a default PKI."""


def responder_profile(issuer: Profile) -> Profile:
    """The profile of the OCSP signer that answers for what ``issuer`` has issued; its role is ``ocsp_<issuer>``."""
    return Profile(
        role=f"ocsp_{issuer.role}",
        title=f"OCSP signer of the {issuer.title}",
        issuer=issuer.role,
        lifetime=90 * DAY,
        domain=issuer.domain,
        extended_key_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,),
        responder=True,
        key=issuer.key,
    )


OCSP_PROFILES = tuple(responder_profile(profile) for profile in V2G_PROFILES if profile.ca)

OCPP_PROFILES = (
    _root("csms_root", "CSMS root", None, 20 * YEAR),
    Profile(
        role="csms_server",
        title="CSMS server certificate",
        issuer="csms_root",
        lifetime=YEAR,
        name=NameKind.HOST,
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        hosts=_LOCAL_HOSTS,
        max_size=None,
    ),
    Profile(
        role="station_client",
        title="charging station's client certificate",
        issuer="csms_root",
        lifetime=YEAR,
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        max_size=None,
    ),
    Profile(
        role="https_server",
        title="HTTPS server certificate of the pools",
        issuer="csms_root",
        lifetime=YEAR,
        name=NameKind.HOST,
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        hosts=_LOCAL_HOSTS,
        max_size=None,
    ),
)
"""What OCPP and HTTPS run on; verified by ordinary TLS libraries, so ordinary rules hold."""

PARTY_PROFILES = (
    _root("rcp_root", "root of the pool operator", None, 20 * YEAR),
    Profile(
        role="rcp_signer",
        title="signer of the pool's trust lists",
        issuer="rcp_root",
        lifetime=YEAR,
        max_size=None,
    ),
    _root("pool_root", "root of the services' HTTPS", None, 20 * YEAR),
    Profile(
        role="pool_server",
        title="HTTPS server certificate of the services",
        issuer="pool_root",
        lifetime=YEAR,
        name=NameKind.HOST,
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        hosts=_LOCAL_HOSTS,
        max_size=None,
    ),
    Profile(
        role="pool_client",
        title="certificate of a client of the services",
        issuer="pool_root",
        lifetime=YEAR,
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        max_size=None,
    ),
    _root("ev_root", "EV manufacturer root", None, 20 * YEAR),
    Profile(
        role="ev_server",
        title="server certificate of the manufacturer's telematics",
        issuer="ev_root",
        lifetime=YEAR,
        name=NameKind.HOST,
        extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
        hosts=_LOCAL_HOSTS,
        max_size=None,
    ),
    Profile(
        role="ev_client",
        title="telematics certificate of a vehicle",
        issuer="ev_root",
        lifetime=15 * YEAR,
        extended_key_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        max_size=None,
    ),
)
"""What one party certifies for its own use, below a root of its own; made when it is first needed."""

PROFILES: Mapping[str, Profile] = {
    profile.role: profile
    for profile in (
        *V2G_PROFILES,
        *CONTRACT_SERVICE_PROFILES,
        *PRIVATE_PROFILES,
        *OCSP_PROFILES,
        *OCPP_PROFILES,
        *PARTY_PROFILES,
    )
}
"""Every profile by its role."""
