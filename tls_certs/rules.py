"""What a verifier demands of the certificates of ISO 15118-2, by use.

It demands less than the profiles emit: devices in the field differ, and what is let pass is reported instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID
from msgspec import Struct

from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import Facts
from pncsim.tls_certs.keys import KeyKind, kind_of, name_of
from pncsim.tls_certs.profiles import MAX_SIZE, NameKind
from pncsim.tls_certs.reading import domains_of, values_of
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.gate import Tolerance, Tolerate
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_pcid, judge_check_character


class Use(Enum):
    """What a chain is shown for."""

    SECC = "SECC"
    CONTRACT = "contract"
    PROVISIONING = "provisioning"
    CPS = "CPS"


class Rule(Struct, frozen=True, kw_only=True):
    """What the leaf of a use must look like, and which roots may stand above it (by the DC of the root's subject).

    ``branch`` is the DC of the Sub-CAs between, ``profile`` the role of the leaf's profile. ``key_usage`` are the bits
    demanded. ``extended`` are the purposes accepted where the leaf names any; ``plain`` says that the profile has no
    extended key usage at all. ``country`` tells whether the subject may have a C.
    """

    leaf: str
    profile: str
    order: tuple[str, ...]
    roots: str
    branch: str
    domain: str
    domain_required: bool
    name: NameKind
    key_usage: frozenset[str]
    extended: frozenset[x509.ObjectIdentifier]
    plain: bool = True
    country: bool = True

    @property
    def anchors(self) -> frozenset[str]:
        """The DCs of the roots."""
        return frozenset(self.order)


_ANNEX = "ISO 15118-2 annex F"
_ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
_CLIENT = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, _ANY})
_SIGNS = frozenset({"digital_signature"})

RULES: dict[Use, Rule] = {
    Use.SECC: Rule(
        leaf="SECC certificate",
        profile="secc_leaf",
        branch="V2G",
        order=("V2G", "PE"),
        roots="a V2G root or a private root",
        domain="CPO",
        domain_required=True,
        name=NameKind.STATION,
        key_usage=_SIGNS,
        extended=frozenset({ExtendedKeyUsageOID.SERVER_AUTH, _ANY}),
        plain=False,
    ),
    Use.CONTRACT: Rule(
        leaf="contract certificate",
        profile="contract_leaf",
        branch="MO",
        order=("MO", "V2G"),
        roots="an MO root or a V2G root",
        domain="MO",
        domain_required=False,
        name=NameKind.EMAID,
        key_usage=_SIGNS | {"content_commitment"},
        extended=_CLIENT,
        country=False,
    ),
    Use.PROVISIONING: Rule(
        leaf="OEM provisioning certificate",
        profile="oem_leaf",
        branch="OEM",
        order=("OEM", "V2G"),
        roots="an OEM root or a V2G root",
        domain="OEM",
        domain_required=False,
        name=NameKind.PCID,
        key_usage=_SIGNS | {"key_agreement"},
        extended=_CLIENT,
    ),
    Use.CPS: Rule(
        leaf="CPS certificate",
        profile="cps_leaf",
        branch="CPS",
        order=("V2G",),
        roots="a V2G root",
        domain="CPS",
        domain_required=True,
        name=NameKind.FREE,
        key_usage=_SIGNS,
        extended=_CLIENT,
    ),
}

_LEAF_DOMAINS = frozenset(rule.domain for rule in RULES.values())

USAGE_NAMES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
"""Bits of a key usage, as ``cryptography`` and as RFC 5280 4.2.1.3 spell them."""


STANDARD: tuple[AlgorithmId, ...] = ("P-256",)
"""What ISO 15118-2 allows (V2G2-006, -007); where algorithms are configured, old and new ones overlap (CharIN 2.3)."""

_SIGNED_WITH: dict[AlgorithmId, x509.ObjectIdentifier] = {
    "P-256": SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    "P-521": SignatureAlgorithmOID.ECDSA_WITH_SHA512,
}


def check_common(facts: Facts, gate: Tolerate, algorithms: tuple[AlgorithmId, ...] = STANDARD) -> None:
    """What holds for leaf and Sub-CAs alike: size, version, key, signature algorithm, critical extensions."""
    certificate = facts.certificate
    if len(facts.encoding) > MAX_SIZE:
        raise ChainError(
            "too big", f"The {facts.what} has {len(facts.encoding)} octets, {MAX_SIZE} are allowed.", clause="V2G2-010"
        )
    if certificate.version is not x509.Version.v3:
        raise ChainError("profile", f"The {facts.what} is not an X.509 v3 certificate.", clause=_ANNEX)
    if kind_of(facts.key) not in [KeyKind(one) for one in algorithms]:
        raise ChainError(
            "key type",
            f"The {facts.what} has a key of kind {name_of(facts.key)}; {_only(algorithms)} allowed.",
            clause="V2G2-007",
        )
    taken = [_SIGNED_WITH[one] for one in algorithms]
    if certificate.signature_algorithm_oid not in taken:
        raise ChainError(
            "signature algorithm",
            f"The {facts.what} is signed with {_algorithm(certificate)}; {_only(list(map(_shown, taken)))} allowed.",
            clause="V2G2-006",
        )
    if facts.usage is None:
        raise ChainError("profile", f"The {facts.what} has no key usage.", clause=_ANNEX)
    if not facts.usage.critical:
        gate(Tolerance.NOT_CRITICAL(f"The key usage of the {facts.what} is not critical.", _ANNEX))
    if facts.basic is not None and not facts.basic.critical:
        gate(Tolerance.NOT_CRITICAL(f"The basic constraints of the {facts.what} are not critical.", _ANNEX))


def _only(names: Sequence[str]) -> str:
    return f"{names[0]} is the only one" if len(names) == 1 else f"{' and '.join(names)} are"


def _algorithm(certificate: x509.Certificate) -> str:
    return _shown(certificate.signature_algorithm_oid)


def purposes(oids: Iterable[x509.ObjectIdentifier]) -> str:
    """The purposes of an extended key usage as a sentence names them."""
    return ", ".join(map(_shown, oids))


def _shown(oid: x509.ObjectIdentifier) -> str:
    return getattr(oid, "_name", None) or oid.dotted_string


def check_leaf(facts: Facts, use: Use, gate: Tolerate) -> None:
    """What the use demands of the leaf beyond that: key usage, DC, common name, extended key usage."""
    rule = RULES[use]
    what = facts.what
    _check_usage(facts, rule)
    if facts.basic is None:
        gate(Tolerance.NO_BASIC_CONSTRAINTS(f"The {what} has no basic constraints.", _ANNEX))
    elif facts.is_ca:
        raise ChainError("profile", f"The {what} is a CA certificate.", clause=_ANNEX)
    subject = facts.subject
    _check_domain(subject, rule, what, gate)
    _check_name(subject, rule, what, gate)
    if not rule.country and values_of(subject, NameOID.COUNTRY_NAME):
        said = f"The subject of the {what} has a country, which the profile does not."
        gate(Tolerance.COUNTRY(said, _ANNEX))
    if facts.extended is not None:
        if rule.extended.isdisjoint(facts.extended):
            raise ChainError(
                "profile",
                f"The extended key usage of the {what} ({purposes(facts.extended)}) does not allow what it is shown "
                "for.",
                clause=_ANNEX,
            )
        if rule.plain:
            said = f"The {what} has an extended key usage, which the profile does not."
            gate(Tolerance.EXTENDED_USAGE(said, _ANNEX))


def _check_usage(facts: Facts, rule: Rule) -> None:
    assert facts.usage is not None, "check_common comes first"
    usage = facts.usage.value
    for bit in sorted(rule.key_usage):
        if not getattr(usage, bit):
            raise ChainError(
                "profile",
                f"The key usage of the {facts.what} lacks {USAGE_NAMES[bit]}.",
                clause=_ANNEX,
            )
    if usage.key_cert_sign:
        raise ChainError("profile", f"The key usage of the {facts.what} has keyCertSign.", clause=_ANNEX)


def _check_domain(subject: x509.Name, rule: Rule, what: str, gate: Tolerate) -> None:
    domains = domains_of(subject)
    if rule.domain in domains:
        return
    shown = ", ".join(f"DC={domain}" for domain in domains) or "no DC"
    clause = "V2G2-925" if rule.domain == "CPO" else _ANNEX
    if rule.domain_required:
        raise ChainError("profile", f"The {what} has {shown}; DC={rule.domain} is required.", clause=clause)
    if not _LEAF_DOMAINS.isdisjoint(domains):
        sentence = f"The {what} has {shown}, which is a certificate of another kind; DC={rule.domain} or none is right."
        raise ChainError("profile", sentence, clause=clause)
    if domains:
        gate(Tolerance.DOMAIN(f"The {what} has {shown} instead of DC={rule.domain}.", clause))


def _check_name(subject: x509.Name, rule: Rule, what: str, gate: Tolerate) -> None:
    names = values_of(subject, NameOID.COMMON_NAME)
    if len(names) != 1:
        raise ChainError(
            "profile", f"The subject of the {what} has {len(names)} common names, one is needed.", clause="V2G2-925"
        )
    try:
        if rule.name is NameKind.EMAID:
            judge_check_character(check_emaid(names[0]), gate)
        elif rule.name is NameKind.PCID:
            check_pcid(names[0])
    except IdentifierError as error:
        if rule.name is NameKind.EMAID:
            sentence = f"The common name of the {what} is no EMAID. {error.sentence}"
            raise ChainError("profile", sentence, clause="V2G2-108") from error
        gate(Tolerance.PCID_FORM(f"The common name of the {what} is no PCID of 17 or 18 characters.", _ANNEX))


def check_critical(facts: Facts) -> None:
    """No critical extension may be left unprocessed (RFC 5280 4.2)."""
    if facts.unprocessed:
        raise ChainError(
            "critical extension",
            f"The {facts.what} has a critical extension that is not known here: {', '.join(facts.unprocessed)}.",
            clause="RFC 5280 4.2",
        )
