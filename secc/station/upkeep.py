"""Keeping the V2G certificate and its OCSP answers fresh while the station is online."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pncsim.secc.station import identity
from pncsim.secc.station.backoff import signing_waits
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.link import CallCsms
from pncsim.secc.station.own_certificates import OwnCertificates, begins, ends
from pncsim.secc.station.status_info import said
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.variables import DeviceModel
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.profiles import MAX_CHAIN
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.source import Source
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

RETRY = 60.0
"""Seconds until a failed request for an OCSP answer is made again."""

DAY = 86_400.0

SILENCE = DAY
"""Seconds at most until a certificate is asked for again that was refused, or did not come."""


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
        self._own = OwnCertificates(trust, clock)
        self._retry_at: float | None = None
        self._silent_until: float | None = None
        self._renew_asked = False
        self._wake = asyncio.Event()

    @property
    def credentials(self) -> Credentials | None:
        """The SECC's certificate chain and key, or None before there is one."""
        return self._own.current

    @property
    def staples(self) -> tuple[bytes | None, ...]:
        """DER OCSP answers aligned with the chain (leaf first), only those still valid now."""
        return self._own.staples

    @property
    def complete(self) -> bool:
        """Whether everything the configuration wants is there."""
        if self._wants_certificate() and self.credentials is None:
            return False
        return all(staple is not None for staple in self.staples[: self._stapled()])

    def use(self, credentials: Credentials | None) -> None:
        """Install credentials from outside, in place of all others."""
        self._own.replace(credentials)

    def look(self) -> None:
        """See at once whether something is due: what decides on that has changed."""
        self._wake.set()

    @property
    def all(self) -> tuple[Credentials, ...]:
        """The certificate that is shown, those to come, and those it replaced that are still valid."""
        return self._own.all

    def restore(self, credentials: Iterable[Credentials]) -> None:
        """Have these certificates, and no others."""
        first, *others = (*credentials, None)
        self._own.replace(first)
        for one in others:
            if one is not None:
                self._own.add(one)

    def renew(self) -> None:
        """Request a new certificate now (TriggerMessage SignV2GCertificate)."""
        self._silent_until = None
        self._request = None
        self._renew_asked = True
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled, or until the connection is gone (PeerClosed)."""
        while True:
            self._wake.clear()
            if self._certificate_due():
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

    def _lead(self) -> float:
        """Seconds before its end at which a certificate is renewed (A03)."""
        return self._model.integer("ISO15118Ctrlr", "CertificateRenewalDays") * DAY

    def _renewal(self) -> float | None:
        """When to ask for the next certificate: some time before the end of the last, at once where that is revoked,
        and not while told to wait."""
        if not self._wants_certificate():
            return None
        lead, silent = self._lead(), self._silent_until or 0.0
        last = self._own.last(lead)
        if last is None:
            return silent
        starts, end = begins(last), ends(last)
        return max(silent, end - min(lead, (end - starts) / 3))

    def _certificate_due(self) -> bool:
        renewal = self._renewal()
        return self._renew_asked or (renewal is not None and renewal <= self._clock.now())

    async def _obtain(self) -> None:
        """A02: SignCertificate, then wait for CertificateSigned; again with doubled waits while it does not come."""
        self._renew_asked, self._silent_until = False, None
        text = self._model.text
        try:
            self._request = identity.request(
                text("ISO15118Ctrlr", "SeccId"),
                text("ISO15118Ctrlr", "OrganizationName") or text("SecurityCtrlr", "OrganizationName"),
                text("ISO15118Ctrlr", "CountryName"),
                self._source,
            )
        except LocalError as error:
            self._be_silent()
            self._problem(error)
            return
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
            # A02.FR.20: an invalid chain does not start the waiting game again. Nor does one that is to be renewed at
            # once, because it ends so soon.
            if error_or_none is not None or self._certificate_due():
                self._be_silent()
            return
        self._give_up("The V2G certificate did not come.", "A02.FR.19")

    def _give_up(self, sentence: str, clause: str) -> None:
        self._be_silent()
        self._problem(PeerError(sentence, clause=clause, advice="It is asked for again later, or on a trigger."))

    def _be_silent(self) -> None:
        """Ask again after a day: who is refused once must still have a certificate when the present one ends.

        Sooner where that would be too late, and at once when the CSMS triggers it.
        """
        now, last = self._clock.now(), self._own.last(self._lead())
        left = ends(last) - now if last is not None else 0.0
        self._silent_until = now + (max(RETRY, min(SILENCE, left / 3)) if left > 0 else SILENCE)

    def certificate_signed(self, payload: types.CertificateSignedRequest) -> types.CertificateSignedResponse:
        """CertificateSigned: check the chain and use it, or keep the old one."""
        # Without a type it is for both uses, so for vehicles too.
        if payload.get("certificateType", "V2GCertificate") != "V2GCertificate":
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
        self._own.add(credentials)
        self._request = None
        later = f", to be used from {credentials.leaf.not_valid_before_utc} on" if begins(credentials) > now else ""
        self._voice.story(f"{self._config.identity} has its V2G certificate {_name(credentials)}{later}")
        self._changed()
        if signed is not None and not signed.done():
            signed.set_result(None)
        else:
            self._wake.set()
        return {"status": "Accepted"}

    # OCSP answers

    def _stapled(self) -> int:
        """How many certificates of a chain have their answers stapled, from the leaf on."""
        if not self._config.request_staples:
            return 0
        return MAX_CHAIN if self._config.staple_sub_cas else 1

    def _wanted_staples(self) -> Iterator[tuple[Credentials, int]]:
        """What is shown now, and what will be: its answer is there before its first vehicle."""
        current = self.credentials
        for credentials in (*([current] if current is not None else ()), *self._own.coming):
            for index in range(min(self._stapled(), len(credentials.chain))):
                yield credentials, index

    async def _refresh(self) -> None:
        """M06: one GetCertificateStatus per certificate whose answer is missing or due."""
        self._retry_at = None
        for credentials, index in tuple(self._wanted_staples()):
            certificate = credentials.chain[index]
            kept = self._own.staple(certificate)
            if kept is not None and kept.refresh > self._clock.now():
                continue
            try:
                self._own.keep(certificate, await self._fetch(credentials, index))
            except PeerClosed:
                raise
            except PncError as error:
                self._retry_at = self._clock.now() + RETRY
                self._problem(error)

    async def _fetch(self, credentials: Credentials, index: int) -> identity.Staple:
        name = "the SECC certificate" if index == 0 else f"Sub-CA {index} of the SECC certificate"
        pairs = self._trust.pairs(credentials.chain, "V2GRootCertificate")
        if index >= len(pairs):
            raise PeerError(f"No OCSP answer for {name}: its issuer is not among the station's roots.", clause="M06")
        data = hash_data(*pairs[index])
        if not data.responder_url:
            raise PeerError(f"No OCSP answer for {name}: it names no OCSP responder.", clause="M06")
        answer = await self._ask(
            v201.GetCertificateStatus({"ocspRequestData": data.ocsp_payload()}), self._config.call_timeout
        )
        staple = identity.staple(answer, name, *pairs[index], self._clock.now())
        if staple.status != "good":
            self._problem(PeerError(f"The OCSP responder says {staple.status} about {name}: vehicles will refuse it."))
        return staple

    def _next(self) -> float | None:
        staples = (self._own.staple(credentials.chain[index]) for credentials, index in self._wanted_staples())
        retry = self._retry_at
        times = [max(staple.refresh, retry or 0.0) for staple in staples if staple is not None]
        times += [t for t in (self._renewal(), retry) if t is not None]
        return min((*times, *self._own.turns), default=None)


def _name(credentials: Credentials) -> str:
    return f"{credentials.leaf.subject.rfc4514_string()}, valid until {credentials.leaf.not_valid_after_utc:%Y-%m-%d}"
