"""Throw-away P-256 certificates for the TLS tests, made with ``cryptography`` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Authority:
    """A CA: its certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(subject: str, issuer: Authority | None, *, ca: bool) -> Authority:
    """A certificate for a fresh key, self-signed without ``issuer``; valid for a year around NOW."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer.certificate.subject if issuer else _name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=180))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    return Authority(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@dataclass
class Chain:
    """Root, two Sub-CAs and a leaf, as V2G chains are built."""

    root: Authority = field(default_factory=lambda: issue("root", None, ca=True))
    sub1: Authority = field(init=False)
    sub2: Authority = field(init=False)
    leaf: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.sub1 = issue("sub1", self.root, ca=True)
        self.sub2 = issue("sub2", self.sub1, ca=True)
        self.leaf = issue("leaf", self.sub2, ca=False)

    @property
    def credentials(self) -> Credentials:
        """Leaf, Sub-CA 2, Sub-CA 1 and the leaf's key."""
        certificates = (self.leaf.certificate, self.sub2.certificate, self.sub1.certificate)
        return Credentials(certificates, self.leaf.key)

    @property
    def root_der(self) -> bytes:
        """The root as DER."""
        return self.root.certificate.public_bytes(serialization.Encoding.DER)

    def staple(self) -> bytes:
        """An OCSP response "good" for the leaf, signed by its issuer."""
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.leaf.certificate,
            issuer=self.sub2.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW - timedelta(days=1),
            next_update=NOW + timedelta(days=3650),
            revocation_time=None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.sub2.certificate)
        return builder.sign(self.sub2.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass
class Witness:
    """A judge that records what it was asked, and refuses with the given errors."""

    refuse_chain: Exception | None = None
    refuse_staples: Exception | None = None
    asked: list[tuple[str, tuple[bytes, ...], tuple[bytes | None, ...], float]] = field(default_factory=list)

    def chain(self, chain: Sequence[bytes], now: float) -> None:
        self.asked.append(("chain", tuple(chain), (), now))
        if self.refuse_chain:
            raise self.refuse_chain

    def staples(self, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
        self.asked.append(("staples", tuple(chain), tuple(staples), now))
        if self.refuse_staples:
            raise self.refuse_staples


def refusal(alert: int) -> PeerError:
    """A verdict as a judge raises it."""
    return PeerError(f"The certificate deserves {alert}.", clause="X-1", advice="Look at it.", alert=alert)
