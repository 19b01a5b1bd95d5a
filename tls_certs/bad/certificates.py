"""Bad certificates on purpose, as named data: each is a good one with one thing changed.

Tests and fault scenarios name them; ``kind`` says what a right verifier answers (:mod:`tls_certs.chain_error`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct, field

from pncsim.tls_certs import der
from pncsim.tls_certs.issue import BACKDATE, ORGANIZATION, issue, subject_name
from pncsim.tls_certs.keys import KeyKind, PrivateKey, SignatureHash, make_key, sign
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import DAY, PROFILES, Profile
from pncsim.tls_certs.reading import load
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import Kind, LocalError
from pncsim.wire.values import replace

_ECDSA_SHA1 = der.element(der.SEQUENCE, der.oid("1.2.840.10045.4.1"))
_UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


class Flaw(Struct, frozen=True, kw_only=True):
    """One way to be bad. ``level`` says where: 0 the leaf, 1 the Sub-CA above it, 2 the one above that.

    ``profile`` are changed fields of the profile; ``starts`` and ``ends`` seconds from now; ``signer`` whose key signs
    ("lookalike" has the issuer's name and another key, "stranger" also another key identifier, "mislabelled" is the
    right key under the wrong key identifier); ``remake`` works on the finished certificate; ``cut`` is a position of
    the chain to leave out, ``extra`` asks for one Sub-CA too many.
    """

    text: str
    kind: Kind
    level: int = 0
    profile: Mapping[str, Any] = field(default_factory=dict)
    starts: float | None = None
    ends: float | None = None
    signature_hash: SignatureHash | None = None
    signer: Literal["issuer", "lookalike", "stranger", "mislabelled", "itself"] = "issuer"
    remake: Callable[[x509.Certificate, PrivateKey], x509.Certificate] | None = None
    cut: int | None = None
    extra: bool = False


def with_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The same certificate signed with ecdsa-with-SHA1, which builders refuse."""
    version, serial, _, *rest = der.children(der.read(certificate.tbs_certificate_bytes).content)
    tbs = der.element(
        der.SEQUENCE, version.encoding, serial.encoding, _ECDSA_SHA1, *(element.encoding for element in rest)
    )
    signature = der.bit_string(sign(key, tbs, hashes.SHA1()))
    return load(der.element(der.SEQUENCE, tbs, _ECDSA_SHA1, signature))


FLAWS: dict[str, Flaw] = {
    "expired": Flaw(text="expired yesterday", kind="expired", starts=-90 * DAY, ends=-DAY),
    "not-yet-valid": Flaw(text="valid from tomorrow", kind="not yet valid", starts=DAY, ends=90 * DAY),
    "wrong-signature": Flaw(text="signed by another key than the issuer's", kind="wrong signature", signer="lookalike"),
    "foreign-issuer": Flaw(text="issued by a CA of the same name nobody trusts", kind="no anchor", signer="stranger"),
    "self-signed": Flaw(text="signed by its own key", kind="no anchor", signer="itself"),
    "wrong-key-identifier": Flaw(
        text="names another issuer key than the one that signed it", kind="key identifier", signer="mislabelled"
    ),
    "wrong-domain": Flaw(text="with a DC that belongs to nobody", kind="profile", profile={"domain": "XYZ"}),
    "no-domain": Flaw(text="without DC", kind="profile", profile={"domain": None}),
    "no-key-usage": Flaw(text="without key usage", kind="profile", profile={"key_usage": frozenset()}),
    "no-digital-signature": Flaw(
        text="whose key must not sign", kind="profile", profile={"key_usage": frozenset({"key_agreement"})}
    ),
    "leaf-is-ca": Flaw(text="a leaf that calls itself a CA", kind="profile", profile={"ca": True}),
    "leaf-signs": Flaw(
        text="a leaf whose key may sign certificates",
        kind="profile",
        profile={"key_usage": frozenset({"digital_signature", "content_commitment", "key_agreement", "key_cert_sign"})},
    ),
    "wrong-purpose": Flaw(
        text="with an extended key usage for OCSP signing",
        kind="profile",
        profile={"extended_key_usage": (ExtendedKeyUsageOID.OCSP_SIGNING,)},
    ),
    "rsa-key": Flaw(text="with an RSA key", kind="key type", profile={"key": KeyKind.RSA}),
    "p384-key": Flaw(text="with a P-384 key", kind="key type", profile={"key": KeyKind.P384}),
    "sha384": Flaw(text="signed with SHA-384", kind="signature algorithm", signature_hash=hashes.SHA384()),
    "sha1": Flaw(text="signed with SHA-1", kind="signature algorithm", remake=with_sha1),
    "oversized": Flaw(text="larger than 800 octets", kind="too big", profile={"hosts": ("x" * 60 + ".example",) * 5}),
    "unknown-critical-extension": Flaw(
        text="with a critical extension nobody knows",
        kind="critical extension",
        profile={"further": ((_UNKNOWN_EXTENSION, True),)},
    ),
    "sub-ca-expired": Flaw(
        text="under a Sub-CA that expired yesterday", kind="expired", level=1, starts=-90 * DAY, ends=-DAY
    ),
    "upper-sub-ca-expired": Flaw(
        text="under a Sub-CA 1 that expired yesterday", kind="expired", level=2, starts=-90 * DAY, ends=-DAY
    ),
    "sub-ca-not-ca": Flaw(
        text="under a Sub-CA that is no CA", kind="not a CA", level=1, profile={"ca": False, "path_length": None}
    ),
    "sub-ca-must-not-sign": Flaw(
        text="under a Sub-CA whose key must not sign certificates",
        kind="not a CA",
        level=1,
        profile={"key_usage": frozenset({"crl_sign"})},
    ),
    "path-length": Flaw(
        text="under a Sub-CA that the CA above must not have", kind="path length", level=2, profile={"path_length": 0}
    ),
    "missing-sub-ca": Flaw(text="sent without the Sub-CA that issued it", kind="no anchor", cut=1),
    "too-long": Flaw(text="under three Sub-CAs", kind="too long", extra=True),
}
"""Bad chains by name."""


