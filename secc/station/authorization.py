"""One EVSE's answers to "may it charge?" and "fetch its contract", asked at the CSMS (C01, C07, C08, M01)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pncsim.secc.questions import (
    AuthorizationAnswer,
    ContractAuthorization,
    ContractCertificateAnswer,
    ContractCertificateRequest,
)
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.link import CallCsms
from pncsim.secc.station.status_info import said
from pncsim.secc.station.tokens import ShownToken, TokenCache
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.variables import DeviceModel
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.reading import pem
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.gate import NotTolerated, Tolerance
from pncsim.wire.identifiers import normal_emaid, same_emaid
from pncsim.wire.ocpp import v201
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.wire.ocpp.types import v201 as types

MAX_HASHES = 4
MAX_PEM = 5500
MAX_EXI_BASE64 = 5600


def refusal(text: str, *, certificate: str = "", token: str = "Invalid") -> AuthorizationAnswer:
    """No, for the reason ``text``."""
    return AuthorizationAnswer(accepted=False, certificate_status=certificate, token_status=token, text=text)


def contract_payload(
    question: ContractAuthorization, trust: TrustStore, *, central: bool
) -> types.AuthorizeRequest | AuthorizationAnswer:
    """The Authorize request for a contract, or the refusal where the station may not even ask (C07.FR.01 to FR.06).

    Hash data goes with a chain the station has validated itself; the certificates themselves only where it lacks the
    root or an OCSP address, and only if ``central`` (CentralContractValidationAllowed).
    """
    chain = question.chain
    payload: types.AuthorizeRequest = {"idToken": {"idToken": normal_emaid(question.emaid), "type": "eMAID"}}
    pairs: list[tuple[x509.Certificate, x509.Certificate]] = []
    if question.anchor is not None:
        pairs = list(zip(chain, (*chain[1:], question.anchor), strict=True))
    elif question.validated:
        pairs = trust.pairs(chain, "MORootCertificate", "V2GRootCertificate")
    hashes = [hash_data(*pair) for pair in pairs]
    rooted = len(pairs) == len(chain) and len(chain) > 0
    if question.validated and rooted and hashes[0].responder_url:
        named = [entry.ocsp_payload() for entry in hashes if entry.responder_url]
        payload["iso15118CertificateHashData"] = named[:MAX_HASHES]
        return payload
    lack = "has no OCSP address" if question.validated and rooted else "has no root this station knows"
    if not central:
        text = f"The contract chain {lack} and the CSMS does not validate contracts centrally."
        return refusal(text, certificate="CertChainError")
    sent = pem(chain)
    if not chain or len(sent) > MAX_PEM:
        text = (
            f"The contract chain {lack} and is too long to send: {len(sent)} characters of PEM, {MAX_PEM} are allowed."
        )
        return refusal(text, certificate="CertChainError")
    payload["certificate"] = sent
    return payload


def authorization_answer(response: types.AuthorizeResponse, token: str) -> AuthorizationAnswer:
    """What an AuthorizeResponse means for the vehicle; both statuses must be Accepted where both are given."""
    info = response["idTokenInfo"]
    certificate = response.get("certificateStatus", "")
    accepted = info["status"] == "Accepted" and certificate in ("", "Accepted")
    said = info.get("personalMessage", {}).get("content", "")
    if not accepted and not said:
        said = f"The CSMS refused {token}: {info['status']}" + (f", certificate {certificate}." if certificate else ".")
    return AuthorizationAnswer(
        accepted=accepted, certificate_status=certificate, token_status=info["status"], text=said, token=token
    )


class Authorizer:
    """Asks the CSMS for the vehicle at one EVSE, or decides as the device model allows while offline.

    ``online`` tells which; ``cache`` is the station's.
    """

    def __init__(
        self,
        config: StationConfig,
        model: DeviceModel,
        trust: TrustStore,
        clock: Clock,
        ask: CallCsms,
        online: Callable[[], bool],
        cache: TokenCache,
        voice: Voice,
    ) -> None:
        self._config, self._model, self._trust, self._clock = config, model, trust, clock
        self._ask, self._online, self._cache, self._voice = ask, online, cache, voice
        self._waiting: asyncio.Future[ShownToken] | None = None
        self._held: ShownToken | None = None

    # Contracts

    async def contract(self, question: ContractAuthorization) -> AuthorizationAnswer:
        """C07, online or offline."""
        if self._config.private_emaids is not None:
            return self._private(question.emaid, self._config.private_emaids)
        if not self._model.flag("ISO15118Ctrlr", "PnCEnabled"):
            return refusal("Plug and Charge is switched off at this station (PnCEnabled).", token="NotAtThisLocation")
        if not self._model.flag("AuthCtrlr", "Enabled"):
            return self._without_asking(question.emaid)
        if not self._online():
            return self._contract_offline(question)
        central = self._model.flag("ISO15118Ctrlr", "CentralContractValidationAllowed")
        payload = contract_payload(question, self._trust, central=central)
        if isinstance(payload, AuthorizationAnswer):
            return payload
        return await self._authorize(payload)

    def _contract_offline(self, question: ContractAuthorization) -> AuthorizationAnswer:
        if not self._model.flag("ISO15118Ctrlr", "ContractValidationOffline"):
            return refusal(
                "The station is offline and may not authorise contracts offline (ContractValidationOffline)."
            )
        if not question.validated:
            text = "The station is offline and could not validate the contract chain itself."
            return refusal(text, certificate="CertChainError")
        return self._locally(question.emaid, "eMAID")

    def _private(self, emaid: str, allowed: Iterable[str]) -> AuthorizationAnswer:
        """At home the list is all there is (PE-2)."""
        if any(same_emaid(emaid, one) for one in allowed):
            text = f"{emaid} is on the list of this private station."
            return AuthorizationAnswer(accepted=True, token_status="Accepted", text=text, token=emaid)
        return refusal(f"{emaid} is not on the list of this private station.", token="Unknown")

    # External identification

    @property
    def identified(self) -> bool:
        """A driver has identified here, and no vehicle charges on it yet; the card that lies there does not count."""
        return self._held is not None and self._held.until > self._clock.now()

    @property
    def waiting(self) -> bool:
        """A vehicle waits for its driver to identify."""
        return self._waiting is not None and not self._waiting.done()

    async def external(self) -> tuple[AuthorizationAnswer, types.IdTokenEnumType]:
        """C08: wait for a token (a card, a remote start), then ask; the answer, and the kind of the token.

        One vehicle waits at a time.
        """
        if not self._model.flag("AuthCtrlr", "Enabled"):
            return self._without_asking(""), "NoAuthorization"
        shown = self._take()
        if shown is None:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                shown = await self._waiting
            finally:
                self._waiting = None
        return await self._judge(shown), shown.kind

    def present(self, shown: ShownToken) -> None:
        """A driver identifies at this EVSE."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(shown)
        else:
            self._held = shown

    def arrived(self) -> ShownToken | None:
        """A vehicle is plugged in: what was shown in time is for it, and is returned."""
        shown = self._held
        if shown is not None:
            self._held = shown._replace(until=float("inf")) if shown.until > self._clock.now() else None
        return self._held

    def left(self) -> None:
        """The vehicle is gone, and with it what was shown for it."""
        self._held = None

    def _take(self) -> ShownToken | None:
        """What has been shown and has not lapsed: once, or the card that lies on the reader all the time."""
        shown, self._held = self._held, None
        if shown is not None and shown.until > self._clock.now():
            return shown
        return ShownToken(self._config.card, self._config.card_kind) if self._config.card else None

    async def _judge(self, shown: ShownToken) -> AuthorizationAnswer:
        token, kind = shown.token, shown.kind
        if shown.authorized:
            return AuthorizationAnswer(accepted=True, token_status="Accepted", token=token)
        if not self._online():
            return self._locally(token, kind)
        early = self._model.flag("AuthCtrlr", "LocalPreAuthorize") and self._model.flag("AuthCacheCtrlr", "Enabled")
        if early and self._cache.status(token, kind, self._clock.now()) == "Accepted":
            text = f"The station's cache knows {token} (LocalPreAuthorize)."
            return AuthorizationAnswer(accepted=True, token_status="Accepted", text=text, token=token)
        return await self._authorize({"idToken": {"idToken": token, "type": kind}})

    # Contract certificates

    async def contract_certificate(self, question: ContractCertificateRequest) -> ContractCertificateAnswer:
        """M01 and M02: the vehicle's EXI as received, in base64; what comes back goes to the vehicle unchanged."""
        if not self._model.flag("ISO15118Ctrlr", "ContractCertificateInstallationEnabled"):
            return ContractCertificateAnswer(exi=None, text="This station does not install contract certificates.")
        if not self._online():
            return ContractCertificateAnswer(exi=None, text="The station is offline: no CSMS to ask for a contract.")
        request = base64.b64encode(question.exi).decode("ascii")
        if len(request) > MAX_EXI_BASE64:
            text = (
                f"The vehicle's request is too long for OCPP: {len(request)} characters, {MAX_EXI_BASE64} are allowed."
            )
            return ContractCertificateAnswer(exi=None, text=text)
        payload: types.Get15118EVCertificateRequest = {
            "iso15118SchemaVersion": question.schema,
            "action": question.action,
            "exiRequest": request,
        }
        try:
            answer = await self._ask(v201.Get15118EVCertificate(payload), self._config.certificate_timeout)
            exi = base64.b64decode(answer["exiResponse"], validate=True)
        except PncError as error:
            return ContractCertificateAnswer(exi=None, text=error.sentence)
        except ValueError:  # binascii.Error, or characters outside ASCII
            return ContractCertificateAnswer(exi=None, text="The CSMS sent an exiResponse that is not base64.")
        why = said(answer)
        if answer["status"] != "Accepted" or not exi:
            text = why or f"The CSMS answered {answer['status']} without a reason."
            return ContractCertificateAnswer(exi=exi or None, text=text)
        return ContractCertificateAnswer(exi=exi, text=why)

    # Both

    def _without_asking(self, token: str) -> AuthorizationAnswer:
        text = "This station does not ask whom it lets charge (AuthCtrlr.Enabled)."
        return AuthorizationAnswer(accepted=True, token_status="Accepted", text=text, token=token)

    async def _authorize(self, payload: types.AuthorizeRequest) -> AuthorizationAnswer:
        token = payload["idToken"]
        try:
            response = await self._ask(v201.Authorize(payload), self._config.authorize_timeout)
        except PncError as error:
            return refusal(error.sentence)
        life = float(self._model.integer("AuthCacheCtrlr", "LifeTime"))
        self._cache.remember(token, response["idTokenInfo"], self._clock.now(), life)
        answer = authorization_answer(response, token["idToken"])
        return self._certified(payload, answer)

    def _certified(self, payload: types.AuthorizeRequest, answer: AuthorizationAnswer) -> AuthorizationAnswer:
        """C07.FR.13 to FR.17: who is asked about a certificate answers about it, or nobody has looked at it."""
        central = "certificate" in payload
        if (
            answer.certificate_status
            or not answer.accepted
            or not (central or "iso15118CertificateHashData" in payload)
        ):
            return answer
        what = f"The CSMS accepted {answer.token} without a certificateStatus for its certificate"
        if central:
            return refusal(f"{what}, which it alone could verify.", certificate="NoCertificateAvailable")
        liberty = Tolerance.CERTIFICATE_STATUS_MISSING(
            f"{what}, whose revocation it should have asked for.", "C07.FR.13"
        )
        try:
            self._voice.tolerate(liberty)
        except NotTolerated as error:
            return refusal(error.sentence, certificate="NoCertificateAvailable")
        return answer

    def _locally(self, token: str, kind: types.IdTokenEnumType) -> AuthorizationAnswer:
        # C12, then C15.
        if not self._model.flag("AuthCtrlr", "LocalAuthorizeOffline"):
            return refusal("The station is offline and may not authorise locally (LocalAuthorizeOffline).")
        status = self._cache.status(token, kind, self._clock.now())
        if status and self._model.flag("AuthCacheCtrlr", "Enabled"):
            text = f"The station is offline; its cache says {status} for {token}."
            return AuthorizationAnswer(accepted=status == "Accepted", token_status=status, text=text, token=token)
        if self._model.flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled"):
            text = f"The station is offline and lets the unknown {token} charge (OfflineTxForUnknownIdEnabled)."
            return AuthorizationAnswer(accepted=True, token_status="Accepted", text=text, token=token)
        return refusal(f"The station is offline and does not know {token}.", token="Unknown")
