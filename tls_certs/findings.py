"""A certificate held against the profile of its role, point by point: what the profile says, what was found.

It asks for what the profiles emit, which is more than a verifier demands (:mod:`tls_certs.rules`): a point that is
other than its profile says is worth a look and no refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct

from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import Facts, read_leaf
from pncsim.tls_certs.keys import KeyKind, name_of
from pncsim.tls_certs.profiles import DAY, NameKind, Profile
from pncsim.tls_certs.reading import common_names, domains_of, issued_by, responder_url, shown, values_of
from pncsim.tls_certs.rules import USAGE_NAMES, purposes
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_evseid, check_pcid, is_seccid

_NAMES: dict[NameKind, tuple[str, Callable[[str], str]]] = {
    NameKind.EMAID: ("an EMAID", check_emaid),
    NameKind.PCID: ("a PCID", check_pcid),
    NameKind.STATION: ("an EVSE or controller id", lambda name: name if is_seccid(name) else check_evseid(name)),
}
_SIGNATURES = {KeyKind.P256: "ecdsa-with-SHA256", KeyKind.P521: "ecdsa-with-SHA512"}


class ProfileFinding(Struct, frozen=True):
    """One point: ``what`` is looked at, what the profile ``wanted``, what was ``found``, whether that is the same."""

    what: str
    wanted: str
    found: str
    ok: bool


def findings(
    certificate: x509.Certificate, profile: Profile, issuer: x509.Certificate | None = None
) -> list[ProfileFinding]:
    """Every point of ``profile``; who has issued it only where the ``issuer`` is known. Validity is another matter.

    Of a certificate that cannot be read that is the only point.
    """
    try:
        facts = read_leaf(certificate, profile.title)
    except ChainError as error:
        return [ProfileFinding("encoding", "readable", error.sentence, ok=False)]
    points = [*_form(facts, profile), *_subject(facts, profile), *_use(facts, profile)]
    if issuer is not None:
        points += _issuer(facts, issuer)
    return points


def _form(facts: Facts, profile: Profile) -> Iterator[ProfileFinding]:
    certificate = facts.certificate
    version = f"v{certificate.version.value + 1}"
    yield ProfileFinding("version", "v3", version, version == "v3")
    key = name_of(facts.key)
    yield ProfileFinding("key", profile.key.value, key, key == profile.key.value)
    signed, wanted = purposes([certificate.signature_algorithm_oid]), _SIGNATURES.get(profile.key, "")
    if wanted:
        yield ProfileFinding("signed with", wanted, signed, signed == wanted)
    if profile.max_size is not None:
        size = len(facts.encoding)
        yield ProfileFinding("size", f"at most {profile.max_size} octets", f"{size} octets", size <= profile.max_size)
    days, most = (facts.ends - facts.starts) / DAY, profile.lifetime / DAY
    yield ProfileFinding("lifetime", f"about {most:.0f} days", f"{days:.0f} days", days <= most + 2)


def _subject(facts: Facts, profile: Profile) -> Iterator[ProfileFinding]:
    subject = facts.subject
    if profile.domain is not None:
        domains = domains_of(subject)
        yield ProfileFinding("domain (DC)", profile.domain, _listed(domains), profile.domain in domains)
    if profile.country is None and profile.name is NameKind.EMAID:
        countries = values_of(subject, NameOID.COUNTRY_NAME)
        yield ProfileFinding("country (C)", "none", _listed(countries), not countries)
    names = common_names(facts.certificate)
    what, check = _NAMES.get(profile.name, ("one", lambda name: name))
    yield ProfileFinding("common name", what, _listed(names), len(names) == 1 and _passes(check, names[0]))


def _passes(check: Callable[[str], str], name: str) -> bool:
    try:
        check(name)
    except IdentifierError:
        return False
    return True


def _use(facts: Facts, profile: Profile) -> Iterator[ProfileFinding]:
    basic = facts.basic
    length = basic.value.path_length if basic is not None else None
    wanted = _authority(profile.ca, profile.path_length)
    found = "not said" if basic is None else _authority(basic.value.ca, length)
    yield ProfileFinding("authority", wanted, found, found == wanted)
    usage = [] if facts.usage is None else [bit for bit in USAGE_NAMES if getattr(facts.usage.value, bit)]
    bits = [bit for bit in USAGE_NAMES if bit in profile.key_usage]
    told = "none" if facts.usage is None else _used(usage, facts.usage.critical)
    asked = _used(bits, profile.key_usage_critical)
    yield ProfileFinding("key usage", asked, told, asked == told)
    purpose, extended = purposes(profile.extended_key_usage), purposes(facts.extended or ())
    yield ProfileFinding("purposes", purpose or "none named", extended or "none named", purpose == extended)
    yield ProfileFinding(
        "unknown critical", "none", _listed(facts.unprocessed), not facts.unprocessed or profile.further != ()
    )
    if profile.responder:
        checked = _has(facts.certificate, x509.OCSPNoCheck)
        yield ProfileFinding("OCSP no check", "said", "said" if checked else "not said", checked)
    elif profile.role in ("secc_leaf", "cpo_sub1", "cpo_sub2"):
        url = responder_url(facts.certificate)
        yield ProfileFinding("OCSP address", "one", url or "none", bool(url))


def _issuer(facts: Facts, issuer: x509.Certificate) -> Iterator[ProfileFinding]:
    good = issued_by(facts.certificate, issuer)
    wanted, found = shown(issuer.subject), shown(facts.issuer)
    yield ProfileFinding("signed by", wanted, found if good else f"{found}, by another key", good)
    try:
        key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return
    named = facts.authority_key
    if named is not None:
        yield ProfileFinding("issuer's key id", key.hex(), named.hex(), named == key)


def _has(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    try:
        certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return False
    return True


def _authority(ca: bool, length: int | None) -> str:
    return ("a CA" if length is None else f"a CA, path length {length}") if ca else "no CA"


def _used(bits: list[str], critical: bool) -> str:
    return f"{', '.join(USAGE_NAMES[bit] for bit in bits)}{'' if critical else ' (not critical)'}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values) or "none"
