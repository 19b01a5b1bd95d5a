"""Authorize: who may charge, and how certificateStatus and token status go together (C01, C07.FR.13 to FR.17)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec import Struct

from pncsim.backend.answers import AuthorizationStatus, CertificateStatus, RevocationStatus, TokenStatus
from pncsim.backend.csms.ports import Services
from pncsim.tls_certs.hash_data import HashData
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerSilent, PncError
from pncsim.wire.identifiers import normal_emaid

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import AuthorizeRequest, AuthorizeResponse, IdTokenInfoType

T = TypeVar("T")

AskAddress = Callable[[str, Callable[[], Awaitable[RevocationStatus]]], Awaitable[RevocationStatus]]
"""Asks an address a station has named, by what is given, if it may be asked (:meth:`Addresses.ask`)."""

TOKEN_OF_CERTIFICATE: dict[CertificateStatus, AuthorizationStatus] = {
    "CertificateExpired": "Expired",  # C07.FR.15
    "CertificateRevoked": "Invalid",  # C07.FR.16
    "CertChainError": "Invalid",  # C07.FR.17
    "SignatureError": "Invalid",
    "NoCertificateAvailable": "Invalid",
}
"""certificateStatus of a bad chain -> idTokenInfo.status."""

CANCELLED: frozenset[AuthorizationStatus] = frozenset({"Blocked", "Expired", "Invalid", "Unknown"})
"""Token statuses that make a valid chain ContractCancelled (C07.FR.14); the others leave it Accepted (C07.FR.13)."""

_CLAUSES: dict[CertificateStatus, str] = {
    "Accepted": "C07.FR.13",
    "ContractCancelled": "C07.FR.14",
    "CertificateExpired": "C07.FR.15",
    "CertificateRevoked": "C07.FR.16",
    "CertChainError": "C07.FR.17",
}


class AuthorizationDecision(NamedTuple):
    """What the CSMS answers. ``certificate`` is None for tokens that come without one."""

    token: AuthorizationStatus
    certificate: CertificateStatus | None
    text: str
    group: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the driver may charge."""
        return self.token == "Accepted"

    @property
    def clause(self) -> str:
        """The requirement the answer follows."""
        return "C01.FR.02" if self.certificate is None else _CLAUSES.get(self.certificate, "C07.FR.17")

    def payload(self) -> AuthorizeResponse:
        """As AuthorizeResponse; the sentence goes along as personalMessage when the answer is no."""
        answer: AuthorizeResponse = {
            "idTokenInfo": token_info(TokenStatus(self.token, "" if self.accepted else self.text, self.group))
        }
        if self.certificate is not None:
            answer["certificateStatus"] = self.certificate
        return answer


def token_info(status: TokenStatus) -> IdTokenInfoType:
    """IdTokenInfoType."""
    info: IdTokenInfoType = {"status": status.status}
    if status.group:
        info["groupIdToken"] = {"idToken": status.group, "type": "Central"}
    if status.text:
        info["personalMessage"] = {"format": "UTF8", "language": "en", "content": status.text[:512]}
    return info


class Deadlines(Struct, frozen=True, kw_only=True):
    """Seconds the CSMS gives others. ``pool`` stays below the 4.5 s the SECC has for CertificateInstallationRes."""

    pool: float = 3.5
    ocsp: float = 2.0
    operator: float = 2.0
    authority: float = 10.0


async def within(clock: Clock, limit: float, who: str, work: Awaitable[T]) -> T:
    """``work``, or PeerSilent naming ``who`` after ``limit`` seconds."""
    try:
        async with clock.timeout(limit):
            return await work
    except TimeoutError:
        raise PeerSilent(f"{who} did not answer within {limit:g} s.") from None


