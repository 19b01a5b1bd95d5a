"""Keeping the V2G certificate and its OCSP answers fresh while the station is online."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pncsim.secc.station import identity
from pncsim.secc.station.backoff import signing_waits
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.link import CallCsms
from pncsim.secc.station.status_info import said
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.variables import DeviceModel
from pncsim.tls_certs.hash_data import hash_data
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.source import Source
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

RETRY = 60.0
"""Seconds until a failed request for an OCSP answer is made again."""


class Upkeep:
    """Owns the credentials and staples. :meth:`run` works while online; it sleeps until something is due.

    ``ask`` performs one OCPP call; ``problem`` is told what goes wrong; ``security_event`` queues a SecurityEvent;
    ``changed`` is called whenever credentials or staples are new.
    """

    def __init__(
        self,
        config: StationConfig,
        model: DeviceModel,
        trust: TrustStore,
        clock: Clock,
        check: identity.ChainCheck,
        voice: Voice,
        source: Source,
        *,
        ask: CallCsms,
        problem: Callable[[PncError], None],
        security_event: Callable[[str, str], None],
        changed: Callable[[], None],
    ) -> None:
        self._config, self._model, self._trust, self._clock, self._check = config, model, trust, clock, check
        self._voice, self._source, self._ask, self._problem = voice, source, ask, problem
        self._security_event, self._changed = security_event, changed
        self._request: identity.CertificateRequest | None = None
        self._signed: asyncio.Future[PncError | None] | None = None
        self._staples: dict[int, identity.Staple] = {}
        self._retry_at: float | None = None
        self._stopped_asking = False
        self._renew_asked = False
        self._wake = asyncio.Event()

    @property
    def credentials(self) -> Credentials | None:
        """The SECC's certificate chain and key, or None before there is one."""
        return self._trust.own

    @property
    def staples(self) -> tuple[bytes | None, ...]:
        """DER OCSP answers aligned with the chain (leaf first), only those still valid now."""
        now, chain = self._clock.now(), self._trust.own.chain if self._trust.own is not None else ()
        kept = (self._staples.get(index) for index in range(len(chain)))
        return tuple(s.der if s is not None and s.until > now else None for s in kept)

    @property
    def complete(self) -> bool:
        """Whether everything the configuration wants is there."""
        if self._wants_certificate() and self.credentials is None:
            return False
        wanted = self._wanted_staples()
        return all(staple is not None for staple in self.staples[:wanted]) and len(self.staples) >= wanted

    def use(self, credentials: Credentials | None) -> None:
        """Install credentials from outside."""
        self._trust.own = credentials
        self._staples.clear()

    def renew(self) -> None:
        """Request a new certificate now (TriggerMessage SignV2GCertificate)."""
        self._stopped_asking = False
        self._request = None
        self._renew_asked = True
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled, or until the connection is gone (PeerClosed)."""
        while True:
            self._wake.clear()
            if self._certificate_due() and not self._stopped_asking:
                await self._obtain()
            await self._refresh()
            self._changed()
            due = self._next()
            timer = None if due is None else self._clock.call_at(due, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    # The certificate

    def _wants_certificate(self) -> bool:
        enabled = self._model.flag("ISO15118Ctrlr", "V2GCertificateInstallationEnabled")
        return self._config.request_certificate and enabled

    def _renewal(self) -> float | None:
        if self.credentials is None or not self._wants_certificate():
            return None
        leaf = self.credentials.leaf
        begins, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
        return ends - min(identity.RENEW_BEFORE, (ends - begins) / 3)

    def _certificate_due(self) -> bool:
        if self._renew_asked:
            return True
        renewal = self._renewal()
        if renewal is not None:
            return renewal <= self._clock.now()
        return self._wants_certificate() and self.credentials is None

    async def _obtain(self) -> None:
        """A02: SignCertificate, then wait for CertificateSigned; again with doubled waits while it does not come."""
        self._renew_asked = False
        text = self._model.text
        self._request = identity.request(
            text("ISO15118Ctrlr", "SeccId"),
            text("ISO15118Ctrlr", "OrganizationName") or text("SecurityCtrlr", "OrganizationName"),
            text("ISO15118Ctrlr", "CountryName"),
            self._source,
        )
        minimum = self._model.integer("SecurityCtrlr", "CertSigningWaitMinimum")
        repeats = self._model.integer("SecurityCtrlr", "CertSigningRepeatTimes")
        for wait in signing_waits(minimum, repeats):
            self._signed = asyncio.get_running_loop().create_future()
            payload: types.SignCertificateRequest = {"csr": self._request.pem, "certificateType": "V2GCertificate"}
            try:
                answer = await self._ask(v201.SignCertificate(payload), self._config.call_timeout)
            except PeerClosed:
                raise
            except PncError as error:
                self._problem(error)
            else:
                if answer["status"] != "Accepted":
                    why = f" ({said(answer)})" if said(answer) else ""
                    self._give_up(f"The CSMS refused to have a V2G certificate signed{why}.", "A02.FR.21")
                    return
            try:
                async with self._clock.timeout(wait):
                    error_or_none = await self._signed
            except TimeoutError:
                sentence = f"The CSMS did not send the V2G certificate within {wait:g} s of SignCertificate."
                self._problem(PeerSilent(sentence, clause="A02.FR.17"))
                continue
            if error_or_none is not None:
                # A02.FR.20: an invalid chain does not start the waiting game again.
                self._stopped_asking = True
            return
        self._give_up("The V2G certificate did not come; asking again only when the CSMS triggers it.", "A02.FR.19")

    def _give_up(self, sentence: str, clause: str) -> None:
        self._stopped_asking = True
        self._problem(PeerError(sentence, clause=clause))

    def certificate_signed(self, payload: types.CertificateSignedRequest) -> types.CertificateSignedResponse:
        """CertificateSigned: check the chain and use it, or keep the old one."""
        if payload.get("certificateType", "ChargingStationCertificate") != "V2GCertificate":
            return {"status": "Rejected", "statusInfo": {"reasonCode": "UnsupportedRequest"}}
        chain, now = payload["certificateChain"], self._clock.now()
        if len(chain) > self._model.integer("SecurityCtrlr", "MaxCertificateChainSize"):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "TooLargeElement"}}
        waiting, signed = self._request, self._signed
        try:
            credentials = identity.accept(chain, waiting, self._check, now)
        except PncError as error:
            self._problem(error)
            self._security_event("InvalidChargingStationCertificate", error.sentence)
            if signed is not None and not signed.done():
                signed.set_result(error)
            return {
                "status": "Rejected",
                "statusInfo": {"reasonCode": "InvalidCertificate", "additionalInfo": error.sentence[:512]},
            }
        self.use(credentials)
        self._request = None
        self._voice.story(f"{self._config.identity} has its V2G certificate {_name(credentials)}")
        self._changed()
        if signed is not None and not signed.done():
            signed.set_result(None)
        else:
            self._wake.set()
        return {"status": "Accepted"}

    # OCSP answers

    def _wanted_staples(self) -> int:
        if not self._config.request_staples or self.credentials is None:
            return 0
        return len(self.credentials.chain) if self._config.staple_sub_cas else 1

    async def _refresh(self) -> None:
        """M06: one GetCertificateStatus per certificate whose answer is missing or due."""
        own, now = self.credentials, self._clock.now()
        self._retry_at = None
        if own is None:
            return
        pairs = self._trust.pairs(own.chain, "V2GRootCertificate")
        for index in range(self._wanted_staples()):
            kept = self._staples.get(index)
            if kept is not None and kept.refresh > now:
                continue
            try:
                self._staples[index] = await self._fetch(pairs, index)
            except PeerClosed:
                raise
            except PncError as error:
                self._retry_at = self._clock.now() + RETRY
                self._problem(error)

    async def _fetch(self, pairs: list[Any], index: int) -> identity.Staple:
        name = "the SECC certificate" if index == 0 else f"Sub-CA {index} of the SECC certificate"
        if index >= len(pairs):
            raise PeerError(f"No OCSP answer for {name}: its issuer is not among the station's roots.", clause="M06")
        data = hash_data(*pairs[index])
        if not data.responder_url:
            raise PeerError(f"No OCSP answer for {name}: it names no OCSP responder.", clause="M06")
        answer = await self._ask(
            v201.GetCertificateStatus({"ocspRequestData": data.ocsp_payload()}), self._config.call_timeout
        )
        staple = identity.staple(answer, name, self._clock.now())
        if staple.status != "good":
            self._problem(PeerError(f"The OCSP responder says {staple.status} about {name}: vehicles will refuse it."))
        return staple

    def _next(self) -> float | None:
        wanted = range(self._wanted_staples())
        times = [self._staples[i].refresh for i in wanted if i in self._staples]
        renewal = None if self._stopped_asking else self._renewal()
        times += [t for t in (renewal, self._retry_at) if t is not None]
        return min(times, default=None)


def _name(credentials: Credentials) -> str:
    return f"{credentials.leaf.subject.rfc4514_string()}, valid until {credentials.leaf.not_valid_after_utc:%Y-%m-%d}"
