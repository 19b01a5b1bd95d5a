"""What arrives with a contract, checked in the order that matters: authenticity first, then content (V2G2-814 to -823).

The encrypted key has no authenticity of its own, so nothing is decrypted before the provisioning service's chain leads
to a V2G root and its signature covers all four parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.contracts import Contract
from pncsim.ev.vehicle import Vehicle
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Liberty
from pncsim.wire.identifiers import IdentifierError, check_emaid, judge_check_character, normal_emaid
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.key_transport import WrappedKey, unwrap
from pncsim.wire.v2g.signature import verify
from pncsim.wire.v2g.xmldsig import SignatureType
from pncsim.wire.voice import Voice

MAX_CHAIN = 3  # leaf and two Sub-CAs, V2G2-009
Result = TypeVar("Result")


class BundleJudge(Protocol):
    """Where a bundle arrives: a charging session, or the vehicle's telematics unit."""

    @property
    def vehicle(self) -> Vehicle: ...
    @property
    def now(self) -> float: ...
    @property
    def voice(self) -> Voice: ...
    def tolerate(self, liberty: Liberty) -> None: ...


def verify_bundle(
    s: BundleJudge,
    res: iso2.CertificateInstallationRes | iso2.CertificateUpdateRes,
    receiver: Credentials,
    signature: object,
) -> Contract:
    """The contract in ``res`` for the holder of ``receiver``'s key (provisioning, or the old contract in an update).

    ``signature`` is that of the message's header, if it has one. Raises :class:`PeerError` naming the first check that
    failed; nothing is kept then. Each check is reported.
    """
    name = type(res).__name__
    cps = chain_octets(res.SAProvisioningCertificateChain)
    _judged(s, f"provisioning service chain in {name}", lambda: _trusted(s, cps, s.vehicle.v2g_roots, Use.CPS))
    parts = [
        (element, getattr(res, element))
        for element in ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")
    ]
    _judged(
        s,
        f"signature of {name}",
        lambda: verify(
            signature if isinstance(signature, SignatureType) else None,
            parts,
            _p256(reading.load(cps[0])),
            within=res,
            gate=s.tolerate,
        ),
        lambda used: f"made with the provisioning service's key, SignedInfo in the {used} grammar",
    )
    delivered = reading.load_chain(
        chain_octets(res.ContractSignatureCertChain), f"A certificate of the contract chain in {name}"
    )
    certificates = _judged(s, f"contract chain in {name}", lambda: _contract_chain(s, delivered))
    emaid = normal_emaid(res.eMAID.value)
    _judged(s, f"EMAID in {name}", lambda: _same_emaid(s, emaid, certificates[0]))
    wrapped = WrappedKey(res.ContractSignatureEncryptedPrivateKey.value, res.DHpublickey.value)
    key = _judged(
        s, f"contract key in {name}", lambda: unwrap(wrapped, receiver.key, _p256(certificates[0])), clause="V2G2-823"
    )
    return Contract(emaid, Credentials(certificates, key))


def _judged(
    s: BundleJudge,
    what: str,
    check: Callable[[], Result],
    told: Callable[[Result], str] = lambda _: "good",
    clause: str = "",
) -> Result:
    """Run ``check`` and report how it came out. What the certificate library cannot read is the sender's fault."""
    try:
        try:
            result = check()
        except reading.UNREADABLE as error:
            raise PeerError(f"The {what} cannot be read: {error}.") from error
    except PeerError as error:
        s.voice.judged(what, False, error.sentence, error.clause or clause)
        raise
    s.voice.judged(what, True, told(result), clause)
    return result


def _trusted(
    s: BundleJudge, chain: Sequence[bytes | x509.Certificate], anchors: Sequence[x509.Certificate], use: Use
) -> tuple[x509.Certificate, ...]:
    return validate_chain(chain, anchors, use, s.now, gate=s.tolerate).chain


def _contract_chain(s: BundleJudge, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    """What to keep of it: the path to a known root if the vehicle has MO roots; else all, if it is consistent in itself
    and its leaf valid now."""
    if s.vehicle.contract_roots:
        return _trusted(s, chain, (*s.vehicle.contract_roots, *s.vehicle.v2g_roots), Use.CONTRACT)
    if len(chain) > MAX_CHAIN:
        raise PeerError(
            f"The contract chain has {len(chain)} certificates, at most {MAX_CHAIN} are allowed.", clause="V2G2-009"
        )
    for certificate, issuer in pairwise(chain):
        if not reading.issued_by(certificate, issuer):
            raise PeerError(
                f"In the contract chain {certificate.subject.rfc4514_string()} was not issued by "
                f"{issuer.subject.rfc4514_string()} that follows it."
            )
    leaf = chain[0]
    if not reading.valid_at(leaf, s.now):
        raise PeerError(
            f"The contract certificate is valid from {leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}, "
            "which is not now.",
            advice="Compare the clocks of the vehicle and of the mobility operator.",
        )
    return chain


def _same_emaid(s: BundleJudge, emaid: str, leaf: x509.Certificate) -> None:
    try:
        judge_check_character(check_emaid(emaid), s.tolerate)
    except IdentifierError as error:
        raise PeerError(error.sentence, clause="ISO 15118-2 H.1") from error
    names = [normal_emaid(name) for name in reading.common_names(leaf)]
    if emaid not in names:
        raise PeerError(
            f"The eMAID is {emaid}, the contract certificate is for {', '.join(names) or 'nobody'}.", clause="V2G2-108"
        )


def _p256(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = reading.p256_key(certificate)
    if key is None:
        raise PeerError(f"{certificate.subject.rfc4514_string()} has no P-256 key.", clause="V2G2-007")
    return key
