"""The judge a TLS client asks about a charging station: its chain and its stapled OCSP responses, by V2G rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from cryptography import x509

from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.ocsp import OcspError, OcspStatus, verify_response
from pncsim.tls_certs.revocation import Status
from pncsim.tls_certs.rules import STANDARD
from pncsim.tls_certs.validation import Use, ValidatedChain, validate_chain
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance, Tolerate, refuse

OcspPolicy = Literal["require", "prefer", "off"]
"""What a vehicle demands of staples: one for the leaf, a good one if any (a missing one is noted), or nothing."""

Observe = Callable[[str, bool, str, str], None]
"""Told of every verdict: what was judged, whether it is good, why, and the clause."""

CHAIN = "SECC certificate chain"
STAPLE = "OCSP response"


class StationJudge:
    """A judge over stations as :class:`wire.tls.Judge` wants one, with the vehicle's V2G and private ``anchors``.

    It raises ChainError or OcspError, which carry sentence and TLS alert. A bad staple refuses under both ``require``
    and ``prefer``, for a Sub-CA as for the leaf. In a private environment there is no OCSP (V2G2-872), so none is
    demanded. With ``pairing`` a private root the station shows is believed, which is then in ``paired``: whether it is
    the right one only the person who has switched pairing on can know. A root of another kind never is (PE-1).
    """

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        ocsp: OcspPolicy = "require",
        observe: Observe | None = None,
        *,
        gate: Tolerate = refuse,
        pairing: bool = False,
        algorithms: tuple[AlgorithmId, ...] = STANDARD,
    ) -> None:
        self._anchors, self._ocsp, self._gate, self._pairing = tuple(anchors), ocsp, gate, pairing
        self._algorithms = algorithms
        self._tell = observe if observe is not None else _tell_nobody
        self._validated: ValidatedChain | None = None
        self.paired: x509.Certificate | None = None

    def chain(self, chain: Sequence[bytes], now: float) -> None:
        """Raise ChainError unless ``chain`` leads to one of the anchors by the V2G profile of stations."""
        root = _private_root(chain) if self._pairing else None
        below, anchors = (chain, self._anchors) if root is None else (chain[:-1], (*self._anchors, root))
        try:
            self._validated = validate_chain(
                below, anchors, Use.SECC, now, algorithms=self._algorithms, gate=self._gate
            )
        except ChainError as error:
            self._tell(CHAIN, False, error.sentence, error.clause)
            raise
        if root is not None and self._validated.anchor == root and root not in self._anchors:
            self.paired = root
        self._tell(CHAIN, True, _praise(self._validated), "ISO 15118-2 annex F")

    def staples(self, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
        """Raise OcspError or ChainError unless the stapled OCSP responses are what the policy demands."""
        assert self._validated is not None, "the chain is judged before its staples"
        if self._ocsp != "off":
            # By certificate, not by position in the path: a station may send its Sub-CAs in any order.
            stapled = {der: staple for der, staple in zip(chain, staples, strict=False) if staple}
            _judge_staples(self._validated, stapled, now, self._ocsp, self._tell, self._gate)


def _private_root(chain: Sequence[bytes]) -> x509.Certificate | None:
    """The self-signed root of a private environment at the end of a station's chain, if there is one."""
    if len(chain) < 2:
        return None
    try:
        last = reading.load(chain[-1])
    except reading.Unreadable:
        return None
    private = reading.is_private(last)
    return last if private and last.subject == last.issuer and reading.issued_by(last, last) else None


def _tell_nobody(what: str, ok: bool, reason: str, clause: str) -> None:
    """For a vehicle nobody watches."""


def _praise(chain: ValidatedChain) -> str:
    return f"{_subject(chain.leaf)} leads to the trusted root {_subject(chain.anchor)}."


def _staple_for(certificate: x509.Certificate) -> str:
    return f"{STAPLE} for {_subject(certificate)}"


@reading.by_identity
def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _judge_staples(
    chain: ValidatedChain,
    staples: Mapping[bytes, bytes],
    now: float,
    policy: OcspPolicy,
    tell: Observe,
    gate: Tolerate,
) -> None:
    if chain.private:
        tell(STAPLE, True, "None is needed in a private environment.", "V2G2-872")
        return
    for certificate, issuer in chain.issuers:
        staple = staples.get(reading.der(certificate))
        if staple:
            _judge_staple(staple, certificate, issuer, now, tell, gate)
        elif certificate is chain.leaf:
            sentence = "The station did not staple an OCSP response for its certificate."
            if policy == "require":
                tell(_staple_for(certificate), False, sentence, "V2G2-875")
                raise OcspError(
                    sentence,
                    kind="staple missing",
                    clause="V2G2-873, V2G2-875",
                    advice="Many stations do not; prefer tolerates that.",
                )
            gate(Tolerance.STAPLE_MISSING(sentence, "V2G2-873, V2G2-875"))


def _judge_staple(
    staple: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: float,
    tell: Observe,
    gate: Tolerate,
) -> None:
    what = _staple_for(certificate)
    try:
        answer = verify_response(staple, certificate, issuer, now, gate=gate)
        _check_good(answer, certificate)
    except PeerError as error:
        tell(what, False, error.sentence, error.clause)
        raise
    tell(what, True, f"good, says {answer.responder}.", "RFC 6960 3.2")


def _check_good(answer: OcspStatus, certificate: x509.Certificate) -> None:
    if answer.status is Status.REVOKED:
        because = f" ({answer.reason})" if answer.reason else ""
        raise ChainError(
            "revoked",
            f"{_subject(certificate)} has been revoked{because}, says {answer.responder}.",
            clause="RFC 6960 2.2",
        )
    if answer.status is Status.UNKNOWN:
        raise OcspError(
            f"The OCSP responder {answer.responder} does not know {_subject(certificate)}.",
            kind="status unknown",
            clause="RFC 6960 2.2",
        )