def wrong_credentials(pki: Pki, role: str, fault: str | Flaw, now: float) -> Credentials:
    """Credentials of ``role`` that have one fault (a name of :data:`FLAWS`), otherwise as the PKI would make them.

    Needs the keys of the issuing Sub-CAs. Raises LocalError for an unknown fault.
    """
    if isinstance(fault, str):
        if fault not in FLAWS:
            raise LocalError(f"There is no certificate fault {fault!a}.", advice=f"There are: {', '.join(FLAWS)}.")
        fault = FLAWS[fault]
    if fault.cut is not None:
        chain = pki.chain(role)
        return Credentials(chain[: fault.cut] + chain[fault.cut + 1 :], pki.key(role))
    roles = [role]
    while len(roles) <= fault.level:
        roles.append(_issuer_role(roles[-1]))
    top = _issuer_role(roles[-1])
    issuer = pki.certificate(top)
    issuer_key: PrivateKey = pki.key(top)
    chain = () if issuer.subject == issuer.issuer else pki.chain(top)
    if fault.extra:
        surplus = replace(PROFILES[top], country="AT")  # any other name will do
        issuer, issuer_key = _make(surplus, issuer, _FINE, issuer, issuer_key, pki, now)
        chain = (issuer, *chain)
    for level in range(fault.level, -1, -1):
        here = fault if level == fault.level else _FINE
        issuer, issuer_key = _make(
            PROFILES[roles[level]], pki.certificate(roles[level]), here, issuer, issuer_key, pki, now
        )
        chain = (issuer, *chain)
    if not (fault.level or fault.extra):
        pki.authority(top).registry.issued.add(chain[0].serial_number)
    # An RSA key is none of the kind the type names; the TLS engines take it all the same, as a bad station would.
    return Credentials(chain, cast(ec.EllipticCurvePrivateKey, issuer_key))


_FINE = Flaw(text="", kind="profile")


def _issuer_role(role: str) -> str:
    issuer = PROFILES[role].issuer
    if issuer is None:
        raise LocalError(f"{role} has no issuer, so this fault cannot be made.")
    return issuer


def _make(
    profile: Profile,
    model: x509.Certificate,
    fault: Flaw,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    pki: Pki,
    now: float,
) -> tuple[x509.Certificate, PrivateKey]:
    changed = replace(profile, max_size=None, **fault.profile)
    source = pki.source.of("wrong")
    key = make_key(changed.key, source)
    names = {attribute.oid: str(attribute.value) for attribute in model.subject}
    subject = subject_name(changed, names[NameOID.COMMON_NAME], names.get(NameOID.ORGANIZATION_NAME, ORGANIZATION))
    other = source.key()
    above: x509.Certificate | None
    signing: PrivateKey
    match fault.signer:
        case "itself":
            above, signing = None, key
        case "lookalike":
            above, signing = issuer, other
        case "stranger":
            above, signing = _lookalike(issuer, other, source.serial()), other
        case "mislabelled":
            above, signing = _lookalike(issuer, other, source.serial()), issuer_key
        case _:
            above, signing = issuer, issuer_key
    certificate = issue(
        changed,
        subject,
        key.public_key(),
        now,
        issuer=above,
        issuer_key=signing,
        serial=source.serial(),
        ocsp_url=pki.ocsp_url,
        not_before=now + (-BACKDATE if fault.starts is None else fault.starts),
        not_after=now + (DAY if fault.ends is None else fault.ends),
        signature_hash=fault.signature_hash,
    )
    return (fault.remake(certificate, signing) if fault.remake else certificate), key


def _lookalike(issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, serial: int) -> x509.Certificate:
    """A CA certificate of the same name with another key; only its name and key identifier matter."""
    return (
        x509.CertificateBuilder()
        .subject_name(issuer.subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