async def decide(
    request: AuthorizeRequest, services: Services, clock: Clock, deadlines: Deadlines, ask: AskAddress
) -> AuthorizationDecision:
    """Answer an AuthorizeRequest. Fails closed: what cannot be asked is not accepted, and the text says why."""
    token, kind = request["idToken"]["idToken"], request["idToken"]["type"]
    if kind != "eMAID":
        status = await check_token(token, kind, services, clock, deadlines)
        return AuthorizationDecision(status.status, None, status.text, status.group)
    certificate, text = await _certificate(request, services, clock, deadlines, ask)
    if certificate not in (None, "Accepted"):
        assert certificate is not None
        return AuthorizationDecision(TOKEN_OF_CERTIFICATE[certificate], certificate, text)
    status = await check_token(token, kind, services, clock, deadlines)
    if certificate is not None:
        certificate = "ContractCancelled" if status.status in CANCELLED else "Accepted"
    return AuthorizationDecision(status.status, certificate, status.text, status.group)


async def check_token(token: str, kind: str, services: Services, clock: Clock, deadlines: Deadlines) -> TokenStatus:
    """What the mobility operator (eMAID) or our own list (everything else) says; Invalid when nobody can be asked.

    Where no authorisation is needed (a button, a station that is free) the token says so and is accepted (C02.FR.02).
    """
    if kind == "NoAuthorization":
        return TokenStatus("Accepted", "")
    try:
        if kind == "eMAID":
            if services.operator is None:
                return TokenStatus("Unknown", "This CSMS knows no mobility operator to ask for a contract.")
            asked = services.operator.authorize(normal_emaid(token))
            return await within(clock, deadlines.operator, "The mobility operator", asked)
        if services.tokens is None:
            return TokenStatus("Unknown", f"This CSMS knows no tokens of type {kind}.")
        return await within(clock, deadlines.operator, "The token list", services.tokens.authorize(token, kind))
    except PncError as error:
        return TokenStatus("Invalid", error.sentence)


async def _certificate(
    request: AuthorizeRequest, services: Services, clock: Clock, deadlines: Deadlines, ask: AskAddress
) -> tuple[CertificateStatus | None, str]:
    entries = [HashData.from_payload(entry) for entry in request.get("iso15118CertificateHashData", ())]
    if "certificate" in request:
        if services.chains is None:
            return "NoCertificateAvailable", "This CSMS does not validate contract certificates centrally."
        try:
            judged = services.chains.judge(request["certificate"], clock.now())
            verdict = await within(clock, deadlines.ocsp, "The chain validation", judged)
        except PncError as error:
            return "CertChainError", error.sentence
        if verdict.status != "Accepted":
            return verdict.status, verdict.text
        entries += [entry for entry in verdict.hashes if all(entry.key != known.key for known in entries)]
    elif not entries:
        # A contract known by name alone (2.0.1 allows it): the operator decides.
        return None, ""
    return await _revocation(entries, services, clock, deadlines, ask)


async def _revocation(
    entries: list[HashData], services: Services, clock: Clock, deadlines: Deadlines, ask: AskAddress
) -> tuple[CertificateStatus, str]:
    client = services.revocation
    if client is None:
        return "CertChainError", "This CSMS has no OCSP client to ask about the contract certificate."
    answers: list[RevocationStatus | BaseException | None] = [client.known_status(entry) for entry in entries]
    if None in answers:
        asked = [
            within(
                clock,
                deadlines.ocsp,
                f"The OCSP responder {entry.responder_url}",
                ask(entry.responder_url, partial(client.status, entry)),
            )
            for entry in entries
        ]
        answers = [*await asyncio.gather(*asked, return_exceptions=True)]
    # One revoked certificate outweighs another one nobody could ask about.
    for entry, answer in zip(entries, answers, strict=True):
        if answer == "revoked":
            return "CertificateRevoked", f"Certificate {entry.serial_number} of the contract chain is revoked."
    for entry, answer in zip(entries, answers, strict=True):
        if isinstance(answer, PncError):
            return (
                "CertChainError",
                f"The revocation of certificate {entry.serial_number} is unknown: {answer.sentence}",
            )
        if isinstance(answer, BaseException):
            raise answer
        if answer != "good":
            text = f"The OCSP responder {entry.responder_url} does not know certificate {entry.serial_number}."
            return "CertChainError", text
    return "Accepted", ""
