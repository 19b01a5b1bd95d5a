"""CertificateInstallation and CertificateUpdate: forwarded as received, answered as somebody else wrote it (8.4.3).

The station neither reads the request nor writes the answer: both are signed between vehicle and back end. It only makes
sure that the vehicle gets a message that belongs here, in time.
"""

from __future__ import annotations

from pncsim.secc.iso2.offer import CERTIFICATE_SERVICE_ID, service
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.questions import ContractCertificateAnswer, ContractCertificateRequest
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.exi import ExiDecodeError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.responder import Forwarded, Handling, Reply, Until
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.v2g.iso2.timing import MESSAGES
from pncsim.wire.v2g.registry import ISO2_NAMESPACE, codec

_MARGIN = 0.05  # s left of the performance time for the refusal itself

Certificate = iso2.CertificateInstallationReq | iso2.CertificateUpdateReq


def contract_certificate(s: Iso2StationSession, request: Certificate) -> Handling:
    """Ask the back end for the vehicle's contract and hand its answer on unchanged, within 4.5 s."""
    install = isinstance(request, iso2.CertificateInstallationReq)
    pair = "CertificateInstallation" if install else "CertificateUpdate"
    _check_service(s, pair)
    until = s.talk.now + MESSAGES[pair].performance - _MARGIN
    question = ContractCertificateRequest(
        action="Install" if install else "Update", schema=ISO2_NAMESPACE, exi=s.payload
    )
    answer = yield Until(until, s.ask(question))
    if answer is None:
        raise PeerError(
            f"The back end did not answer the vehicle's {pair}Req within {MESSAGES[pair].performance} s.",
            clause="Table 109",
            advice="Look at the pool behind the CSMS; the vehicle waits 5 s.",
        )
    if isinstance(answer, PncError):
        raise PeerError(
            f"The station could not get an answer to the vehicle's {pair}Req: {answer.sentence}",
            clause=answer.clause,
            advice=answer.advice,
            kind=answer.kind,
        )
    if not isinstance(answer, ContractCertificateAnswer) or answer.exi is None:
        text = getattr(answer, "text", "") or "no reason given"
        raise PeerError(
            f"No contract certificate came for the vehicle: {text.rstrip('.')}.",
            clause="V2G2-696",
            kind="no contract",
        )
    root = _read(s, answer.exi, f"{pair}Res")
    message = root.Body.BodyElement
    assert isinstance(message, iso2.CertificateInstallationRes | iso2.CertificateUpdateRes)
    if not message.ResponseCode.startswith("FAILED"):
        s.voice.story(f"The back end delivers contract {message.eMAID.value} for the vehicle.")
    return Reply(message, State.DELIVERED, Forwarded(answer.exi, root, message.ResponseCode))


def _check_service(s: Iso2StationSession, pair: str) -> None:
    if service(s, CERTIFICATE_SERVICE_ID) is None:
        raise PeerError(
            f"The vehicle sent {pair}Req, but this station does not offer the certificate service.",
            clause="V2G2-467",
            kind="no contract",
        )
    if not s.certificate_selected:
        what = f"The vehicle sent {pair}Req without having selected the certificate service 2."
        s.tolerate(Tolerance.CERTIFICATE_UNSELECTED(what, "V2G2-467"))


def _read(s: Iso2StationSession, exi: bytes, wanted: str) -> iso2.V2G_Message:
    """The back end's message, if it is the right one for this session. Raises PeerError otherwise."""
    try:
        root = codec("iso2").decode(exi, gate=s.tolerate)
    except ExiDecodeError as error:
        raise PeerError(
            f"The back end's answer is no EXI message of ISO 15118-2: {error.sentence}",
            advice="It must be the whole V2G_Message, header included.",
        ) from error
    if not isinstance(root, iso2.V2G_Message) or type(root.Body.BodyElement).__name__ != wanted:
        got = type(root.Body.BodyElement).__name__ if isinstance(root, iso2.V2G_Message) else type(root).__name__
        raise PeerError(f"The back end answered with {got}, expected {wanted}.")
    if int.from_bytes(root.Header.SessionID, "big") != int.from_bytes(s.id, "big"):
        raise PeerError(
            f"The back end's {wanted} is for session {root.Header.SessionID.hex().upper()}, "
            f"this one is {s.id.hex().upper()}.",
            clause="V2G2-460",
        )
    return root
