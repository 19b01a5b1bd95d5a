"""Somebody else's vehicle at a station of a lab: what is known of its session is what the station has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.ev.outcome import InstalledContract, SessionOutcome
from pncsim.secc.evse import Evse
from pncsim.secc.reception import Reception
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerSilent
from pncsim.wire.trace import Event, Trace, V2gMessage
from pncsim.wire.v2g import iso2


class SeenAtStation:
    """What the messages of one session at ``unit`` say, written into an outcome as they pass."""

    def __init__(self, unit: str, outcome: SessionOutcome) -> None:
        self._unit, self._outcome = unit, outcome

    def __call__(self, event: Event) -> None:
        """A reader of the trace."""
        if not isinstance(event, V2gMessage) or (event.role, event.unit) != ("SECC", self._unit):
            return
        message: Any = event.value
        body = getattr(getattr(message, "Body", None), "BodyElement", None)
        if event.direction == "sent" and (code := getattr(body, "ResponseCode", None)) is not None:
            self._outcome.response_codes.append((event.name, str(code)))
        match body:
            case iso2.SessionSetupRes():
                self._outcome.session_id, self._outcome.evse_id = message.Header.SessionID, body.EVSEID
            case iso2.PaymentServiceSelectionReq():
                self._outcome.payment = str(body.SelectedPaymentOption)
            case iso2.PaymentDetailsReq():
                self._outcome.emaid = body.eMAID
            case iso2.ChargeParameterDiscoveryReq():
                self._outcome.energy_mode = str(body.RequestedEnergyTransferMode)
            case iso2.ChargingStatusReq() | iso2.CurrentDemandReq():
                self._outcome.loops += 1
            case iso2.MeteringReceiptReq():
                self._outcome.receipts_signed += 1
            case iso2.CertificateInstallationRes() | iso2.CertificateUpdateRes() if str(body.ResponseCode) == "OK":
                leaf = reading.parsed(chain_octets(body.ContractSignatureCertChain)[0])
                self._outcome.installed = InstalledContract(
                    emaid=body.eMAID.value,
                    issuer=leaf.issuer.rfc4514_string(),
                    not_before=reading.not_before(leaf),
                    not_after=reading.not_after(leaf),
                    by_update=isinstance(body, iso2.CertificateUpdateRes),
                )


async def attend(evse: Evse, wait: float, clock: Clock, trace: Trace, arrived: Callable[[], None]) -> SessionOutcome:
    """Wait ``wait`` seconds for the vehicle and serve it; how it went. ``arrived`` is called once it has come.

    Raises PeerSilent where no vehicle comes.
    """
    outcome = SessionOutcome()
    reception = Reception(evse, clock)
    expected = evse.on_vehicle

    def come(visitor: Any) -> None:
        arrived()
        if expected is not None:
            expected(visitor)

    evse.on_vehicle = come
    seen = SeenAtStation(evse.voice.unit, outcome)
    trace.subscribe(seen)
    where = " and ".join(evse.where)
    evse.voice.story(f"Waiting for somebody else's vehicle at {where}.")
    try:
        visit = await reception.visit(wait)
    finally:
        trace.readers.remove(seen)
        evse.on_vehicle = evse.on_left = None
    if visit is None:
        raise PeerSilent(f"No vehicle came to {where} within {wait:g} s.", advice="Start it, or wait longer.")
    visitor = visit.visitor
    outcome.ok = visitor.error is None and not visit.left_without_charging
    outcome.reason, outcome.error, outcome.tls = visitor.reason, visitor.error, visitor.tls
    outcome.energy_wh = visitor.energy_wh
    return outcome
