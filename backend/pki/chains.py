"""Central validation of contract chains, for stations that lack the root (OCPP C07.FR.06)."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

from pncsim.backend.answers import CertificateStatus, ChainStatus
from pncsim.backend.verification import ANCHORS, Roots
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.reading import Unreadable, load_all
from pncsim.tls_certs.rules import STANDARD
from pncsim.tls_certs.validation import ChainError, Use, validate_chain
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.gate import Tolerate

_MAX_PEM = 16_384
_STATUS: dict[str | None, CertificateStatus] = {
    "CertificateExpired": "CertificateExpired",
    "CertificateRevoked": "CertificateRevoked",
}


class ContractChainJudge:
    """Judges PEM chains against the root pool. ``learn`` is told the certificates of every chain that verified, each
    with its issuer's."""

    def __init__(
        self,
        roots: Roots,
        *,
        gate: Tolerate,
        learn: Callable[[x509.Certificate, x509.Certificate], None] = lambda certificate, issuer: None,
        algorithms: tuple[AlgorithmId, ...] = STANDARD,
    ) -> None:
        self._roots = roots
        self._gate = gate
        self._learn, self._algorithms = learn, algorithms

    async def judge(self, chain: str, now: float) -> ChainStatus:
        """The verdict on a PEM chain, leaf first. Revocation is not asked for: ``hashes`` says of what it must be."""
        if len(chain) > _MAX_PEM:
            return ChainStatus("CertChainError", f"The chain has {len(chain)} characters, allowed are {_MAX_PEM}.")
        try:
            certificates = load_all(chain, "The chain in PEM")
        except Unreadable as error:
            return ChainStatus("CertChainError", error.sentence)
        try:
            anchors = await self._roots.anchors(*ANCHORS[Use.CONTRACT])
            validated = validate_chain(
                certificates, anchors, Use.CONTRACT, now, algorithms=self._algorithms, gate=self._gate
            )
        except ChainError as error:
            return ChainStatus(_STATUS.get(error.ocpp_status, "CertChainError"), error.sentence)
        for pair in validated.issuers:
            self._learn(*pair)
        return ChainStatus(
            "Accepted",
            f"{validated.common_name} leads to {validated.anchor.subject.rfc4514_string()}.",
            tuple(hash_data(certificate, issuer) for certificate, issuer in validated.issuers),
        )
